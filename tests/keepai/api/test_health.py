"""Whether KeepAI works, as others see it."""

import time

import pytest
from sqlalchemy import text

from models import Lease, ProbeStatus
from services import db, health, live
from services.clock import now
from services.lease import take
from tests.keepai.around import snapshot


@pytest.fixture
def running(database):
    """An installation where everything works."""
    db.write_now(take, "background", "me", now())
    live.publish(snapshot())


async def test_all_well_is_one_word_to_a_stranger(client, running):
    answer = await client.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_signed_in_person_sees_the_parts(client, running, carla, enter):
    enter(client, carla)
    answer = (await client.get("/api/v1/health")).json()
    assert answer["status"] == "ok"
    assert answer["version"]
    assert {name: part["status"] for name, part in answer["components"].items()} == {
        "database": "ok",
        "compute": "ok",
        "background": "ok",
    }


async def status_now(client):
    return (await client.get("/api/v1/health")).json()["status"]


async def test_a_compute_out_of_reach_is_degraded(client, running):
    live.publish(snapshot(compute={"state": "out_of_reach"}))
    assert await status_now(client) == "degraded"


async def test_a_collector_that_stopped_is_degraded(client, running):
    live.publish(snapshot(at=time.time() - 60))
    assert await status_now(client) == "degraded"


async def test_loops_that_nobody_runs_are_degraded(client, running):
    db.write_now(lambda session: session.delete(session.get(Lease, "background")))
    assert await status_now(client) == "degraded"


@pytest.mark.parametrize(("state", "status"), [("not_configured", "ok"), ("ok", "ok"), ("down", "degraded")])
async def test_a_probe_counts_when_it_is_configured(client, running, state, status):
    at = now()
    db.write_now(lambda s: s.add(ProbeStatus(name="ollama", state=state, since=at, checked_at=at)))
    assert await status_now(client) == status


async def test_without_a_database_it_is_down(client, running):
    db.configure("sqlite:////nowhere/at/all.db")
    for path in ("/api/v1/health", "/api/v1/health/ready"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (503, {"status": "down"})
    assert (await client.get("/api/v1/health/live")).json() == {"status": "ok"}


async def test_a_database_that_hangs_is_down_soon_and_uses_one_thread(client, running, monkeypatch):
    asked = []

    def hang(session):
        asked.append(1)
        time.sleep(0.5)
        return "x"

    monkeypatch.setattr(health, "revision", hang)
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    for _ in range(5):
        assert await status_now(client) == "down"
    assert len(asked) == 1
    await health._checking


async def test_ready_only_with_every_migration(client, database):
    assert (await client.get("/api/v1/health/ready")).json() == {"status": "ok"}
    db.write_now(lambda s: s.connection().execute(text("UPDATE alembic_version SET version_num = '0000'")))
    assert (await client.get("/api/v1/health/ready")).status_code == 503


async def test_monitors_may_ask_for_the_head_alone(client, running):
    for path in ("/api/v1/health", "/api/v1/health/live", "/api/v1/health/ready"):
        answer = await client.head(path)
        assert (answer.status_code, answer.content) == (200, b"")
