"""Handing a message over to the mail server (SMTP with aiosmtplib), and what its answers mean."""

import asyncio
import base64
import contextlib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime

import aiosmtplib
from aiosmtplib import errors

from services.compute.readings import text
from services.outbox.queue import Parcel, can_mail
from services.outbox.rules import Failed, Sent
from services.outside import trust
from services.probes.mail import as_bytes, literal
from services.settings import Settings

PATIENCE = 20.0  # s for each answer
ATTEMPT = 45.0  # s for a whole try; less than a claim lasts
_hanging_up: set[asyncio.Task[None]] = set()


async def send(settings: Settings, parcel: Parcel) -> Sent | Failed:
    """Try once. Raises nothing but what cannot happen."""
    if not can_mail(settings):
        return Failed("outbox.error.not_configured")
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        use_tls=settings.smtp_tls == "tls",
        start_tls=False,  # begun by ourselves, once we know by which name to call ourselves
        tls_context=trust(),
        local_hostname="localhost",
        timeout=PATIENCE,
    )
    connected = False
    try:
        async with asyncio.timeout(ATTEMPT):
            await _connect(client, settings)
            connected = True
            message = compose(settings.smtp_from, parcel)
            _, said = await client.send_message(
                message, sender=settings.smtp_from, recipients=[parcel.address]
            )
            return Sent(f"250 {text(said)}")
    except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
        return meaning(error, connected)
    finally:
        _hang_up(client)


def compose(sender: str, parcel: Parcel) -> EmailMessage:
    """The message with its headers: plain text first, then HTML. The same each time it is tried."""
    message = EmailMessage(policy=LINES)
    message["From"] = _address(sender, "KeepAI")
    message["To"] = _address(parcel.address)
    message["Subject"] = parcel.letter.subject
    message["Date"] = format_datetime(parcel.created_at)
    message["Message-ID"] = parcel.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    message.set_content(parcel.letter.text)
    message.add_alternative(parcel.letter.html, subtype="html")
    message["Content-Language"] = parcel.locale  # last, or it would go into the first part
    return message


def meaning(error: Exception, connected: bool) -> Failed:
    """What an error says about the message: whether another try can help, and why it failed in words.

    Until somebody is `connected` and signed in, it says nothing about the message: what is wrong is put right by an
    admin or passes. A server that broke off afterwards may have taken the message or not.
    """
    if isinstance(error, errors.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, errors.SMTPResponseException):
        said = f"{error.code} {text(error.message)}"
        if isinstance(error, errors.SMTPAuthenticationError):
            return Failed("outbox.error.sign_in", said)
        permanent = connected and 500 <= error.code < 600
        return Failed("outbox.error.refused" if permanent else "outbox.error.later", said, permanent)
    if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return Failed("outbox.error.tls", str(error))
    if isinstance(error, UnicodeError) and not connected:  # a label that no name may have
        return Failed("outbox.error.unreachable", str(error))
    if isinstance(error, OSError):  # which a timeout and a connection that ended are as well
        return Failed("outbox.error.unconfirmed" if connected else "outbox.error.unreachable", str(error))
    # The server cannot do what we need: for this address, or for this connection.
    return Failed("outbox.error.refused" if connected else "outbox.error.tls", str(error), connected)


async def _connect(client: aiosmtplib.SMTP, settings: Settings) -> None:
    await client.connect()
    # Otherwise it would ask the name servers who we are, which may take long.
    client.local_hostname = literal(client.get_transport_info("sockname"))
    if settings.smtp_tls == "starttls":
        await client.starttls()
    await client.ehlo()
    if settings.smtp_user:
        await _sign_in(client, settings.smtp_user, settings.smtp_password.get_secret_value())


async def _sign_in(client: aiosmtplib.SMTP, user: str, password: str) -> None:
    """Once: the library's own login tries every way it knows with a wrong password, which may lock the account."""
    if "plain" in client.supported_auth_methods:
        await client.auth_plain(as_bytes(user), as_bytes(password))
        return
    answer = await client.execute_command(b"AUTH", b"LOGIN")
    for word in (user, password):  # it asks for one after the other
        if answer.code == 334:
            answer = await client.execute_command(base64.b64encode(as_bytes(word)))
    if answer.code != 235:
        raise errors.SMTPAuthenticationError(answer.code, answer.message)


def _address(given: str, name: str = "") -> Address:
    user, _, domain = given.rpartition("@")
    return Address(name, user, domain)


def _hang_up(client: aiosmtplib.SMTP) -> None:
    """Say goodbye without waiting for an answer: what came of the message is noted meanwhile."""

    async def quit_() -> None:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=2.0)
        client.close()

    task = asyncio.get_running_loop().create_task(quit_())
    _hanging_up.add(task)
    task.add_done_callback(_hanging_up.discard)
