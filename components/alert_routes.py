"""The pieces of routes: their list on the alerts page, and the editor of one."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import editor, switched_list, ui
from components.channels import LIST, back
from components.ui.base import Text
from services.alerts.routes import SEVERITIES
from state.words import t

Row = rx.Var[Any]
TARGET_KINDS = ("channel", "role", "person")
DAYS = range(7)


# -- the list -----------------------------------------------------------------------------------------------------


def card(rows: Row, *, ready: Row, may: Row, first_admin: Row, on_switch: Any, on_raise: Any) -> rx.Component:
    """Who is told, in the order in which it is tried, and what holds where no route fits."""
    last = rx.el.li(
        rx.el.span("∗", class_name="k-route-number k-second", aria_hidden="true"),
        rx.el.div(
            rx.el.p(t("routes.otherwise"), class_name="k-medium"),
            rx.el.p(
                rx.cond(
                    first_admin != "", t("routes.first_admin", name=first_admin), t("routes.no_first_admin")
                ),
                class_name="k-caption",
            ),
            class_name="k-grow",
        ),
        class_name="k-silence",
    )
    listed = rx.el.ol(
        rx.foreach(rows, lambda row, index: _route(row, index, may, on_switch, on_raise)),
        last,
        aria_label=t("routes.title"),
        class_name="k-silences",
    )
    return ui.card(
        rx.cond(ready, listed, switched_list.waiting(t("routes.loading"))),
        title=t("routes.title"),
        caption=t("routes.caption"),
        tools=[
            rx.cond(
                may,
                ui.link_button(
                    t("routes.new"), href="/alerts/routes/new", name="plus", data_testid="new-route"
                ),
                rx.fragment(),
            )
        ],
        flush=True,
    )


def _route(row: Row, index: rx.Var[int], may: Row, on_switch: Any, on_raise: Any) -> rx.Component:
    steps = rx.el.ul(
        rx.foreach(
            row["steps"].to(list[dict[str, str]]),
            lambda step: rx.el.li(
                rx.el.span(step["at"], class_name="k-second"), " ", step["who"], key=step["at"]
            ),
        ),
        class_name="k-route-steps",
    )
    about = rx.foreach(
        row["about"].to(list[str]), lambda text: rx.el.code(text, class_name="k-caption", key=text)
    )
    lift = rx.cond(
        index > 0,
        ui.icon_button(t("routes.raise", name=row["name"]), name="arrow-up", on_click=on_raise(row["id"])),
        rx.fragment(),
    )
    return rx.el.li(
        rx.el.span(row["number"], class_name="k-route-number k-second"),
        rx.el.div(
            rx.el.p(
                ui.text_link(row["name"], href=f"/alerts/routes/{row['id']}"),
                " ",
                rx.match(
                    row["severity"],
                    ("critical", ui.badge(t("routes.severity.critical"), state="critical")),
                    ui.badge(t("routes.severity.warning"), state="warning"),
                ),
                " ",
                about,
                class_name="k-row k-wrap",
            ),
            steps,
            class_name="k-grow",
        ),
        switched_list.switch(row, may, on_switch, t("routes.switch", name=row["name"])),
        rx.cond(may, lift, rx.fragment()),
        key=row["id"],
        class_name="k-silence",
        data_testid="route-row",
        data_state=rx.cond(row["enabled"], "on", "over"),
    )


# -- one route ----------------------------------------------------------------------------------------------------


def form(
    *,
    ready: Row,
    form_key: Row,
    new: Row,
    texts: Row,
    errors: Row,
    severity: Row,
    enabled: Row,
    timed: Row,
    days: Row,
    day_names: Sequence[Text],
    steps: Row,
    most: int,
    offers: Row,
    problem: Row,
    may: Row,
    on_leave: Any,
    on_severity: Any,
    on_switch: Any,
    on_time: Any,
    on_day: Any,
    on_target: Any,
    on_wait: Any,
    on_add: Any,
    on_remove_step: Any,
    on_save: Any,
    on_ask: Any,
) -> rx.Component:
    """Which alerts, when, and who is told step by step."""

    def typed(name: str, *, error: str = "", **props: Any) -> rx.Component:
        return ui.text_input(
            id=name,
            name=name,
            error=errors[error or name],
            default_value=texts[name],
            auto_complete="off",
            on_blur=lambda text: on_leave(name, text),
            **props,
        )

    when = rx.el.div(
        ui.switch(t("routes.timed"), checked=timed, on_change=on_time),
        rx.cond(
            timed,
            rx.el.div(
                rx.el.div(
                    *[
                        ui.checkbox(
                            day_names[day],
                            checked=days.contains(day),
                            on_change=lambda on, day=day: on_day(day, on),
                        )
                        for day in DAYS
                    ],
                    role="group",
                    aria_label=t("routes.days"),
                    class_name="k-row k-wrap k-route-days",
                ),
                rx.el.div(
                    ui.field(
                        typed("from", error="hours", placeholder="22:00"), id="from", label=t("routes.from")
                    ),
                    ui.field(typed("to", error="hours", placeholder="06:00"), id="to", label=t("routes.to")),
                    class_name="k-rule-two",
                ),
                ui.field_error(errors["hours"], id="hours"),
                class_name="k-rule-group",
            ),
            rx.fragment(),
        ),
        class_name="k-rule-group",
    )
    chain = rx.el.div(
        rx.foreach(steps, lambda step: _step(step, offers, on_target, on_wait)),
        ui.field_error(errors["steps"], id="steps"),
        rx.el.div(
            rx.cond(
                steps.length() < most,
                ui.button(t("routes.add_step"), name="plus", on_click=on_add, data_testid="add-step"),
                rx.fragment(),
            ),
            rx.cond(
                steps.length() > 1,
                ui.button(t("routes.remove_step"), name="minus", on_click=on_remove_step),
                rx.fragment(),
            ),
            class_name="k-row k-wrap",
        ),
        class_name="k-rule-group",
    )
    fields = rx.el.fieldset(
        ui.field(
            typed("name", max_length=121, placeholder=t("routes.name.placeholder")),
            id="name",
            label=t("routes.name"),
            error=errors["name"],
        ),
        ui.field(
            ui.segmented(
                [(one, t(f"routes.severity.{one}")) for one in SEVERITIES],
                value=severity,
                label=t("routes.severity"),
                on_change=on_severity,
                id="severity",
            ),
            id="severity",
            label=t("routes.severity"),
        ),
        ui.field(
            typed("labels", placeholder="worker=ipe"),
            id="labels",
            label=t("routes.labels"),
            optional=t("alerts.optional"),
            help=t("routes.labels.help"),
            error=errors["labels"],
        ),
        when,
        rx.el.h2(t("routes.who"), class_name="k-rule-head"),
        chain,
        ui.switch(t("routes.enabled"), checked=enabled, on_change=on_switch),
        disabled=~may,
        class_name="k-rule-fields",
    )
    return editor.form(
        fields,
        ready=ready,
        form_key=form_key,
        may=may,
        can_remove=~new,
        label=t("routes.route"),
        loading=t("channels.loading"),
        read_only=t("channels.read_only"),
        remove=t("routes.remove"),
        save=t("routes.save"),
        back=back(),
        cancel=ui.link_button(t("common.cancel"), href=LIST),
        on_save=on_save,
        on_ask=on_ask,
        testid="route-form",
        problem=problem,
    )


def _step(step: Row, offers: Row, on_target: Any, on_wait: Any) -> rx.Component:
    first = step["number"] == 0
    wait = rx.el.label(
        t("routes.wait"),
        rx.el.span(
            rx.el.input(
                type="text",
                input_mode="numeric",
                default_value=step["after"],
                on_blur=lambda text: on_wait(step["number"], text),
                aria_label=t("routes.wait.label"),
                size=4,
            ),
            rx.el.span(t("routes.minutes"), class_name="k-unit"),
            class_name="k-input k-route-wait",
        ),
        class_name="k-row k-route-after",
    )

    def offered(kind: str) -> rx.Component:
        return rx.el.div(
            rx.foreach(
                offers,
                lambda offer: rx.cond(
                    offer["kind"] == kind,
                    ui.checkbox(
                        offer["name"],
                        checked=step["chosen"].to(list[str]).contains(offer["key"]),
                        on_change=lambda on: on_target(step["number"], offer["key"], on),
                        key=offer["key"],
                    ),
                    rx.fragment(),
                ),
            ),
            role="group",
            aria_label=t(f"routes.targets.{kind}"),
            class_name="k-choices",
        )

    return rx.el.fieldset(
        rx.el.legend(
            rx.cond(first, t("routes.first_step"), t("routes.next_step")), class_name="k-label-text"
        ),
        rx.cond(first, rx.fragment(), wait),
        *[offered(kind) for kind in TARGET_KINDS],
        key=step["number"],
        class_name="k-field k-route-step",
        data_testid="route-step",
    )


def about() -> rx.Component:
    """How routes work, beside the form."""
    return rx.el.div(
        ui.card(
            rx.el.ul(
                *[
                    rx.el.li(t(f"routes.about.{one}"))
                    for one in ("first", "at_once", "next", "grouped", "over")
                ],
                class_name="k-route-about",
            ),
            title=t("routes.about"),
        ),
        class_name="k-rule-preview",
    )
