"""Every route declares who may call it, and keeps to it."""

import httpx2
import pytest
from sqlmodel import delete

from keepai import api
from keepai.api.access import rules
from models import ApiKey, RoleGrant
from services import db
from services.clock import now
from services.identity import accounts, api_keys, principals, sessions, tokens
from services.identity.permissions import EVERYBODY as HELD_BY_ALL
from services.identity.permissions import GRANTS, PERMISSIONS
from tests.keepai.around import ask

RULES = [*rules(api.build())]
ROUTES = sorted({(method, path) for method, path, _ in RULES})


def declared(method, path):
    found = [rule for m, p, given in RULES if (m, p) == (method, path) for rule in given]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_declares_exactly_one_rule(method, path):
    rule = declared(method, path)
    assert rule.permission or rule.why


def test_nothing_is_public_by_accident():
    """The whole list of what answers without a session; a new line here is a decision."""
    public = {p for m, p, given in RULES if any(r.kind == "public" for r in given)}
    assert public == {
        "/login",
        "/login/code",
        "/auth/login",
        "/auth/logout",
        "/auth/oidc/{key}",
        "/auth/oidc/{key}/callback",
        "/join/{token}",
        "/reset/{token}",
        "/forgot",
        "/new-version",
        "/api/v1/auth/login",
        "/api/v1/auth/refresh",
        "/api/v1/health",
        "/api/v1/health/live",
        "/api/v1/health/ready",
        "/metrics",
        "/webhook/twilio",
        "/api",
        "/api/{rest:path}",
    }


# Public, and yet not for everybody: a token of its own, a signature.
ASK_FOR_MORE = ("/metrics", "/webhook/twilio")
EVERYBODY = {"viewer": "carla", "operator": "bruno", "admin": "ana"}


@pytest.fixture
async def come_as(request, app, settings):
    """Call a route as somebody who came with a session, an access token, or a key that may do all or nothing of it."""
    settings(rate_limits="off")  # there are more routes than anybody may ask in a minute
    made = app()

    def headers(who, came_with):
        if who == "nobody":
            request.getfixturevalue("database")
            return []
        person = request.getfixturevalue(EVERYBODY.get(who, "carla"))
        if who == "no role":
            _take_role(person)
        if came_with == "session":
            token = db.write_now(sessions.start, person.id, now())
            return [(b"cookie", f"{principals.COOKIE}={token}".encode())]
        if came_with == "token":
            return [_bearer(db.write_now(tokens.start, person.id, now()).access)]
        return [_bearer(_key_of(person, PERMISSIONS if came_with == "key" else ["profile:write"]))]

    async def call(method, path, who, came_with="session"):
        given = [(b"host", b"localhost:3000"), *headers(who, came_with)]
        status, got, _ = await ask(made, method, path.encode(), given)
        return status, got.get("content-type", "")

    return call


@pytest.mark.parametrize("who", ["nobody", "viewer", "operator", "admin", "no role"])
async def test_each_role_gets_what_the_table_says(come_as, who):
    """Every route is called; what deviates from the table is shown."""
    deviations = {}
    for method, path in ROUTES:
        rule = declared(method, path)
        status, kind = await come_as(method, path, who)
        if rule.kind == "public":
            right = path in ASK_FOR_MORE or status not in (401, 403)
        elif _may(who, rule):
            right = status not in (401, 403)
        elif who == "nobody" and path == "/api/docs":
            right = status == 303
        else:
            right = (status, kind) == (401 if who == "nobody" else 403, "application/problem+json")
        if not right:
            deviations[method, path] = status
    assert deviations == {}


@pytest.mark.parametrize("who", ["viewer", "operator", "admin", "no role"])
@pytest.mark.parametrize("came_with", ["token", "key", "narrow key"])
async def test_a_program_may_what_its_owner_may_and_no_more(come_as, who, came_with):
    deviations = {}
    for method, path in ROUTES:
        rule = declared(method, path)
        if not path.startswith("/api/v1/") or rule.kind == "public":
            continue
        status, _ = await come_as(method, path, who, came_with)
        leaves = path == "/api/v1/auth/logout" and came_with != "token"  # a key is revoked instead
        narrow = came_with == "narrow key" and rule.permission not in ("", "profile:write")
        if (status in (401, 403)) != (leaves or narrow or not _may(who, rule)):
            deviations[method, path] = status
    assert deviations == {}


def _key_of(person, permissions):
    """A key that was given more than its owner may by now. Those before it go: there are more routes than one may have
    keys."""
    db.write_now(lambda session: session.exec(delete(ApiKey).where(ApiKey.account_id == person.id)))
    once = accounts.principal(person, {"platform": "admin"}, person.id)
    return db.write_now(api_keys.create, once, now(), name="x", permissions=permissions)[1]


def _may(who, rule):
    held = HELD_BY_ALL | GRANTS.get(who, frozenset())
    return who != "nobody" and (not rule.permission or rule.permission in held)


def _bearer(text):
    return b"authorization", f"Bearer {text}".encode()


def _take_role(person):
    db.write_now(lambda session: session.exec(delete(RoleGrant).where(RoleGrant.account_id == person.id)))


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v1/health/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_address_is_a_problem_and_not_a_page(client, method, path):
    answer = await client.send(httpx2.Request(method, f"http://localhost:3000{path}"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["title"]) == (404, "Not Found")
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_known_address_with_another_method_says_which_it_takes(client):
    answer = await client.delete("/api/v1/health")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_problem_speaks_the_readers_language(client, ana, enter):
    english = await client.get("/api/v1/dashboard", headers={"accept-language": "en"})
    assert english.json()["detail"] == "Sign in to go on."
    assert (await client.get("/api/v1/dashboard")).json()["detail"] == "Entre para continuar."
    enter(client, ana)
    detail = (await client.get("/api/v1/nothing", headers={"accept-language": "en"})).json()["detail"]
    assert detail == "Este endereço não existe na API."


async def test_the_description_is_for_people_who_are_signed_in(client, carla, enter):
    assert (await client.get("/api/v1/openapi.json")).status_code == 401
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert (await client.get(path)).status_code == 303
    enter(client, carla)
    document = (await client.get("/api/v1/openapi.json")).json()
    assert {"/api/v1/health", "/api/v1/dashboard", "/metrics"} <= document["paths"].keys()
    assert "/auth/login" not in document["paths"]
