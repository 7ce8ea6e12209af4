"""Events of workers come back newest first, by compute, by worker and by time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services import db, worker_events, workers
from services.compute.inventory import WorkerChange, new_worker_id

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONE, OTHER = new_worker_id(), new_worker_id()


def change(second: float, kind: str = "joined", worker: str = ONE, **more: str) -> WorkerChange:
    at = NOON.timestamp() + second
    return WorkerChange(at, worker, more.get("name", "w"), kind, more.get("by"), more.get("detail", ""))


@pytest.fixture
def compute(database: str) -> UUID:
    return db.write_now(workers.ensure_compute, "embedded", NOON)


def test_latest_come_first_and_can_be_paged(compute: UUID) -> None:
    db.write_now(worker_events.add, compute, [change(second // 2) for second in range(10)])
    seen: list[UUID] = []
    before = None
    while page := db.read_now(worker_events.latest, compute, 3, before):
        assert [event.at for event in page] == sorted((event.at for event in page), reverse=True)
        seen += [event.id for event in page]
        before = (page[-1].at, page[-1].id)
    assert len(seen) == len(set(seen)) == 10


def test_who_did_it_is_kept(compute: UUID) -> None:
    db.write_now(worker_events.add, compute, [change(0, "retired", by="Ana", detail="tcp://w:1")])
    (event,) = db.read_now(worker_events.latest, compute)
    assert (event.kind, event.by, event.detail, event.worker_id.hex) == ("retired", "Ana", "tcp://w:1", ONE)


def test_events_of_others_do_not_show(compute: UUID) -> None:
    elsewhere = db.write_now(workers.ensure_compute, "tcp://other:8786", NOON)
    db.write_now(worker_events.add, compute, [change(0), change(1, worker=OTHER)])
    db.write_now(worker_events.add, elsewhere, [change(2)])
    assert len(db.read_now(worker_events.latest, compute)) == 2
    assert [event.at for event in db.read_now(worker_events.of_worker, UUID(OTHER))] == [
        NOON + timedelta(seconds=1)
    ]


def test_marks_of_a_plot_are_the_newest_in_its_range_in_order(compute: UUID) -> None:
    db.write_now(worker_events.add, compute, [change(second) for second in range(10)])
    span = NOON + timedelta(seconds=2), NOON + timedelta(seconds=8)
    found = db.read_now(worker_events.between, compute, *span)
    assert [event.at.second for event in found] == [2, 3, 4, 5, 6, 7]
    found = db.read_now(worker_events.between, compute, *span, limit=2)
    assert [event.at.second for event in found] == [6, 7]


def test_long_words_from_outside_fit(compute: UUID) -> None:
    db.write_now(worker_events.add, compute, [change(0, name="n" * 999, by="b" * 999, detail="d" * 999)])
    assert len(db.read_now(worker_events.latest, compute)) == 1


def test_old_events_are_forgotten(compute: UUID) -> None:
    db.write_now(worker_events.add, compute, [change(0), change(60)])
    assert db.write_now(worker_events.prune, NOON + timedelta(days=400, seconds=1)) == 1
    assert len(db.read_now(worker_events.latest, compute)) == 1
