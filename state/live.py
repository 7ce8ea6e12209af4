"""Live data: what many tabs see is built once, encoded once and broadcast to a room of tabs.

A `Broadcast` is one thing that tabs may look at (the dashboard in Portuguese, one window of the worker table sorted by
memory, the call stack of one worker). It is built only while somebody looks, once for all who look, and after the
first time only what changed is sent. The states it fills are written by nothing else, have no computed vars, and keep
no copy on the server.

This leans on details of Reflex 0.10 that are not documented: deltas are keyed by the state's full name and by the
variable's name with the suffix below, travel as the Socket.IO event named below, and a tab's room membership follows
its socket id. `tests/state/test_live.py` fails when one of them changes.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import reflex as rx
from reflex.state import StateUpdate

from services.identity.permissions import PLATFORM
from services.snapshot import Snapshot

log = logging.getLogger(__name__)

SUFFIX = "_rx_state_"
EVENT = "event"
SWEEP = 5.0
Payload = Mapping[str, Any]
Build = Callable[[Snapshot | None], Awaitable[Payload]]


class Sender(Protocol):
    """What is needed of the web socket server."""

    def encode(self, event: str, data: Any) -> Any:
        """A message as it travels, to be sent as often as wanted."""

    async def emit(self, message: Any, room: str) -> None:
        """Send a message to every tab in a room; a tab's own id is a room too."""

    async def enter(self, sid: str, room: str) -> None:
        """Put a tab into a room."""

    async def leave(self, sid: str, room: str) -> None:
        """Take a tab out of a room."""

    async def disconnect(self, sid: str) -> None:
        """End a tab's socket. The browser does not come back by itself."""

    def is_connected(self, sid: str) -> bool:
        """Whether the tab's socket is open."""


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One thing to look at, for those who hold `permission` in `scope`. `room` names it, `build` makes the values of
    `state`'s variables from the newest snapshot, at most every `period` seconds (0: with each snapshot)."""

    room: str
    state: type[rx.State]
    build: Build
    period: float = 0.0
    permission: str = "compute:read"
    scope: str = PLATFORM


Looks = Callable[[str], Iterable[Broadcast]]
May = Callable[[str, str], bool]  # a permission in a scope


@dataclass(slots=True)
class _Room:
    broadcast: Broadcast
    tabs: set[str] = field(default_factory=set)
    last: dict[str, Any] = field(default_factory=dict)
    whole: Any = None  # the message with all of `last`, once a tab has needed it
    due: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Tab:
    session: str
    may: May
    looks: Looks


class Broadcaster:
    """Keeps the rooms of one web process and fills them."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._rooms: dict[str, _Room] = {}
        self._tabs: dict[str, _Tab] = {}
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.latest: Snapshot | None = None
        self.sent = 0

    # -- from the bus ---------------------------------------------------------------------------------------

    def on_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        """Take the newest snapshot; called on the event loop."""
        self.latest = snapshot  # type: ignore[assignment]
        self._news.set()

    # -- from the tabs --------------------------------------------------------------------------------------

    async def attend(
        self, sid: str, session: str, may: May, locale: str, looks: Looks, *, anew: bool = True
    ) -> None:
        """Let a tab look at exactly those of these broadcasts that it may see, and fill them at once.

        `session` is the sign-in whose end ends the tab; `may` says what its person may just now; `looks` gives the
        broadcasts in a language, so that a change of language can join the same ones anew. With `anew` off, those that
        it looks at already go on as they are: a tab that scrolls needs other rows and nothing else.
        """
        seen = [broadcast for broadcast in looks(locale) if may(broadcast.permission, broadcast.scope)]
        wanted = {broadcast.room: broadcast for broadcast in seen}
        self._tabs[sid] = _Tab(session, may, looks)
        for room in [r for r in self._rooms.values() if sid in r.tabs and r.broadcast.room not in wanted]:
            await self._leave(sid, room)
        for broadcast in wanted.values():
            room = self._rooms.setdefault(broadcast.room, _Room(broadcast))
            if anew or sid not in room.tabs:
                await self._join(sid, room)

    async def speak(self, sid: str, locale: str) -> None:
        """Let a tab look at the same things in another language."""
        if tab := self._tabs.get(sid):
            await self.attend(sid, tab.session, tab.may, locale, tab.looks)

    async def renew(self, state: type[rx.State], within: str = "") -> None:
        """Build what fills this state anew at once: somebody here changed what it shows. `within` names one room, or
        the beginning of the names of several (`jobs|<account>`)."""
        for room in [one for one in self._rooms.values() if one.broadcast.state is state]:
            if within and room.broadcast.room != within and not room.broadcast.room.startswith(f"{within}|"):
                continue
            await self._refresh(room)

    async def show(self, sid: str, state: type[rx.State], values: Payload) -> None:
        """Set variables in one tab, outside any room."""
        await self._emit(state, values, sid)

    async def kick(self, session: str, leave: tuple[type[rx.State], Payload]) -> None:
        """End every tab of a sign-in."""
        for sid in [sid for sid, tab in self._tabs.items() if tab.session == session]:
            await self.kick_tab(sid, leave)

    async def kick_tab(self, sid: str, leave: tuple[type[rx.State], Payload]) -> None:
        """First what makes the tab load another page, so that nothing of before stays on its screen; then the
        end of its socket, after which a browser does not come back by itself."""
        self._forget(sid)
        await self.show(sid, *leave)
        self._start(self._disconnect_soon(sid))

    @property
    def sessions(self) -> set[str]:
        """The sign-ins that have a tab open here."""
        return {tab.session for tab in self._tabs.values()}

    @property
    def tabs(self) -> int:
        """How many tabs look at something."""
        return len(self._tabs)

    # -- the loop -------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Fill the rooms, until cancelled."""
        sweep = 0.0
        while True:
            fresh = await self._wait()
            now = time.monotonic()
            if now >= sweep:
                self._drop_absent()
                sweep = now + SWEEP
            for room in list(self._rooms.values()):
                period = room.broadcast.period
                if (fresh and not period) or (period and now >= room.due):
                    if room.lock.locked():  # the build before is not done: the next round brings newer values
                        continue
                    room.due = now + period
                    if period:
                        self._start(self._refresh(room))
                    else:
                        await self._refresh(room)

    async def _wait(self) -> bool:
        try:
            await asyncio.wait_for(self._news.wait(), 1.0)
        except TimeoutError:
            return False
        self._news.clear()
        return True

    async def _refresh(self, room: _Room) -> None:
        async with room.lock:
            try:
                built = dict(await room.broadcast.build(self.latest))
            except Exception:
                log.exception("broadcast %s could not be built", room.broadcast.room)
                return
            changed = {name: value for name, value in built.items() if room.last.get(name, room) != value}
            if changed:
                room.last, room.whole = built, None
            if changed and room.tabs:
                await self._emit(room.broadcast.state, changed, room.broadcast.room)

    async def _join(self, sid: str, room: _Room) -> None:
        stale = not room.last or not room.tabs
        room.tabs.add(sid)  # before anything is awaited: a room of nobody is dropped
        if stale:
            room.due = time.monotonic() + room.broadcast.period
            await self._refresh(room)
        await self._sender.enter(sid, room.broadcast.room)
        # From here on this tab gets every change in order; what it needs first is the whole.
        await self._sender.emit(self._whole(room), sid)

    async def _leave(self, sid: str, room: _Room) -> None:
        room.tabs.discard(sid)
        await self._sender.leave(sid, room.broadcast.room)
        if not room.tabs:
            self._rooms.pop(room.broadcast.room, None)

    def _drop_absent(self) -> None:
        """Sockets leave without saying so; a room nobody is in is no longer built."""
        for sid in [sid for sid in self._tabs if not self._sender.is_connected(sid)]:
            self._forget(sid)

    def _forget(self, sid: str) -> None:
        self._tabs.pop(sid, None)
        for name, room in list(self._rooms.items()):
            room.tabs.discard(sid)
            if not room.tabs:
                del self._rooms[name]

    async def _disconnect_soon(self, sid: str) -> None:
        await asyncio.sleep(1.0)
        await self._sender.disconnect(sid)

    async def _emit(self, state: type[rx.State], values: Payload, room: str) -> None:
        self.sent += 1
        await self._sender.emit(self._encode(state, values), room)

    def _whole(self, room: _Room) -> Any:
        """All that a tab of this room shows. Kept, because after a restart everybody joins within seconds."""
        if "age_ms" in room.last:
            return self._encode(room.broadcast.state, _aged(room.last))
        if room.whole is None:
            room.whole = self._encode(room.broadcast.state, room.last)
        return room.whole

    def _encode(self, state: type[rx.State], values: Payload) -> Any:
        return self._sender.encode(EVENT, StateUpdate(delta=delta(state, values)))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def delta(state: type[rx.State], values: Payload) -> dict[str, dict[str, Any]]:
    """Values of a state's variables as Reflex sends them."""
    return {state.get_full_name(): {name + SUFFIX: value for name, value in values.items()}}


def _aged(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the age of the snapshot as it is now, not as it was when they were built."""
    if "age_ms" in values and values.get("at"):
        return {**values, "age_ms": max(0, round((time.time() - values["at"]) * 1000))}
    return dict(values)


_broadcaster: Broadcaster | None = None


def start(sender: Sender) -> Broadcaster:
    """Make the broadcaster of this process. Called once by the app, on its event loop."""
    global _broadcaster
    _broadcaster = Broadcaster(sender)
    return _broadcaster


def broadcaster() -> Broadcaster:
    """The broadcaster of this process. Fails before `start`."""
    assert _broadcaster is not None, "live data was not started"
    return _broadcaster
