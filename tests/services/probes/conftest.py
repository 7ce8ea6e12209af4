"""A loopback server whose every answer a test decides: the far end of a probe."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


class FarEnd:
    """Speaks just enough HTTP. `answers` maps a path to what is done with the connection; `asked` are the paths
    asked for, `hosts` the names it was called by."""

    def __init__(self) -> None:
        self.answers: dict[str, Respond] = {}
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def json(self, path: str, body: Any, status: int = 200) -> None:
        """Answer with JSON, as Ollama and OpenWebUI do."""
        self.text(path, json.dumps(body), status, "application/json; charset=utf-8")

    def text(self, path: str, body: str, status: int = 200, kind: str = "text/html") -> None:
        async def respond(writer: asyncio.StreamWriter) -> None:
            data = body.encode()
            head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
            writer.write(head.encode() + data)

        self.answers[path] = respond

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept open between requests."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                path = lines[0].split(" ")[1]
                self.asked.append(path)
                self.hosts += [line[6:] for line in lines if line.lower().startswith("host: ")]
                if path not in self.answers:
                    self.text(path, "404 page not found", 404, "text/plain")
                await self.answers[path](writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def far_end() -> AsyncIterator[FarEnd]:
    end = FarEnd()
    server = await asyncio.start_server(end.serve, "127.0.0.1", 0)
    end.port = server.sockets[0].getsockname()[1]
    yield end
    server.close()
