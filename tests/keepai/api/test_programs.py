"""Programs sign in, renew their tokens, make keys and end what they came with."""

import asyncio
import time

import jwt
import pytest
from sqlmodel import select

from models import Account, ApiKey, AuditEvent
from services import db
from services.clock import now
from services.identity import accounts, principals, tokens
from services.settings import get_settings
from tests.conftest import PASSWORD
from tests.keepai.around import browser


@pytest.fixture
def program(app):
    """A client without cookies, with a key or token if it is given one."""
    made = app()

    def come(bearer="", **headers):
        given = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return browser(made, **given, **headers)

    return come


async def sign_in(client, email="ana@example.org", password=PASSWORD):
    return await client.post("/api/v1/auth/login", json={"email": email, "password": password})


async def key_of(client, *scopes, **more):
    body = {"name": "ci", "scopes": list(scopes) or ["compute:read"], **more}
    answer = await client.post("/api/v1/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_program_signs_in_and_asks_who_it_is(program, bruno):
    answer = await sign_in(program(), " BRUNO@example.org ")
    given = answer.json()
    assert (answer.status_code, given["token_type"], given["expires_in"]) == (200, "bearer", 900)
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    me = (await program(given["access_token"]).get("/api/v1/auth/me")).json()
    assert me == {
        "id": bruno.id.hex,
        "email": "bruno@example.org",
        "name": "Bruno",
        "roles": [{"scope": "platform", "role": "operator"}],
        "permissions": [
            "alerts:act",
            "alerts:read",
            "alerts:write",
            "compute:act",
            "compute:read",
            "files:read",
            "files:write",
            "jobs:read",
            "jobs:write",
            "notes:read",
            "notes:write",
            "profile:write",
            "providers:read",
            "system:read",
            "tasks:read",
            "tasks:write",
        ],
    }


async def test_nothing_tells_an_unknown_address_from_a_wrong_password(program, ana):
    client = program()
    wrong = [await sign_in(client, email, "wrong") for email in ("ana@example.org", "no@example.org")]
    assert [answer.status_code for answer in wrong] == [401, 401]
    first, second = ({**a.json(), "request_id": ""} for a in wrong)
    assert first == second
    assert first["code"] == "auth.wrong"
    noted = db.read_now(lambda session: [event.action for event in session.exec(select(AuditEvent))])
    assert noted == ["session.refused"] * 2


async def test_guesses_are_counted_together_with_those_in_the_form(program, ana):
    client = program()
    for _ in range(3):
        await sign_in(client, password="wrong")
    for _ in range(2):
        await client.post("/auth/login", data={"email": "ana@example.org", "password": "wrong"})
    answer = await sign_in(client)
    assert (answer.status_code, answer.json()["code"]) == (429, "auth.limited")
    assert 0 < int(answer.headers["retry-after"]) <= 120


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"email": "a"},
        {"email": 1, "password": []},
        {"email": "x" * 300, "password": "x"},
        {"email": "\x00", "password": "\x00"},
        {"email": "a@b", "password": "x" * 1001},
    ],
)
async def test_what_is_no_sign_in(program, ana, body):
    answer = await program().post("/api/v1/auth/login", json=body)
    assert answer.status_code in (401, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert PASSWORD not in answer.text


async def test_tokens_are_renewed_until_one_is_used_twice(program, ana):
    first = (await sign_in(program())).json()
    refreshed = await program().post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    second = refreshed.json()
    assert (await program(second["access_token"]).get("/api/v1/auth/me")).status_code == 200
    again = await program().post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert (again.status_code, again.json()["code"]) == (401, "auth.refresh_over")
    for gone in (first, second):  # at once in this process, although both were known a moment ago
        assert (await program(gone["access_token"]).get("/api/v1/auth/me")).status_code == 401
    dead = await program().post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert dead.status_code == 401


async def test_an_expired_access_token_keeps_nobody_from_renewing(program, ana):
    given = (await sign_in(program())).json()
    claims = jwt.decode(given["access_token"], options={"verify_signature": False})
    old = jwt.encode({**claims, "exp": 1}, tokens._key(get_settings()), "HS256")
    refused = await program(old).get("/api/v1/auth/me")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    renewed = await program(old).post("/api/v1/auth/refresh", json={"refresh_token": given["refresh_token"]})
    assert renewed.status_code == 200


async def test_an_access_token_ends_with_its_time_to_the_second(program, ana, monkeypatch):
    monkeypatch.setattr(tokens, "ACCESS", tokens.timedelta(seconds=2))
    given = (await sign_in(program())).json()
    client, began = program(given["access_token"]), time.monotonic()
    while (await client.get("/api/v1/auth/me")).status_code == 200:
        assert time.monotonic() < began + 3
        await asyncio.sleep(0.05)
    assert time.monotonic() > began + 0.9


@pytest.mark.parametrize("came_with", ["token", "session"])
async def test_signing_out_ends_what_one_came_with(program, client, ana, enter, came_with):
    if came_with == "session":
        enter(client, ana)
        there = client
    else:
        given = (await sign_in(program())).json()
        there = program(given["access_token"])
    assert (await there.get("/api/v1/auth/me")).status_code == 200
    assert (await there.post("/api/v1/auth/logout")).status_code == 204
    assert (await there.get("/api/v1/auth/me")).status_code == 401
    if came_with == "token":
        dead = await program().post("/api/v1/auth/refresh", json={"refresh_token": given["refresh_token"]})
        assert dead.status_code == 401


BROKEN = ["", "x", "keepai_", "keepai_" + "a" * 43, "a.b.c", "x" * 5000, "é".encode(), "keepai_session=1"]


@pytest.mark.parametrize("bearer", BROKEN)
async def test_what_does_not_hold_is_401_and_never_falls_back_to_a_cookie(client, ana, enter, bearer):
    enter(client, ana)
    assert (await client.get("/api/v1/auth/me")).status_code == 200
    given = bearer if isinstance(bearer, bytes) else bearer.encode()
    refused = await client.get("/api/v1/auth/me", headers={"authorization": b"Bearer " + given})
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert (
        await client.get("/api/v1/health", headers={"authorization": b"bearer " + given})
    ).json().keys() == {"status"}


async def test_what_a_proxy_asked_for_is_no_bearer(client, ana, enter):
    enter(client, ana)
    answer = await client.get("/api/v1/auth/me", headers={"authorization": "Basic YTpi"})
    assert answer.status_code == 200


async def test_a_key_opens_no_page_and_is_no_cookie(program, client, ana, enter):
    enter(client, ana)
    secret = (await key_of(client))["key"]
    there = program(secret)
    assert (await there.get("/api/v1/dashboard")).status_code == 200
    assert (await there.get("/workers")).status_code == 303
    as_cookie = program(cookie=f"keepai_session={secret}")
    assert (await as_cookie.get("/api/v1/dashboard")).status_code == 401


async def test_a_program_from_another_site_is_refused_all_the_same(program, client, ana, enter):
    enter(client, ana)
    secret = (await key_of(client))["key"]
    assert (await program(secret, origin="https://evil.example").get("/api/v1/auth/me")).status_code == 403


async def test_a_key_is_shown_once_and_does_what_it_was_given(program, client, bruno, enter):
    enter(client, bruno)
    made = await key_of(client, "compute:read", "compute:read", expires_at="2100-01-01T00:00:00Z")
    assert made["key"].startswith(made["prefix"])
    assert (made["scopes"], made["owner"]) == (["compute:read"], "bruno@example.org")
    assert (made["expires_at"], made["last_used_at"]) == ("2100-01-01T00:00:00Z", None)
    there = program(made["key"])
    assert (await there.get("/api/v1/workers")).status_code == 200
    assert (await there.get("/api/v1/api-keys")).status_code == 403
    assert (await there.post("/api/v1/workers/x/retire")).status_code == 403
    assert (await there.post("/api/v1/auth/logout")).status_code == 403
    await asyncio.gather(*principals._touching)
    (listed,) = (await client.get("/api/v1/api-keys")).json()["items"]
    assert "key" not in listed and listed["last_used_at"].endswith("Z")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["compute:read"]}, "name"),
        ({"name": " ", "scopes": ["compute:read"]}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["people:manage"]}, "scopes"),
        ({"name": "x", "scopes": ["compute:read"], "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "scopes": ["compute:read"], "expires_at": "2100-01-01T00:00:00"}, "expires_at"),
        ({"name": "x", "scopes": ["compute:read"], "expires_at": "soon"}, "expires_at"),
        ({"name": "x", "scopes": ["compute:read"], "expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
        ({"name": "x", "scopes": ["compute:read"], "per_minute": 0}, "per_minute"),
    ],
)
async def test_what_cannot_be_a_key_is_told_by_its_field(client, bruno, enter, body, field):
    enter(client, bruno)
    answer = await client.post("/api/v1/api-keys", json=body)
    assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [field])


async def test_a_revoked_key_is_refused_at_once(program, client, carla, enter):
    enter(client, carla)
    made = await key_of(client)
    assert (await program(made["key"]).get("/api/v1/dashboard")).status_code == 200
    assert (await client.delete(f"/api/v1/api-keys/{made['id']}")).status_code == 204
    assert (await program(made["key"]).get("/api/v1/dashboard")).status_code == 401
    assert (await client.get("/api/v1/api-keys")).json()["items"] == []
    assert (await client.delete(f"/api/v1/api-keys/{'0' * 32}")).status_code == 404
    assert (await client.delete("/api/v1/api-keys/x")).status_code == 404


async def test_another_process_refuses_it_within_five_seconds(program, client, carla, enter):
    """The row changes without a word to this process."""
    enter(client, carla)
    made = await key_of(client)
    there = program(made["key"])
    assert (await there.get("/api/v1/auth/me")).status_code == 200
    revoked = time.monotonic()

    def revoke(session):
        session.exec(select(ApiKey)).one().revoked_at = now()

    db.write_now(revoke)
    while (await there.get("/api/v1/auth/me")).status_code == 200:
        assert time.monotonic() < revoked + 5
        await asyncio.sleep(0.1)


async def test_a_raised_version_ends_access_tokens_within_five_seconds(program, ana):
    there = program((await sign_in(program())).json()["access_token"])
    assert (await there.get("/api/v1/auth/me")).status_code == 200
    raised = time.monotonic()
    db.write_now(lambda session: accounts.raise_version(session, session.get(Account, ana.id), now()))
    while (await there.get("/api/v1/auth/me")).status_code == 200:
        assert time.monotonic() < raised + 5
        await asyncio.sleep(0.1)


async def test_who_manages_people_sees_and_ends_the_keys_of_all(app, program, ana, carla, enter):
    made = app()
    hers, all_of_them = browser(made), browser(made)
    enter(hers, carla)
    enter(all_of_them, ana)
    key = await key_of(hers)
    assert (await hers.get("/api/v1/api-keys?everybody=true")).status_code == 403
    assert (await all_of_them.get("/api/v1/api-keys")).json()["items"] == []
    (seen,) = (await all_of_them.get("/api/v1/api-keys?everybody=true")).json()["items"]
    assert (seen["id"], seen["owner"]) == (key["id"], "carla@example.org")
    assert (await all_of_them.delete(f"/api/v1/api-keys/{key['id']}")).status_code == 204
    assert (await program(key["key"]).get("/api/v1/dashboard")).status_code == 401


async def test_who_manages_people_sees_and_ends_where_anybody_is_signed_in(app, program, ana, carla, enter):
    made = app()
    hers, manager = browser(made), browser(made)
    enter(hers, carla)
    enter(manager, ana)
    key = await key_of(hers)
    await sign_in(program(), "carla@example.org")
    at = f"?user={carla.id.hex}"
    seen = (await manager.get(f"/api/v1/sessions{at}")).json()["items"]
    assert [(one["kind"], one["current"]) for one in seen] == [("token", False), ("browser", False)]
    (shown,) = (await manager.get(f"/api/v1/api-keys{at}")).json()["items"]
    assert shown["id"] == key["id"]
    for one in seen:
        assert (await manager.delete(f"/api/v1/sessions/{one['id']}")).status_code == 204
    assert (await hers.get("/api/v1/auth/me")).status_code == 401
    rows = (await manager.get("/api/v1/audit?action=session.ended")).json()["items"]
    assert [(row["actor_id"], row["object"]) for row in rows] == [(ana.id.hex, "Carla")]


async def test_others_ask_only_for_themselves(app, program, ana, bruno, enter):
    other = browser(app())
    enter(other, bruno)
    assert (await other.get(f"/api/v1/sessions?user={bruno.id}")).status_code == 200
    assert (await other.get(f"/api/v1/api-keys?user={bruno.id}")).status_code == 200
    for where in ("sessions", "api-keys"):
        assert (await other.get(f"/api/v1/{where}?user={ana.id}")).status_code == 403
        assert (await other.get(f"/api/v1/{where}?user=nobody")).status_code == 404
    manager = browser(app())
    enter(manager, ana)
    for where in ("sessions", "api-keys"):
        assert (await manager.get(f"/api/v1/{where}?user={'0' * 32}")).status_code == 404
    narrow = await key_of(manager, "profile:write")  # an admin's key that may not manage people
    (session,) = (await other.get("/api/v1/sessions")).json()["items"]
    with_it = program(narrow["key"])
    assert (await with_it.get(f"/api/v1/sessions?user={bruno.id}")).status_code == 403
    assert (await with_it.delete(f"/api/v1/sessions/{session['id']}")).status_code == 404


async def test_nobody_ends_what_is_anothers(app, client, bruno, carla, enter):
    other = browser(app())
    enter(other, bruno)
    key = await key_of(other)
    (session,) = (await other.get("/api/v1/sessions")).json()["items"]
    enter(client, carla)
    assert (await client.delete(f"/api/v1/api-keys/{key['id']}")).status_code == 404
    assert (await client.delete(f"/api/v1/sessions/{session['id']}")).status_code == 404
    assert (await other.get("/api/v1/dashboard")).status_code == 200


async def test_browsers_and_programs_are_listed_and_ended(program, client, ana, enter):
    enter(client, ana)
    access = (await sign_in(program(**{"user-agent": "curl/8.1"}))).json()["access_token"]
    items = (await client.get("/api/v1/sessions")).json()["items"]
    assert {(item["kind"], item["current"]) for item in items} == {("browser", True), ("token", False)}
    seen = (await program(access).get("/api/v1/sessions?fields=kind,current,user_agent")).json()["items"]
    assert {"kind": "token", "current": True, "user_agent": "curl/8.1"} in seen
    token = next(item for item in items if item["kind"] == "token")
    assert (await client.delete(f"/api/v1/sessions/{token['id']}")).status_code == 204
    assert (await program(access).get("/api/v1/auth/me")).status_code == 401
    assert (await client.get("/api/v1/sessions")).status_code == 200


async def test_lists_are_cut_into_pages(client, carla, enter):
    enter(client, carla)
    for number in range(5):
        await key_of(client, name=f"k{number}")
    seen, cursor = [], ""
    while cursor is not None:
        params = {"limit": 2, "cursor": cursor, "fields": "name"}
        body = (await client.get("/api/v1/api-keys", params=params)).json()
        seen += [item["name"] for item in body["items"]]
        cursor = body["next_cursor"]
    assert seen == ["k4", "k3", "k2", "k1", "k0"]


async def test_the_log_names_the_person_and_the_key(program, client, ana, enter):
    enter(client, ana)
    made = await key_of(client, *accounts.principal(ana, {"platform": "admin"}, ana.id).permissions)
    await program(made["key"]).get("/api/v1/audit?format=csv")
    (row,) = (await client.get("/api/v1/audit?action=audit.exported")).json()["items"]
    assert (row["actor_kind"], row["actor"], row["actor_id"]) == ("key", "Ana (ci)", ana.id.hex)


async def test_who_must_change_the_password_gets_nowhere_with_tokens(program, ana):
    def must(session):
        session.merge(ana).must_change_password = True

    db.write_now(must)
    access = (await sign_in(program())).json()["access_token"]
    answer = await program(access).get("/api/v1/dashboard")
    assert (answer.status_code, answer.json()["code"]) == (403, "must_change_password")


async def test_a_character_that_postgresql_keeps_in_no_text_is_only_wrong(program, postgresql_url):
    db.configure(postgresql_url)
    assert (await sign_in(program(), "a\x00@example.org", "x")).status_code == 401
