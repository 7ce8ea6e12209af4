"""A loopback mail server whose every answer a test decides. It speaks as RFC 5321, 3207 and 4954 say."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Gone(Exception):
    """The other side ended the connection."""


@dataclass(frozen=True)
class Received:
    """A message that was taken: the envelope, and what was in it."""

    sender: str
    recipient: str
    message: EmailMessage

    @property
    def id(self) -> str:
        """Its Message-ID."""
        return str(self.message["Message-ID"])


class MailServer:
    """`answers` maps a command (`CONNECT` is the greeting, `.` the end of a message) to another reply, or to what is
    done instead.

    `asked` are the commands that came, without what they carried; `received` are the messages that were taken, whether
    or not anybody heard of it; `lost` counts connections that ended without QUIT. `on` is told of each command before
    it is answered, and after a message was taken of `taken`.
    """

    def __init__(self, certificate: ssl.SSLContext) -> None:
        self.certificate = certificate
        self.tls_at_once = False
        self.offers_starttls = True
        self.ways = "PLAIN LOGIN"
        self.people = {"keepai": "a secret word"}
        self.answers: dict[str, str | Respond] = {}
        self.asked: list[str] = []
        self.received: list[Received] = []
        self.on: Callable[[str], None] = lambda _stage: None
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
        sender = recipient = ""
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
            elif command == "MAIL":
                sender = _address(rest)
                await self._reply(writer, command, "250 2.1.0 sender ok")
            elif command == "RCPT":
                recipient = _address(rest)
                await self._reply(writer, command, "250 2.1.5 recipient ok")
            elif command == "DATA":
                if await self._reply(writer, command, "354 go ahead"):
                    await self._take(reader, writer, sender, recipient)
            elif command == "NOOP":
                await self._reply(writer, command, "250 2.0.0 ok")
            elif command == "QUIT":
                await self._reply(writer, command, "221 2.0.0 bye")
                return
            else:
                await self._reply(writer, command, "502 5.5.1 not known")

    async def _take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sender: str, recipient: str
    ) -> None:
        """A message until its dot. It counts as taken unless the answer is a string that refuses it."""
        lines = []
        while (line := await _bytes(reader)) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        answer = self.answers.get(".", "250")
        if not isinstance(answer, str) or answer.startswith("2"):
            self.received.append(Received(sender, recipient, message))  # type: ignore[arg-type]
        await self._reply(writer, ".", f"250 2.0.0 queued as {len(self.received)}")
        self.on("taken")

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
        self.on(command)
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
    return (await _bytes(reader)).decode("latin-1").strip()


async def _bytes(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise Gone
    return line


def _address(rest: str) -> str:
    """What stands in the angle brackets of MAIL and RCPT."""
    return rest.partition("<")[2].partition(">")[0]


def _decoded(word: str) -> str:
    return base64.b64decode(word).decode()
