"""The pieces of channels and routes: their lists on the alerts page, and the editor of each."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Text
from services.alerts.routes import SEVERITIES
from services.channels import KINDS
from services.i18n import LOCALES
from services.outbox.templates import PLACES
from state.words import t

Row = rx.Var[Any]
TARGET_KINDS = ("channel", "role", "person")
DAYS = range(7)


# -- the lists ----------------------------------------------------------------------------------------------------


def routes_card(
    rows: Row, *, ready: Row, may: Row, first_admin: Row, on_switch: Any, on_raise: Any
) -> rx.Component:
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
        rx.cond(ready, listed, _waiting(t("routes.loading"))),
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
        _switch(row, may, on_switch, t("routes.switch", name=row["name"])),
        rx.cond(may, lift, rx.fragment()),
        key=row["id"],
        class_name="k-silence",
        data_testid="route-row",
        data_state=rx.cond(row["enabled"], "on", "over"),
    )


def _switch(row: Row, may: Row, on_switch: Any, label: Text) -> rx.Component:
    word = rx.cond(row["enabled"], t("alerts.rules.on"), t("alerts.rules.off"))
    return rx.cond(
        may,
        ui.switch(
            word,
            checked=row["enabled"],
            on_change=lambda _: on_switch(row["id"], ~row["enabled"].to(bool)),
            aria_label=label,
        ),
        rx.el.span(word, class_name="k-second"),
    )


def channels_card(
    rows: Row, *, ready: Row, may: Row, testing: Row, on_switch: Any, on_test: Any
) -> rx.Component:
    """Where notifications go, and what came of the last one."""
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _channel(row, may, testing, on_switch, on_test)),
        aria_label=t("channels.title"),
        class_name="k-silences",
    )
    nothing = ui.empty(t("channels.none"), t("channels.none_text"), name="bell", level=3)
    return ui.card(
        rx.cond(ready, rx.cond(rows.length() > 0, listed, nothing), _waiting(t("channels.loading"))),
        title=t("channels.title"),
        caption=t("channels.caption"),
        tools=[
            rx.cond(
                may,
                ui.link_button(
                    t("channels.new"), href="/alerts/channels/new", name="plus", data_testid="new-channel"
                ),
                rx.fragment(),
            )
        ],
        flush=True,
    )


def _channel(row: Row, may: Row, testing: Row, on_switch: Any, on_test: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(ui.icon(row["icon"]), class_name="k-word s-unknown"),
        rx.el.div(
            rx.el.p(ui.text_link(row["name"], href=f"/alerts/channels/{row['id']}")),
            rx.el.p(row["where"], class_name="k-caption k-cut-anywhere"),
            class_name="k-grow",
        ),
        rx.el.div(
            _outcome(row),
            rx.cond(
                row["at"].to(float) > 0, rx.el.p(ui.age(row["at"]), class_name="k-caption"), rx.fragment()
            ),
            class_name="k-silence-when",
        ),
        _switch(row, may, on_switch, t("channels.switch", name=row["name"])),
        rx.cond(
            may & row["enabled"].to(bool),
            ui.button(
                t("channels.test"),
                size="small",
                busy=testing == row["id"],
                busy_label=t("channels.testing"),
                on_click=on_test(row["id"]),
                aria_label=t("channels.test_of", name=row["name"]),
            ),
            rx.fragment(),
        ),
        key=row["id"],
        class_name="k-silence",
        data_testid="channel-row",
        data_state=rx.cond(row["enabled"], "on", "over"),
    )


def _outcome(row: Row) -> rx.Component:
    return rx.match(
        row["look"],
        *[(look, ui.state(row["said"], state=look)) for look in ("ok", "warning", "critical", "pending")],
        rx.el.span(row["said"], class_name="k-second"),
    )


def _waiting(label: Text) -> rx.Component:
    return rx.el.div(
        ui.skeleton_rows(3, ("30%", "40%", "16%")), role="status", aria_label=label, aria_busy="true"
    )


# -- one channel --------------------------------------------------------------------------------------------------


def channel_form(
    *,
    ready: Row,
    form_key: Row,
    new: Row,
    kind: Row,
    texts: Row,
    errors: Row,
    enabled: Row,
    secret: Row,
    problem: Row,
    may: Row,
    on_kind: Any,
    on_leave: Any,
    on_secret: Any,
    on_switch: Any,
    on_save: Any,
    on_ask: Any,
) -> rx.Component:
    """All that a channel is made of."""

    def typed(name: str, **props: Any) -> rx.Component:
        return ui.field(
            ui.text_input(
                id=name,
                name=name,
                error=errors[name],
                default_value=texts[name],
                auto_complete="off",
                on_blur=lambda text: on_leave(name, text),
                **props,
            ),
            id=name,
            label=t(f"channels.field.{name}"),
            help=t(f"channels.field.{name}.help"),
            error=errors[name],
        )

    secret_help = rx.cond(new, t("channels.field.secret.help"), t("channels.field.secret.kept"))
    url_kept = rx.cond(new, t("channels.field.room.help"), t("channels.field.room.kept"))
    room = ui.field(
        ui.text_input(
            id="room",
            name="url",
            error=errors["url"],
            auto_complete="off",
            on_blur=lambda text: on_leave("url", text),
        ),
        id="room",
        label=t("channels.field.room"),
        help=url_kept,
        error=errors["url"],
    )
    webhook = rx.fragment(
        typed("url", input_mode="url"),
        ui.field(
            ui.text_input(
                id="secret",
                name="secret",
                type="password",
                error=errors["secret"],
                auto_complete="new-password",
                on_blur=lambda text: on_leave("secret", text),
                default_value=secret,
                key=secret,
            ),
            id="secret",
            label=t("channels.field.secret"),
            help=secret_help,
            error=errors["secret"],
        ),
        rx.cond(
            secret != "",
            ui.copyable(
                secret,
                id="made-secret",
                label=t("channels.field.secret"),
                copy=t("common.copy"),
                copied=t("common.copied"),
            ),
            rx.el.div(ui.button(t("channels.make_secret"), name="key-round", on_click=on_secret)),
        ),
        ui.field(
            ui.text_area(
                id="template",
                name="template",
                error=errors["template"],
                default_value=texts["template"],
                rows=5,
                spell_check=False,
                class_name="k-mono",
                on_blur=lambda text: on_leave("template", text),
            ),
            id="template",
            label=t("channels.field.template"),
            optional=t("alerts.optional"),
            help=t("channels.field.template.help", places=", ".join(f"${{{one}}}" for one in PLACES)),
            error=errors["template"],
        ),
    )
    fields = rx.el.fieldset(
        rx.cond(
            new,
            ui.field(
                ui.segmented(
                    [(one, t(f"channels.kind.{one}")) for one in KINDS],
                    value=kind,
                    label=t("channels.kind"),
                    on_change=on_kind,
                    id="kind",
                ),
                id="kind",
                label=t("channels.kind"),
            ),
            rx.fragment(),
        ),
        typed("name", max_length=121),
        rx.match(
            kind,
            ("sms", typed("numbers", input_mode="tel")),
            ("chat", room),
            ("webhook", webhook),
            typed("address", type="email"),
        ),
        ui.field(
            ui.select(
                [(one, t(f"channels.language.{one}")) for one in LOCALES],
                id="locale",
                name="locale",
                default_value=texts["locale"],
            ),
            id="locale",
            label=t("channels.field.locale"),
        ),
        ui.switch(t("channels.enabled"), checked=enabled, on_change=on_switch),
        disabled=~may,
        class_name="k-rule-fields",
    )
    return _editor(
        fields,
        ready=ready,
        form_key=form_key,
        may=may,
        new=new,
        problem=problem,
        label=t("channels.channel"),
        remove=t("channels.remove"),
        save=t("channels.save"),
        on_save=on_save,
        on_ask=on_ask,
        testid="channel-form",
    )


def _editor(
    fields: rx.Component,
    *,
    ready: Row,
    form_key: Row,
    may: Row,
    new: Row,
    problem: Row,
    label: Text,
    remove: Text,
    save: Text,
    on_save: Any,
    on_ask: Any,
    testid: str,
) -> rx.Component:
    """The form around the fields of a channel or a route, with what can be done with it."""
    foot = rx.el.div(
        rx.cond(
            may,
            rx.fragment(
                rx.cond(
                    new,
                    rx.fragment(),
                    ui.button(remove, variant="danger", on_click=on_ask, data_testid="remove"),
                ),
                ui.link_button(t("common.cancel"), href="/alerts?tab=channels"),
                ui.button(save, variant="primary", type="submit", busy=False, data_testid="save"),
            ),
            ui.link_button(t("channels.back"), href="/alerts?tab=channels", name="arrow-left"),
        ),
        class_name="k-rule-foot k-row k-wrap",
    )
    shown = ui.form(
        rx.cond(may, rx.fragment(), ui.callout(t("channels.read_only"), state="info")),
        rx.cond(problem != "", ui.callout(problem, state="warning", role="status"), rx.fragment()),
        fields,
        foot,
        key=form_key,
        on_submit=on_save,
        reset_on_submit=False,
        aria_label=label,
        class_name="k-rule-form",
        data_testid=testid,
    )
    waiting = rx.el.div(
        *[ui.skeleton_rows(2, ("30%", "60%")) for _ in range(4)],
        role="status",
        aria_label=t("channels.loading"),
        aria_busy="true",
        class_name="k-form k-rule-form",
    )
    return rx.cond(ready, shown, waiting)


def deliveries(rows: Row, *, new: Row, may: Row, enabled: Row, testing: Row, on_test: Any) -> rx.Component:
    """What was sent to a channel lately, and a test."""
    listed = rx.el.ul(
        rx.foreach(rows, _delivery), aria_label=t("channels.deliveries"), class_name="k-silences"
    )
    test = rx.cond(
        may & ~new,
        ui.button(
            t("channels.test"),
            name="bell",
            busy=testing,
            busy_label=t("channels.testing"),
            disabled=~enabled,
            on_click=on_test,
            data_testid="test",
        ),
        rx.fragment(),
    )
    nothing = ui.empty(
        t("channels.no_deliveries"),
        rx.cond(new, t("channels.no_deliveries_new"), t("channels.no_deliveries_text")),
        name="scroll-text",
        level=3,
    )
    return rx.el.div(
        ui.card(
            rx.cond(rows.length() > 0, listed, nothing),
            title=t("channels.deliveries"),
            caption=t("channels.deliveries.caption"),
            tools=[test],
            flush=True,
        ),
        class_name="k-rule-preview",
    )


def _delivery(row: Row) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["what"], class_name="k-medium"),
            rx.cond(
                row["why"] != "",
                rx.el.p(row["why"], class_name="k-caption k-cut-anywhere"),
                rx.fragment(),
            ),
            class_name="k-grow",
        ),
        rx.el.div(
            _outcome(row), rx.el.p(ui.age(row["at"]), class_name="k-caption"), class_name="k-silence-when"
        ),
        key=row["id"],
        class_name="k-silence",
        data_testid="delivery-row",
    )


# -- one route ----------------------------------------------------------------------------------------------------


def route_form(
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
    return _editor(
        fields,
        ready=ready,
        form_key=form_key,
        may=may,
        new=new,
        problem=problem,
        label=t("routes.route"),
        remove=t("routes.remove"),
        save=t("routes.save"),
        on_save=on_save,
        on_ask=on_ask,
        testid="route-form",
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


def about_routes() -> rx.Component:
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


def gone(title: Text) -> rx.Component:
    """Where the address names nothing."""
    return ui.empty(
        title,
        t("channels.gone_text"),
        actions=[ui.link_button(t("channels.back"), href="/alerts?tab=channels", name="arrow-left")],
        name="search",
        level=2,
    )


def confirm_remove(
    *, name: Row, open_: Row, title: Text, text: Text, action: Text, on_confirm: Any, on_cancel: Any
) -> rx.Component:
    """Before a channel or a route is taken away."""
    return ui.confirm(
        title,
        text,
        id="confirm-remove",
        open=open_,
        action=action,
        cancel=t("common.cancel"),
        on_confirm=on_confirm,
        on_cancel=on_cancel,
    )
