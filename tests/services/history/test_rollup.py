"""Finer points become coarser ones; what is old is forgotten, but never before it was rolled up."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models import SampleBlock, Subject
from services import db, history
from services.history.rollup import find_due

WORKER = {"kind": "worker", "compute": "c1", "worker": "w1"}
OTHER = {"kind": "worker", "compute": "c1", "worker": "w2"}
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
T = NOON.timestamp()
HOUR = timedelta(hours=1)


def stored(resolution: int) -> list[datetime]:
    query = select(col(SampleBlock.start)).where(col(SampleBlock.resolution) == resolution)
    return sorted(db.read_now(lambda session: list(session.execute(query).scalars())))


async def record(start: datetime, seconds: int, value=lambda s: float(s), labels=WORKER, every=1) -> None:
    recorder = history.Recorder()
    for second in range(0, seconds, every):
        recorder.add(start.timestamp() + second, labels, {"cpu": value(second)})
        if second % 600 >= 600 - every:
            await recorder.flush(start.timestamp() + second)
    await recorder.flush(start.timestamp() + seconds, everything=True)


def plot(start: datetime, end: datetime, *, now: datetime | None = None, **more) -> history.Plot:
    return db.read_now(history.query, WORKER, ["cpu"], start, end, now=now or end, **more)


async def test_an_hour_becomes_one_block_of_minutes(database: str) -> None:
    await record(NOON, 3600)
    await record(NOON, 60, labels=OTHER)
    assert await history.roll_up(NOON + HOUR, pause=0) == 0, "the hour may still get samples"
    assert await history.roll_up(NOON + HOUR + timedelta(minutes=2), pause=0) == 2
    assert await history.roll_up(NOON + HOUR + timedelta(minutes=2), pause=0) == 0
    assert stored(history.MINUTE) == [NOON, NOON]
    band = plot(NOON, NOON + HOUR, resolution=history.MINUTE).bands["cpu"]
    assert (band.min[:2], band.mean[:2], band.max[:2]) == ([0.0, 60.0], [29.5, 89.5], [59.0, 119.0])


async def test_a_day_becomes_one_block_of_hours(database: str) -> None:
    midnight = NOON.replace(hour=0)
    for hour in range(24):
        await record(midnight + hour * HOUR, 3600, value=lambda s, hour=hour: hour + s / 3600, every=60)
    made = await history.roll_up(midnight + 24 * HOUR + timedelta(minutes=3), pause=0)
    assert made == 24 + 1
    assert stored(history.HOUR) == [midnight]
    band = plot(midnight, midnight + 24 * HOUR, resolution=history.HOUR).bands["cpu"]
    assert band.min == [float(hour) for hour in range(24)]
    assert band.mean == pytest.approx([hour + 0.5 - 1 / 120 for hour in range(24)], rel=1e-4)


async def test_means_are_weighted_by_their_counts(database: str) -> None:
    await record(NOON, 60, value=lambda s: 0.0)
    await record(NOON + timedelta(minutes=1), 6, value=lambda s: 11.0)
    await history.roll_up(NOON + 2 * HOUR, pause=0)
    shown = plot(NOON, NOON + 2 * HOUR, resolution=history.HOUR).bands["cpu"]
    assert shown.mean == [1.0, None]
    assert (shown.min[0], shown.max[0]) == (0.0, 11.0)


@pytest.mark.parametrize("resolution", [history.RAW, history.MINUTE, history.HOUR])
async def test_plots_are_the_same_before_and_after_rolling_up(database: str, resolution: int) -> None:
    walk, level = random.Random(4), [50.0]

    def step(_second: int) -> float:
        level[0] = round(level[0] + walk.uniform(-1, 1), 3)
        return level[0]

    start, end = NOON - HOUR, NOON + timedelta(minutes=30)
    await record(start, 5400, value=step)
    before = plot(start, end, resolution=resolution)
    await history.roll_up(end, pause=0)
    after = plot(start, end, resolution=resolution)
    assert len(stored(history.MINUTE)) == 1
    assert after.times == before.times
    for name in ("min", "mean", "max"):
        expected = getattr(before.bands["cpu"], name)
        assert None not in expected
        assert getattr(after.bands["cpu"], name) == pytest.approx(expected, rel=5e-5)


async def test_each_level_is_kept_for_its_time(database: str) -> None:
    await record(NOON, 60)
    await history.roll_up(NOON + timedelta(days=1), pause=0)
    levels = {history.RAW: timedelta(hours=2), history.MINUTE: timedelta(hours=200)}
    for resolution, kept in (*levels.items(), (history.HOUR, timedelta(days=400))):
        block = stored(resolution)[0]
        db.write_now(history.prune, block + kept)
        assert stored(resolution) == [block]
        db.write_now(history.prune, block + kept + timedelta(seconds=1))
        assert stored(resolution) == []


async def test_nothing_is_forgotten_before_it_is_rolled_up(database: str) -> None:
    await record(NOON, 60)
    later = NOON + timedelta(days=3)
    assert db.write_now(history.prune, later) == 0
    await history.roll_up(later, pause=0)
    assert db.write_now(history.prune, later) == 1
    assert plot(NOON, NOON + HOUR, now=later, resolution=history.MINUTE).bands["cpu"].max[0] == 59.0


async def test_rolling_up_catches_up_after_an_outage(database: str) -> None:
    for hour in range(5):
        await record(NOON + hour * HOUR, 60)
    due = db.read_now(find_due, history.MINUTE, NOON + timedelta(days=2))
    assert [found.start for found in due] == [int(T) + hour * 3600 for hour in range(5)]
    assert await history.roll_up(NOON + timedelta(days=2), pause=0) == 5 + 1


async def test_subjects_without_samples_are_forgotten(database: str) -> None:
    await record(NOON, 60)
    await record(NOON, 60, labels=OTHER)
    much_later = NOON + timedelta(days=401)
    await history.roll_up(much_later, pause=0)
    db.write_now(history.prune, much_later)
    assert db.read_now(lambda session: list(session.execute(select(Subject)).scalars())) == []


async def test_sizes_tell_what_each_level_takes(database: str) -> None:
    await record(NOON, 3600)
    await history.roll_up(NOON + 2 * HOUR, pause=0)

    def actual(session: Session) -> dict[int, int]:
        rows = session.execute(select(col(SampleBlock.resolution), col(SampleBlock.data)))
        sums: dict[int, int] = {}
        for resolution, data in rows:
            sums[resolution] = sums.get(resolution, 0) + len(data)
        return sums

    told = db.read_now(history.sizes)
    assert {level.resolution: level.bytes for level in told.levels} == db.read_now(actual) | {history.HOUR: 0}
    assert [(level.blocks, level.oldest) for level in told.levels] == [(60, NOON), (1, NOON), (0, None)]
    assert told.database >= sum(level.bytes for level in told.levels)
    assert (told.table is None) == (database == "sqlite")
