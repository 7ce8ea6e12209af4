"""A section of the settings as a page."""

import reflex as rx

from components import settings as parts
from components import ui
from components.ui.base import Content, Flag
from keepai import routes
from keepai.pages.section_list import sections
from keepai.pages.shell import shell
from state.session import SessionState
from state.words import t


def section(*content: Content, title: Content, name: str, allowed: Flag = True) -> rx.Component:
    """A section as a whole page; who is known and not `allowed` reads who can change that."""
    refused = ui.card(ui.not_allowed(t("errors.page.forbidden.title"), t("errors.forbidden")))
    shown = (
        content
        if allowed is True
        else [rx.cond(SessionState.known & ~allowed, refused, rx.fragment(*content))]
    )
    return shell(
        parts.layout(sections(), *shown, name=name),
        title=title,
        crumb=ui.link(t("settings.title"), href=routes.SETTINGS),
        place="settings",
    )
