"""What was measured and what happened, for programs and as files."""

import csv
import io
import time
from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest

from keepai.api.history import Window
from models import TaskGroupRun, WorkerEvent
from models.base import new_id
from services import db, history, live, task_stream, workers
from services.clock import now
from services.compute.stream import Step, TaskStream
from tests.keepai.around import snapshot, worker

WORKER = "0192f0c0000070008000000000000001"


@pytest.fixture
async def compute(database):
    """A compute with two minutes of samples."""
    compute_id = db.write_now(workers.ensure_compute, "embedded", now())
    recorder = history.Recorder()
    at = now().timestamp() - 300
    for second in range(120):
        labels = {"kind": "compute", "compute": str(compute_id)}
        recorder.add(at + second, labels, {"cpu": float(second), "memory": 2.0**30})
        recorder.add(at + second, {**labels, "kind": "worker", "worker": WORKER}, {"cpu": 50.0})
    await recorder.flush(now().timestamp(), everything=True)
    return compute_id


@pytest.fixture
def carlas(client, carla, enter):
    """A browser in which a viewer is signed in."""
    enter(client, carla)
    return client


def measured(plot, metric):
    return [value for value in plot["metrics"][metric]["mean"] if value is not None]


async def test_a_range_of_the_compute(carlas, compute):
    answer = await carlas.get("/api/v1/history?range=15m")
    assert answer.headers["content-disposition"] == 'attachment; filename="keepai-compute.json"'
    (plot,) = answer.json()["plots"]
    assert plot["labels"] == {"kind": "compute", "compute": str(compute)}
    assert measured(plot, "cpu")[0] < 5
    assert max(measured(plot, "cpu")) > 100
    assert set(measured(plot, "memory")) == {2**30}
    assert measured(plot, "queued") == []


async def test_as_csv_with_empty_cells_where_nothing_was_measured(carlas, compute):
    answer = await carlas.get("/api/v1/history?range=15m&metric=cpu&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert {"time", "kind", "cpu", "cpu_min", "cpu_max"} <= rows[0].keys()
    assert "memory" not in rows[0]
    assert "" in {row["cpu"] for row in rows}
    assert any(row["cpu"] for row in rows)


async def test_of_one_worker(carlas, compute):
    (plot,) = (await carlas.get(f"/api/v1/history?subject=worker:{WORKER}&metric=cpu")).json()["plots"]
    assert set(measured(plot, "cpu")) == {50}


async def test_the_compute_of_the_snapshot_goes_first(carlas, compute):
    live.publish(snapshot())
    (plot,) = (await carlas.get("/api/v1/history")).json()["plots"]
    assert plot["labels"]["compute"] == snapshot()["compute"]["id"] != str(compute)


async def test_moments_in_both_ways_of_writing(carlas, compute):
    at = now() - timedelta(seconds=240)
    ways = [
        str(at.timestamp()),
        at.isoformat(),
        at.isoformat().replace("+00:00", "Z"),
        at.replace(tzinfo=None).isoformat(),
    ]
    found = []
    for way in ways:
        answer = await carlas.get(
            "/api/v1/history", params={"start": way, "metric": "cpu", "resolution": "1"}
        )
        found.append(measured(answer.json()["plots"][0], "cpu")[:20])
    assert found[0]
    assert all(values == found[0] for values in found)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"range": "2h"}, "range"),
        ({"range": "x" * 9000}, "range"),
        ({"start": "yesterday"}, "start"),
        ({"start": "9" * 11}, "start"),
        ({"start": "9" * 40}, "start"),
        ({"start": "x" * 100}, "start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start"),
        ({"start": "9999-12-31T23:59:59-14:00"}, "start"),
        ({"start": "NaN"}, "start"),
        ({"start": "-1"}, "start"),
        ({"start": "2026-01-02", "end": "2026-01-01"}, "start"),
        ({"start": "2100-01-01"}, "start"),
        ({"end": "\x00"}, "end"),
        ({"points": "0"}, "points"),
        ({"points": "5001"}, "points"),
        ({"points": "1e9"}, "points"),
        ({"points": "many"}, "points"),
        ({"points": "9" * 5000}, "points"),
        ({"resolution": "7"}, "resolution"),
        ({"format": "xml"}, "format"),
        ({"metric": "cpu; DROP TABLE"}, "metric"),
        ({"metric": ["cpu"] * 21}, "metric"),
        ({"metric": "x" * 100}, "metric"),
        ({"subject": "worker:"}, "subject"),
        ({"subject": "worker:tcp://1.2.3.4:5"}, "subject"),
        ({"subject": "worker:" + "g" * 32}, "subject"),
        ({"subject": "planet"}, "subject"),
        ({"subject": "compute\n"}, "subject"),
        ({"subject": "probe:" + "x" * 90}, "subject"),
    ],
)
async def test_bad_input_is_told_by_its_field(carlas, compute, params, field):
    answer = await carlas.get("/api/v1/history", params=params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"].split(".")[0] == field
    assert error["detail"]
    assert len(answer.content) < 2000


@pytest.mark.parametrize("range_", ["15m", "1h", "24h", "7d"])
@pytest.mark.parametrize("resolution", ["1", "60", "3600", None])
async def test_every_range_at_every_resolution_is_small(carlas, compute, range_, resolution):
    params = {"range": range_} | ({"resolution": resolution} if resolution else {})
    (plot,) = (await carlas.get("/api/v1/history", params=params)).json()["plots"]
    assert len(plot["times"]) <= 501


async def test_a_range_of_all_time_is_answered(carlas, compute):
    answer = await carlas.get("/api/v1/history?start=0&end=9999999999")
    assert answer.status_code == 200


async def test_what_was_never_measured_is_empty_and_no_error(carlas, compute):
    for subject in ("worker:" + "0" * 32, "probe:nothing"):
        (plot,) = (await carlas.get("/api/v1/history", params={"subject": subject})).json()["plots"]
        assert all(not measured(plot, metric) for metric in plot["metrics"])


async def test_before_there_is_a_compute_there_is_nothing_to_find(carlas):
    for path in ("history", "events", "task-groups"):
        assert (await carlas.get(f"/api/v1/{path}")).status_code == 404


@pytest.fixture
def events(compute):
    """Five events, two of them in the same instant."""
    at = now()
    kinds = ["joined", "paused", "resumed", "lost", "restarted"]
    rows = [
        WorkerEvent(
            at=at - timedelta(seconds=max(0, n - 1)),
            compute_id=compute,
            worker_id=UUID(WORKER) if n != 2 else new_id(),
            worker_name=f"w{n}" if n else "=1+1",
            kind=kind,
        )
        for n, kind in enumerate(kinds)
    ]
    db.write_now(lambda session: session.add_all(rows))
    return kinds


async def test_events_come_page_by_page_and_each_once(carlas, events):
    seen, cursor = [], ""
    for _ in range(10):
        body = (await carlas.get("/api/v1/events", params={"limit": 2, "cursor": cursor})).json()
        seen += [item["kind"] for item in body["items"]]
        cursor = body["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(events)
    assert seen[-1] == "restarted"


async def test_events_of_one_worker(carlas, events):
    body = (await carlas.get(f"/api/v1/events?worker={WORKER}&fields=kind,at")).json()
    assert sorted(item["kind"] for item in body["items"]) == ["joined", "lost", "paused", "restarted"]
    assert body["items"][0].keys() == {"kind", "at"}
    assert body["items"][0]["at"].endswith("Z")
    assert body["next_cursor"] is None


async def test_events_as_csv_are_all_of_them_and_harmless(carlas, events, monkeypatch):
    monkeypatch.setattr("services.worker_events.MOST", 2)
    text = (await carlas.get("/api/v1/events?format=csv&limit=1")).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert sorted(row["kind"] for row in rows) == sorted(events)
    assert "'=1+1" in {row["worker_name"] for row in rows}


async def test_task_groups_come_page_by_page(carlas, compute):
    at = now()
    rows = [
        TaskGroupRun(finished_at=at - timedelta(seconds=n // 2), compute_id=compute, name=f"g{n}", tasks=n)
        for n in range(5)
    ]
    db.write_now(lambda session: session.add_all(rows))
    first = (await carlas.get("/api/v1/task-groups?limit=3")).json()
    rest = (await carlas.get("/api/v1/task-groups", params={"cursor": first["next_cursor"]})).json()
    assert sorted(item["name"] for item in first["items"] + rest["items"]) == ["g0", "g1", "g2", "g3", "g4"]
    assert rest["items"][-1]["name"] == "g4"
    assert rest["items"][-1]["started_at"] is None
    assert (await carlas.get("/api/v1/task-groups?format=csv")).text.count("\r\n") == 6


@pytest.mark.parametrize("path", ["events", "task-groups"])
@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "%%%"}, "cursor"),
        ({"cursor": "ü"}, "cursor"),
        (
            {"cursor": "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwwMTkyZjBjMDAwMDA3MDAwODAwMDAwMDAwMDAwMDAwMQ"},
            "cursor",
        ),
        ({"cursor": "A" * 201}, "cursor"),
        ({"fields": "kind,password"}, "fields"),
        ({"fields": "x" * 401}, "fields"),
        ({"format": "pdf"}, "format"),
    ],
)
async def test_bad_list_parameters_are_told_by_their_field(carlas, compute, path, params, field):
    answer = await carlas.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.fixture
def stretches(monkeypatch):
    """Work that the scheduler told of, in a compute that answers no more."""
    at = time.time()
    stream = TaskStream()
    stream._steps.extend(
        Step("tcp://h:1", "7", f"load-{ago}", "compute", at - ago - 2, at - ago, ago == 30)
        for ago in (400, 30, 10)
    )
    stream._steps.append(Step("tcp://gone:1", "8", "=1+1", "transfer", -(10.0**300), at, False))
    monkeypatch.setattr(task_stream, "_stream", stream)
    live.publish(snapshot(workers=[worker("ipe-1", address="tcp://h:1")]))


async def test_the_task_stream_of_a_window(carlas, stretches):
    answer = await carlas.get("/api/v1/task-stream.json?window=5m")
    assert answer.headers["content-disposition"] == 'attachment; filename="keepai-task-stream.json"'
    items = answer.json()["items"]
    assert [item["prefix"] for item in items] == ["load-30", "load-10", "=1+1"]
    first, _, last = items
    assert (first["worker_name"], first["worker_id"], first["erred"]) == ("ipe-1", "ipe-1", True)
    assert first["seconds"] == pytest.approx(2) and first["stop"] > first["start"]
    assert (last["start"], first["start"][-1]) == (None, "Z")
    assert (last["worker_name"], last["address"], last["action"]) == ("", "tcp://gone:1", "transfer")
    assert len((await carlas.get("/api/v1/task-stream?window=30m")).json()["items"]) == 4
    text = (await carlas.get("/api/v1/task-stream?format=csv&fields=prefix,thread")).text
    assert text.split() == ["prefix,thread", "load-30,7", "load-10,7", "'=1+1,8"]


async def test_the_task_stream_before_there_is_any(carlas):
    assert (await carlas.get("/api/v1/task-stream")).json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("params", "field"),
    [({"window": "2h"}, "window"), ({"window": "5m\x00"}, "window"), ({"fields": "stack"}, "fields")],
)
async def test_a_window_that_there_is_not(carlas, stretches, params, field):
    answer = await carlas.get("/api/v1/task-stream", params=params)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_every_window_of_the_page_can_be_downloaded():
    assert set(get_args(Window)) == set(task_stream.WINDOWS)


@pytest.mark.parametrize("worker", ["x", "tcp://1.2.3.4:5", "0" * 31, "0" * 33, "G" * 32, "\x00"])
async def test_events_of_what_is_no_worker(carlas, compute, worker):
    answer = await carlas.get("/api/v1/events", params={"worker": worker})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "worker")


async def query(client, **params):
    answer = await client.get("/api/v1/metrics/query", params={"metric": "cpu", **params})
    return answer.status_code, answer.json()


async def test_a_metric_of_all_that_have_it(carlas, compute):
    status, body = await query(carlas)
    assert status == 200
    found = {one["labels"]["kind"]: one["points"] for one in body["items"]}
    assert found.keys() == {"compute", "worker"}
    point = found["compute"][0]
    assert point["at"].endswith("Z") and point["min"] <= point["mean"] <= point["max"]
    assert {point["mean"] for point in found["worker"]} == {50.0}
    assert [one["labels"]["kind"] for one in (await query(carlas, metric="memory"))[1]["items"]] == [
        "compute"
    ]


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        ({"label.kind": "worker"}, ["worker"]),
        ({"label.worker": WORKER}, ["worker"]),
        ({"label.kind": "compute", "label.worker": WORKER}, []),
        ({"label.kind": "work"}, []),
        ({"label.kind": "%"}, []),
        ({"label.nothing": "x"}, []),
        ({"label.kind": 'worker","worker":"'}, []),
    ],
)
async def test_labels_choose_whole_and_not_by_parts(carlas, compute, labels, kinds):
    _, body = await query(carlas, **labels)
    assert [one["labels"]["kind"] for one in body["items"]] == kinds


async def test_a_range_of_time_at_a_resolution(carlas, compute):
    began = (now() - timedelta(seconds=250)).isoformat()
    over = (now() - timedelta(seconds=240)).isoformat()
    wanted = {"from": began, "to": over, "resolution": "1", "label.kind": "compute"}
    (one,) = (await query(carlas, **wanted))[1]["items"]
    assert one["step_seconds"] == 1
    assert 9 <= len(one["points"]) <= 12
    assert (await query(carlas, **{"from": over, "to": began}))[0] == 422


async def test_subjects_come_page_by_page(carlas, compute):
    _, first = await query(carlas, limit=1)
    _, rest = await query(carlas, limit=1, cursor=first["next_cursor"])
    kinds = [one["labels"]["kind"] for one in first["items"] + rest["items"]]
    assert (sorted(kinds), rest["next_cursor"]) == (["compute", "worker"], None)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"metric": "cpu; drop"}, "metric"),
        ({"metric": ""}, "metric"),
        ({"resolution": "2"}, "resolution"),
        ({"from": "yesterday"}, "from"),
        ({"to": "-1"}, "to"),
        ({"cursor": "x"}, "cursor"),
        ({"label.KIND": "x"}, "label.KIND"),
        ({"label.kind": "\x00"}, "label.kind"),
        ({"label.kind": "x" * 201}, "label.kind"),
        ({f"label.{letter}": "x" for letter in "abcdefghi"}, "label."),
    ],
)
async def test_what_cannot_be_asked(carlas, compute, params, field):
    status, body = await query(carlas, **params)
    assert (status, [error["field"] for error in body["errors"]]) == (422, [field])
