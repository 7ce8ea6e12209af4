"""What lies between a vendor's library and the network: a transport that watches each answer.

Libraries differ in what they call an error, and some take a stream that broke off for one that ended. So it is looked
at here, on its way: the status, how long each part takes, and, by a `Reader` of the vendor's format, whether the stream
comes to its own end. What is wrong is raised from here and kept, so that it stays known whatever a library makes of it.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpx2

from services.outside import NotAllowed, TooLarge
from services.providers.base import Patience, Reader
from services.providers.errors import (
    CutOff,
    Malformed,
    NotAllowedThere,
    Phase,
    ProviderError,
    TimedOut,
    Unreachable,
)

MOST_REFUSAL = 64 * 2**10  # bytes of an answer that says no
MOST_PART = 8 * 2**20  # bytes of one part of a stream
_watch: ContextVar["Watch | None"] = ContextVar("watch", default=None)
# What was answered, and what it means.
Refusal = Callable[[int, httpx2.Headers, Any], ProviderError]


class Watch:
    """One call, from the question to the end of the answer. `failure` is what went wrong."""

    def __init__(self, patience: Patience, refusal: Refusal, reader: Callable[[str], Reader]) -> None:
        self.failure: ProviderError | None = None
        self._patience, self._refusal, self._reader = patience, refusal, reader
        self._until = time.monotonic() + patience.total
        self._open: httpx2.AsyncByteStream | None = None

    @contextmanager
    def on(self) -> Iterator["Watch"]:
        """Watch what this task asks for."""
        token = _watch.set(self)
        try:
            yield self
        finally:
            _watch.reset(token)

    def failed(self, failure: ProviderError) -> ProviderError:
        """Keep the first of them: what comes after is its consequence."""
        self.failure = self.failure or failure
        return self.failure

    async def send(self, inner: httpx2.AsyncBaseTransport, request: httpx2.Request) -> httpx2.Response:
        """The answer, once it is clear that it is none that says no. Raises ProviderError."""
        request.extensions = {**request.extensions, "timeout": self._limits()}
        request.headers["accept-encoding"] = "identity"  # small parts, at once, as they are
        response: httpx2.Response = await self.within("first", inner.handle_async_request(request))
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        self._open = response.stream
        parts = response.stream.__aiter__()
        if response.status_code >= 300:
            body = await self.within("idle", _read(parts, MOST_REFUSAL))
            await response.aclose()
            raise self.failed(self._refusal(response.status_code, response.headers, _json(body)))
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise self.failed(Malformed("content-encoding"))
        reader = self._reader(response.headers.get("content-type", ""))
        response.stream = _Watched(self, parts, response.stream, reader)
        response.headers.pop("content-length", None)
        return response

    async def hang_up(self) -> None:
        """Close the connection, so that the other side stops working; not every library does."""
        if self._open:
            await self._open.aclose()

    async def within(self, phase: Phase, waited: Any) -> Any:
        """Wait as long as this phase, and the whole, may take. Raises ProviderError."""
        most, left = getattr(self._patience, phase), self._until - time.monotonic()
        if left < most:
            phase, most = "total", left
        try:
            async with asyncio.timeout(most):
                return await waited
        except StopAsyncIteration:
            raise
        except TimeoutError as error:
            raise self.failed(TimedOut(phase, getattr(self._patience, phase))) from error
        except httpx2.ConnectTimeout as error:
            raise self.failed(TimedOut("connect", self._patience.connect)) from error
        except httpx2.TransportError as error:
            raise self.failed(failure_of(error)) from error

    def _limits(self) -> dict[str, float | None]:
        # Reading is limited here, since the first byte may take longer than the others.
        return {"connect": self._patience.connect, "read": None, "write": self._patience.idle, "pool": None}


class Wire(httpx2.AsyncBaseTransport):
    """A transport that lets the watch of the asking task look on. Without a key it sends none, although libraries
    insist on one."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, *, keyless: bool = False) -> None:
        self._inner, self._keyless = inner, keyless

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._keyless:
            request.headers.pop("authorization", None)
        watch = _watch.get()
        if watch is None:
            return await self._inner.handle_async_request(request)
        return await watch.send(self._inner, request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Watched(httpx2.AsyncByteStream):
    def __init__(self, watch: Watch, parts: AsyncIterator[bytes], stream: Any, reader: Reader) -> None:
        self._watch, self._parts, self._stream, self._reader = watch, parts, stream, reader

    async def __aiter__(self) -> AsyncIterator[bytes]:
        watch, phase = self._watch, "first"
        try:
            while True:
                try:
                    data = await watch.within(phase, anext(self._parts))  # type: ignore[arg-type]
                except StopAsyncIteration:
                    break
                phase = "idle"
                for part in self._reader.feed(data):
                    yield part
            for part in self._reader.close():
                yield part
        except ProviderError as failure:
            raise watch.failed(failure) from failure.__cause__

    async def aclose(self) -> None:
        await self._stream.aclose()


def failure_of(error: httpx2.TransportError) -> ProviderError:
    """What it means that a connection could not be made, or broke."""
    if isinstance(error, NotAllowed):
        return NotAllowedThere()
    if isinstance(error, TooLarge):
        return Malformed("too large")
    if isinstance(error, httpx2.TimeoutException):
        return TimedOut("connect", 0)
    if isinstance(error, httpx2.ConnectError):
        return Unreachable(str(error))
    return CutOff()


class Lines:
    """Complete lines without their ends (LF, CR or CRLF), from bytes that come in any parts."""

    _END = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete now. Raises Malformed for one without end."""
        *lines, self._rest = self._END.split(self._rest + data)
        if len(self._rest) > MOST_PART:
            raise Malformed("a line without end")
        yield from lines

    def close(self) -> bytes:
        """What came after the last end of a line."""
        rest, self._rest = self._rest.rstrip(b"\r"), b""
        return rest


class Events:
    """A `Reader` of server-sent events with JSON in them. A vendor's own says in `look` what an event means and in
    `ended` whether the stream has come to its end."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._name, self._data, self._bare = "", [], b""  # type: tuple[str, list[bytes], bytes]

    def look(self, name: str, said: Any) -> None:
        """See what one event says. Raises ProviderError."""
        raise NotImplementedError

    def marked(self, text: bytes) -> bool:
        """Whether this is the end marker and no JSON."""
        return False

    @property
    def ended(self) -> bool:
        """Whether the stream came to its end."""
        raise NotImplementedError

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Reader."""
        for line in self._lines.feed(data):
            yield from self._line(line)

    def close(self) -> Iterator[bytes]:
        """See Reader."""
        if rest := self._lines.close():
            yield from self._line(rest)
        yield from self._line(b"")
        if not self.ended:
            raise CutOff

    def _line(self, line: bytes) -> Iterator[bytes]:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif line.startswith(b"event:"):
            self._name = line[6:].strip().decode("utf-8", "replace")
        elif line and not line.startswith((b":", b"id:", b"retry:")):
            self._bare += line + b"\n"  # one vendor sends errors so
            if len(self._bare) > MOST_REFUSAL:
                raise Malformed("no event")
        elif not line and (self._data or self._bare):
            yield from self._event()

    def _event(self) -> Iterator[bytes]:
        name, data, bare = self._name, b"\n".join(self._data), self._bare
        self._name, self._data, self._bare = "", [], b""
        if bare:
            said = _json(bare)
            if not isinstance(said, dict | list):
                raise Malformed(bare.decode("utf-8", "replace"))
            self.look(name, said)
            return
        if not self.marked(data):
            try:
                self.look(name, json.loads(data))
            except ValueError as error:
                raise Malformed(data.decode("utf-8", "replace")) from error
        yield b"".join(
            ([b"event: ", name.encode(), b"\n"] if name else [])
            + [b"data: ", data.replace(b"\n", b"\ndata: "), b"\n\n"]
        )


async def _read(parts: AsyncIterator[bytes], most: int) -> bytes:
    body = b""
    async for part in parts:
        body += part
        if len(body) > most:
            break
    return body


def _json(body: bytes) -> Any:
    """What it says, as text where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace").strip()


def said_in(body: Any) -> tuple[str, str, str]:
    """(text, type, code) of an error, in all shapes that vendors and compatible servers have; the code with what a
    gateway passes on."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return str(body or ""), "", ""
    error = body.get("error", body.get("detail", body))
    if not isinstance(error, dict):
        return (json.dumps(error) if isinstance(error, list) else str(error)), "", ""
    kind = error.get("type") or error.get("status") or ""
    passed_on = error.get("metadata") or ""
    return str(error.get("message") or ""), str(kind), f"{error.get('code') or ''} {passed_on}".strip()


def wait_of(headers: httpx2.Headers) -> float | None:
    """The seconds that a header asks to wait; None where it says nothing that can be used."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers[name]) / unit
        except (KeyError, ValueError):
            continue
        if 0 <= seconds <= 24 * 3600:
            return seconds
    return None
