"""What the loopback stand-ins of AI vendors have in common: HTTP/1.1 with chunked streams, a pace, and faults that are
switched on for single requests.

A stand-in keeps to the vendor's published wire format. It is asynchronous, so that one serves many streams at once.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

# What can be wrong with one answer. `ends` is a stream that ends in good order but for its end marker, `cut` one whose
# connection breaks, `silent` never begins, `stalls` stops half-way with the connection open.
Fault = Literal[
    "unauthorized",
    "rate_limited",
    "quota",
    "failing",
    "overloaded",
    "silent",
    "stalls",
    "cut",
    "ends",
    "error_inside",
    "malformed",
    "filtered",
    "too_long",
]
ANSWER = ("Bom", " dia", ", Ana", ": está tudo", " em ordem", ". 🧠")
BEFORE_THE_FAULT = 2  # pieces of the answer that come before something goes wrong in the middle


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Gone(Exception):
    """The connection ends here, without what the protocol asks for."""


@dataclass
class Wire:
    """One connection's way back. `crumbs` cuts what is sent into parts of so many bytes (0: as it comes)."""

    writer: asyncio.StreamWriter
    crumbs: int = 0

    async def answer(
        self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{more}content-length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()

    async def json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        await self.answer(status, json.dumps(body).encode(), "application/json", headers)

    async def begin(self, kind: str) -> None:
        self.writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        await self.writer.drain()

    async def piece(self, data: bytes) -> None:
        """A part of the stream."""
        size = self.crumbs or len(data)
        for first in range(0, len(data), size):
            part = data[first : first + size]
            self.writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            if self.crumbs:
                await self.writer.drain()
                await asyncio.sleep(0)
        await self.writer.drain()

    async def end(self) -> None:
        """The end of the stream as HTTP knows it."""
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()


@dataclass
class FarEnd:
    """A vendor on loopback. `faults` are taken one for each request for an answer, from the left; when there are none
    all goes well. `answer` are the pieces of text, `pace` how many of them a second (0: at once), `first_after` the
    seconds until the first. `asked` is what came, `hung_up` how many callers went away in the middle."""

    answer: tuple[str, ...] = ANSWER
    pace: float = 0.0
    first_after: float = 0.0
    crumbs: int = 0
    key: str = ""
    thinking: tuple[str, ...] = ()
    call: tuple[str, dict[str, Any]] | None = None
    faults: deque[Fault] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    hung_up: int = 0
    port: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fault(self) -> Fault | None:
        """What goes wrong with this request."""
        return self.faults.popleft() if self.faults else None

    async def respond(self, asked: Asked, wire: Wire) -> None:
        """Answer one request. Raises Gone to break the connection."""
        raise NotImplementedError

    async def pieces(self, fault: Fault | None, wire: Wire) -> AsyncIterator[str]:
        """The text, at its pace, up to where a fault of the stream itself comes."""
        if fault == "silent":
            await asyncio.sleep(3600)
        await asyncio.sleep(self.first_after)
        for number, text in enumerate(self.answer):
            if number == BEFORE_THE_FAULT and fault == "stalls":
                await asyncio.sleep(3600)
            if number == BEFORE_THE_FAULT and fault == "cut":
                raise Gone
            if number == BEFORE_THE_FAULT and fault in ("ends", "error_inside", "malformed", "filtered"):
                return
            if number and self.pace:
                await asyncio.sleep(1 / self.pace)
            yield text

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["FarEnd"]:
        """Listen on loopback."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            while True:
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, Gone, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        asked = Asked(method, path, headers, json.loads(body) if body else None)
        self.asked.append(asked)
        # Whoever goes away in the middle stops the answer, as it does there.
        answering = asyncio.ensure_future(self.respond(asked, Wire(writer, self.crumbs)))
        leaving = asyncio.ensure_future(_left(reader))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self.hung_up += 1
                raise ConnectionResetError
            await answering
        finally:
            answering.cancel()
            leaving.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)


async def _left(reader: asyncio.StreamReader) -> None:
    """Until the caller hangs up. Looks without taking what a next request may have sent."""
    while not reader.at_eof():
        await asyncio.sleep(0.05)


def sse(data: Any, event: str = "") -> bytes:
    """One server-sent event; a text is sent as it is."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()
