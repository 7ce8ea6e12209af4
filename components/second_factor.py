"""The pieces of the section of the second factor."""

from typing import Any

import reflex as rx

from components import ui
from components.proof import proof
from state.words import t

Row = rx.Var[Any]


def off(*, errors: Row, has_password: Row, key: Row, on_begin: Any) -> rx.Component:
    """Why one would turn it on, and the first step."""
    return ui.card(
        rx.el.p(t("second.text")),
        _password(
            "begin",
            errors=errors,
            has_password=has_password,
            key=key,
            action=t("second.begin"),
            on_submit=on_begin,
            primary=True,
        ),
        title=t("second.title"),
        tools=[ui.badge(t("second.off"), state="warning")],
    )


def enrol(*, qr: Row, secret: Row, errors: Row, on_confirm: Any, on_cancel: Any) -> rx.Component:
    """The secret for the app, and the field for its first code."""
    return ui.card(
        rx.el.p(t("second.scan")),
        rx.el.img(src=qr, alt=t("second.qr"), width="200", height="200", class_name="k-qr"),
        ui.copyable(
            secret,
            id="second-secret",
            label=t("second.secret"),
            copy=t("common.copy"),
            copied=t("common.copied"),
        ),
        ui.form(
            ui.field(
                ui.text_input(
                    id="second-code",
                    name="code",
                    auto_complete="one-time-code",
                    input_mode="numeric",
                    max_length=20,
                    error=errors["code"],
                ),
                id="second-code",
                label=t("second.code"),
                help=t("second.code_help"),
                error=errors["code"],
            ),
            rx.el.div(
                ui.button(t("second.confirm"), variant="primary", type="submit"),
                ui.button(t("common.cancel"), variant="quiet", on_click=on_cancel),
                class_name="k-row",
            ),
            on_submit=on_confirm,
            reset_on_submit=False,
        ),
        title=t("second.enrol"),
        class_name="k-second-factor",
    )


def codes(rows: Row, *, on_done: Any) -> rx.Component:
    """The recovery codes, for the only time."""
    return ui.card(
        rx.el.p(t("second.codes_text")),
        rx.el.ul(rx.foreach(rows, lambda code: rx.el.li(rx.el.code(code), key=code)), class_name="k-codes"),
        ui.button(t("second.codes_kept"), variant="primary", on_click=on_done),
        title=t("second.codes"),
        class_name="k-second-factor",
    )


def on(
    *, left: Row, errors: Row, has_password: Row, key: Row, on_renew: Any, on_turn_off: Any
) -> rx.Component:
    """That it is on, other recovery codes, and turning it off."""
    return rx.fragment(
        ui.card(
            rx.el.p(t("second.on_text")),
            rx.el.p(left, class_name="k-second"),
            _password(
                "renew",
                errors=errors,
                has_password=has_password,
                key=key,
                action=t("second.renew"),
                on_submit=on_renew,
            ),
            title=t("second.title"),
            tools=[ui.badge(t("second.on"), state="ok")],
        ),
        ui.card(
            rx.el.p(t("second.turn_off_text")),
            _password(
                "off",
                errors=errors,
                has_password=has_password,
                key=key,
                action=t("second.turn_off"),
                on_submit=on_turn_off,
                danger=True,
            ),
            title=t("second.turn_off"),
        ),
    )


def _password(
    name: str,
    *,
    errors: Row,
    has_password: Row,
    key: Row,
    action: Any,
    on_submit: Any,
    primary: bool = False,
    danger: bool = False,
) -> rx.Component:
    """A form that asks for the password before something is done."""
    return ui.form(
        proof(id=f"{name}-password", error=errors["password"], has_password=has_password),
        ui.button(action, variant="primary" if primary else "danger" if danger else "normal", type="submit"),
        on_submit=on_submit,
        reset_on_submit=False,
        key=f"{name}-{key}",
    )
