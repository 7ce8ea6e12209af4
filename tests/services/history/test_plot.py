"""What a plot shows: the right level for the range, gaps as gaps, never more points than asked for."""

from datetime import UTC, datetime, timedelta

import pytest

from services import db, history
from services.history.plot import choose

WORKER = {"kind": "worker", "compute": "c1", "worker": "w1"}
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "step", "resolution"),
    [
        (15, 3, history.RAW),
        (60, 10, history.RAW),
        (120, 15, history.RAW),
        (180, 60, history.MINUTE),
        (24 * 60, 180, history.MINUTE),
        (7 * 24 * 60, 1800, history.MINUTE),
        (30 * 24 * 60, 7200, history.HOUR),
        (400 * 24 * 60, 24 * 3600, history.HOUR),
    ],
)
def test_the_range_decides_how_fine(minutes: int, step: int, resolution: int) -> None:
    start = NOW - timedelta(minutes=minutes)
    assert choose(WORKER, start, NOW, NOW) == (step, resolution)


@pytest.mark.parametrize(
    ("hours_ago", "resolution"), [(1, history.RAW), (3, history.MINUTE), (300, history.HOUR)]
)
def test_the_age_decides_how_fine(hours_ago: int, resolution: int) -> None:
    start = NOW - timedelta(hours=hours_ago)
    assert choose(WORKER, start, start + timedelta(minutes=15), NOW)[1] == resolution


def test_probes_are_read_half_a_minute_apart() -> None:
    start = NOW - timedelta(minutes=15)
    assert choose({"kind": "probe", "probe": "redis"}, start, NOW, NOW) == (120, history.MINUTE)


@pytest.mark.parametrize("points", [1, 2, 7, 100, 500])
@pytest.mark.parametrize("seconds", [1, 59, 900, 3601, 86_399, 9_999_999])
def test_there_are_never_more_points_than_asked_for(sqlite_url: str, points: int, seconds: int) -> None:
    db.configure(sqlite_url)
    start = NOW - timedelta(seconds=seconds, microseconds=7)
    shown = db.read_now(history.query, WORKER, ["cpu"], start, NOW, now=NOW, points=points)
    assert len(shown.times) <= max(points, 2)
    assert shown.times[0] <= start.timestamp()
    assert shown.times[-1] + shown.step >= NOW.timestamp()
    db.configure(None)


async def test_a_missing_sample_is_not_a_line(database: str) -> None:
    recorder = history.Recorder()
    start = NOW - timedelta(minutes=15)
    for second in (*range(300), *range(600, 900)):
        recorder.add(start.timestamp() + second, WORKER, {"cpu": 7.0})
    await recorder.flush(NOW.timestamp(), everything=True)
    shown = db.read_now(history.query, WORKER, ["cpu", "never"], start, NOW, now=NOW)
    assert shown.bands["cpu"].mean == [7.0] * 100 + [None] * 100 + [7.0] * 100
    assert shown.bands["never"].max == [None] * 300


@pytest.mark.parametrize("every", [1.0, 1.13, 2.0])
async def test_late_readings_are_not_gaps(database: str, every: float) -> None:
    recorder = history.Recorder()
    start = NOW - timedelta(minutes=15)
    at = 0.0
    while at < 900:
        recorder.add(start.timestamp() + at, WORKER, {"cpu": 7.0})
        at += every
    await recorder.flush(NOW.timestamp(), everything=True)
    shown = db.read_now(history.query, WORKER, ["cpu"], start, NOW, now=NOW)
    assert shown.bands["cpu"].mean == [7.0] * 300


async def test_buckets_hold_min_mean_and_max(database: str) -> None:
    recorder = history.Recorder()
    start = NOW - timedelta(minutes=15)
    for second in range(900):
        recorder.add(start.timestamp() + second, WORKER, {"cpu": float(second % 3)})
    await recorder.flush(NOW.timestamp(), everything=True)
    band = db.read_now(history.query, WORKER, ["cpu"], start, NOW, now=NOW).bands["cpu"]
    assert (set(band.min), set(band.mean), set(band.max)) == ({0.0}, {1.0}, {2.0})


async def test_subjects_are_kept_apart(database: str) -> None:
    recorder = history.Recorder()
    start = NOW - timedelta(minutes=1)
    others = [WORKER, WORKER | {"compute": "c2"}, WORKER | {"worker": "w2"}]
    for number, labels in enumerate(others):
        recorder.add(start.timestamp(), labels, {"cpu": float(number)})
    await recorder.flush(NOW.timestamp(), everything=True)
    many = db.read_now(history.query_many, others, ["cpu"], start, NOW, now=NOW)
    assert [shown.bands["cpu"].mean[0] for shown in many] == [0.0, 1.0, 2.0]
    assert [shown.labels for shown in many] == others


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW, NOW),
        (NOW, NOW - timedelta(hours=1)),
        (NOW + timedelta(days=1), NOW + timedelta(days=2)),
        (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("resolution", [None, history.RAW, history.HOUR])
def test_absurd_ranges_give_small_plots(
    sqlite_url: str, start: datetime, end: datetime, resolution: int | None
) -> None:
    db.configure(sqlite_url)
    shown = db.read_now(history.query, WORKER, ["cpu"], start, end, now=NOW, resolution=resolution)
    assert 1 <= len(shown.times) <= 7200
    db.configure(None)
