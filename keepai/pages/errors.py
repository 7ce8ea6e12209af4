"""The page for an address where nothing is, within the app."""

import reflex as rx

from components import ui
from keepai.pages.shell import shell
from state.words import t


def not_found() -> rx.Component:
    """404: says so and leads back."""
    return shell(
        ui.empty(
            t("errors.page.not_found.title"),
            t("errors.page.not_found.text"),
            name="unplug",
            actions=[ui.link_button(t("errors.page.back"), href="/", variant="primary")],
        ),
        title=t("errors.page.not_found.title"),
        place="",
    )
