"""`/settings/second-factor`: codes of an app beside the password."""

import reflex as rx

from components import second_factor as parts
from components import ui
from keepai.pages.sections import section
from state.second_factor import SecondFactorState
from state.session import SessionState
from state.words import t

ON_LOAD = SecondFactorState.load


def page() -> rx.Component:
    """The page: off, being turned on, its codes, on."""
    state = SecondFactorState
    off = rx.cond(
        state.secret != "",
        parts.enrol(
            qr=state.qr,
            secret=state.secret,
            errors=state.errors,
            on_confirm=state.confirm,
            on_cancel=state.put_away,
        ),
        parts.off(
            errors=state.errors, has_password=SessionState.has_password, key=state.key, on_begin=state.begin
        ),
    )
    on = rx.cond(
        state.codes.length() > 0,
        parts.codes(state.codes, on_done=state.put_away),
        parts.on(
            left=state.left,
            errors=state.errors,
            has_password=SessionState.has_password,
            key=state.key,
            on_renew=state.renew,
            on_turn_off=state.turn_off,
        ),
    )
    waiting = ui.card(ui.skeleton_rows(4, ("50%",)), title=t("second.title"))
    return section(
        rx.cond(state.ready, rx.cond(state.on, on, off), waiting), title=t("second.title"), name="second"
    )
