"""The part of a form in which somebody shows once more who they are."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Flag, Text
from state.words import t


def proof(*, id: str, error: Text, has_password: Flag, name: str = "password", **props: Any) -> rx.Component:
    """The field of the password; where there is none, that a fresh sign-in is enough."""
    field = ui.field(
        ui.text_input(
            id=id,
            name=name,
            type="password",
            auto_complete="current-password",
            max_length=300,
            error=error,
            **props,
        ),
        id=id,
        label=t("settings.password.current"),
        error=error,
    )
    fresh = rx.el.div(
        rx.el.p(t("settings.password.none_text"), class_name="k-help"),
        ui.field_error(error, id=id),
        class_name="k-field",
    )
    return rx.cond(has_password, field, fresh)
