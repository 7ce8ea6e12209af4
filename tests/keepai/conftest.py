"""The web layers and the API around a tiny app that stands where Reflex stands."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from keepai import api, web
from keepai.web import kept
from models import Account
from services import db, limits, live
from services.identity import principals, sessions
from services.settings import get_settings
from tests.keepai.around import browser

ROOT = Path(__file__).parents[2]
PAGE = "<!doctype html><title>KeepAI</title><script>document.documentElement.className = 'js'</script><h1>{}</h1>"


@pytest.fixture
def database(sqlite_url: str) -> Iterator[str]:
    """SQLite alone: these layers do not care which database it is."""
    db.configure(sqlite_url)
    yield "sqlite"
    db.configure(None)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No memory of other tests, and settings that only the test decides."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    principals._known.clear()
    principals._listeners.clear()
    limits.counter.cache_clear()
    live.publish(None)
    kept.forget()
    yield
    get_settings.cache_clear()


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set settings by their names; call it before the app is made."""

    def change(**values: object) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"KEEPAI_{name.upper()}", str(value))
        get_settings.cache_clear()

    return change


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A frontend build as Reflex leaves it: pages, one hashed file, a page for what is not found."""
    client = tmp_path / "web" / "build" / "client"
    for name in ("", "workers", "system", "settings"):
        (client / name).mkdir(parents=True, exist_ok=True)
        (client / name / "index.html").write_text(PAGE.format(name or "dashboard"))
    (client / "404.html").write_text(PAGE.format("nothing here"))
    (client / "assets").mkdir()
    (client / "assets" / "root-C3xF9a_b.js").write_text("export {}")
    (client / "assets" / "plain.txt").write_text("plain")
    (client / "sw.js").write_text("// worker")
    return tmp_path / "web"


@pytest.fixture
def downstream(build: Path) -> Starlette:
    """Stands for Reflex: its socket, its upload address, its static files."""

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        person = web.principal_of(websocket.scope)
        await websocket.send_text(person.email if person else "nobody")
        await websocket.close()

    async def polling(request: Request) -> Response:
        return PlainTextResponse("polling")

    async def upload(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def boom(request: Request) -> Response:
        raise RuntimeError("a secret detail")

    async def late(request: Request) -> Response:
        return PlainTextResponse("Internal Server Error", 500)

    routes = [
        WebSocketRoute("/_event", socket),
        Route("/_event", polling, methods=["GET", "POST"]),
        Route("/_upload", upload, methods=["POST"]),
        Route("/boom", boom),
        Route("/api/v1/boom", boom),
        Route("/late", late),
        Route("/html", lambda r: HTMLResponse("<p>no etag</p>")),
        Mount("", StaticFiles(directory=build / "build" / "client", html=True)),
    ]
    return Starlette(routes=routes)


@pytest.fixture
def app(database: str, downstream: Starlette, build: Path) -> Callable[..., Any]:
    """Makes the whole stack, as `rx.App(api_transformer=[…])` does."""

    def make(**options: Any) -> Any:
        front: FastAPI = api.build()
        front.mount("", downstream)
        return web.wrap(front, build=build, **options)

    return make


@pytest.fixture
async def client(app: Callable[..., Any]) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser on this machine, nobody signed in."""
    async with browser(app()) as made:
        yield made


@pytest.fixture
def enter() -> Callable[[httpx2.AsyncClient, Account], str]:
    """Give a client the session of a person; returns the token."""

    def sign_in(client: httpx2.AsyncClient, account: Account) -> str:
        token = db.write_now(sessions.start, account.id, datetime.now(UTC))
        client.cookies.set(principals.COOKIE, token)
        return token

    return sign_in


@pytest.fixture
def server(request: pytest.FixtureRequest, database: str, sqlite_url: str, tmp_path: Path) -> Iterator[str]:
    """Granian with the layers on the test's database; gives its address. The parameter is how many workers there
    are in the snapshots that are published there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "KEEPAI_DATABASE_URL": sqlite_url,
        "KEEPAI_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(ROOT),
        "WORKERS": str(getattr(request, "param", 2)),
    }
    what = str(ROOT / "tests/keepai/web/served.py:make")
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port), what]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment)
    try:
        yield _wait_for(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> str:
    for _ in range(150):
        assert process.poll() is None
        try:
            httpx2.get(f"{address}/api/v1/health/live")
            return address
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server did not start")
