"""What there is to set: for the list beside each section, and for the palette of every page."""

from components import settings as parts
from keepai import routes
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
                parts.Section("notices", t("notices.title"), routes.NOTICES),
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
                parts.Section(
                    "providers", t("providers.title"), routes.PROVIDERS, SessionState.may_providers
                ),
                parts.Section("mail", t("mail.title"), routes.MAIL, SessionState.may_probe),
                parts.Section("about", t("about.title"), routes.ABOUT),
            ),
        ),
    )
