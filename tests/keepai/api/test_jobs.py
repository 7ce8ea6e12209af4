"""Long work over HTTP: one's own, and nobody else's."""

import pytest

from models import Job
from services import db, jobs
from services.audit import Actor
from services.clock import now
from services.jobs import Ended, Result
from services.settings import get_settings
from tests.keepai.around import browser

BY = Actor("machine")


@pytest.fixture
def as_(app, enter):
    """A browser of that person."""
    made = app()

    def come(person):
        client = browser(made)
        enter(client, person)
        return client

    return come


def put(person):
    return db.write_now(jobs.enqueue, now(), person.id, "account_export", by=BY)


async def test_gathering_ones_data_is_a_job_that_is_seen_and_given_up(as_, carla):
    client = as_(carla)
    answer = await client.post("/api/v1/account/export")
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["kind"], made["title"], made["state"]) == ("account_export", "Reunir meus dados", "queued")
    assert (made["step"], made["error"], made["result"]) == ("Na fila; começa logo", "", {})
    assert (await client.get(f"/api/v1/jobs/{made['id']}")).json() == made
    assert (await client.get("/api/v1/jobs")).json() == {"items": [made], "next_cursor": None}
    given_up = await client.post(f"/api/v1/jobs/{made['id']}/cancel")
    assert (given_up.status_code, given_up.json()["state"]) == (200, "cancelled")
    again = await client.post(f"/api/v1/jobs/{made['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "jobs.error.over")


async def test_how_far_it_is_and_what_came_of_it(as_, carla):
    job, other = put(carla), put(carla)
    claimed = db.write_now(jobs.claim, get_settings(), now(), "me", 10)
    runner = next(one.runner for one in claimed if one.id == job.id)
    step = {
        "done": 3,
        "total": 4,
        "step_key": "jobs.step.export.files",
        "step_params": {"number": 3, "of": 3},
    }
    db.write_now(jobs.queue.note, job.id, runner, carla.id, **step)
    client = as_(carla)
    seen = (await client.get(f"/api/v1/jobs/{job.id.hex}")).json()
    assert (seen["done"], seen["total"], seen["step"], seen["tries"]) == (3, 4, "Arquivo 3 de 3", 1)
    until = now().timestamp() + 60
    result = Result("jobs.result.export", {"days": 7}, href="/api/v1/files/x", download=True, until=until)
    db.write_now(jobs.finish, get_settings(), now(), job.id, runner, Ended("done", result))
    seen = (await client.get(f"/api/v1/jobs/{job.id.hex}")).json()
    assert seen["result"] == {"text": "Fica guardado por 7 dias", "href": "/api/v1/files/x"}
    assert (seen["state"], seen["done"], seen["total"], seen["step"]) == ("done", 4, 4, "")
    listed = (await client.get("/api/v1/jobs", params={"fields": "id,state"})).json()["items"]
    assert listed == [{"id": other.id.hex, "state": "running"}, {"id": job.id.hex, "state": "done"}]


async def test_nobody_else_sees_it_admins_neither(as_, ana, carla):
    job = put(carla)
    client = as_(ana)
    assert (await client.get("/api/v1/jobs")).json()["items"] == []
    for method, path in (("GET", ""), ("POST", "/cancel")):
        for number in (job.id.hex, "x", "0" * 32):
            answer = await client.request(method, f"/api/v1/jobs/{number}{path}")
            assert answer.status_code == 404
    assert db.read_now(lambda session: session.get(Job, job.id)).state == "queued"
