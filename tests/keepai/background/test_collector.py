"""What the collector tells when things are away: the compute, the database."""

import asyncio
import contextlib

import pytest

from keepai.background import collector
from services import db, probes, worker_events, workers
from services.bus import LocalBus
from services.clock import now
from services.compute.inventory import WorkerChange, WorkerEntry
from services.feed import Feed
from services.settings import Settings


@pytest.fixture
def nowhere(tmp_path):
    """Settings that name a scheduler where nothing listens."""
    return Settings(data_dir=tmp_path, dask_scheduler="tcp://127.0.0.1:1")


async def collect(settings, seconds, meanwhile=None):
    """The snapshots of so many seconds."""
    bus, seen = LocalBus(), []
    bus.subscribe("snapshot", seen.append)
    task = asyncio.create_task(collector.run(settings, bus, Feed()))
    try:
        async with asyncio.timeout(30):
            while len(seen) < seconds:
                await asyncio.sleep(0.05)
                if meanwhile and len(seen) == 1:
                    meanwhile()
                    meanwhile = None
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task
    return seen


async def test_a_compute_out_of_reach_is_said_with_reason_and_since_when(database, nowhere):
    first, *_, last = await collect(nowhere, 3)
    assert last["compute"]["state"] == "out_of_reach"
    assert last["compute"]["reason"] == "compute.reason.refused"
    assert last["compute"]["since"] == first["compute"]["since"] < last["at"]
    assert not last["compute"]["embedded"]


async def test_workers_of_before_keep_their_place_as_unknown(database, nowhere):
    compute = db.write_now(workers.ensure_compute, nowhere.dask_scheduler, now())
    entry = WorkerEntry(
        "01a1fa865c6d72799aa314371462c8d3", "ipe-1", "h", "tcp://h:1", None, "running", 1.0, None, 1.0, 0
    )
    db.write_now(workers.save, compute, (entry,))
    *_, last = await collect(nowhere, 2)
    assert [(row["name"], row["state"]) for row in last["workers"]] == [("ipe-1", "unknown")]
    assert last["totals"]["workers"] == 0


async def test_who_took_a_worker_off_the_list_and_who_brought_it_back_is_shown_at_once(database, nowhere):
    compute = db.write_now(workers.ensure_compute, nowhere.dask_scheduler, now())
    names = {"01a1fa865c6d72799aa314371462c8d3": "ipe-1", "01a1fa865c6d72799aa314371462c8d4": "ipe-2"}
    gone = [
        WorkerEntry(number, name, "h", "tcp://h:1", None, "lost", now().timestamp(), None, 1.0, 0)
        for number, name in names.items()
    ]
    db.write_now(workers.save, compute, gone)
    one = collector.Collector(nowhere, LocalBus(), Feed())
    await one._load()
    one._on_forget({"workers": [*names, "nobody"], "by": "Ana", "at": 5.0})
    assert one._snapshot(None, 6.0)["workers"] == []
    one._on_restore({"workers": [workers.to_message(gone[1])], "by": "Bruno", "at": 7.0})
    seen = one._snapshot(None, 8.0)
    assert [(row["name"], row["state"]) for row in seen["workers"]] == [("ipe-2", "lost")]
    assert [(event["worker"], event["kind"], event["by"]) for event in seen["events"]] == [
        ("ipe-2", "restored", "Bruno"),
        ("ipe-2", "removed", "Ana"),
        ("ipe-1", "removed", "Ana"),
    ]


async def test_a_list_that_was_changed_by_hand_amid_a_write_is_stored_once_more(database, nowhere):
    compute = db.write_now(workers.ensure_compute, nowhere.dask_scheduler, now())
    entry = WorkerEntry(
        "01a1fa865c6d72799aa314371462c8d3", "ipe-1", "h", "h", None, "lost", now().timestamp(), None, 1.0, 0
    )
    db.write_now(workers.save, compute, (entry,))
    one = collector.Collector(nowhere, LocalBus(), Feed())
    await one._load()
    one._on_forget(
        {"workers": [entry.id], "by": "Ana", "at": 5.0}
    )  # what she deleted was written back meanwhile
    await one._store()
    assert db.read_now(workers.load, compute) == ()
    one._on_restore({"workers": [workers.to_message(entry)], "by": "Ana", "at": 6.0})
    await one._store()
    assert [kept.name for kept in db.read_now(workers.load, compute)] == ["ipe-1"]


async def test_a_database_that_goes_away_does_not_stop_the_snapshots(database, nowhere):
    def away():
        db.configure("sqlite:////proc/no/such/place.db")

    seen = await collect(nowhere, 4, meanwhile=away)
    assert len(seen) >= 4


async def test_what_happened_while_the_database_was_away_is_stored_later(database, nowhere, monkeypatch):
    monkeypatch.setattr(collector, "STORE_EVERY", 0.05)
    one = collector.Collector(nowhere, LocalBus(), Feed())
    await one._load()
    one._to_store.append(
        WorkerChange(1_800_000_000.0, "01a1fa865c6d72799aa314371462c8d3", "ipe-1", "lost", None, "tcp://h:1")
    )
    real = db.write

    async def broken(*_args, **_kwargs):
        raise OSError("the database is away")

    monkeypatch.setattr(db, "write", broken)
    task = asyncio.create_task(one._store_often())
    await asyncio.sleep(0.3)
    assert len(one._to_store) == 1
    monkeypatch.setattr(db, "write", real)
    async with asyncio.timeout(10):
        while one._to_store:
            await asyncio.sleep(0.05)
    task.cancel()
    stored = db.read_now(worker_events.latest, one._compute_id)
    assert [(event.worker_name, event.kind) for event in stored] == [("ipe-1", "lost")]


def test_results_that_could_not_be_kept_are_shown_all_the_same():
    result = probes.ProbeResult("down", None, "probes.reason.refused")
    (row,) = [probes.as_row(status) for status in probes.unsaved({"database": result}, now())]
    assert (row["name"], row["state"], row["reason"]) == ("database", "down", "probes.reason.refused")
