"""The pieces of the section that says how one wants to be told of alerts."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import StateName
from state.words import t

Row = rx.Var[Any]
LEVELS = ("all", "critical", "none")
JOBS = ("all", "bell", "none")
TASKS = ("all", "push", "bell")
# What the browser finds itself to be (assets/pwa.js), and how that looks.
HERE: dict[str, StateName] = {
    "on": "ok",
    "off": "unknown",
    "denied": "warning",
    "insecure": "warning",
    "install": "info",
    "unsupported": "unknown",
    "failed": "warning",
}


def wishes(
    *,
    form_key: Row,
    can_mail: Row,
    can_sms: Row,
    email: Row,
    mail: Row,
    sms: Row,
    push: Row,
    bell: Row,
    jobs: Row,
    tasks: Row,
    texts: Row,
    errors: Row,
    on_choose: Any,
    on_leave: Any,
    on_save: Any,
) -> rx.Component:
    """By what, from which severity on, and when warnings may wait."""

    def typed(name: str, **props: Any) -> rx.Component:
        return ui.field(
            ui.text_input(
                id=name,
                name=name,
                error=errors[name],
                default_value=texts[name],
                on_blur=lambda text: on_leave(name, text),
                **props,
            ),
            id=name,
            label=t(f"notices.{name}"),
            error=errors[name],
        )

    def level(name: str, value: Row) -> rx.Component:
        return ui.segmented(
            [(one, t(f"notices.level.{one}")) for one in LEVELS],
            value=value,
            label=t(f"notices.{name}"),
            on_change=lambda chosen: on_choose(name, chosen),
            id=name,
        )

    by_mail = ui.field(
        level("mail", mail),
        id="mail",
        label=t("notices.mail"),
        help=rx.cond(can_mail, t("notices.mail.help", email=email), t("notices.mail.none")),
    )
    by_sms = ui.field(
        level("sms", sms),
        id="sms",
        label=t("notices.sms"),
        help=rx.cond(can_sms, t("notices.sms.help"), t("notices.sms.none")),
    )
    by_push = ui.field(level("push", push), id="push", label=t("notices.push"), help=t("notices.push.help"))
    return ui.card(
        ui.form(
            rx.el.p(t("notices.text"), class_name="k-second"),
            by_mail,
            by_sms,
            by_push,
            typed("phone", type="tel", auto_complete="tel", placeholder="+55 11 91234-5678"),
            ui.field(level("bell", bell), id="bell", label=t("notices.bell"), help=t("notices.bell.help")),
            ui.field(
                ui.segmented(
                    [(one, t(f"notices.tasks.{one}")) for one in TASKS],
                    value=tasks,
                    label=t("notices.tasks"),
                    on_change=lambda chosen: on_choose("tasks", chosen),
                    id="tasks",
                ),
                id="tasks",
                label=t("notices.tasks"),
                help=t("notices.tasks.help"),
            ),
            ui.field(
                ui.segmented(
                    [(one, t(f"notices.jobs.{one}")) for one in JOBS],
                    value=jobs,
                    label=t("notices.jobs"),
                    on_change=lambda chosen: on_choose("jobs", chosen),
                    id="jobs",
                ),
                id="jobs",
                label=t("notices.jobs"),
                help=t("notices.jobs.help"),
            ),
            rx.el.fieldset(
                rx.el.legend(t("notices.quiet"), class_name="k-label-text"),
                rx.el.div(
                    typed("quiet_from", placeholder="22:00", auto_complete="off"),
                    typed("quiet_to", placeholder="07:00", auto_complete="off"),
                    class_name="k-rule-two",
                ),
                rx.el.p(t("notices.quiet.help"), class_name="k-help"),
                class_name="k-field k-quiet",
            ),
            ui.button(t("notices.save"), variant="primary", type="submit"),
            on_submit=on_save,
            reset_on_submit=False,
            key=form_key,
        ),
        title=t("notices.title"),
    )


def devices(rows: Row, *, key: Row, on_changed: Any, on_test: Any, on_remove: Any) -> rx.Component:
    """Whether this browser takes notifications, to be switched, and all that do.

    What holds for this browser only the browser knows: it marks the box, and the one part that fits is shown.
    """
    here = rx.el.div(
        *[rx.el.div(*_here(name, look), data_k_push_is=name) for name, look in HERE.items()],
        # Pressed by the browser when it has told the server.
        rx.el.button(hidden=True, type="button", tab_index=-1, on_click=on_changed, data_k_push_changed=""),
        class_name="k-push",
        role="status",
        data_k_push="",
        data_k_devices=key,
        data_testid="this-device",
    )
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _device(row, on_test, on_remove)),
        aria_label=t("push.devices"),
        class_name="k-list",
    )
    return ui.card(
        rx.el.div(here, class_name="k-card-body"),
        rx.cond(rows.length() > 0, listed, rx.fragment()),
        title=t("push.title"),
        caption=t("push.caption"),
        flush=True,
    )


def _here(name: str, look: StateName) -> list[rx.Component]:
    word = t(f"push.here.{name}")
    said = ui.badge(word, name="bell-off") if look == "unknown" else ui.state(word, state=look)
    parts = [
        rx.el.p(said),
        rx.el.p(t(f"push.here.{name}.text"), class_name="k-second"),
    ]
    if name in ("off", "failed"):
        parts.append(
            ui.button(
                t("push.switch_on"), name="bell", variant="primary", busy=False, data_k_push_switch="on"
            )
        )
    if name == "on":
        parts.append(ui.button(t("push.switch_off"), busy=False, data_k_push_switch="off"))
    return parts


def _device(row: Row, on_test: Any, on_remove: Any) -> rx.Component:
    last = rx.cond(
        row["sent_at"] > 0,
        rx.fragment(t("push.last"), " ", ui.age(row["sent_at"])),
        rx.fragment(t("push.since"), " ", ui.age(row["created_at"])),
    )
    named = {"device": row["device"]}
    return rx.el.li(
        ui.icon("smartphone"),
        rx.el.div(
            rx.el.p(
                row["device"],
                " ",
                rx.cond(row["current"], ui.fact(t("push.this")), rx.fragment()),
            ),
            rx.el.p(last, class_name="k-caption"),
            class_name="k-grow",
        ),
        rx.el.div(
            ui.button(
                t("push.test"),
                size="small",
                busy=False,
                on_click=on_test(row["id"]),
                aria_label=t("push.test_of", **named),
            ),
            ui.button(
                t("push.remove"),
                size="small",
                variant="danger",
                busy=False,
                on_click=on_remove(row["id"]),
                aria_label=t("push.remove_of", **named),
            ),
            class_name="k-row",
        ),
        key=row["id"],
        data_testid="device-row",
    )


def waiting() -> rx.Component:
    """Before one's wishes are known."""
    return ui.card(ui.skeleton_rows(5, ("30%", "50%")), title=t("notices.title"))
