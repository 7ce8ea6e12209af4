"""A tab without a browser: real states, a real sign-in, and a web socket that reaches nobody."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import reflex as rx

from models import Account
from services import db, live, operations
from services.clock import now
from services.identity import principals, sessions
from services.settings import Settings
from state import live as live_state
from state.toasts import Toasts


@pytest.fixture
def database(sqlite_url: str) -> Iterator[str]:
    """SQLite alone: states do not care which database it is."""
    db.configure(sqlite_url)
    yield "sqlite"
    db.configure(None)


class Nobody:
    """A web socket server whose tabs are only names; it keeps what it was told to send, by room."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Any]] = {}

    def encode(self, event: str, data: Any) -> Any:
        return data.delta

    async def emit(self, message: Any, room: str) -> None:
        self.sent.setdefault(room, []).append(message)

    async def enter(self, sid: str, room: str) -> None:
        """Every name is let in."""

    async def leave(self, sid: str, room: str) -> None:
        """Every name may leave."""

    async def disconnect(self, sid: str) -> None:
        """Nothing to end."""

    def is_connected(self, sid: str) -> bool:
        return True


class Heard:
    """A bus that keeps what was announced."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        self.messages.append((topic, message))

    def subscribe(self, topic: str, subscriber: Any) -> None:
        """Nobody listens."""


@pytest.fixture
def heard() -> Heard:
    """What operations announce."""
    return Heard()


@pytest.fixture
def sender() -> Nobody:
    """What goes over the web socket."""
    return Nobody()


@pytest.fixture(autouse=True)
def process(heard: Heard, sender: Nobody, tmp_path) -> Iterator[None]:
    """A web process that has just started."""
    principals._known.clear()
    operations.configure(heard, Settings(data_dir=tmp_path))
    live_state.start(sender)
    live.publish(None)
    yield
    live.publish(None)


class Tab:
    """One tab of a person."""

    SID = "tab-1"

    def __init__(self, account: Account, path: str) -> None:
        token = db.write_now(sessions.start, account.id, now())
        self.root = rx.State(_reflex_internal_init=True)
        self._where = {
            "sid": self.SID,
            "token": self.SID,
            "headers": {"cookie": f"{principals.COOKIE}={token}", "origin": "http://localhost:3000"},
        }
        self.at(path)

    def at(self, path: str) -> "Tab":
        """Be at this address."""
        before = self.root.router_data
        where = {**self._where, "pathname": path.partition("?")[0], "asPath": path}
        self.root.router_data = self.root._update_router_vars(where, before)
        return self

    async def of(self, state: type[Any]) -> Any:
        """The tab's state of this kind."""
        return await self.root.get_state(state)

    async def call(self, handler: Any, *args: Any) -> Any:
        """Do what the browser does when it sends an event."""
        return await handler.fn(await self.of(handler.state), *args)

    async def messages(self) -> list[dict[str, Any]]:
        """The messages that are shown, the newest last."""
        return [dict(item) for item in (await self.of(Toasts)).get_value("items")]


@pytest.fixture
def tab() -> Callable[..., Tab]:
    """Open a tab: `tab(bruno, "/workers?state=lost")`."""

    def open_(account: Account, path: str = "/workers") -> Tab:
        return Tab(account, path)

    return open_
