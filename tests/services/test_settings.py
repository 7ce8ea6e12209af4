"""Which settings of mail can be used, and what is said of those that cannot."""

from pathlib import Path

import pytest

from services import settings
from services.settings import SettingsError

HOST, FROM = "KEEPAI_SMTP_HOST", "KEEPAI_SMTP_FROM"


def problems(**given: str) -> list[tuple[str, str, str]]:
    """Key, name and shown value of each problem; settings are given without the prefix KEEPAI_SMTP_."""
    with pytest.raises(SettingsError) as refused:
        settings.load({f"KEEPAI_SMTP_{name}": value for name, value in given.items()}, None)
    return [(key, said.get("name", ""), said.get("value", "")) for key, said in refused.value.problems]


def test_without_a_host_there_is_no_mail() -> None:
    found = settings.load({}, None)
    assert (found.smtp_host, found.smtp_port, found.smtp_tls) == ("", 587, "starttls")


@pytest.mark.parametrize(
    "host",
    ["localhost", "smtp.example.org", "127.0.0.1", "::1", "fe80::1", "mail_1", "e-mail.exemplo.com.br"],
)
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    assert settings.load({HOST: host, FROM: "keepai@example.org"}, None).smtp_host == host


@pytest.mark.parametrize(
    "host",
    ["smtp://example.org", "smtp.example.org:25", "a b", "example..org", ".org", "ana@example.org", "x\n"],
)
def test_anything_else_is_not_a_host(host: str) -> None:
    assert problems(HOST=host, FROM="keepai@example.org") == [("cli.settings.not_a_host", HOST, host)]


def test_a_host_needs_a_sender() -> None:
    assert problems(HOST="smtp.example.org") == [("cli.settings.needs_sender", HOST, "")]


@pytest.mark.parametrize(
    "sender", ["keepai", "a@b@c", "KeepAI <keepai@example.org>", "<a@b.c>", "a@b.c, d@e.f"]
)
def test_a_sender_is_one_bare_address(sender: str) -> None:
    assert problems(HOST="smtp.example.org", FROM=sender) == [("cli.settings.not_an_email", FROM, sender)]


def test_a_sender_stays_as_it_is_written() -> None:
    found = settings.load({HOST: "smtp.example.org", FROM: "KeepAI@Example.org"}, None)
    assert found.smtp_from == "KeepAI@Example.org"


@pytest.mark.parametrize("alone", [{"USER": "keepai"}, {"PASSWORD": "secret"}])
def test_a_user_and_a_password_go_together(alone: dict[str, str]) -> None:
    assert problems(**alone) == [("cli.settings.smtp_pair", "", "")]


def test_port_and_security_are_some_of_a_few() -> None:
    found = problems(PORT="0", TLS="ssl")
    assert {name for _, name, _ in found} == {"KEEPAI_SMTP_PORT", "KEEPAI_SMTP_TLS"}


def test_the_password_may_be_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a secret word\n")
    given = {"KEEPAI_SMTP_USER": "keepai", "KEEPAI_SMTP_PASSWORD_FILE": str(file)}
    found = settings.load(given, None)
    assert found.smtp_password.get_secret_value() == "a secret word"
    assert "secret word" not in repr(found)
