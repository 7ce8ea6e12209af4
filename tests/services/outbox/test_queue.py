"""Messages are put with their cause, claimed once, noted, resent and given up."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from models import Account, AuditEvent
from models.base import new_id
from services import audit, db, outbox, vault
from services.audit import Actor
from services.bus import LocalBus
from services.clock import now
from services.errors import Conflict, Forbidden, NotFound
from services.outbox import Failed, Recipient, Sent
from services.outbox.rules import CLAIM, KEEP_SENT, LONG
from services.settings import Settings

BY = Actor("person", new_id(), "Ana")
LATER = Failed("outbox.error.later", "450 4.2.0 <eve@example.org> greylisted")
REFUSED = Failed("outbox.error.refused", "550 5.1.1 no such user", permanent=True)


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="KeepAI@example.org")


@pytest.fixture
def box(settings):
    return vault.of(settings)


@pytest.fixture
def put(database, settings):
    def put_(to=None, letter=None, at=None, **more):
        to = to or Recipient("address", "eve@example.org", locale="en")
        return db.write_now(
            outbox.put, settings, at or now(), to, letter or outbox.MessageTest(by="Ana"), **more
        )

    return put_


@pytest.fixture
def claim(box):
    return lambda at=None, most=10: db.write_now(outbox.claim, box, at or now(), most)


def stored(message):
    return db.read_now(outbox.get, message.id)


def settle(parcel, outcome, at=None):
    return db.write_now(outbox.settle, parcel, outcome, at or now(), 0.5)


def test_what_is_put_is_encrypted_and_gone_when_it_is_sent(put, claim):
    message = put()
    assert (message.state, message.tries) == ("waiting", 0)
    with db.engine().connect() as connection:
        kept = json.dumps([list(map(str, row)) for row in connection.execute(text("select * from outbox"))])
    assert "eve" not in kept and "KeepAI at" not in kept
    (parcel,) = claim()
    assert (parcel.address, parcel.tries, parcel.locale) == ("eve@example.org", 1, "en")
    assert "sends here arrives" in parcel.letter.text
    assert parcel.message_id == f"<{message.id.hex}@example.org>"
    assert stored(message).state == "sending"
    settle(parcel, Sent("250 2.0.0 queued"))
    sent = stored(message)
    assert (sent.state, sent.address, sent.body, sent.detail) == ("sent", "", "", "250 2.0.0 queued")
    assert sent.sent_at and claim() == []


def test_nothing_is_put_when_its_cause_fails(database, settings):
    def cause(session):
        outbox.put(
            session, settings, now(), Recipient("address", "eve@example.org"), outbox.MessageTest(by="Ana")
        )
        raise ValueError("the action failed")

    with pytest.raises(ValueError, match="action"):
        db.write_now(cause)
    assert db.read_now(outbox.counts) == {"waiting": 0, "dead": 0}


def test_the_same_key_puts_nothing_twice(put, claim):
    first, second, third = put(key="reset:1"), put(key="reset:1"), put(key="reset:2")
    assert first.id == second.id != third.id
    assert len(claim()) == 2


def test_a_claim_is_for_one_and_ends_after_a_minute(put, claim):
    message, at = put(), now()
    (first,) = claim(at)
    assert claim(at) == claim(at + CLAIM - timedelta(seconds=1)) == []
    (second,) = claim(at + CLAIM)
    assert (second.id, second.tries, second.message_id) == (message.id, 2, first.message_id)
    # Whoever was taken for gone has no say any more, unless the message was sent.
    assert settle(first, LATER) is None
    assert stored(message).state == "sending"
    settle(first, Sent())
    assert stored(message).state == "sent"
    assert settle(second, LATER) is None
    assert stored(message).state == "sent"


async def test_two_dispatchers_at_once_never_claim_the_same(put, box):
    for _ in range(40):
        put()
    rounds = [db.write(outbox.claim, box, now(), 5) for _ in range(8)]
    claimed = [parcel.id for parcels in await asyncio.gather(*rounds) for parcel in parcels]
    assert len(claimed) == len(set(claimed))
    while more := await db.write(outbox.claim, box, now(), 5):  # what was skipped while others held it
        claimed += [parcel.id for parcel in more]
    assert len(claimed) == len(set(claimed)) == 40


def test_the_oldest_goes_first(put, claim):
    late = put(at=now() - timedelta(minutes=1))
    early = put(at=now() - timedelta(minutes=2))
    put(at=now() + timedelta(minutes=1))
    assert [parcel.id for parcel in claim()] == [early.id, late.id]


def test_what_passes_waits_and_what_does_not_is_dead(put, claim):
    first, second = put(), put()
    for parcel in claim():
        settle(parcel, LATER if parcel.id == first.id else REFUSED)
    waits, dead = stored(first), stored(second)
    assert (waits.state, waits.error, waits.tries) == ("waiting", "outbox.error.later", 1)
    assert waits.detail == "450 4.2.0 <e•••@example.org> greylisted"
    assert timedelta(seconds=5) < waits.due_at - now() < timedelta(seconds=15)
    assert (dead.state, dead.error) == ("dead", "outbox.error.refused")
    assert dead.body and dead.address  # to be resent
    assert claim(waits.due_at + timedelta(seconds=1))[0].id == first.id
    assert db.read_now(outbox.counts) == {"waiting": 1, "dead": 1}


def test_without_a_mail_server_nothing_is_put(database, tmp_path):
    bare = Settings(data_dir=tmp_path)
    assert not outbox.can_mail(bare)
    with pytest.raises(Conflict):
        db.write_now(
            outbox.put, bare, now(), Recipient("address", "eve@example.org"), outbox.MessageTest(by="Ana")
        )


@pytest.mark.parametrize(
    "to",
    [
        Recipient("patient", "eve@example.org", new_id()),  # of no known kind, so far
        Recipient("person", "eve@example.org", new_id()),  # no such account
        Recipient("person", "eve@example.org"),
        *[
            Recipient("address", wrong)
            for wrong in ("", "eve", "a@b>\r\nRCPT TO:<c@d", "a@b,c@d", "a b@c", "a@", "@b")
        ],
    ],
    ids=lambda to: f"{to.kind} {bool(to.id)} {to.address}",
)
def test_the_gate_refuses_what_it_does_not_know(put, to):
    with pytest.raises(Forbidden):
        put(to)


def test_a_deactivated_account_gets_nothing_neither_at_once_nor_later(put, claim, carla):
    message = put(outbox.person(carla))
    change(carla, deactivated_at=now())
    with pytest.raises(Forbidden):
        put(outbox.person(carla))
    assert claim() == []
    assert (stored(message).state, stored(message).error) == ("dead", "outbox.error.not_allowed")
    change(carla, deactivated_at=None)
    db.write_now(outbox.resend, message.id, now(), by=BY)
    assert [parcel.id for parcel in claim()] == [message.id]


def test_an_address_that_is_no_longer_the_persons_gets_nothing(put, claim, carla):
    put(outbox.person(carla))
    change(carla, email="new@example.org")
    assert claim() == []


def test_a_link_that_ended_is_not_sent(put, claim):
    until = now() + timedelta(minutes=5)
    message = put(letter=outbox.PasswordReset(link="https://x", until=until))
    assert claim(until) == []
    assert (stored(message).state, stored(message).error) == ("dead", "outbox.error.expired")
    with pytest.raises(Conflict):
        db.write_now(outbox.resend, message.id, until, by=BY)


def test_what_was_written_with_another_key_is_dead_and_says_so(put, tmp_path):
    message = put()
    other = vault.of(Settings(data_dir=tmp_path / "other"))
    assert db.write_now(outbox.claim, other, now(), 10) == []
    assert stored(message).error == "errors.other_key"
    (trouble,) = db.read_now(outbox.troubled, other, now())
    assert trouble.to == ""


def test_dead_and_long_waiting_messages_are_shown_with_masked_addresses(put, claim, box):
    put(at=now() - LONG + timedelta(minutes=1))
    slow = put(at=now() - LONG - timedelta(minutes=1))
    dead = put(letter=outbox.Invitation("https://x", now() + timedelta(hours=24), "Ana", "viewer"))
    for parcel in claim():
        settle(parcel, REFUSED if parcel.id == dead.id else LATER)
    found = db.read_now(outbox.troubled, box, now())
    assert [(one.id, one.template, one.to, one.state) for one in found] == [
        (dead.id, "invitation", "e•••@example.org", "dead"),
        (slow.id, "test", "e•••@example.org", "waiting"),
    ]
    assert len(db.read_now(outbox.troubled, box, now(), 1)) == 1


def test_resending_and_giving_up_are_written_down(put, claim):
    first, second = put(), put()
    for parcel in claim():
        settle(parcel, REFUSED)
    db.write_now(outbox.resend, first.id, now(), by=BY)
    again = stored(first)
    assert (again.state, again.tries, again.error, again.detail) == ("waiting", 0, "", "")
    db.write_now(outbox.give_up, second.id, now(), by=BY)
    with pytest.raises(NotFound):
        stored(second)
    events = [(event, detail) for event, detail in db.read_now(audit.find, 10, object="message")]
    assert [(event.action, event.object_id) for event, _ in events] == [
        ("message.given_up", second.id.hex),
        ("message.resent", first.id.hex),
    ]
    assert all(isinstance(event, AuditEvent) and event.actor_id == BY.id for event, _ in events)
    assert events[0][1].before == {"state": "dead", "template": "test"}


def test_what_is_sent_or_under_way_is_neither_resent_nor_given_up(put, claim):
    message = put()
    (parcel,) = claim()
    for act in (outbox.resend, outbox.give_up):
        with pytest.raises(Conflict):
            db.write_now(act, message.id, now(), by=BY)
    settle(parcel, Sent())
    for act in (outbox.resend, outbox.give_up):
        with pytest.raises(Conflict):
            db.write_now(act, message.id, now(), by=BY)
        with pytest.raises(NotFound):
            db.write_now(act, new_id(), now(), by=BY)


def test_what_was_sent_a_month_ago_is_forgotten_and_nothing_else(put, claim):
    old, young, dead = put(), put(), put()
    for parcel in claim():
        settle(
            parcel,
            REFUSED if parcel.id == dead.id else Sent(),
            now() - (KEEP_SENT + timedelta(days=1) if parcel.id != young.id else timedelta(days=29)),
        )
    assert db.write_now(outbox.prune, now()) == 1
    with pytest.raises(NotFound):
        stored(old)
    assert (stored(young).state, stored(dead).state) == ("sent", "dead")


async def test_the_dispatcher_is_woken_when_it_is_committed_and_not_before(database, settings):
    bus, heard = LocalBus(), []
    bus.subscribe(outbox.TOPIC, heard.append)
    outbox.configure(bus)

    def put(session, fails):
        outbox.put(
            session, settings, now(), Recipient("address", "eve@example.org"), outbox.MessageTest(by="Ana")
        )
        if fails:
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        await db.write(put, True)
    await asyncio.sleep(0.05)
    assert heard == []
    await db.write(put, False)
    await asyncio.sleep(0.05)
    assert heard == [{}]


def test_addresses_are_masked_wherever_they_stand():
    said = "550 5.1.1 <ana.souza@example.org>: mail for bruno@sub.example.org (via x@y) refused"
    assert outbox.masked(said) == (
        "550 5.1.1 <a•••@example.org>: mail for b•••@sub.example.org (via x•••@y) refused"
    )


def change(account, **values):
    def apply(session):
        row = session.get(Account, account.id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)

    db.write_now(apply)
