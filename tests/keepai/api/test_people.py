"""The team over HTTP."""

import pytest

from services import db
from services.clock import now
from services.identity import accounts, sessions

LONG = "a rather long passphrase"


@pytest.fixture
def roots(client, database, enter):
    """A browser in which an admin is signed in."""
    root = db.write_now(accounts.create, "root@example.org", LONG, role="admin", name="Root")
    enter(client, root)
    client.root = root
    return client


async def add(client, **given):
    return await client.post("/api/v1/users", json=given)


async def test_somebody_is_added_with_a_password_that_must_be_changed(roots):
    answer = await add(roots, email="Eva@example.org", name="Eva", role="viewer", password=LONG)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["email"], told["name"], told["role"], told["state"]) == (
        "eva@example.org",
        "Eva",
        "viewer",
        "active",
    )
    assert "link" not in told
    assert db.read_now(accounts.by_email, "eva@example.org").must_change_password


async def test_without_a_password_they_are_invited(roots):
    told = (await add(roots, email="eva@example.org", role="operator")).json()
    assert told["state"] == "invited"
    assert told["expires_at"].endswith("Z")
    path = told["link"].removeprefix("http://localhost:3000")
    roots.cookies.clear()
    assert (await roots.get(path)).status_code == 200


async def test_everybody_is_listed_and_filtered(roots):
    await add(roots, email="eva@example.org", role="operator")
    items = (await roots.get("/api/v1/users")).json()["items"]
    assert [(one["email"], one["state"]) for one in items] == [
        ("root@example.org", "active"),
        ("eva@example.org", "invited"),
    ]
    assert (await roots.get("/api/v1/users?q=eva&fields=role")).json()["items"] == [{"role": "operator"}]


async def test_a_role_changes_and_access_is_taken_and_given_back(roots):
    eva = (await add(roots, email="eva@example.org", role="viewer", password=LONG)).json()
    token = db.write_now(sessions.start, db.read_now(accounts.by_email, "eva@example.org").id, now())
    at = f"/api/v1/users/{eva['id']}"
    assert (await roots.patch(at, json={"role": "operator"})).json()["role"] == "operator"
    assert db.read_now(sessions.find, token, now()) is None
    assert (await roots.patch(at, json={"active": False})).json()["state"] == "deactivated"
    told = (await roots.patch(at, json={"active": True, "role": "admin"})).json()
    assert (told["state"], told["role"]) == ("active", "admin")


async def test_one_does_not_change_oneself(roots):
    answer = await roots.patch(f"/api/v1/users/{roots.root.id}", json={"role": "viewer"})
    assert (answer.status_code, answer.json()["code"]) == (403, "people.not_oneself")


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"email": "nobody", "role": "viewer"}, 422, "email"),
        ({"email": "root@example.org", "role": "viewer"}, 409, "email"),
        ({"email": "a@b", "role": "owner"}, 422, "role"),
        ({"email": "a@b", "role": "viewer", "password": "1234567890"}, 422, "new"),
        ({"email": "a@b", "role": "viewer", "is_admin": True}, 422, "is_admin"),
        ({"role": "viewer"}, 422, "email"),
    ],
)
async def test_what_is_wrong_is_said_by_field(roots, given, status, field):
    answer = await add(roots, **given)
    assert answer.status_code == status
    assert field in {one["field"] for one in answer.json()["errors"]}


async def test_unknown_people_are_not_found(roots):
    for user in ("0192f0c0-0000-7000-8000-000000000001", "nonsense"):
        answer = await roots.patch(f"/api/v1/users/{user}", json={"active": False})
        assert answer.status_code in (404, 422)


async def test_others_may_neither_look_nor_change(client, carla, enter):
    assert (await client.get("/api/v1/users")).status_code == 401
    enter(client, carla)
    assert (await client.get("/api/v1/users")).status_code == 403
    assert (await add(client, email="a@b", role="admin")).status_code == 403
    assert (await client.patch(f"/api/v1/users/{carla.id}", json={"role": "admin"})).status_code == 403
