"""What the socket tests serve in a process of its own: the layers around a Socket.IO server mounted as Reflex does."""

from typing import Any

import socketio
from starlette.applications import Starlette

from keepai import api, web
from keepai.web import sockets
from services import identity

sio: Any = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*", transports=["websocket"])
rooms = sockets.Sockets(sio)


@sio.on("who", namespace="/_event")
async def who(sid: str) -> list[str]:
    """The addresses of everybody with an open socket, and whether the caller's own sign-in finds itself."""
    mine = next(tab for tab in sockets.tabs(sio) if tab.sid == sid)
    found = sockets.of(sio, identity.Ended(session_id=mine.principal.session_id))
    return [*sorted(tab.principal.email for tab in sockets.tabs(sio)), str(sid in found)]


@sio.on("connect", namespace="/_event")
async def connect(sid: str, environ: dict[str, Any]) -> None:
    """Let in whoever came this far, and into a room before Socket.IO has said so: a page's first event comes
    with the handshake."""
    await rooms.enter(sid, "all")


@sio.on("tell", namespace="/_event")
async def tell(sid: str, text: str) -> None:
    """Send a text to everybody."""
    await rooms.emit(rooms.encode("news", {"text": text}), "all")


def make() -> Any:
    """The app, for granian's `--factory`."""
    app = Starlette()
    app.mount("/_event", socketio.ASGIApp(sio, socketio_path=""))
    front = api.build()
    front.mount("", app)
    return web.wrap(front)
