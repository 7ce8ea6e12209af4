"""The mail section shows the settings in force and never the password; its test says what came of it."""

import asyncio

import pytest

from models import OutboxMessage
from services import db, outbox, vault
from services.clock import now
from services.i18n import translate
from services.identity import accounts
from services.outbox import Failed, Sent
from services.settings import get_settings
from state import mail
from state.mail import MailState

SERVER = {"HOST": "smtp.example.org", "FROM": "keepai@example.org", "USER": "keepai", "PASSWORD": "a secret"}


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


@pytest.fixture
def configure(monkeypatch, tmp_path):
    """Settings are given without the prefix KEEPAI_SMTP_."""
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))

    def configure_(**given):
        for name, value in given.items():
            monkeypatch.setenv(f"KEEPAI_SMTP_{name}", value)
        get_settings.cache_clear()

    configure_()
    yield configure_
    get_settings.cache_clear()


async def dispatch(outcome):
    """The far end of the outbox: settle the next message as soon as there is one."""
    box = vault.of(get_settings())
    while True:
        for parcel in await db.write(outbox.claim, box, now(), 1):
            await db.write(outbox.settle, parcel, outcome, now(), 0.5)
            return parcel
        await asyncio.sleep(0.01)


async def test_it_shows_what_is_configured_and_never_the_password(tab, admin, configure):
    configure(**SERVER)
    screen = tab(admin, "/settings/mail")
    await screen.call(MailState.load)
    page = await screen.of(MailState)
    assert (page.ready, page.configured) == (True, True)
    assert (page.server, page.security) == ("smtp.example.org:587", "starttls")
    assert (page.user, page.sender, page.email) == ("keepai", "keepai@example.org", "root@example.org")
    assert "a secret" not in str(screen.root.dict())


async def test_without_a_mail_server_it_says_so_and_sends_nothing(tab, admin, configure):
    screen = tab(admin, "/settings/mail")
    await screen.call(MailState.load)
    page = await screen.of(MailState)
    assert (page.ready, page.configured) == (True, False)
    await screen.call(MailState.test)
    assert (await screen.messages())[-1]["title"] == translate("pt-BR", "outbox.error.not_configured")
    assert page.testing is False


@pytest.mark.parametrize(
    ("outcome", "state", "key", "detail"),
    [
        (Sent("250 2.0.0 queued as 7"), "ok", "mail.outcome.sent", "250 2.0.0 queued as 7"),
        (
            Failed("outbox.error.refused", "550 5.1.1 unknown", permanent=True),
            "critical",
            "mail.outcome.dead",
            "O outro lado recusou a mensagem. 550 5.1.1 unknown",
        ),
        (
            Failed("outbox.error.sign_in", "535 5.7.8 wrong"),
            "warning",
            "mail.outcome.waiting",
            "O outro lado recusou o nome ou a senha. 535 5.7.8 wrong",
        ),
    ],
)
async def test_a_test_goes_to_oneself_and_says_what_came_of_it(
    tab, admin, configure, outcome, state, key, detail
):
    configure(**SERVER)
    screen = tab(admin, "/settings/mail")
    dispatcher = asyncio.create_task(dispatch(outcome))
    await screen.call(MailState.test)
    parcel = await dispatcher
    assert parcel.address == "root@example.org" and "Root pediu este teste" in parcel.letter.text
    page = await screen.of(MailState)
    assert (page.outcome, page.outcome_text) == (state, translate("pt-BR", key))
    assert (page.outcome_detail, page.testing) == (detail, False)


async def test_a_test_of_which_nothing_is_heard_ends(tab, admin, configure, monkeypatch):
    configure(**SERVER)
    monkeypatch.setattr(mail, "LOOK_FOR", 0.5)
    screen = tab(admin, "/settings/mail")
    await screen.call(MailState.test)
    page = await screen.of(MailState)
    assert (page.outcome, page.testing) == ("unknown", False)


@pytest.mark.parametrize("state", ["sent", "waiting", "dead", "sending"])
@pytest.mark.parametrize("error", ["", "outbox.error.later"])
@pytest.mark.parametrize("locale", ["pt-BR", "en"])
def test_there_are_words_for_everything_that_may_come_of_it(state, error, locale):
    shown, text, _ = mail.told(OutboxMessage(state=state, error=error), locale)
    assert shown and text


async def test_others_may_neither_look_nor_test(tab, bruno, configure):
    configure(**SERVER)
    screen = tab(bruno, "/settings/mail")
    await screen.call(MailState.load)
    await screen.call(MailState.test)
    assert not (await screen.of(MailState)).ready
    assert db.read_now(outbox.counts) == {"waiting": 0, "dead": 0}
    assert {message["state"] for message in await screen.messages()} == {"critical"}
