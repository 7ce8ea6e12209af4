"""`/settings/people/<account>`: where one person of the team is signed in, and the keys of their programs."""

import reflex as rx

from components import person as parts
from keepai import routes
from keepai.pages.sections import section
from state.dashboard import DashboardState
from state.person import PersonState
from state.session import SessionState
from state.words import t

ON_LOAD = [DashboardState.show_frame, PersonState.load]


def page() -> rx.Component:
    """The page of a person."""
    name = PersonState.who["name"]
    there = rx.fragment(
        parts.head(PersonState.who, people=routes.PEOPLE),
        parts.sign_ins(
            PersonState.sign_ins,
            ready=PersonState.ready,
            others=PersonState.others,
            on_end=PersonState.end,
            on_end_all=PersonState.ask("sign_ins", ""),
        ),
        parts.keys(
            PersonState.keys,
            ready=PersonState.ready,
            on_revoke=lambda key_id: PersonState.ask("key", key_id),
            on_revoke_all=PersonState.ask("keys", ""),
        ),
    )
    return section(
        rx.cond(PersonState.found, there, parts.nobody(people=routes.PEOPLE)),
        parts.ask(
            PersonState.question,
            name=name,
            on_end_all=PersonState.end_all,
            on_revoke=PersonState.revoke,
            on_revoke_all=PersonState.revoke_all,
            on_dismiss=PersonState.dismiss,
        ),
        title=rx.cond(name != "", name, t("person.title")),
        name="people",
        allowed=SessionState.may_people,
    )
