"""A web socket as any program opens it: it sends what it likes, in any shape."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import socketio
from socketio.exceptions import ConnectionError as Refused

from services.identity import principals
from state.live import EVENT, SUFFIX

NAMESPACE = "/_event"
ROOT = "reflex___state____state"
WITHIN = 30.0


class Wire:
    """One socket. `values` is what the server said of each state, by the state's full name."""

    def __init__(self, address: str, session: str = "", *, path: str = "/", tab: str = "") -> None:
        self.address, self.session, self.path = address, session, path
        self.tab = tab or str(uuid4())
        self.values: dict[str, dict[str, Any]] = {}
        self.history: list[Any] = []
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on(EVENT, self._take, namespace=NAMESPACE)

    async def __aenter__(self) -> "Wire":
        cookie = {"Cookie": f"{principals.COOKIE}={self.session}"} if self.session else {}
        try:
            await self.client.connect(
                f"{self.address}/_event?token={self.tab}",
                headers={**cookie, "Origin": self.address},
                transports=["websocket"],
                namespaces=[NAMESPACE],
                socketio_path="/_event",
                auth={"event": self.event(f"{ROOT}.hydrate_and_load", {})},
                wait_timeout=WITHIN,
            )
        except Refused:
            if self.client.eio.http:
                await self.client.eio.http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.disconnect()

    async def call(self, handler: Any, **payload: Any) -> None:
        """Send the event of a handler, such as `WorkersState.sort_by`."""
        await self.raw(self.event(name_of(handler), payload))

    async def raw(self, data: Any) -> None:
        """Send anything."""
        await self.client.emit(EVENT, data, namespace=NAMESPACE)

    def of(self, state: Any) -> dict[str, Any]:
        """What is known here of a state's variables."""
        found = self.values.get(state.get_full_name(), {})
        return {name.removesuffix(SUFFIX): value for name, value in found.items()}

    async def until(self, holds: Callable[[], Any], within: float = WITHIN) -> Any:
        """Wait until `holds()`."""
        async with asyncio.timeout(within):
            while not (found := holds()):
                await asyncio.sleep(0.05)
        return found

    def event(self, name: str, payload: Any) -> dict[str, Any]:
        """The message of an event by its name."""
        query = dict(part.split("=", 1) for part in self.path.partition("?")[2].split("&") if "=" in part)
        where = {"pathname": self.path.partition("?")[0], "asPath": self.path, "query": query}
        return {"name": name, "payload": payload, "router_data": where}

    def _take(self, update: Any) -> None:
        for state, values in (update.get("delta") or {}).items():
            self.values.setdefault(state, {}).update(values)
        self.history.append(update)


def name_of(handler: Any) -> str:
    """The name under which the browser calls a handler."""
    return f"{handler.state.get_full_name()}.{handler.fn.__name__}" if handler.state else str(handler)


__all__ = ["NAMESPACE", "ROOT", "Refused", "Wire", "name_of"]
