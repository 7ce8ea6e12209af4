"""`/settings/about`: which KeepAI this is, how it is, and what to give to whoever helps."""

import reflex as rx

from components import about as parts
from keepai.pages.sections import section
from state.about import AboutState, Health
from state.session import SessionState
from state.words import t

ON_LOAD = AboutState.load


def page() -> rx.Component:
    """The about section."""
    return section(
        rx.el.div(
            rx.el.div(
                parts.program(
                    version=AboutState.version,
                    commit=AboutState.commit,
                    licence=AboutState.licence,
                    facts=Health.facts,
                    ready=AboutState.ready,
                ),
                parts.helping(),
                class_name="k-stack",
            ),
            rx.el.div(
                rx.cond(
                    ~SessionState.known | SessionState.may_see_system,
                    parts.health(look=Health.look, word=Health.word, parts=Health.parts, ready=Health.ready),
                    rx.fragment(),
                ),
                parts.diagnostics(visible=SessionState.may_probe),
                class_name="k-stack",
            ),
            class_name="k-halves",
        ),
        parts.packages(AboutState.packages, ready=AboutState.ready),
        title=t("about.title"),
        name="about",
    )
