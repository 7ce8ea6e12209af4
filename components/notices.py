"""The pieces of the section that says how one wants to be told of alerts."""

from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]
LEVELS = ("all", "critical", "none")


def wishes(
    *,
    form_key: Row,
    can_mail: Row,
    can_sms: Row,
    email: Row,
    mail: Row,
    sms: Row,
    bell: Row,
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
    return ui.card(
        ui.form(
            rx.el.p(t("notices.text"), class_name="k-second"),
            by_mail,
            by_sms,
            typed("phone", type="tel", auto_complete="tel", placeholder="+55 11 91234-5678"),
            ui.field(level("bell", bell), id="bell", label=t("notices.bell"), help=t("notices.bell.help")),
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


def waiting() -> rx.Component:
    """Before one's wishes are known."""
    return ui.card(ui.skeleton_rows(5, ("30%", "50%")), title=t("notices.title"))
