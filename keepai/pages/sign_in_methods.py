"""`/settings/sign-in`: the ways into one's account, and for admins the issuers that are set up."""

import reflex as rx

from components import sign_in_methods as parts
from components import ui
from keepai.pages.sections import section
from state.session import SessionState
from state.sign_in_methods import SignInMethodsState
from state.words import t

ON_LOAD = SignInMethodsState.load


def page() -> rx.Component:
    """The section of the ways to sign in."""
    state = SignInMethodsState
    known = rx.el.div(
        rx.el.div(
            parts.own(
                state.ways,
                has_password=SessionState.has_password,
                problem=state.problem,
                on_disconnect=state.ask_disconnect,
            ),
            class_name="k-stack",
        ),
        rx.cond(
            SessionState.may_probe,
            rx.el.div(parts.set_up(state.issuers, on_check=state.check), class_name="k-stack"),
        ),
        class_name="k-halves",
    )
    waiting = rx.el.div(
        ui.card(
            ui.skeleton_rows(2, ("50%", "12%"), class_name="k-tall"), title=t("methods.yours"), flush=True
        ),
        class_name="k-halves",
    )
    return section(
        rx.cond(state.ready, known, waiting),
        parts.ask(
            open=state.asked != "",
            title=state.asked_title,
            on_confirm=state.disconnect,
            on_cancel=state.ask_disconnect(""),
        ),
        title=t("methods.title"),
        name="methods",
    )
