"""The pages for when there is nothing at an address, or when drawing one failed."""

from typing import Any

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary

from components import ui
from keepai.pages.shell import shell
from services.i18n import LOCALES, translate
from state.words import t


def not_found() -> rx.Component:
    """404: says so and leads back."""
    return shell(
        ui.empty(
            t("errors.page.not_found.title"),
            t("errors.page.not_found.text"),
            name="unplug",
            level=2,
            actions=[ui.link_button(t("errors.page.back"), href="/", variant="primary")],
        ),
        title=t("errors.page.not_found.title"),
        place="",
    )


def boundary(**props: Any) -> rx.Component:
    """What stands in place of a page whose drawing failed. It stands outside of every state, so it does not know
    the reader's language and speaks both."""
    said = [
        rx.el.div(
            rx.el.h1(translate(locale, "errors.page.failed.title"), class_name="k-medium"),
            rx.el.p(translate(locale, "errors.page.failed.text"), class_name="k-second"),
            rx.el.a(translate(locale, "common.retry"), href="", class_name="k-button"),
            lang=locale,
            class_name="k-stack",
        )
        for locale in LOCALES
    ]
    page = rx.el.main(*said, class_name="k-stack k-failed")
    return ErrorBoundary.create(fallback_render=rx.Var.create(page), **props)
