"""The frame with this person, their language, the live light and their messages: what every page stands in."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import frame as frames
from components.dashboard import compute_strip
from components.notes import capture
from components.ui.base import Content
from keepai.pages.section_list import sections
from services.identity.permissions import ROLES
from state.alert_counts import AlertCounts, BellCount
from state.bell import BellState
from state.dashboard import DashboardState, Live
from state.job_counts import JobCount
from state.leaving import Leaving
from state.notes import NotesState
from state.palette import PaletteState
from state.session import SessionState
from state.tasks import TasksState
from state.toasts import Toasts
from state.words import t
from state.workers import WorkersState


def shell(
    *content: Content,
    title: Content,
    place: str,
    notices: Sequence[Content] = (),
    **options: Any,
) -> rx.Component:
    """A whole page."""
    return rx.fragment(
        frames.frame(
            *content,
            title=title,
            place=place,
            person=frames.Person(
                id=SessionState.id,
                name=SessionState.name,
                initials=SessionState.initials,
                email=SessionState.email,
                role=role_word(),
                zone=SessionState.zone,
                theme=SessionState.theme,
            ),
            live=frames.Live(at=Live.at, age_ms=Live.age_ms),
            groups=frames.places(alerts=AlertCounts.critical),
            bell=frames.Bell(
                unread=BellCount.unread,
                shown=BellCount.shown,
                rows=BellState.rows,
                ready=BellState.ready,
                on_open=BellState.look,
                on_read=BellState.read_all,
            ),
            jobs=frames.Jobs(
                count=JobCount.count, percent=JobCount.percent, shown=JobCount.shown, label=JobCount.label
            ),
            badge=AlertCounts.critical,
            capture=capture(),
            on_language=SessionState.switch_language,
            on_theme=SessionState.switch_theme,
            palette=frames.Palette(
                rows=PaletteState.rows,
                on_search=PaletteState.search,
                sections=[
                    (one.label, one.href, one.visible) for group in sections() for one in group.sections
                ],
            ),
            messages=frames.Messages(
                rows=Toasts.items,
                on_close=SessionState.close_toast,
                events={
                    "task": TasksState.undo,
                    "forget": WorkersState.put_back,
                    "checklist": DashboardState.show_checklist,
                    "note_back": NotesState.take_back,
                    "note_unarchive": NotesState.unarchive,
                },
            ),
            notices=[
                compute_strip(Live.compute),
                frames.password_news(SessionState.password_set_by, on_read=SessionState.password_news_read),
                *notices,
            ],
            **options,
        ),
        # Loaded by pwa.js as soon as it is not empty: the session has ended.
        rx.el.span(hidden=True, data_k_leave=Leaving.to),
    )


def role_word() -> rx.Var[str]:
    """The role of this person in words."""
    return rx.match(SessionState.role, *[(name, t(f"settings.role.{name}")) for name in ROLES], "")
