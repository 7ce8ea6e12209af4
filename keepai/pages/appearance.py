"""`/settings/appearance`: how KeepAI is read."""

import reflex as rx

from components import appearance as parts
from keepai.pages.sections import section
from state.appearance import AppearanceState, zones
from state.dashboard import Live
from state.session import SessionState
from state.words import Words, t

ON_LOAD = AppearanceState.load


def page() -> rx.Component:
    """The appearance section."""
    return section(
        rx.el.div(
            parts.language_and_theme(
                language=Words.language,
                on_language=SessionState.switch_language,
                on_theme=SessionState.switch_theme,
            ),
            parts.time_zone(
                zone=AppearanceState.zone,
                zones=zones(),
                at=Live.at,
                error=AppearanceState.error,
                ready=AppearanceState.ready,
                on_leave=AppearanceState.check_zone,
                on_save=AppearanceState.save_zone,
            ),
            class_name="k-halves",
        ),
        title=t("appearance.title"),
        name="appearance",
    )
