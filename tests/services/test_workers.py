"""The list of workers is the same after a restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgpack
import pytest
from sqlmodel import select

from models import Worker
from services import db, worker_events, workers
from services.compute.inventory import WorkerEntry, new_worker_id
from services.compute.readings import WorkerReading
from services.errors import Conflict, NotFound

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
READING = WorkerReading(
    address="tcp://10.0.0.1:4000",
    name="w1",
    host="10.0.0.1",
    nanny="tcp://10.0.0.1:4001",
    status="running",
    nthreads=4,
    memory_limit=8 * 2**30,
    memory=3 * 2**30,
    managed=2**30,
    spilled=0,
    cpu=101.5,
    last_seen=NOON.timestamp(),
    tasks={"executing": 4, "memory": 12},
    net_read=1.5,
    net_write=2.5,
    disk_read=0.0,
    disk_write=0.0,
    event_loop=0.02,
    fds=20,
    extra={"gpu_utilization": 55.0},
)


def entry(name: str = "w1", **changes) -> WorkerEntry:
    made = WorkerEntry(
        id=new_worker_id(),
        name=name,
        host="10.0.0.1",
        address=READING.address,
        nanny=READING.nanny,
        state="running",
        since=NOON.timestamp() + 0.25,
        reading=READING,
        first_seen=NOON.timestamp(),
        restarts=2,
    )
    return replace(made, **changes)


@pytest.fixture
def compute(database: str) -> UUID:
    return db.write_now(workers.ensure_compute, "embedded", NOON)


def test_a_compute_keeps_its_id(compute: UUID) -> None:
    assert db.write_now(workers.ensure_compute, "embedded", NOON) == compute
    assert db.write_now(workers.ensure_compute, "tcp://other:8786", NOON) != compute


def test_the_list_is_the_same_after_a_restart(compute: UUID) -> None:
    entries = (entry("w1"), entry("w2", nanny=None, reading=None, state="lost"), entry("w3"))
    db.write_now(workers.save, compute, entries)
    assert db.read_now(workers.load, compute) == entries


def test_changes_are_saved_and_workers_that_left_the_list_are_gone(compute: UUID) -> None:
    one, two = entry("w1"), entry("w2")
    db.write_now(workers.save, compute, (one, two))
    moved = replace(one, address="tcp://10.0.0.1:5555", state="restarted", restarts=3)
    db.write_now(workers.save, compute, (moved,))
    assert db.read_now(workers.load, compute) == (moved,)


def test_figures_alone_are_written_only_on_an_orderly_stop(compute: UUID) -> None:
    one = entry()
    db.write_now(workers.save, compute, (one,))
    busy = replace(one, reading=replace(READING, cpu=399.0))
    db.write_now(workers.save, compute, (busy,))
    assert db.read_now(workers.load, compute) == (one,)
    db.write_now(workers.save, compute, (busy,), readings=True)
    assert db.read_now(workers.load, compute) == (busy,)


def test_the_last_figures_of_a_lost_worker_are_kept(compute: UUID) -> None:
    one = entry()
    db.write_now(workers.save, compute, (one,))
    lost = replace(one, state="lost", reading=replace(READING, memory=7 * 2**30))
    db.write_now(workers.save, compute, (lost,))
    assert db.read_now(workers.load, compute) == (lost,)


def test_workers_of_another_compute_are_left_alone(compute: UUID) -> None:
    elsewhere = db.write_now(workers.ensure_compute, "tcp://other:8786", NOON)
    theirs = entry("theirs")
    db.write_now(workers.save, elsewhere, (theirs,))
    db.write_now(workers.save, compute, ())
    assert db.read_now(workers.load, elsewhere) == (theirs,)


def test_figures_in_a_shape_of_another_version_do_not_stop_the_start(compute: UUID) -> None:
    db.write_now(workers.save, compute, (entry(),))

    def spoil(session) -> None:
        row = session.exec(select(Worker)).one()
        row.reading = {"cpu": 1.0, "unheard_of": True}
        session.add(row)

    db.write_now(spoil)
    (found,) = db.read_now(workers.load, compute)
    assert found.reading is None


def test_a_lost_worker_is_taken_off_by_hand(compute: UUID) -> None:
    lost = entry(state="lost")
    db.write_now(workers.save, compute, (lost,))
    db.write_now(workers.forget, compute, lost.id, "Ana", NOON)
    assert db.read_now(workers.load, compute) == ()
    (event,) = db.read_now(worker_events.latest, compute)
    assert (event.kind, event.by, event.worker_name) == ("removed", "Ana", "w1")


def test_what_was_taken_off_comes_back_as_it_was_and_who_did_both_is_known(compute: UUID) -> None:
    first, lost, last = entry("w1"), entry("w2", state="lost"), entry("w3", state="lost", reading=None)
    db.write_now(workers.save, compute, (first, lost, last))
    taken = [db.write_now(workers.forget, compute, one.id, "Ana", NOON) for one in (last, lost)]
    assert taken == [last, lost]
    sent = [workers.from_message(msgpack.unpackb(msgpack.packb(workers.to_message(one)))) for one in taken]
    db.write_now(workers.restore, compute, sent, "Bruno", NOON + timedelta(seconds=9))
    assert db.read_now(workers.load, compute) == (first, lost, last)
    kinds = [(e.kind, e.by, e.worker_name) for e in db.read_now(worker_events.latest, compute)]
    assert sorted(kinds[:2]) == [("restored", "Bruno", "w2"), ("restored", "Bruno", "w3")]
    assert sorted(kinds[2:]) == [("removed", "Ana", "w2"), ("removed", "Ana", "w3")]


def test_coming_back_twice_does_no_harm(compute: UUID) -> None:
    lost = entry(state="lost")
    db.write_now(workers.save, compute, (lost,))
    db.write_now(workers.restore, compute, [lost], "Ana", NOON)
    assert db.read_now(workers.load, compute) == (lost,)


def test_only_lost_workers_of_this_compute_can_be_taken_off(compute: UUID) -> None:
    running, lost = entry(), entry(state="lost")
    elsewhere = db.write_now(workers.ensure_compute, "tcp://other:8786", NOON)
    db.write_now(workers.save, compute, (running,))
    db.write_now(workers.save, elsewhere, (lost,))
    with pytest.raises(Conflict):
        db.write_now(workers.forget, compute, running.id, "Ana", NOON)
    for absent in (lost.id, new_worker_id(), "", "../../etc/passwd", "0" * 400):
        with pytest.raises(NotFound):
            db.write_now(workers.forget, compute, absent, "Ana", NOON)


def test_a_worker_lost_for_a_day_is_forgotten(compute: UUID) -> None:
    lost, running = entry("w1", state="lost"), entry("w2")
    db.write_now(workers.save, compute, (lost, running))
    assert db.write_now(workers.prune, NOON + timedelta(hours=24)) == 0
    assert db.write_now(workers.prune, NOON + timedelta(hours=24, seconds=1)) == 1
    assert db.read_now(workers.load, compute) == (running,)
