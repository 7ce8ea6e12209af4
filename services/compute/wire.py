"""Dask's messages over a socket, without Dask: connect, call an operation, read a stream.

Why not `distributed.Client`: its decoder unpickles what it is sent, so whoever may run a task could run code in
KeepAI; it costs 60 MB in each process; and it polls by itself. The format is msgpack maps in length-prefixed
frames (https://distributed.dask.org/en/stable/protocol.html). What came pickled is read as None here, never run.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgpack

from services.compute.endpoint import Endpoint
from services.errors import Upstream

MAX_MESSAGE = 128 * 2**20  # bytes; the identity of 1,000 workers has one million
CONNECT_TIMEOUT = 3.0
CALL_TIMEOUT = 10.0
_WORD = struct.Struct("Q")


class Unreachable(Upstream):
    """The scheduler cannot be talked to. `key` is a plain reason, `params["detail"]` what the system said."""

    key = "compute.reason.closed"


class Refused(Upstream):
    """The scheduler answered with an error of its own; `params["detail"]` is its text."""

    key = "compute.reason.error"


class Link:
    """One connection. Calls on it run one after another; one that fails or is cancelled ends it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, remote: Mapping[str, Any]
    ) -> None:
        self._reader, self._writer = reader, writer
        self._lock = asyncio.Lock()
        python = remote.get("python")
        self.python: tuple[int, ...] = tuple(python) if isinstance(python, (list, tuple)) else ()

    @property
    def closed(self) -> bool:
        """Whether it can be used no more."""
        return self._writer.is_closing() or self._reader.at_eof()

    async def call(
        self, op: str, *, within: float = CALL_TIMEOUT, plain: bool = False, **message: Any
    ) -> Any:
        """The answer to an operation. Raises Unreachable (and closes) or Refused.

        `plain` skips the search for sets and pickles inside, which is faster for large answers without them.
        """
        answer = None
        async with self._lock:
            try:
                async with asyncio.timeout(within):
                    await self._write({"op": op, "reply": True, **message})
                    answer = decode(await self._read(), plain=plain)
            except TimeoutError as error:
                self.abort()
                raise Unreachable("compute.reason.timeout", detail=f"{op}: {within:g} s") from error
            except BaseException:
                self.abort()
                raise
        if isinstance(answer, dict) and answer.get("status") == "uncaught-error":
            raise Refused(detail=str(answer.get("exception_text", ""))[:500])
        return answer

    async def send(self, message: Any) -> None:
        """Write one message and expect nothing. Raises Unreachable."""
        await self._write(message)

    async def receive(self) -> Any:
        """The next message of a stream. Raises Unreachable when it has ended."""
        return decode(await self._read())

    def abort(self) -> None:
        """Close at once."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close, and wait until it is."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1):
                await self._writer.wait_closed()

    async def _write(self, message: Any) -> None:
        try:
            self._writer.write(encode(message))
            await self._writer.drain()
        except (OSError, RuntimeError) as error:
            raise Unreachable(detail=_text(error)) from error

    async def _read(self) -> memoryview:
        return await read_message(self._reader)


async def connect(endpoint: Endpoint, within: float = CONNECT_TIMEOUT) -> Link:
    """A connection on which both sides have introduced themselves. Raises Unreachable with the reason."""
    parts = urlsplit(endpoint.address)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port:
        raise Unreachable("compute.reason.address", detail=endpoint.address)
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port, ssl=_context(endpoint), limit=2**20
            )
            with contextlib.suppress(OSError, AttributeError):
                sock: socket.socket = writer.get_extra_info("socket")
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                return await _introduce(reader, writer)
            except BaseException:
                writer.transport.abort()
                raise
    except TimeoutError as error:
        raise Unreachable("compute.reason.timeout", detail=endpoint.address) from error
    except ssl.SSLError as error:
        raise Unreachable("compute.reason.tls", detail=_text(error)) from error
    except socket.gaierror as error:
        raise Unreachable("compute.reason.name", detail=parts.hostname) from error
    except ConnectionRefusedError as error:
        raise Unreachable("compute.reason.refused", detail=endpoint.address) from error
    except OSError as error:
        raise Unreachable("compute.reason.network", detail=_text(error)) from error


@contextlib.asynccontextmanager
async def linked(endpoint: Endpoint) -> AsyncIterator[Link]:
    """A connection for a few questions. Raises Unreachable with the reason."""
    link = await connect(endpoint)
    try:
        yield link
    finally:
        await link.close()


def _context(endpoint: Endpoint) -> ssl.SSLContext | None:
    try:
        return endpoint.ssl_context()
    except OSError as error:
        raise Unreachable("compute.reason.certificates", detail=_text(error)) from error


async def _introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Link:
    """Exchange the first messages. No compression, so that no library has to be the same on both sides."""
    writer.write(encode({"compression": None, "python": sys.version_info[:3], "pickle-protocol": 4}))
    try:
        await writer.drain()
        remote = decode(await read_message(reader))
    except Unreachable as error:
        # It listens and hangs up: TLS where we came without, or no Dask at all.
        raise Unreachable("compute.reason.handshake", detail=error.params.get("detail", "")) from error
    if not isinstance(remote, dict) or "pickle-protocol" not in remote:
        raise Unreachable("compute.reason.handshake", detail="")
    return Link(reader, writer, remote)


def encode(message: Any) -> bytes:
    """One message as bytes on the wire: total length, number of frames, their lengths, the frames."""
    frame: bytes = msgpack.packb(message, use_bin_type=True)
    return struct.pack("QQQ", 16 + len(frame), 1, len(frame)) + frame


async def read_message(reader: asyncio.StreamReader) -> memoryview:
    """The first frame of the next message; further frames hold pickles and are dropped.

    Raises Unreachable when the other side has closed or speaks something else.
    """
    try:
        body = memoryview(await reader.readexactly(_length(await reader.readexactly(8))))
        (count,) = _WORD.unpack_from(body)
        start = 8 * (1 + count)
        if not 1 <= count <= 100_000 or start > len(body):
            raise Unreachable("compute.reason.handshake", detail="")
        lengths = struct.unpack_from(f"{count}Q", body, 8)
        # Large buffers follow outside the announced length; they must be read to reach the next message.
        missing = sum(lengths) - (len(body) - start)
        if missing:
            await _skip(reader, missing)
        return body[start : start + lengths[0]]
    except asyncio.IncompleteReadError as error:
        raise Unreachable(detail="") from error
    except OSError as error:
        raise Unreachable(detail=_text(error)) from error
    except struct.error as error:
        raise Unreachable("compute.reason.handshake", detail=_text(error)) from error


def _length(word: bytes) -> int:
    length: int = _WORD.unpack(word)[0]
    if not 8 <= length <= MAX_MESSAGE:
        raise Unreachable("compute.reason.handshake", detail="")
    return length


async def _skip(reader: asyncio.StreamReader, count: int) -> None:
    if not 0 < count <= MAX_MESSAGE:
        raise Unreachable("compute.reason.handshake", detail="")
    while count:
        chunk = await reader.read(min(count, 2**20))
        if not chunk:
            raise Unreachable(detail="")
        count -= len(chunk)


def decode(frame: memoryview, *, plain: bool = False) -> Any:
    """A message from its frame, with sets as lists and pickles as None. Raises Unreachable when it is none."""
    try:
        return msgpack.unpackb(
            frame,
            use_list=False,  # tuples, because task keys are tuples and stand as keys of maps
            strict_map_key=False,
            unicode_errors="replace",
            object_hook=None if plain else _from_wire,
        )
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Unreachable("compute.reason.handshake", detail=_text(error)) from error


def _from_wire(value: dict[Any, Any]) -> Any:
    if "__Set__" in value:
        return list(value.get("as-list", ()))
    if "__Pickled__" in value or "__Serialized__" in value:
        return None
    if "__Enum__" in value:
        return value.get("name")
    return value


def _text(error: BaseException) -> str:
    return str(error)[:200]
