"""The web sockets of this process: whose they are, by what the session gate noted at their handshake, and what is
sent to them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from engineio import packet as engineio
from socketio import packet as socketio

from services.identity.permissions import Principal
from services.identity.principals import Ended

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


class Sockets:
    """A `socketio.AsyncServer` as the broadcaster sees it: rooms of tabs."""

    def __init__(self, sio: Any) -> None:
        self._sio = sio
        self._manager = sio.manager

    def encode(self, event: str, data: Any) -> engineio.Packet:
        """A message as it travels."""
        message = self._sio.packet_class(socketio.EVENT, namespace=NAMESPACE, data=[event, data]).encode()
        return engineio.Packet(engineio.MESSAGE, message)

    async def emit(self, packet: engineio.Packet, room: str) -> None:
        """Send to every tab of a room.

        Socket.IO itself starts a task for each tab, which at a thousand tabs is half of the work. Packets are put
        where those tasks would put them, in the same order for every tab.
        """
        open_ = self._sio.eio.sockets
        for _, place in self._manager.get_participants(NAMESPACE, room):
            socket = open_.get(place)
            if socket is not None and not socket.closed:
                socket.queue.put_nowait(packet)

    async def enter(self, sid: str, room: str) -> None:
        """Put a tab into a room, unless it has left meanwhile."""
        place = self._manager.eio_sid_from_sid(sid, NAMESPACE)
        if place is None:
            return
        await self._sio.enter_room(sid, room, namespace=NAMESPACE)
        if (socket := self._sio.eio.sockets.get(place)) is not None:
            socket.poll = _poll_of(socket.queue)

    async def leave(self, sid: str, room: str) -> None:
        """Take a tab out of a room."""
        if self.is_connected(sid):
            await self._sio.leave_room(sid, room, namespace=NAMESPACE)

    async def disconnect(self, sid: str) -> None:
        """End a tab's socket."""
        await self._sio.disconnect(sid, namespace=NAMESPACE)

    def is_connected(self, sid: str) -> bool:
        """Whether the tab is there, from its handshake on.

        Its first event comes with the handshake and may be handled before Socket.IO calls the tab connected.
        """
        return self._manager.eio_sid_from_sid(sid, NAMESPACE) is not None


def _poll_of(queue: asyncio.Queue[Any]) -> Callable[[], Awaitable[list[Any]]]:
    """What an open socket waits with for packets, all that are there at once; an empty list ends it.

    Engine.IO's own starts a task and a timer for each packet, before Python 3.12 a quarter of a broadcast's work.
    Its timer is for long polling: a tab that is gone is noticed where its answers to pings are awaited.
    """

    async def poll() -> list[Any]:
        packets = [await queue.get()]
        queue.task_done()
        while packets[-1] is not None and not queue.empty():
            packets.append(queue.get_nowait())
            queue.task_done()
        if packets[-1] is not None:
            return packets
        if len(packets) > 1:
            queue.put_nowait(None)  # first what came before the end
        return packets[:-1]

    return poll
