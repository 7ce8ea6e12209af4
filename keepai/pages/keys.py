"""`/settings/keys`: keys of programs."""

import reflex as rx

from components import keys as parts
from keepai.pages.sections import section
from state.keys import LASTS, MAY, USUAL, KeysState
from state.words import t

ON_LOAD = KeysState.load


def page() -> rx.Component:
    """The page of keys."""
    return section(
        parts.made(secret=KeysState.secret, name=KeysState.secret_of, on_done=KeysState.put_away),
        parts.new_key(
            offers=KeysState.offers,
            errors=KeysState.errors,
            lasts=list(LASTS),
            usual=USUAL,
            before=MAY,
            key=KeysState.made,
            on_leave=KeysState.check_name,
            on_make=KeysState.make,
        ),
        parts.mine(KeysState.mine, ready=KeysState.ready, on_revoke=KeysState.ask),
        parts.everybody(KeysState.everybody, visible=KeysState.sees_all, on_revoke=KeysState.ask),
        parts.ask(
            pending=KeysState.pending,
            name=KeysState.pending_name,
            on_confirm=KeysState.confirm,
            on_dismiss=KeysState.dismiss,
        ),
        title=t("keys.title"),
        name="keys",
    )
