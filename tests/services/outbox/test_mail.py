"""Mail is handed in at a server that keeps to the rules, and at servers that do not."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from models.base import new_id
from services import settings
from services.clock import now
from services.i18n import has
from services.outbox import Failed, MessageTest, Parcel, Sent, mail
from services.outbox.letters import write
from services.probes import http
from tests.cli.certificate import self_signed
from tests.mail_server import MailServer, hang_up, silence

SIGNED = {"USER": "keepai", "PASSWORD": "a secret word"}


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    self_signed(tmp_path / "cert.pem", tmp_path / "key.pem")
    return tmp_path / "cert.pem"


@pytest.fixture
def server(certificate: Path) -> MailServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return MailServer(context)


@pytest.fixture
def trusted(certificate: Path, monkeypatch):
    """The system trusts the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http.trust.cache_clear()
    yield
    http.trust.cache_clear()


@pytest.fixture
async def mailer(server: MailServer, trusted):
    async with server.listening():
        yield server


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Nobody waits long here."""
    monkeypatch.setattr(mail, "PATIENCE", 0.5)


def parcel(address="ana@example.org"):
    number = new_id()
    written = write(MessageTest(by="Ação 🧠"), "pt-BR", "UTC", "https://keepai.example.org")
    return Parcel(number, now(), 1, now(), f"<{number.hex}@example.org>", address, "pt-BR", written)


async def send(port, sent=None, **given):
    """Settings are given without the prefix KEEPAI_SMTP_."""
    given = {"HOST": "localhost", "PORT": str(port), "FROM": "keepai@example.org"} | given
    wanted = settings.load({f"KEEPAI_SMTP_{name}": value for name, value in given.items()}, None)
    outcome = await mail.send(wanted, sent or parcel())
    assert isinstance(outcome, Sent) or has(outcome.error)
    assert "secret" not in str(outcome)
    return outcome


async def test_over_starttls_with_a_sign_in(mailer):
    sent = parcel()
    assert await send(mailer.port, sent, **SIGNED) == Sent("250 2.0.0 queued as 1")
    (received,) = mailer.received
    assert (received.sender, received.recipient) == ("keepai@example.org", "ana@example.org")
    assert received.id == sent.message_id
    plain, html = received.message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == sent.letter.text
    assert html.get_content().replace("\r\n", "\n") == sent.letter.html
    await asyncio.sleep(0.1)
    whole = ["EHLO", "STARTTLS", "EHLO", "AUTH PLAIN", "MAIL", "RCPT", "DATA", "QUIT"]
    assert (mailer.asked, mailer.lost) == (whole, 0)


async def test_over_tls_from_the_first_byte(server, trusted):
    server.tls_at_once = True
    async with server.listening():
        assert isinstance(await send(server.port, TLS="tls", **SIGNED), Sent)


async def test_without_tls_and_without_a_sign_in(mailer):
    assert isinstance(await send(mailer.port, HOST="127.0.0.1", TLS="none"), Sent)
    assert "STARTTLS" not in mailer.asked


@pytest.mark.parametrize("ways", ["PLAIN", "LOGIN", "CRAM-MD5 LOGIN"])
async def test_a_password_of_any_letters(mailer, ways):
    mailer.ways, mailer.people = ways, {"ana@exemplo.com.br": "canção nº 1 €"}
    assert isinstance(await send(mailer.port, USER="ana@exemplo.com.br", PASSWORD="canção nº 1 €"), Sent)


async def test_a_wrong_password_is_tried_once_and_said_and_may_pass(mailer):
    """The message is as good as before: it goes out when an admin has corrected the password."""
    outcome = await send(mailer.port, USER="keepai", PASSWORD="a wrong secret")
    assert outcome == Failed("outbox.error.sign_in", "535 5.7.8 wrong name or password")
    assert [command for command in mailer.asked if command.startswith("AUTH")] == ["AUTH PLAIN"]
    assert mailer.received == []


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("answer", "error", "permanent"),
    [
        ("450 4.2.0 greylisted, try again", "outbox.error.later", False),
        ("421 4.3.2 closing", "outbox.error.later", False),
        ("550 5.1.1 no such user", "outbox.error.refused", True),
        ("552 5.3.4 too large", "outbox.error.refused", True),
    ],
)
async def test_what_a_server_says_of_a_message(mailer, command, answer, error, permanent):
    mailer.answers[command] = answer
    assert await send(mailer.port) == Failed(error, answer, permanent)
    assert mailer.received == []


@pytest.mark.parametrize("answer", ["554 5.3.2 no connections from you", "421 4.3.2 too many", "220"])
async def test_what_a_server_says_of_a_connection_passes(mailer, answer):
    mailer.answers["EHLO" if answer == "220" else "CONNECT"] = "501 5.5.4 no" if answer == "220" else answer
    outcome = await send(mailer.port, TLS="none")
    assert (outcome.error, outcome.permanent) == ("outbox.error.later", False)


@pytest.mark.parametrize("happens", [hang_up, silence])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_a_connection_that_ends_in_the_middle_passes(mailer, command, happens):
    mailer.answers[command] = happens
    outcome = await send(mailer.port)
    assert (outcome.error, outcome.permanent) == ("outbox.error.unconfirmed", False)
    assert len(mailer.received) == (command == ".")  # it may have been taken, and nobody can know


async def test_nothing_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        outcome = await send(free.getsockname()[1], HOST="127.0.0.1")
    assert (outcome.error, outcome.permanent) == ("outbox.error.unreachable", False)
    assert "127.0.0.1" in outcome.detail


@pytest.mark.parametrize("host", ["keepai-test.invalid", "x" * 64 + ".example.org"])
async def test_a_name_that_is_not_found(host):
    assert (await send(587, HOST=host)).error == "outbox.error.unreachable"


async def test_a_server_that_says_nothing(mailer):
    mailer.answers["CONNECT"] = silence
    outcome = await send(mailer.port)
    assert (outcome.error, outcome.permanent) == ("outbox.error.unreachable", False)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for(server, security):
    server.tls_at_once = security == "tls"
    async with server.listening():
        outcome = await send(server.port, TLS=security, **SIGNED)
    assert (outcome.error, outcome.permanent) == ("outbox.error.tls", False)
    assert not any(command.startswith("AUTH") for command in server.asked)


async def test_no_password_goes_out_where_there_is_no_starttls(mailer):
    mailer.offers_starttls = False
    assert (await send(mailer.port, **SIGNED)).error == "outbox.error.tls"
    assert mailer.asked[0] == "EHLO" and not any("AUTH" in command for command in mailer.asked)


async def test_the_whole_try_has_an_end(mailer, monkeypatch):
    monkeypatch.setattr(mail, "PATIENCE", 30.0)
    monkeypatch.setattr(mail, "ATTEMPT", 0.5)
    mailer.answers["."] = silence
    async with asyncio.timeout(5):
        assert (await send(mailer.port)).error == "outbox.error.unconfirmed"


async def test_an_address_beyond_ascii_needs_a_server_that_knows_them(mailer):
    outcome = await send(mailer.port, parcel("josé@example.org"))
    assert (outcome.error, outcome.permanent) == ("outbox.error.refused", True)


async def test_odd_addresses_go_where_they_should(mailer):
    for address in ("a..b@example.org", "o'neil+keepai@example.org", "ana@mail-1.example.org"):
        assert isinstance(await send(mailer.port, parcel(address)), Sent)
        assert mailer.received[-1].recipient == address


async def test_without_a_mail_server_it_waits():
    outcome = await mail.send(settings.load({}, None), parcel())
    assert (outcome.error, outcome.permanent) == ("outbox.error.not_configured", False)
