"""What the lists of channels and of routes share."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Text
from state.words import t

Row = rx.Var[Any]


def switch(row: Row, may: Row, on_switch: Any, label: Text) -> rx.Component:
    """Turns one of them on or off, for who may."""
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


def waiting(label: Text) -> rx.Component:
    """Its shape, while it is on its way."""
    return rx.el.div(
        ui.skeleton_rows(3, ("30%", "40%", "16%")), role="status", aria_label=label, aria_busy="true"
    )
