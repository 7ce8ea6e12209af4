"""Who may act on the system sees what could not be delivered, and resends it or gives it up."""

from datetime import timedelta

import pytest

from models.base import new_id
from services import audit, db, outbox, vault
from services.clock import now
from services.errors import NotFound
from services.i18n import translate
from services.identity import accounts
from services.outbox import Failed, MessageTest, Recipient
from services.settings import get_settings
from state.outbox import HIDDEN, SHOWN, Outbox, OutboxState
from state.system import SystemState

REFUSED = Failed("outbox.error.refused", "550 5.1.1 <eve@example.org> unknown", permanent=True)


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KEEPAI_SMTP_HOST", "smtp.example.org")
    monkeypatch.setenv("KEEPAI_SMTP_FROM", "keepai@example.org")
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


@pytest.fixture
def fail(database, settings):
    """A message that was given up, or with `ago` one that waits since then."""

    def fail_(ago=None):
        at = now() - (ago or timedelta())
        to = Recipient("address", "eve@example.org")
        message = db.write_now(outbox.put, settings, at, to, MessageTest(by="Root"))
        for parcel in db.write_now(outbox.claim, vault.of(settings), now(), 1):
            outcome = Failed("outbox.error.later", "450 busy") if ago else REFUSED
            db.write_now(outbox.settle, parcel, outcome, now(), 0.5)
        return message

    return fail_


def shown(sender):
    """What the rooms and the tab were sent last of the outbox."""
    found = [
        values
        for sent in sender.sent.values()
        for delta in sent
        for state, values in delta.items()
        if state == Outbox.get_full_name()
    ]
    return found[-1]["rows_rx_state_"] if found else None


async def test_an_admin_sees_what_could_not_be_delivered_and_why(tab, admin, fail, sender):
    waits, dead = fail(timedelta(hours=1)), fail()
    await tab(admin, "/system").call(SystemState.load)
    first, second = shown(sender)
    assert (first["id"], first["template"], first["to"]) == (dead.id.hex, "Teste", "e•••@example.org")
    assert first["why"] == translate("pt-BR", "outbox.error.refused")
    assert (first["detail"], first["due_at"]) == ("550 5.1.1 <e•••@example.org> unknown", 0.0)
    assert (second["id"], second["due_at"] > 0) == (waits.id.hex, True)


async def test_others_are_sent_nothing_of_it(tab, bruno, carla, fail, sender):
    fail()
    for person in (bruno, carla):
        await tab(person, "/system").call(SystemState.load)
    assert shown(sender) is None
    assert "e•••@example.org" not in str(sender.sent)


async def test_one_that_cannot_be_read_is_shown_all_the_same(tab, admin, fail, sender, tmp_path, monkeypatch):
    fail()
    monkeypatch.setenv("KEEPAI_SECRET_KEY", "another")
    get_settings.cache_clear()
    await tab(admin, "/system").call(SystemState.load)
    assert [row["to"] for row in shown(sender)] == [HIDDEN]


async def test_of_many_the_newest_are_shown(tab, admin, fail, sender):
    for _ in range(SHOWN + 3):
        newest = fail()
    await tab(admin, "/system").call(SystemState.load)
    rows = shown(sender)
    assert (len(rows), rows[0]["id"]) == (SHOWN, newest.id.hex)
    assert translate("pt-BR", "outbox.more", shown=SHOWN) in str(sender.sent)


async def test_resending_takes_it_off_the_list_at_once_and_is_written_down(tab, admin, fail, sender):
    message = fail()
    screen = tab(admin, "/system")
    await screen.call(SystemState.load)
    await screen.call(OutboxState.resend, message.id.hex)
    assert shown(sender) == []
    assert (await db.read(outbox.get, message.id)).state == "waiting"
    assert (await screen.messages())[-1]["title"] == translate("pt-BR", "outbox.resent")
    ((event, detail),) = db.read_now(audit.find, 5, action="message")
    assert (event.action, event.actor_id, detail.actor) == ("message.resent", admin.id, "Root")


async def test_giving_up_is_asked_first_and_deletes_it(tab, admin, fail, sender):
    message = fail()
    screen = tab(admin, "/system")
    await screen.call(SystemState.load)
    await screen.call(OutboxState.ask, message.id.hex, "Teste", "e•••@example.org")
    page = await screen.of(OutboxState)
    assert (page.pending["id"], page.pending["to"]) == (message.id.hex, "e•••@example.org")
    await screen.call(OutboxState.dismiss)
    assert page.pending["id"] == ""
    assert len(shown(sender)) == 1
    await screen.call(OutboxState.give_up, message.id.hex)
    assert shown(sender) == []
    with pytest.raises(NotFound):
        db.read_now(outbox.get, message.id)
    assert [event.action for event, _ in db.read_now(audit.find, 5, action="message")] == ["message.given_up"]


async def test_nonsense_and_what_is_gone_are_refused_in_words(tab, admin, fail):
    screen = tab(admin, "/system")
    for handler in (OutboxState.resend, OutboxState.give_up):
        for wrong in ("", "nonsense", new_id().hex, "x" * 4000):
            before = len(await screen.messages())
            await screen.call(handler, wrong)
            assert (await screen.messages())[-1]["state"] == "critical" or before == 3


async def test_an_operator_may_do_neither(tab, bruno, fail):
    message = fail()
    screen = tab(bruno, "/system")
    for handler in (OutboxState.resend, OutboxState.give_up):
        await screen.call(handler, message.id.hex)
    assert (await db.read(outbox.get, message.id)).state == "dead"
