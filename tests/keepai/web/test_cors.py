"""Pages of other sites: closed, unless an admin names them, and then for the API with a key alone."""

import pytest

from services import db
from services.clock import now
from services.identity import accounts, api_keys
from tests.keepai.around import browser

TOOLS, OTHER = "https://tools.example.org", "https://evil.example.org"


@pytest.fixture
def key(carla):
    owner = accounts.principal(carla, {"platform": "viewer"}, carla.id)
    return db.write_now(api_keys.create, owner, now(), name="tools", permissions=["compute:read"])[1]


@pytest.fixture
def named(settings, app):
    settings(cors_origins=f"{TOOLS}, http://localhost:9000")
    return browser(app())


def asking(origin, method="GET", headers="authorization"):
    asked = {"access-control-request-method": method, "access-control-request-headers": headers}
    return {"origin": origin, **asked}


async def test_closed_by_itself(client, key):
    answer = await client.options("/api/v1/dashboard", headers=asking(TOOLS))
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    called = await client.get(
        "/api/v1/dashboard", headers={"origin": TOOLS, "authorization": f"Bearer {key}"}
    )
    assert called.status_code == 403


async def test_a_named_site_may_ask_and_call_with_a_key(named, key):
    may = await named.options("/api/v1/workers", headers=asking(TOOLS, "POST", "authorization,content-type"))
    assert (may.status_code, may.headers["access-control-allow-origin"]) == (200, TOOLS)
    assert "access-control-allow-credentials" not in may.headers
    called = await named.get("/api/v1/workers", headers={"origin": TOOLS, "authorization": f"Bearer {key}"})
    assert (called.status_code, called.headers["access-control-allow-origin"]) == (200, TOOLS)
    assert "etag" in called.headers["access-control-expose-headers"].lower()


async def test_a_named_site_does_not_act_with_somebodys_session(named, carla, enter):
    enter(named, carla)
    assert (await named.get("/api/v1/workers", headers={"origin": TOOLS})).status_code == 403
    assert (await named.post("/auth/logout", headers={"origin": TOOLS})).status_code == 403
    assert (await named.options("/", headers=asking(TOOLS))).status_code == 403


async def test_others_stay_outside(named, key):
    assert (await named.options("/api/v1/workers", headers=asking(OTHER))).status_code == 403
    headers = {"origin": OTHER, "authorization": f"Bearer {key}"}
    assert (await named.get("/api/v1/workers", headers=headers)).status_code == 403
