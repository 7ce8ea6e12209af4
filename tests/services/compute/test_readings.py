"""What the scheduler says becomes plain values, however odd it is."""

import json
import math
from dataclasses import replace

import pytest

from services.compute import readings, scheduler_side
from services.compute.readings import (
    MAX_PREFIXES,
    KnownWorkers,
    compute_event,
    compute_reading,
    group_reading,
    prefix_states,
    worker_reading,
    worker_readings,
    worker_row,
)

# One worker of `identity`, as Dask 2026.8 prints it.
WORKER = {
    "type": "Worker",
    "id": 0,
    "host": "127.0.0.1",
    "resources": {},
    "local_directory": "/var/dask/worker-x",
    "name": 0,
    "nthreads": 2,
    "memory_limit": 400000000,
    "last_seen": 1795194306.15,
    "services": {"dashboard": 43839},
    "status": "running",
    "nanny": "tcp://127.0.0.1:44891",
    "metrics": {
        "task_counts": {"memory": 5, "error": 1, "executing": 0},
        "bandwidth": {"total": 100000000, "workers": {}, "types": {}},
        "digests_total_since_heartbeat": {"tick-duration": 0.501},
        "managed_bytes": 140,
        "spilled_bytes": {"memory": 7, "disk": 9},
        "transfer": {"incoming_bytes": 0},
        "event_loop_interval": 0.0205,
        "cpu": 102.0,
        "memory": 66539520,
        "time": 1795194305.65,
        "host_net_io": {"read_bps": 489656.6, "write_bps": 1.5},
        "host_disk_io": {"read_bps": 2.5, "write_bps": 3.5},
        "num_fds": 20,
        "gpu_utilization": 50,
        "gpu_memory_used": 12345,
    },
}


def test_a_worker_of_today():
    reading = worker_reading("tcp://127.0.0.1:35093", WORKER)
    assert (reading.name, reading.address, reading.nanny) == (
        "0",
        "tcp://127.0.0.1:35093",
        "tcp://127.0.0.1:44891",
    )
    assert (reading.nthreads, reading.memory_limit, reading.memory) == (2, 400000000, 66539520)
    assert (reading.managed, reading.spilled, reading.cpu) == (140, 9, 102.0)
    assert reading.tasks == {"memory": 5, "error": 1}
    assert (reading.net_read, reading.net_write, reading.disk_read, reading.disk_write) == (
        489656.6,
        1.5,
        2.5,
        3.5,
    )
    assert (reading.event_loop, reading.fds) == (0.0205, 20)
    assert reading.extra == {"gpu_utilization": 50.0, "gpu_memory_used": 12345.0}
    assert reading.directory == "/var/dask/worker-x"


def test_a_worker_that_has_said_nothing_yet():
    reading = worker_reading("tcp://a:1", {"name": "w", "metrics": {}, "nanny": None, "memory_limit": None})
    assert (reading.memory, reading.tasks, reading.nanny, reading.memory_limit) == (0, {}, None, 0)


def test_a_worker_of_before_2022_10_counts_its_tasks_otherwise():
    metrics = {"executing": 2, "in_memory": 3, "ready": 0, "in_flight": 1, "cpu": 5.0}
    reading = worker_reading("tcp://a:1", {"name": "w", "metrics": metrics})
    assert reading.tasks == {"executing": 2, "memory": 3, "flight": 1}


@pytest.mark.parametrize("odd", [None, "x", [], {"a": "b"}, math.nan, math.inf, -5, True, 10**400])
def test_odd_numbers_become_none(odd):
    metrics = {
        "memory": odd,
        "managed_bytes": odd,
        "spilled_bytes": odd,
        "host_net_io": odd,
        "task_counts": odd,
    }
    reading = worker_reading("tcp://a:1", {"name": "w", "nthreads": odd, "metrics": metrics})
    assert (reading.nthreads, reading.memory, reading.managed, reading.spilled, reading.tasks) == (
        0,
        0,
        0,
        0,
        {},
    )
    json.dumps(reading.extra, allow_nan=False)


def test_hostile_names_are_cut_and_cleaned():
    reading = worker_reading("tcp://a:1", {"name": "x\n\x1b[31m" + "y" * 10_000, "metrics": {}})
    assert len(reading.name) == 200
    assert reading.name.isprintable()


def test_further_metrics_are_kept_up_to_a_number():
    metrics = {f"m{i}": i for i in range(1000)}
    assert len(worker_reading("tcp://a:1", {"name": "w", "metrics": metrics}).extra) == 30


def test_an_identity_becomes_a_reading():
    identity = {
        "id": "Scheduler-1",
        "address": "tcp://a:8786",
        "started": 5.5,
        "workers": {"tcp://a:1": WORKER},
    }
    workers = worker_readings(identity)
    reading = compute_reading(identity, workers, at=9.0, prefixes={}, groups=(), via="rpc", took=0.5)
    assert (reading.scheduler_id, reading.started, len(reading.workers)) == ("Scheduler-1", 5.5, 1)


@pytest.mark.parametrize("answer", [None, "hello", {}, {"workers": []}, ["workers"]])
def test_what_is_no_identity_is_refused(answer):
    with pytest.raises(ValueError, match="identity"):
        worker_readings(answer)


# The same worker as our plugin tells of it.
ROW = (
    0,
    "127.0.0.1",
    "tcp://127.0.0.1:44891",
    2,
    400000000,
    66539520,
    140,
    9,
    102.0,
    1795194306.15,
    {"memory": 5, "error": 1, "executing": 0},
    489656.6,
    1.5,
    2.5,
    3.5,
    0.0205,
    20,
    {"gpu_utilization": 50, "gpu_memory_used": 12345},
    "/var/dask/worker-x",
    7,
    1,
)


def test_a_row_says_what_the_identity_says():
    told = replace(worker_reading("tcp://a:1", WORKER), ended=7, erred=1)
    assert worker_row("tcp://a:1", "running", ROW) == told


def test_a_row_of_nothing_is_a_worker_that_has_said_nothing_yet():
    assert worker_row("tcp://a:1", "running", (None,) * 21) == replace(
        worker_reading("tcp://a:1", {}), ended=0
    )


@pytest.mark.parametrize("row", [None, {}, "text", ROW[:-1]])
def test_what_is_no_row_is_refused(row):
    with pytest.raises(ValueError, match="row"):
        worker_row("tcp://a:1", "running", row)


def said(now, statuses, *changed):
    """An answer that names the status of all workers and has the rows of some."""
    return {
        "now": now,
        "statuses": statuses,
        "workers": {address: (address, *ROW[1:]) for address in changed},
    }


def test_workers_not_heard_from_keep_their_reading():
    known = KnownWorkers()
    assert known.since is None
    first = known.update(said(10.0, {"a": "running", "b": "running"}, "a", "b"))
    assert known.since == 10.0
    second = known.update(said(11.0, {"a": "running", "b": "running"}, "b"))
    assert second[0] is first[0]
    assert second[1] is not first[1]


def test_a_status_changes_without_being_heard_from():
    known = KnownWorkers()
    known.update(said(10.0, {"a": "running"}, "a"))
    (worker,) = known.update(said(11.0, {"a": "paused"}))
    assert (worker.status, worker.memory) == ("paused", 66539520)


def test_workers_that_left_are_no_longer_there():
    known = KnownWorkers()
    known.update(said(10.0, {"a": "running", "b": "running"}, "a", "b"))
    assert [w.address for w in known.update(said(11.0, {"b": "running"}))] == ["b"]


@pytest.mark.parametrize("answer", [None, {}, {"statuses": None}, "text"])
def test_what_tells_nothing_of_workers_does_not_make_them_vanish(answer):
    known = KnownWorkers()
    known.update(said(10.0, {"a": "running"}, "a"))
    with pytest.raises(ValueError, match="workers"):
        known.update(answer)


def test_a_worker_nobody_told_of_takes_an_answer_with_all():
    known = KnownWorkers()
    known.update(said(10.0, {"a": "running"}, "a"))
    assert known.update(said(11.0, {"a": "running", "new": "running"}, "a")) is None
    assert known.since is None


def test_prefixes_keep_what_is_above_zero():
    assert prefix_states({"inc": {"memory": 2, "erred": 0}, "odd": None}) == {"inc": {"memory": 2}, "odd": {}}


def test_of_too_many_prefixes_the_busiest_stay_and_sums_stay_right():
    many = {f"p{i}": {"memory": i} for i in range(MAX_PREFIXES + 500)}
    states = prefix_states(many)
    assert len(states) == MAX_PREFIXES + 1
    assert sum(s.get("memory", 0) for s in states.values()) == sum(range(MAX_PREFIXES + 500))
    assert "p0" not in states


def test_a_group_row():
    group = group_reading(("inc", {"memory": 3, "waiting": 0}, 28, 1.5, 10.0, 12.0))
    assert (group.name, group.states, group.nbytes, group.duration) == ("inc", {"memory": 3}, 28, 1.5)
    assert group_reading(("inc",)) is None
    assert group_reading(None) is None


def test_an_event_is_safe_for_json_and_short():
    message = {
        "action": "remove-worker",
        "worker": "tcp://a:1",
        "processing-tasks": [("x", i) for i in range(100_000)],
        "lost-computed-tasks": ["y"],
        "expected": True,
        "function": b"\x80pickled",
        "nested": {"a": {"b": {"c": 1}}},
    }
    event = compute_event("all", (12.5, message))
    assert (event.at, event.action, event.worker) == (12.5, "remove-worker", "tcp://a:1")
    assert event.detail["processing-tasks"] == 100_000
    assert event.detail["lost-computed-tasks"] == ["y"]
    assert event.detail["expected"] is True
    assert event.detail["function"] is None
    assert len(json.dumps(event.detail)) < 1000


@pytest.mark.parametrize("odd", [None, (), (1,), "event", (1, 2, 3)])
def test_what_is_no_event_is_none(odd):
    assert compute_event("all", odd) is None


def test_an_event_without_a_map_still_has_its_topic():
    assert compute_event("print", (1.0, "hello")).action == "print"


def test_both_ends_agree_on_what_has_a_place_in_a_row():
    assert readings._KNOWN == scheduler_side.TAKEN
