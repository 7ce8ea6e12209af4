"""Stands between a browser and a server and counts what comes back, whoever asked: page, service worker or socket."""

import asyncio
import contextlib
import re
import time
from collections import Counter as Sums
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

ASKS = re.compile(rb"[A-Z]+ ([^ ?]+)[^ ]* HTTP/1\.1\r\n")
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of an answer, its headers and the frames of a socket included; none of them is the question."""

    at: float  # unix seconds
    path: str
    size: int


class Counter:
    """`async with Counter(port, server_port) as counter:` and let the browser go to `counter.address`."""

    def __init__(self, port: int, server_port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.pieces: list[Piece] = []
        self._port, self._server_port = port, server_port
        self._listening: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port, limit=CHUNK)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening
        self._listening.close()

    async def quiet(self, seconds: float, *, but: str, within: float = 30.0) -> None:
        """Wait until nothing came for so long, apart from one address. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while time.time() - self._last(but) < seconds:
                await asyncio.sleep(0.1)

    def _last(self, but: str) -> float:
        return next((piece.at for piece in reversed(self.pieces) if piece.path != but), 0.0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection("127.0.0.1", self._server_port, limit=CHUNK)
        path = ""

        async def ask() -> None:
            nonlocal path
            while chunk := await reader.read(CHUNK):
                # Browsers ask one thing after the other on a connection: what comes back belongs to the last.
                if found := ASKS.match(chunk):
                    path = found[1].decode("latin-1")
                    self.pieces.append(Piece(time.time(), path, 0))
                questions.write(chunk)
                await questions.drain()

        async def answer() -> None:
            while chunk := await answers.read(CHUNK):
                self.pieces.append(Piece(time.time(), path, len(chunk)))
                writer.write(chunk)
                await writer.drain()

        both = [asyncio.ensure_future(ask()), asyncio.ensure_future(answer())]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (questions, writer):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()


def kilobytes(pieces: Iterable[Piece]) -> float:
    """What these pieces weigh, 10^3 bytes."""
    return sum(piece.size for piece in pieces) / 1000


def largest(pieces: Iterable[Piece], most: int = 10) -> str:
    """The addresses that weigh most, and what they weigh."""
    sums: Sums[str] = Sums()
    for piece in pieces:
        sums[piece.path] += piece.size
    return ", ".join(f"{path} {size / 1000:.1f}" for path, size in sums.most_common(most))
