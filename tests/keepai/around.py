"""Callers of the web layers: a browser and a web socket."""

from typing import Any

import httpx

HERE = "http://localhost:3000"


def browser(app: Any, *, base: str = HERE, peer: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    """A client of the stack that calls from `peer` and follows no redirects."""
    transport = httpx.ASGITransport(app=app, client=(peer, 50000), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=base, headers=headers)


async def handshake(app: Any, path: str = "/_event", **headers: str) -> list[dict[str, Any]]:
    """Open a web socket; returns what the app sent: an accept first, or a close alone when it refused."""
    given = {"host": "localhost:3000", **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"token=x",
        "scheme": "ws",
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
        "subprotocols": [],
        "root_path": "",
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent
