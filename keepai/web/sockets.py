"""Whose web sockets are open in this process, read from what the session gate noted at their handshake."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.identity import Ended
from services.permissions import Principal

NAMESPACE = "/_event"


@dataclass(frozen=True, slots=True)
class Tab:
    """One open socket: its Socket.IO id, the hash of the token it came with, and who that was then."""

    sid: str
    token_hash: str
    principal: Principal


def tabs(sio: Any) -> Iterator[Tab]:
    """Every open socket of a `socketio.AsyncServer` whose handshake passed the session gate."""
    for sid, _ in list(sio.manager.get_participants(NAMESPACE, None)):
        state = sio.get_environ(sid, NAMESPACE)["asgi.scope"].get("state", {})
        if principal := state.get("principal"):
            yield Tab(sid, state["token_hash"], principal)


def of(sio: Any, ended: Ended) -> list[str]:
    """The sockets whose sign-in is among those that ended."""
    return [
        tab.sid
        for tab in tabs(sio)
        if tab.token_hash == ended.token_hash
        or tab.principal.session_id == ended.session_id
        or tab.principal.account_id == ended.account_id
    ]
