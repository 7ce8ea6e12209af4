"""A loopback mail server whose every answer a test decides. It speaks as RFC 5321, 3207 and 4954 say."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Gone(Exception):
    """The other side ended the connection."""


class MailServer:
    """`answers` maps a command (`CONNECT` is the greeting) to another reply, or to what is done instead.

    `asked` are the commands that came, without what they carried; `lost` counts connections that ended without QUIT.
    """

    def __init__(self, certificate: ssl.SSLContext) -> None:
        self.certificate = certificate
        self.tls_at_once = False
        self.offers_starttls = True
        self.ways = "PLAIN LOGIN"
        self.people = {"keepai": "a secret word"}
        self.answers: dict[str, str | Respond] = {}
        self.asked: list[str] = []
        self.lost = 0
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["MailServer"]:
        server = await asyncio.start_server(
            self.serve, "127.0.0.1", 0, ssl=self.certificate if self.tls_at_once else None
        )
        self.port = server.sockets[0].getsockname()[1]
        yield self
        server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            await self._talk(reader, writer)
        except (Gone, OSError):
            self.lost += 1
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = self.tls_at_once
        await self._reply(writer, "CONNECT", "220 mail.example.org ESMTP ready")
        while True:
            command, _, rest = (await _line(reader)).partition(" ")
            command = command.upper()
            self.asked.append(f"AUTH {rest.split(' ')[0]}" if command == "AUTH" else command)
            if command == "EHLO":
                await self._reply(writer, command, self._abilities(secure))
            elif command == "STARTTLS" and self.offers_starttls and not secure:
                if await self._reply(writer, command, "220 2.0.0 ready"):
                    await writer.start_tls(self.certificate)
                    secure = True
            elif command == "AUTH" and self.ways:
                await self._reply(writer, command, await self._judge(reader, writer, rest))
            elif command == "NOOP":
                await self._reply(writer, command, "250 2.0.0 ok")
            elif command == "QUIT":
                await self._reply(writer, command, "221 2.0.0 bye")
                return
            else:
                await self._reply(writer, command, "502 5.5.1 not known")

    def _abilities(self, secure: bool) -> str:
        lines = ["mail.example.org at your service", "SIZE 35882577"]
        if self.offers_starttls and not secure:
            lines.append("STARTTLS")
        elif self.ways:  # not before TLS, where there is any
            lines.append(f"AUTH {self.ways}")
        return "\r\n".join(["250-" + line for line in lines] + ["250 8BITMIME"])

    async def _judge(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: str) -> str:
        way, _, initial = rest.partition(" ")
        if way not in self.ways.split():
            return "504 5.5.4 no such way"
        if way == "PLAIN":
            _, user, password = _decoded(initial).split("\0")
        else:
            user = await self._prompt(reader, writer, "Username:")
            password = await self._prompt(reader, writer, "Password:")
        right = self.people.get(user) == password
        return "235 2.7.0 welcome" if right else "535 5.7.8 wrong name or password"

    async def _prompt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> str:
        writer.write(b"334 " + base64.b64encode(text.encode()) + b"\r\n")
        await writer.drain()
        return _decoded(await _line(reader))

    async def _reply(self, writer: asyncio.StreamWriter, command: str, usual: str) -> bool:
        """Answer, and say whether it was the usual answer."""
        answer = self.answers.get(command, usual)
        if isinstance(answer, str):
            writer.write(answer.encode("latin-1") + b"\r\n")
            await writer.drain()
        else:
            await answer(writer)
        return command not in self.answers


async def silence(_writer: asyncio.StreamWriter) -> None:
    """Nothing for a long time."""
    await asyncio.sleep(30)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """The connection ends in the middle of an answer."""
    writer.write(b"250-mail")
    raise Gone


async def flood(writer: asyncio.StreamWriter) -> None:
    """An answer without end."""
    while True:
        writer.write(b"250-and on\r\n" * 100)
        await writer.drain()
        await asyncio.sleep(0.01)


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise Gone
    return line.decode("latin-1").strip()


def _decoded(word: str) -> str:
    return base64.b64decode(word).decode()
