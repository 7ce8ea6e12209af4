"""What the socket tests serve in a process of its own: the layers around a Socket.IO server mounted as Reflex does."""

import os
import threading
import time
from typing import Any

import socketio
from starlette.applications import Starlette

from keepai import api, web
from keepai.web import sockets
from services import live
from services.identity import principals
from tests.keepai.around import snapshot, worker

sio: Any = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*", transports=["websocket"])
rooms = sockets.Sockets(sio)


@sio.on("who", namespace="/_event")
async def who(sid: str) -> list[str]:
    """The addresses of everybody with an open socket, and whether the caller's own sign-in finds itself."""
    mine = next(tab for tab in sockets.tabs(sio) if tab.sid == sid)
    found = sockets.of(sio, principals.Ended(session_id=mine.principal.session_id))
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


def tell_of_workers(number: int) -> None:
    """Publish a snapshot with so many workers five times a second."""
    crowd = [worker(f"w{n}", address=f"tls://10.0.0.7:{n}" + "0" * 200) for n in range(number)]
    while True:
        live.publish(snapshot(workers=crowd))
        time.sleep(0.2)


def make() -> Any:
    """The app, for granian's `--factory`."""
    threading.Thread(target=tell_of_workers, args=[int(os.environ["WORKERS"])], daemon=True).start()
    app = Starlette()
    app.mount("/_event", socketio.ASGIApp(sio, socketio_path=""))
    front = api.build()
    front.mount("", app)
    return web.wrap(front)
