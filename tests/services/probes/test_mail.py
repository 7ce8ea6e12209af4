"""What is seen of the mail server, and the plain reasons why it is not well."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services import probes, settings
from services.i18n import LOCALES, translate
from services.probes import http, mail
from tests.cli.certificate import self_signed
from tests.mail_server import MailServer, flood, hang_up, silence

USER = {"USER": "keepai", "PASSWORD": "a secret word"}
WHOLE = ["EHLO", "STARTTLS", "EHLO", "AUTH PLAIN", "NOOP", "QUIT"]


@pytest.fixture(autouse=True)
def _nobody_signed_in_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_sign_ins", {})


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    self_signed(tmp_path / "cert.pem", tmp_path / "key.pem")
    return tmp_path / "cert.pem"


@pytest.fixture
def server(certificate: Path) -> MailServer:
    """Not listening yet, so that a test can say how it listens."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return MailServer(context)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system trusts the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http.trust.cache_clear()
    yield
    http.trust.cache_clear()


@pytest.fixture
async def mailer(server: MailServer, trusted: None) -> AsyncIterator[MailServer]:
    """Listening, and trusted."""
    async with server.listening():
        yield server


async def check(port: int, within: float = 5.0, **given: str) -> probes.ProbeResult:
    """Ask the server at localhost; settings are given without the prefix KEEPAI_SMTP_."""
    given = {"HOST": "localhost", "PORT": str(port), "FROM": "keepai@example.org"} | given
    wanted = settings.load({f"KEEPAI_SMTP_{name}": value for name, value in given.items()}, None)
    found = await probes.check("mail", mail.Mail(wanted), within)
    for locale in LOCALES:
        assert not found.reason or translate(locale, found.reason, **found.params)
    assert "secret" not in str(found)
    return found


async def test_starttls_and_a_sign_in(mailer: MailServer) -> None:
    found = await check(mailer.port, **USER)
    assert (found.state, found.reason, found.detail) == ("ok", "", {"server": "mail.example.org"})
    assert 0 < found.latency < 2
    assert mailer.asked == WHOLE


async def test_tls_from_the_first_byte(server: MailServer, trusted: None) -> None:
    server.tls_at_once = True
    async with server.listening():
        found = await check(server.port, TLS="tls", **USER)
    assert (found.state, found.detail) == ("ok", {"server": "mail.example.org"})
    assert server.asked == ["EHLO", "AUTH PLAIN", "NOOP", "QUIT"]


async def test_no_tls_and_no_sign_in(mailer: MailServer) -> None:
    assert (await check(mailer.port, HOST="127.0.0.1", TLS="none")).state == "ok"
    assert mailer.asked == ["EHLO", "NOOP", "QUIT"]


@pytest.mark.parametrize("ways", ["PLAIN", "LOGIN", "XOAUTH2 LOGIN"])
async def test_a_password_of_any_letters(mailer: MailServer, ways: str) -> None:
    mailer.ways, mailer.people = ways, {"ana@exemplo.com.br": "canção nº 1 €"}
    given = {"USER": "ana@exemplo.com.br", "PASSWORD": "canção nº 1 €"}
    assert (await check(mailer.port, **given)).state == "ok"


async def test_without_a_host_it_is_not_configured() -> None:
    found = await probes.check("mail", mail.Mail(settings.load({}, None)))
    assert (found.state, found.latency, found.reason) == ("not_configured", None, "")


async def test_nothing_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        found = await check(port, HOST="127.0.0.1")
    assert (found.state, found.reason) == ("down", "probes.reason.refused")
    assert found.params == {"address": f"127.0.0.1:{port}"}


async def test_an_unknown_name() -> None:
    assert (await check(587, HOST="keepai-test.invalid")).reason == "probes.reason.name"


async def test_a_name_that_none_can_have() -> None:
    assert (await check(587, HOST="x" * 64 + ".example.org")).reason == "probes.reason.address"


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for(server: MailServer, security: str) -> None:
    server.tls_at_once = security == "tls"
    async with server.listening():
        found = await check(server.port, TLS=security, **USER)
    assert (found.state, found.reason) == ("down", "probes.reason.tls")
    assert found.params == {"address": f"localhost:{server.port}"}
    assert "AUTH PLAIN" not in server.asked


async def test_a_certificate_of_another_name(mailer: MailServer) -> None:
    found = await check(mailer.port, HOST="127.0.0.1", **USER)
    assert found.reason == "probes.reason.tls"


async def test_a_certificate_that_has_ended(certificate: Path, server: MailServer, trusted: None) -> None:
    self_signed(certificate, certificate.with_name("key.pem"), days=-1)
    server.certificate.load_cert_chain(certificate, certificate.with_name("key.pem"))
    async with server.listening():
        assert (await check(server.port)).reason == "probes.reason.tls"


async def test_tls_where_there_is_none_yet(mailer: MailServer) -> None:
    found = await check(mailer.port, TLS="tls")
    assert (found.state, found.reason) == ("down", "probes.reason.mail_tls")


async def test_starttls_is_not_offered(mailer: MailServer) -> None:
    mailer.offers_starttls = False
    found = await check(mailer.port, **USER)
    assert (found.state, found.reason) == ("down", "probes.reason.mail_no_starttls")
    assert mailer.asked == ["EHLO", "QUIT"]


@pytest.mark.parametrize("ways", ["PLAIN", "LOGIN", "LOGIN PLAIN"])
async def test_a_wrong_password_is_tried_once(mailer: MailServer, ways: str) -> None:
    mailer.ways, mailer.people = ways, {"keepai": "another"}
    found = await check(mailer.port, **USER)
    assert (found.state, found.reason) == ("down", "probes.reason.password")
    assert sum(asked.startswith("AUTH") for asked in mailer.asked) == 1


@pytest.mark.parametrize("ways", ["", "XOAUTH2", "CRAM-MD5"])
async def test_no_way_to_sign_in(mailer: MailServer, ways: str) -> None:
    mailer.ways = ways
    assert (await check(mailer.port, **USER)).reason == "probes.reason.mail_no_login"


async def test_a_sign_in_only_after_tls(mailer: MailServer) -> None:
    found = await check(mailer.port, TLS="none", **USER)
    assert found.reason == "probes.reason.mail_no_login"


@pytest.mark.parametrize(
    ("command", "code"),
    [("CONNECT", 554), ("CONNECT", 421), ("EHLO", 502), ("STARTTLS", 454), ("AUTH", 454), ("NOOP", 421)],
)
async def test_the_code_is_told(mailer: MailServer, command: str, code: int) -> None:
    mailer.answers[command] = f"{code} not now"
    found = await check(mailer.port, **USER)
    assert (found.state, found.reason, found.params) == (
        "down",
        "probes.reason.mail_code",
        {"code": str(code)},
    )


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "NOOP"])
@pytest.mark.parametrize("said", ["HTTP/1.1 400 Bad Request", "\x00\xff", ""])
async def test_another_program_at_the_address(mailer: MailServer, command: str, said: str) -> None:
    mailer.answers[command] = said
    found = await check(mailer.port, **USER)
    # smtplib takes so little after EHLO for the end of the connection.
    reason = "broken" if command == "EHLO" and len(said) < 4 else "not_understood"
    assert (found.state, found.reason) == ("down", f"probes.reason.{reason}")


async def test_no_greeting(mailer: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.2)
    mailer.answers["CONNECT"] = silence
    found = await check(mailer.port)
    assert (found.state, found.reason) == ("down", "probes.reason.mail_silent")


@pytest.mark.parametrize("command", ["EHLO", "STARTTLS", "AUTH", "NOOP"])
async def test_no_answer(mailer: MailServer, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 1.0)
    mailer.answers[command] = silence
    found = await check(mailer.port, **USER)
    assert (found.state, found.reason) == ("down", "probes.reason.timed_out")


async def test_no_answer_within_tls(
    server: MailServer, trusted: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 1.0)
    server.tls_at_once = True
    server.answers["CONNECT"] = silence
    async with server.listening():
        assert (await check(server.port, TLS="tls")).reason == "probes.reason.timed_out"


@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "STARTTLS", "AUTH", "NOOP"])
async def test_a_connection_that_breaks_off(mailer: MailServer, command: str) -> None:
    mailer.answers[command] = hang_up
    found = await check(mailer.port, **USER)
    assert found.state == "down"
    assert found.reason == "probes.reason.broken"


async def test_the_way_it_says_good_bye_does_not_matter(mailer: MailServer) -> None:
    mailer.answers["QUIT"] = hang_up
    assert (await check(mailer.port, **USER)).state == "ok"


@pytest.mark.parametrize("security", ["starttls", "none"])
async def test_an_answer_without_end_ends_with_the_check(mailer: MailServer, security: str) -> None:
    mailer.answers["NOOP"] = flood
    found = await check(mailer.port, within=0.5, TLS=security)
    assert (found.state, found.reason) == ("down", "probes.reason.timed_out")
    began = time.monotonic()
    while not mailer.lost:
        assert time.monotonic() - began < 3, "the thread still reads"
        await asyncio.sleep(0.01)


async def test_a_late_answer_is_slow(mailer: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.probes.base.SLOW", 0.0)
    found = await check(mailer.port)
    assert (found.state, found.reason) == ("slow", "probes.reason.slow")
    assert found.detail == {"server": "mail.example.org"}


async def test_it_signs_in_now_and_then_but_looks_every_time(
    mailer: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert (await check(mailer.port, **USER)).state == "ok"
    assert (mailer.asked.count("AUTH PLAIN"), mailer.asked.count("NOOP")) == (1, 3)
    mailer.people = {"keepai": "changed"}
    monkeypatch.setattr(mail, "SIGN_IN_EVERY", 0.0)
    assert (await check(mailer.port, **USER)).reason == "probes.reason.password"


async def test_a_refused_sign_in_is_not_repeated_at_once(
    mailer: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer.people = {}
    for _ in range(3):
        assert (await check(mailer.port, **USER)).reason == "probes.reason.password"
    assert mailer.asked.count("AUTH PLAIN") == 1
    mailer.people = {"keepai": USER["PASSWORD"], "another": "one"}
    assert (await check(mailer.port, USER="another", PASSWORD="one")).state == "ok"
    monkeypatch.setattr(mail, "SIGN_IN_EVERY", 0.0)
    assert (await check(mailer.port, **USER)).state == "ok"


async def test_a_server_that_closes_at_the_sign_in_is_asked_again(mailer: MailServer) -> None:
    mailer.answers["AUTH"] = "421 4.3.2 closing"
    assert (await check(mailer.port, **USER)).params == {"code": "421"}
    del mailer.answers["AUTH"]
    assert (await check(mailer.port, **USER)).state == "ok"


async def test_what_it_calls_itself_is_cut(mailer: MailServer) -> None:
    mailer.answers["EHLO"] = "250 " + "x" * 5000
    found = await check(mailer.port, TLS="none")
    assert (found.state, len(found.detail["server"])) == ("ok", 200)


async def test_a_server_without_a_name_is_well(mailer: MailServer) -> None:
    mailer.answers["EHLO"] = "250 "
    assert (await check(mailer.port, TLS="none")).detail == {"server": ""}
