"""A tab's state belongs to the person it was made for.

The token in a tab's address is no secret: whoever presents one that is not connected is given its state. So every
event, Reflex's own included, first passes here: without a session it is dropped, and under another account than
before the state starts anew.
"""

from typing import Any

import reflex as rx
from reflex.state import BaseState, StateUpdate

from services.identity import principals
from state.leaving import REVOKED
from state.live import delta


class Binding(rx.State):
    """Whose state this is."""

    _account: str = ""


class OwnTabsOnly(rx.Middleware):
    """Deny by default, for every event of every tab."""

    async def preprocess(self, app: Any, state: BaseState, event: Any) -> StateUpdate | None:
        """None lets the event pass; an update answers in its place."""
        person = await principals.principal_of_cookie(state.router.headers.cookie)
        if person is None:
            return StateUpdate(delta=delta(*REVOKED))
        binding = await state.get_state(Binding)
        if binding._account and binding._account != person.account_id.hex:
            state.reset()
        binding._account = person.account_id.hex
        return None
