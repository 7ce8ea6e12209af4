"""`/settings/people`: who is on the team, and what each may do."""

import reflex as rx

from components import people as parts
from keepai.pages.sections import section
from services.identity.permissions import GRANTS, ROLES
from state.dashboard import DashboardState
from state.people import PeopleState
from state.session import SessionState
from state.words import t

ON_LOAD = [DashboardState.show_frame, PeopleState.load]


def page() -> rx.Component:
    """The people page."""
    return section(
        parts.team(
            PeopleState.rows,
            counts=PeopleState.counts,
            ready=PeopleState.ready,
            roles=ROLES,
            on_search=PeopleState.search,
            on_invite=PeopleState.ask_invite,
            on_role=PeopleState.set_role,
            on_reset=PeopleState.offer_reset,
            on_ask=PeopleState.ask,
            on_reactivate=PeopleState.reactivate,
        ),
        parts.permissions(GRANTS, ROLES),
        parts.invite(
            open=PeopleState.inviting,
            errors=PeopleState.errors,
            roles=ROLES,
            on_invite=PeopleState.invite,
            on_close=PeopleState.close_invite,
        ),
        parts.link(PeopleState.link, on_close=PeopleState.close_link),
        parts.confirm(
            PeopleState.pending,
            on_deactivate=PeopleState.deactivate,
            on_withdraw=PeopleState.withdraw,
            on_unguard=PeopleState.unguard,
            on_cancel=PeopleState.dismiss,
        ),
        title=t("people.title"),
        name="people",
        allowed=SessionState.may_people,
    )
