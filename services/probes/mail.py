"""The mail server, where one is configured: whether it would take mail from KeepAI. Nothing is sent."""

import asyncio
import base64
import smtplib
import socket
import ssl
import time
from contextlib import closing, suppress
from typing import Any

from services.compute.readings import text
from services.outside import trust
from services.probes.base import Failure, ProbeResult, answered, not_configured
from services.probes.http import transport_failure
from services.settings import Settings

# For each answer. Less than the whole check may take, so that the reason can say what did not come.
PATIENCE = 8.0
# A sign-in with every check would look like an attack, and one that is refused might lock the account.
SIGN_IN_EVERY = 600.0
SIGNED_IN, BAD_PASSWORD, LATER = 235, (534, 535), 454

# When each account last signed in, and the code it was answered with.
_sign_ins: dict[tuple[str, int, str, str], tuple[float, int]] = {}


class Mail:
    """Greets, agrees on TLS, signs in now and then, and sends NOOP, whose latency counts. Detail: `server`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def check(self) -> ProbeResult:
        """See Probe."""
        if not self._settings.smtp_host:
            return not_configured("KEEPAI_SMTP_HOST")
        talk = _Talk(self._settings)
        try:
            return await asyncio.to_thread(talk.hold)
        except asyncio.CancelledError:
            talk.break_off()
            raise


class _Talk:
    """One conversation with the server. It is held in a thread and may be broken off from outside."""

    def __init__(self, settings: Settings) -> None:
        self._host, self._port = settings.smtp_host, settings.smtp_port
        self._security = settings.smtp_tls
        self._user, self._password = settings.smtp_user, settings.smtp_password.get_secret_value()
        self._address = f"{self._host}:{self._port}"
        self._handle: socket.socket | None = None
        self._greeted = self._broken_off = False

    def hold(self) -> ProbeResult:
        """Talk to the end. Raises Failure."""
        try:
            line = socket.create_connection((self._host, self._port), PATIENCE)
        except UnicodeError as error:  # a label that no name may have
            raise Failure("probes.reason.address", address=self._address) from error
        except OSError as error:
            raise transport_failure(error, self._address) from error
        # TLS takes the socket over; what is done to its twin still holds for the connection.
        with closing(line), closing(line.dup()) as self._handle:
            if self._broken_off:
                self.break_off()
            try:
                return self._talk(line)
            except OSError as error:  # those of smtplib and ssl included
                raise self._failure(error) from error

    def break_off(self) -> None:
        """Let the thread end now, wherever it is."""
        self._broken_off = True
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def _talk(self, line: socket.socket) -> ProbeResult:
        if self._security == "tls":
            line = trust().wrap_socket(line, server_hostname=self._host)
        with closing(line):
            client = _Client(line, self._host)
            self._greeted = True
            try:
                _expect(250, *client.ehlo())
                if self._security == "starttls":
                    self._start_tls(client)
                if self._user:
                    self._sign_in(client)
                began = time.perf_counter()
                _expect(250, *client.noop())
                latency = time.perf_counter() - began
                server = (client.ehlo_resp or b"").decode("utf-8", "replace").split()
                return answered(latency, server=text(server[0] if server else ""))
            finally:
                with suppress(OSError):
                    client.quit()
                client.close()

    def _start_tls(self, client: smtplib.SMTP) -> None:
        if not client.has_extn("starttls"):
            raise Failure("probes.reason.mail_no_starttls")
        client.starttls(context=trust())
        _expect(250, *client.ehlo())

    def _sign_in(self, client: smtplib.SMTP) -> None:
        """Sign in, unless that was done lately: what came of it then holds until the next time."""
        account = (self._host, self._port, self._user, self._password)
        last, code = _sign_ins.get(account, (0.0, 0))
        if not last or time.monotonic() - last >= SIGN_IN_EVERY:
            code = _authenticate(client, self._user, self._password)
            if code in (SIGNED_IN, LATER, *BAD_PASSWORD):
                _sign_ins[account] = (time.monotonic(), code)
        if code in BAD_PASSWORD:
            raise Failure("probes.reason.password")
        _expect(SIGNED_IN, code, b"")

    def _failure(self, error: OSError) -> Failure:
        """The reason in words for a conversation that did not come to its end."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return Failure("probes.reason.tls", address=self._address)
        if isinstance(error, ssl.SSLError):
            return Failure("probes.reason.mail_tls", address=self._address)
        if isinstance(error, smtplib.SMTPResponseException):
            if error.smtp_code < 0:  # what came does not begin with a code
                return Failure("probes.reason.not_understood")
            return Failure("probes.reason.mail_code", code=str(error.smtp_code))
        # smtplib tells of a timeout only as the context of its own error.
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            if self._greeted or self._security == "tls":
                return Failure("probes.reason.timed_out", seconds=f"{PATIENCE:g}")
            return Failure("probes.reason.mail_silent", address=self._address)
        return Failure("probes.reason.broken")


class _Client(smtplib.SMTP):
    """smtplib on a connection that is there already."""

    def __init__(self, line: socket.socket, host: str) -> None:
        self._line = line
        # Without a name for us it would ask the name servers for one, which may take long.
        super().__init__(host, local_hostname=literal(line.getsockname()))

    def connect(self, host: str = "", port: int = 0, source_address: object = None) -> tuple[int, bytes]:
        self.sock, self.file = self._line, None
        return self.getreply()


def literal(ours: tuple[Any, ...]) -> str:
    """Our end of a connection, as a mail server is told whom it talks to (RFC 5321, 4.1.3)."""
    address = str(ours[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _expect(wanted: int, code: int, said: bytes) -> None:
    if code != wanted:
        raise smtplib.SMTPResponseException(code, said)


def _authenticate(client: smtplib.SMTP, user: str, password: str) -> int:
    """Sign in once and return the code of the answer.

    The login of smtplib tries every way it knows with a wrong password, and cannot send one that is not ASCII.
    """
    ways = client.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in ways:
        both = _encoded(f"\0{user}\0{password}")
        return client.docmd("AUTH", f"PLAIN {both}")[0]
    if "LOGIN" not in ways:
        raise Failure("probes.reason.mail_no_login")
    code, _ = client.docmd("AUTH", "LOGIN")
    for word in (user, password):  # it asks for one after the other
        if code == 334:
            code, _ = client.docmd(_encoded(word))
    return code


def as_bytes(word: str) -> bytes:
    """A name or password as it is sent: a variable that is not UTF-8 comes with surrogates and goes as it was."""
    return word.encode("utf-8", "surrogateescape")


def _encoded(word: str) -> str:
    return base64.b64encode(as_bytes(word)).decode("ascii")
