"""Every route declares who may call it, and keeps to it."""

import httpx
import pytest

from keepai import api
from keepai.api.access import rules
from services.permissions import GRANTS


def routes():
    return sorted({(method, path) for method, path, _ in rules(api.build())})


def declared(method, path):
    found = [rule for m, p, given in rules(api.build()) if (m, p) == (method, path) for rule in given]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("method", "path"), routes())
def test_every_route_declares_exactly_one_rule(method, path):
    rule = declared(method, path)
    assert rule.permission or rule.why


def test_nothing_is_public_by_accident():
    """The whole list of what answers without a session; a new line here is a decision."""
    public = {p for m, p, given in rules(api.build()) if any(r.kind == "public" for r in given)}
    assert public == {
        "/login",
        "/auth/login",
        "/auth/logout",
        "/join/{token}",
        "/reset/{token}",
        "/forgot",
        "/new-version",
        "/api/v1/health",
        "/api/v1/health/live",
        "/api/v1/health/ready",
        "/metrics",
        "/api",
        "/api/{rest:path}",
    }


GUARDED = [(m, p) for m, p in routes() if declared(m, p).kind != "public"]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize("who", ["nobody", "viewer", "operator", "admin", "no role"])
async def test_each_role_gets_what_the_table_says(request, client, enter, who, method, path):
    people = {"viewer": "carla", "operator": "bruno", "admin": "ana"}
    rule = declared(method, path)
    if who == "no role":
        person = request.getfixturevalue("carla")
        _take_role(person)
        enter(client, person)
    elif who != "nobody":
        enter(client, request.getfixturevalue(people[who]))
    else:
        request.getfixturevalue("database")
    answer = await client.request(method, path)
    allowed = who != "nobody" and (not rule.permission or rule.permission in GRANTS.get(who, ()))
    if allowed:
        assert answer.status_code not in (401, 403)
        return
    assert answer.status_code == (401 if who == "nobody" else 403)
    assert answer.headers["content-type"] == "application/problem+json"


def _take_role(person):
    from sqlmodel import delete

    from models import RoleGrant
    from services import db

    db.write_now(lambda session: session.exec(delete(RoleGrant).where(RoleGrant.account_id == person.id)))


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/nothing", "/api/v1/health/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_address_is_a_problem_and_not_a_page(client, method, path):
    answer = await client.send(httpx.Request(method, f"http://localhost:3000{path}"))
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
