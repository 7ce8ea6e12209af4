"""The audit log over HTTP: for admins alone, page by page, filtered, and as a file."""

import csv
import io
from datetime import timedelta

import pytest

from models.base import new_id
from services import audit, db
from services.audit import Actor
from services.clock import now
from services.identity import accounts


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


@pytest.fixture
def roots(client, admin, enter):
    """A browser in which an admin is signed in."""
    enter(client, admin)
    return client


@pytest.fixture
def past(roots):
    """Five retired workers, an hour apart."""
    by = Actor("person", new_id(), "Ana")
    for number in range(5):
        at = now() - timedelta(hours=number + 1)
        db.write_now(audit.record, at, by, "worker.retired", object_kind="worker", object_id=str(number))
    return by


async def items(client, query=""):
    return (await client.get(f"/api/v1/audit?{query}")).json()["items"]


async def test_page_after_page(roots, past):
    seen, cursor = [], ""
    while cursor is not None:
        answer = (await roots.get(f"/api/v1/audit?action=worker&limit=2&cursor={cursor}")).json()
        seen += [row["object_id"] for row in answer["items"]]
        cursor = answer["next_cursor"]
    assert seen == ["0", "1", "2", "3", "4"]


async def test_filters_and_fields(roots, past):
    since = (now() - timedelta(hours=3, minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    until = (now() - timedelta(hours=1, minutes=30)).timestamp()
    rows = await items(roots, f"actor={past.id.hex}&from={since}&to={until}&fields=object_id,actor")
    assert rows == [{"object_id": "1", "actor": "Ana"}, {"object_id": "2", "actor": "Ana"}]
    assert await items(roots, "outcome=refused") == []


async def test_as_csv_with_everything_and_noted(roots, past):
    answer = await roots.get("/api/v1/audit?actor=ana&format=csv&limit=2")
    assert answer.headers["content-disposition"] == 'attachment; filename="keepai-audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["object_id"] for row in rows] == ["0", "1", "2", "3", "4"]
    (noted,) = await items(roots, "action=audit.exported")
    assert (noted["actor"], noted["after"]) == ("Root", {"actor": "ana"})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=9999999999999", "to"),
        ("outcome=maybe", "outcome"),
        ("fields=salt", "fields"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=nonsense", "cursor"),
        (f"actor={'x' * 201}", "actor"),
    ],
)
async def test_what_is_wrong_is_said(roots, query, field):
    answer = await roots.get(f"/api/v1/audit?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_others_may_not_read_it(client, carla, enter):
    assert (await client.get("/api/v1/audit")).status_code == 401
    enter(client, carla)
    assert (await client.get("/api/v1/audit")).status_code == 403


async def test_signing_in_and_out_and_failing_to_is_noted_with_where_from(client, carla):
    for word in ("not it", "a long passphrase"):
        form = {"email": "Carla@example.org", "password": word}
        await client.post(
            "/auth/login", data=form, headers={"user-agent": "Firefox/1", "x-request-id": "r-7"}
        )
    await client.post("/auth/logout")
    rows = [audit.as_row(*one) for one in db.read_now(audit.find, 10, action="session")][::-1]
    assert [row["action"] for row in rows][:1] == ["session.refused"]
    assert {rows[0][name] for name in ("actor_kind", "object", "outcome")} == {
        "nobody",
        "Carla@example.org",
        "refused",
    }
    assert (rows[0]["object_id"], rows[0]["agent"], rows[0]["request_id"]) == (
        carla.id.hex,
        "Firefox/1",
        "r-7",
    )
