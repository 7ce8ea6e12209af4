"""What the mails say, in both languages, as plain text and as HTML."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest

from models.base import new_id
from services.i18n import LOCALES
from services.outbox import (
    LETTERS,
    AlertDigest,
    AlertNews,
    Invitation,
    JobNews,
    MessageTest,
    Parcel,
    PasswordReset,
    TaskReminder,
    mail,
)
from services.outbox.letters import write

UNTIL = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
LINK = "https://keepai.example.org/invitation?token=abc&x=1"
HERE = "https://keepai.example.org"
SAO_PAULO = "America/Sao_Paulo"
INVITATION = Invitation(link=LINK, until=UNTIL, by="Ana Souza", role="operator")
RESET = PasswordReset(link=LINK, until=UNTIL)
MESSAGE_TEST = MessageTest(by="Ana Souza")
NEWS = AlertNews(
    link=LINK, head="Crítico", title="Worker aroeira-2 perdido", fact="desde 10:38:07", runbook="Ligue."
)
DIGEST = AlertDigest(link=LINK, count="12 alertas", lines="Disparando: um\nDisparando: outro")

JOB = JobNews(link=LINK, head="Pronto", job="Reunir meus dados", said="Fica guardado por 7 dias")

TASK = TaskReminder(link=LINK, title="Ligar para o fornecedor", due="amanhã, 09:00")


class Links(HTMLParser):
    """The links of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.links, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_data(self, data):
        self.text += data


def test_every_letter_is_tried_here():
    assert {type(one) for one in (INVITATION, RESET, MESSAGE_TEST, NEWS, DIGEST, JOB, TASK)} == set(LETTERS)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "letter", [INVITATION, RESET, MESSAGE_TEST, NEWS, DIGEST, JOB], ids=lambda letter: letter.name
)
def test_both_parts_say_the_same(letter, locale):
    written = write(letter, locale, SAO_PAULO, HERE)
    page = Links(written.html)
    for part in written.text.replace("-- \n", "").strip().split("\n\n"):
        assert part in page.text
    assert page.links == ([LINK] if letter.link else [])
    assert (LINK in written.text) == bool(letter.link)
    assert written.subject and "\n" not in written.subject
    assert f'lang="{locale}"' in written.html


def test_an_invitation_in_the_readers_words_and_zone():
    written = write(INVITATION, "pt-BR", SAO_PAULO, HERE)
    assert written.subject == "Ana Souza convidou você para o KeepAI"
    assert "com o papel Operador" in written.text
    assert "20 de nov. de 2026, 23:30 (Horário Padrão de Brasília)" in written.text
    assert "with the role Operator" in write(INVITATION, "en", SAO_PAULO, HERE).text


def test_a_name_cannot_add_headers_or_html():
    bad = Invitation(link=LINK, until=UNTIL, by="<b>Ana\r\nBcc: eve@example.org", role="viewer")
    written = write(bad, "en", SAO_PAULO, HERE)
    assert "<b>" not in written.html
    message = mail.compose("keepai@example.org", parcel(written))
    assert "Bcc" not in message
    assert message["Subject"].startswith("<b>Ana Bcc: eve@example.org")


def test_the_message_as_it_travels():
    written = write(INVITATION, "pt-BR", SAO_PAULO, HERE)
    sent = parcel(written)
    raw = mail.compose("keepai@example.org", sent).as_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    message = message_from_bytes(raw, policy=policy.default)
    assert message["From"] == "KeepAI <keepai@example.org>"
    assert message["To"] == "ana@example.org"
    assert message["Message-ID"] == sent.message_id
    assert message["Date"].datetime == UNTIL
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "pt-BR"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == written.text


def parcel(written):
    number = new_id()
    return Parcel(number, UNTIL, 1, UNTIL, f"<{number.hex}@example.org>", "ana@example.org", "pt-BR", written)
