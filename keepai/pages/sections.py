"""The sections of the settings, and the list of them beside each."""

import reflex as rx

from components import settings as parts
from components import ui
from components.ui.base import Content, Flag
from keepai import routes
from keepai.pages.shell import shell
from state.session import SessionState
from state.words import t


def sections() -> tuple[parts.Group, ...]:
    """What there is to set, for whom."""
    return (
        parts.Group(
            t("settings.group.you"),
            True,
            (
                parts.Section("profile", t("settings.profile"), routes.SETTINGS),
                parts.Section("appearance", t("appearance.title"), routes.APPEARANCE),
                parts.Section("methods", t("methods.title"), routes.SIGN_IN_METHODS),
                parts.Section("second", t("second.title"), routes.SECOND_FACTOR),
                parts.Section("keys", t("keys.title"), routes.KEYS),
            ),
        ),
        parts.Group(
            t("settings.group.team"),
            SessionState.may_people | SessionState.may_audit,
            (
                parts.Section("people", t("people.title"), routes.PEOPLE, SessionState.may_people),
                parts.Section("audit", t("audit.title"), routes.AUDIT, SessionState.may_audit),
            ),
        ),
        parts.Group(
            t("settings.group.system"),
            True,
            (
                parts.Section("mail", t("mail.title"), routes.MAIL, SessionState.may_probe),
                parts.Section("about", t("about.title"), routes.ABOUT),
            ),
        ),
    )


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
