"""Samples go in by the second and come out as plots, also after a restart in the middle of a minute."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services import db, history

WORKER = {"kind": "worker", "compute": "c1", "worker": "w1"}
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
T = NOON.timestamp()


def plot(seconds: int, *, start: datetime = NOON, metric: str = "cpu", **more) -> history.Plot:
    end = start + timedelta(seconds=seconds)
    return db.read_now(history.query, WORKER, [metric], start, end, now=end, **more)


async def test_what_was_recorded_is_read_back(database: str) -> None:
    recorder = history.Recorder()
    for second in range(120):
        recorder.add(T + second, WORKER, {"cpu": second / 2, "memory": 13_400_000_000.0})
    assert await recorder.flush(T + 122) == 2
    shown = plot(120, resolution=history.RAW)
    assert shown.times == [int(T) + s for s in range(120)]
    assert shown.bands["cpu"].mean == [s / 2 for s in range(120)]
    memory = plot(120, metric="memory").bands["memory"]
    assert memory.max[0] == pytest.approx(13_400_000_000, rel=1.6e-5)


async def test_a_minute_is_written_once_it_is_over(database: str) -> None:
    recorder = history.Recorder()
    await recorder.flush(T)
    recorder.add(T + 59, WORKER, {"cpu": 1.0})
    assert await recorder.flush(T + 1) == 0
    assert await recorder.flush(T + 62) == 1
    assert await recorder.flush(T + 63) == 0


async def test_a_small_installation_saves_the_running_minute(database: str) -> None:
    recorder = history.Recorder()
    await recorder.flush(T)
    recorder.add(T + 14, WORKER, {"cpu": 1.0})
    assert await recorder.flush(T + 15) == 1
    recorder.add(T + 16, WORKER, {"cpu": 2.0})
    assert await recorder.flush(T + 62) == 1
    assert plot(60, resolution=history.RAW).bands["cpu"].mean[14:18] == [1.0, None, 2.0, None]


async def test_a_restart_within_the_minute_loses_nothing(database: str) -> None:
    before, after = history.Recorder(), history.Recorder()
    before.add(T + 10, WORKER, {"cpu": 1.0, "only_before": 5.0})
    await before.flush(T + 11, everything=True)
    after.add(T + 40, WORKER, {"cpu": 2.0, "only_after": 6.0})
    await after.flush(T + 62)
    cpu = plot(60, resolution=history.RAW).bands["cpu"].mean
    assert (cpu[10], cpu[40]) == (1.0, 2.0)
    assert plot(60, resolution=history.RAW, metric="only_before").bands["only_before"].mean[10] == 5.0
    assert plot(60, resolution=history.RAW, metric="only_after").bands["only_after"].mean[40] == 6.0


async def test_values_that_are_not_numbers_are_missing(database: str) -> None:
    recorder = history.Recorder()
    for second, value in enumerate((1.0, math.nan, math.inf, 1e39, 0.0)):
        recorder.add(T + second, WORKER, {"cpu": value})
    await recorder.flush(T + 62)
    assert plot(5, resolution=history.RAW).bands["cpu"].mean == [1.0, None, None, None, 0.0]


async def test_samples_wait_in_memory_while_the_database_is_away(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = history.Recorder()
    db.configure("sqlite:////proc/nowhere.db")
    recorder.add(T, WORKER, {"cpu": 1.0})
    with pytest.raises((SQLAlchemyError, OSError)):
        await recorder.flush(T + 62)
    assert list(recorder.unsaved(WORKER)) == [int(T)]
    db.configure(sqlite_url)
    assert await recorder.flush(T + 63) == 1
    assert plot(60, resolution=history.RAW).bands["cpu"].mean[0] == 1.0
    db.configure(None)


async def test_recording_goes_on_in_a_database_that_was_put_back(database: str) -> None:
    recorder = history.Recorder()
    recorder.add(T, WORKER, {"cpu": 1.0})
    await recorder.flush(T, everything=True)
    db.write_now(lambda session: session.execute(text("DELETE FROM sample_block")))
    db.write_now(lambda session: session.execute(text("DELETE FROM subject")))
    with pytest.raises(SQLAlchemyError):
        await recorder.flush(T + 62)
    assert await recorder.flush(T + 63) == 1
    assert plot(60, resolution=history.RAW).bands["cpu"].mean[0] == 1.0


async def test_the_backlog_is_bounded(sqlite_url: str) -> None:
    db.configure(sqlite_url)
    recorder = history.Recorder()
    for minute in range(40):
        recorder.add(T + 60 * minute, WORKER, {"cpu": 1.0})
    assert await recorder.flush(T + 41 * 60) == 15
    db.configure(None)


async def test_unsaved_samples_can_be_shown(database: str) -> None:
    recorder = history.Recorder()
    recorder.add(T + 3, WORKER, {"cpu": 4.0})
    shown = plot(6, unsaved=recorder.unsaved(WORKER))
    assert (shown.step, shown.bands["cpu"].mean) == (3, [None, 4.0])
