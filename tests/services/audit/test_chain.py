"""The chain tells of every change, removal and cut, stays whole when details are erased, and goes on after pruning."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from models import AuditEvent
from models.base import new_id
from services import audit, db
from services.audit import Actor, Finding
from services.audit.head import Head
from services.clock import now

KEY = b"k" * 32
ANA = new_id()


@pytest.fixture
def head(database) -> Head:
    """A chain of ten events, the older ones first."""
    start = now() - timedelta(days=10)
    for number in range(10):
        by = Actor("person", ANA if number % 2 else new_id(), f"person {number}")
        at = start + timedelta(days=number)
        db.write_now(audit.record, at, by, "worker.retired", object_id=str(number), after={"workers": number})
    return db.write_now(audit.link_new, KEY, None)


def verdict(kept=None, key=KEY):
    return db.read_now(audit.verify, key, kept)


def spoil(statement, **values):
    with db.engine().begin() as connection:
        connection.execute(text(statement), values)


def test_an_untouched_chain_holds(head):
    found = verdict(head)
    assert (found.events, found.erased, found.waiting, found.findings) == (10, 0, 0, [])
    assert found.head == head
    assert head.number == 10


def test_new_events_wait_to_be_linked_and_are_linked_once(head):
    db.write_now(audit.record, now(), Actor("machine"), "compute.scaled")
    assert verdict(head).waiting == 1
    further = db.write_now(audit.link_new, KEY, head)
    assert further.number == 11
    assert db.write_now(audit.link_new, KEY, further) is None
    assert verdict(further).findings == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "worker.restarted"),
        ("outcome", "failed"),
        ("object_id", "4"),
        ("actor_kind", "machine"),
        ("scope", "clinic"),
        ("request_id", "other"),
        ("digest", "0" * 64),
        ("link", "0" * 64),
    ],
)
def test_a_changed_event_is_found(head, column, value):
    spoil(f"update audit_event set {column} = :value where number = 4", value=value)
    kinds = {(one.kind, one.number) for one in verdict(head).findings}
    assert ("changed", 4) in kinds
    assert not any(number < 4 for _, number in kinds)


def test_changed_details_are_found(head):
    spoil("update audit_detail set actor = 'somebody else' where actor = 'person 6'")
    assert verdict(head).findings == [Finding("detail_changed", 7)]


def test_a_removed_event_is_found(head):
    spoil("delete from audit_event where number = 5")
    assert verdict(head).findings == [Finding("removed", 5)]


def test_a_removed_beginning_is_found(head):
    spoil("delete from audit_event where number <= 3")
    assert verdict(head).findings == [Finding("removed", 1)]


def test_a_cut_end_is_found_by_the_head_outside(head):
    spoil("delete from audit_event where number > 7")
    assert verdict(None).findings == []
    assert verdict(head).findings == [Finding("cut_off", 8)]


def test_a_cut_end_stays_to_be_seen_when_the_chain_goes_on(head):
    spoil("delete from audit_event where number > 7")
    db.write_now(audit.record, now(), Actor("machine"), "compute.scaled")
    further = db.write_now(audit.link_new, KEY, head)
    assert further.number == 11
    assert verdict(further).findings == [Finding("removed", 8)]


def test_everything_removed_is_found(head):
    spoil("delete from audit_event")
    assert verdict(head).findings == [Finding("cut_off", 1)]


def test_an_end_written_anew_without_the_key_is_found(head):
    spoil("delete from audit_event where number > 7")
    for _ in range(3):
        db.write_now(audit.record, now(), Actor("machine"), "compute.scaled")
    db.write_now(audit.link_new, b"x" * 32, None)
    found = verdict(head).findings
    assert next(one for one in found if one.kind == "changed") == Finding("changed", 8)
    assert Finding("cut_off", 10) in found


def test_with_another_key_nothing_holds(head):
    assert len(verdict(head, key=b"x" * 32).findings) == 10


def test_erasing_a_persons_details_keeps_the_chain_whole(head):
    assert db.write_now(audit.erase, ANA) == 5
    found = verdict(head)
    assert (found.events, found.erased, found.findings) == (10, 5, [])


def test_pruning_leaves_a_sealed_checkpoint_from_which_the_rest_holds(head):
    assert db.write_now(audit.prune, KEY, now() - timedelta(days=5, hours=1), now()) == 5
    assert db.write_now(audit.prune, KEY, now() - timedelta(days=5, hours=1), now()) == 0
    found = verdict(head)
    assert (found.events, found.findings) == (5, [])
    spoil("update audit_checkpoint set number = 6")
    assert Finding("checkpoint", 6) in verdict(head).findings


def test_who_removes_more_and_moves_the_checkpoint_is_found(head):
    db.write_now(audit.prune, KEY, now() - timedelta(days=5, hours=1), now())
    with db.engine().connect() as connection:
        link = connection.execute(text("select link from audit_event where number = 7")).scalar_one()
    spoil("delete from audit_event where number <= 7")
    spoil("update audit_checkpoint set number = 7, link = :link", link=link)
    assert verdict(head).findings == [Finding("checkpoint", 7)]


def test_the_newest_event_always_stays(head):
    assert db.write_now(audit.prune, KEY, now() + timedelta(days=1), now()) == 9
    found = verdict(head)
    assert (found.events, found.findings) == (1, [])
    db.write_now(audit.record, now(), Actor("machine"), "compute.scaled")
    assert db.write_now(audit.link_new, KEY, head).number == 11


def test_many_events_are_linked_and_checked_in_parts(database, monkeypatch):
    monkeypatch.setattr("services.audit.chain.AT_ONCE", 4)
    for number in range(11):
        db.write_now(audit.record, now(), Actor("machine"), "compute.scaled", object_id=str(number))
    kept = None
    while head := db.write_now(audit.link_new, KEY, kept):
        kept = head
    assert kept.number == 11
    assert verdict(kept).events == 11
    assert verdict(kept).findings == []
    pruned = 0
    while some := db.write_now(audit.prune, KEY, now() + timedelta(days=1), now()):
        pruned += some
    assert pruned == 10


def test_the_head_is_kept_outside_and_a_broken_file_is_told(tmp_path):
    assert audit.read_head(tmp_path) is None
    audit.write_head(tmp_path, Head(7, "ab"))
    assert audit.read_head(tmp_path) == Head(7, "ab")
    assert (tmp_path / "audit-head.json").stat().st_mode & 0o777 == 0o600
    for broken in ("", "[]", '{"number": "x", "link": ""}', '{"number": 1}'):
        (tmp_path / "audit-head.json").write_text(broken)
        with pytest.raises(ValueError, match=r".*"):
            audit.read_head(tmp_path)


def test_rows_written_at_the_same_instant_are_all_linked(database):
    at = now()
    for _ in range(5):
        db.write_now(audit.record, at, Actor("machine"), "compute.scaled")
    assert db.write_now(audit.link_new, KEY, None).number == 5
    assert db.read_now(lambda session: len(session.exec(select(AuditEvent)).all())) == 5
