"""Callers of the web layers: a browser and a web socket."""

import asyncio
import time
from typing import Any
from urllib.parse import unquote_to_bytes

import httpx2

from services.snapshot import Totals, WorkerRow

HERE = "http://localhost:3000"
# One address of each sort, for what holds of every answer.
PAGES = [
    "/",
    "/login",
    "/sw.js",
    "/assets/root-C3xF9a_b.js",
    "/nothing",
    "/api/v1/health",
    "/api/nothing",
    "/metrics",
]


def browser(app: Any, *, base: str = HERE, peer: str = "127.0.0.1", **headers: str) -> httpx2.AsyncClient:
    """A client of the stack that calls from `peer` and follows no redirects."""
    transport = httpx2.ASGITransport(app=app, client=(peer, 50000), raise_app_exceptions=True)
    return httpx2.AsyncClient(transport=transport, base_url=base, headers=headers)


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


def worker(name: str, **values: Any) -> dict[str, Any]:
    """A row of a snapshot: nothing but the name and four threads, and what is given."""
    row: dict[str, Any] = dict.fromkeys(WorkerRow.__annotations__, 0)
    row |= {"id": name, "name": name, "host": "h", "address": "tcp://h:1", "state": "running", "nanny": True}
    return row | {"threads": 4, "tasks": {}, "gpu": None, "gpu_memory": None} | values


def snapshot(**values: Any) -> Any:
    """What the background role publishes; `compute` and `totals` are joined with these."""
    totals = dict.fromkeys(Totals.__annotations__, 0) | {"threads": 4}
    compute = {
        "id": "0192f0c0-0000-7000-8000-000000000000",
        "embedded": True,
        "address": "tls://127.0.0.1:1",
        "state": "live",
        "since": 0.0,
        "reason": "",
        "via": "rpc",
        "scheduler_id": "s",
        "took": 0.01,
    }
    return {
        "at": time.time(),
        "workers": [],
        "groups": [],
        "events": [],
        "probes": [],
        **values,
        "compute": compute | values.get("compute", {}),
        "totals": totals | values.get("totals", {}),
    }


async def ask(
    app: Any, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """One request as raw as a server hands it over, for what no decent client sends."""
    path, _, query = target.partition(b"?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path,
        "query_string": query,
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
        "root_path": "",
    }
    status, got, text = 0, {}, b""
    asked, answered = False, asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await (
                answered.wait()
            )  # whoever waits for an answer hangs up when it has begun, however long it is
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, got, text
        if message["type"] == "http.response.start":
            answered.set()
            status = message["status"]
            got = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
        else:
            text += message.get("body", b"")

    await app(scope, receive, send)
    return status, got, text
