"""Handing a message to a room of a chat, through Apprise, which knows how each of them wants it."""

import asyncio
import logging
import socket
import threading
from typing import TYPE_CHECKING

from services import outside
from services.channels import kinds
from services.outbox import Failed, Parcel, Sent
from services.settings import Settings

if TYPE_CHECKING:
    import apprise

ATTEMPT = 40.0  # s; less than a claim lasts


async def send(settings: Settings, parcel: Parcel) -> Sent | Failed:
    """Try once. Apprise says only whether it worked; why not is taken from what it logs."""
    room = kinds.room(parcel.config.get("url", ""))
    if room is None:
        return Failed("outbox.error.not_allowed", permanent=True)
    host = kinds.typed_host(room)
    if host and not await _is_allowed(settings, host):
        return Failed("outbox.error.host_not_allowed", host)
    try:
        async with asyncio.timeout(ATTEMPT):
            took, why = await asyncio.to_thread(_notify, room, parcel.letter.subject, parcel.letter.text)
    except TimeoutError:
        return Failed("outbox.error.unconfirmed")
    return Sent() if took else Failed("outbox.error.later", why)


async def _is_allowed(settings: Settings, host: str) -> bool:
    """Whether a typed host may be spoken with. Apprise looks its address up once more by itself."""
    if host.lower() in outside.allowed_hosts(settings):
        return True
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True  # then it is unreachable, which is what there is to say
    return all(outside.is_public(str(address[0])) for *_, address in found)


def _notify(room: "apprise.NotifyBase", title: str, body: str) -> tuple[bool, str]:
    heard = _Heard()
    log = logging.getLogger("apprise")
    log.addHandler(heard)
    try:
        return bool(room.notify(body=body, title=title, notify_type="warning")), heard.said
    finally:
        log.removeHandler(heard)


class _Heard(logging.Handler):
    """What was logged in this thread while it lived."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said = ""
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said = record.getMessage()
