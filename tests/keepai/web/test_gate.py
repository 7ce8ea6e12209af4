"""Nothing is reached without a session, except what is named public."""

import httpx2
import pytest
from sqlmodel import select

from models import RoleGrant
from services import db
from services.clock import now
from services.identity import principals, sessions
from tests.keepai.around import browser, handshake

BROWSER = {"accept": "text/html,application/xhtml+xml", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        ("/", "/"),
        ("/workers", "/workers"),
        ("/workers?sort=cpu&q=a%20b", "/workers%3Fsort%3Dcpu%26q%3Da%2520b"),
    ],
)
async def test_a_page_without_a_session_leads_to_sign_in_and_back(client, asked, after):
    answer = await client.get(asked, headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/login?next={after}"
    assert answer.headers["cache-control"] == "no-store"


async def test_an_absurdly_long_way_is_forgotten(client):
    answer = await client.get("/workers?q=" + "x" * 5000, headers=BROWSER)
    assert answer.headers["location"] == "/login?next=/"


async def test_the_way_back_survives_the_round_trip(client, ana, enter):
    there = (await client.get("/workers?sort=cpu&q=a%20b%26c", headers=BROWSER)).headers["location"]
    enter(client, ana)
    answer = await client.get(there)
    assert (answer.status_code, answer.headers["location"]) == (303, "/workers?sort=cpu&q=a%20b%26c")


@pytest.mark.parametrize(
    "path", ["/", "/workers", "/workers/", "/system", "/settings", "/nothing-here", "/html"]
)
async def test_every_page_needs_a_session(client, path):
    assert (await client.get(path)).status_code == 303
    assert (await client.get(path, headers={"sec-fetch-dest": "empty"})).status_code == 401
    assert (await client.post(path)).status_code == 401


async def test_a_navigation_through_a_service_worker_is_answered_with_a_page(client):
    through = {"accept": "text/html", "sec-fetch-dest": "empty", "sec-fetch-mode": "navigate"}
    asked = {**through, "sec-fetch-mode": "cors"}
    assert (await client.get("/workers", headers=through)).status_code == 303
    assert (await client.get("/workers", headers=asked)).status_code == 401


@pytest.mark.parametrize("path", ["/assets/root-C3xF9a_b.js", "/sw.js", "/login", "/api/v1/health/live"])
async def test_what_is_public_needs_none(client, path):
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/..%2findex.html",
        "/assets//../index.html",
        "//workers",
        "/assets\\..\\index.html",
        "/workers%00",
        "/%0d%0aset-cookie:x",
    ],
)
async def test_no_path_trick_passes_the_gate(client, path):
    answer = await client.send(
        httpx2.Request("GET", httpx2.URL("http://localhost:3000").copy_with(raw_path=path.encode()))
    )
    assert answer.status_code in (303, 401, 404)
    assert "<h1>dashboard" not in answer.text


async def test_a_session_opens_the_pages(client, carla, enter):
    enter(client, carla)
    for path in ("/", "/workers", "/settings"):
        answer = await client.get(path, headers=BROWSER)
        assert (answer.status_code, "<script>" in answer.text) == (200, True)


async def test_a_page_folder_is_served_without_a_detour(client, carla, enter):
    enter(client, carla)
    assert (await client.get("/workers")).status_code == 200


async def test_an_unknown_page_stays_a_404(client, carla, enter):
    enter(client, carla)
    answer = await client.get("/nothing-here", headers=BROWSER)
    assert (answer.status_code, "nothing here" in answer.text) == (404, True)


async def test_a_revoked_session_ends_at_once(client, carla, enter):
    token = enter(client, carla)
    assert (await client.get("/")).status_code == 200
    principal = await principals.principal_of_token(token)
    await db.write(sessions.revoke, carla.id, principal.session_id, now())
    principals.end(session_id=principal.session_id)
    answer = await client.get("/workers", headers=BROWSER)
    assert answer.headers["location"] == "/login?error=expired&next=/workers"
    assert 'keepai_session=""' in answer.headers["set-cookie"] or "Max-Age=0" in answer.headers["set-cookie"]


async def test_a_broken_cookie_is_no_session(client):
    for value in ("", "x", "x" * 4000, '"', "ü", "a" * 43):
        answer = await client.get("/", headers={"cookie": f"keepai_session={value}".encode("latin-1")})
        assert answer.status_code == 303


async def test_who_must_change_the_password_is_led_there(client, ana, enter):
    def must(session):
        session.merge(ana).must_change_password = True

    db.write_now(must)
    enter(client, ana)
    for path in ("/", "/workers", "/nothing-here"):
        assert (await client.get(path, headers=BROWSER)).headers["location"] == "/settings?must=password"
    assert (await client.get("/settings?must=password")).status_code == 200
    assert (await client.get("/api/v1/openapi.json")).status_code == 403


async def test_a_socket_without_a_session_is_refused_before_it_opens(app):
    for headers in ({}, {"cookie": "keepai_session=" + "a" * 43}):
        assert [m["type"] for m in await handshake(app(), **headers)] == ["websocket.close"]


async def test_a_socket_with_a_session_knows_whose_it_is(app, client, carla, enter):
    token = enter(client, carla)
    sent = await handshake(app(), cookie=f"keepai_session={token}")
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[1]["text"] == "carla@example.org"
    assert dict(sent[0]["headers"])[b"x-service"] == b"keepai"


async def test_a_session_opens_no_other_socket(app, client, carla, enter):
    token = enter(client, carla)
    sent = await handshake(app(), path="/elsewhere", cookie=f"keepai_session={token}")
    assert [m["type"] for m in sent] == ["websocket.close"]


async def test_polling_without_a_session_is_401(client, carla, enter):
    assert (
        await client.get(
            "/_event/?EIO=4&transport=polling", headers={"accept": "*/*", "sec-fetch-dest": "empty"}
        )
    ).status_code == 401
    assert (await client.post("/_event?EIO=4&transport=polling")).status_code == 401
    enter(client, carla)
    assert (await client.post("/_event?EIO=4&transport=polling")).status_code == 200


async def test_uploads_need_a_session_and_end_at_their_size(client, carla, enter):
    assert (await client.post("/_upload", content=b"x")).status_code == 401
    enter(client, carla)
    assert (await client.post("/_upload", content=b"x" * 2_000_000)).text == "2000000"
    assert (await client.post("/_upload", content=b"x" * (16 * 2**20 + 1))).status_code == 413

    async def endless():
        for _ in range(40):
            yield b"x" * 2**20

    assert (await client.post("/_upload", content=endless())).status_code == 413


async def test_language_and_theme_follow_the_person_to_plain_pages(client, carla, enter):
    def choose(session):
        account = session.merge(carla)
        account.locale, account.theme = "en", "dark"

    db.write_now(choose)
    enter(client, carla)
    await client.get("/", headers=BROWSER)
    client.cookies.delete("keepai_session")
    page = (await client.get("/login")).text
    assert '<html lang="en" data-theme="dark">' in page


async def test_a_database_that_fails_is_told_in_words(app, client, carla, enter):
    enter(client, carla)
    db.configure("sqlite:////nowhere/at/all.db")
    answer = await browser(app()).get("/", headers={**BROWSER, "cookie": "keepai_session=" + "a" * 43})
    assert (answer.status_code, "O banco de dados não responde" in answer.text) == (503, True)


async def test_the_address_of_the_house_leads_to_the_first_page_somebody_may_see(client, carla, enter):
    def change(session, **values):
        for grant in session.exec(select(RoleGrant).where(RoleGrant.account_id == carla.id)):
            for name, value in values.items():
                setattr(grant, name, value)

    enter(client, carla)
    assert (await client.get("/", headers=BROWSER)).status_code == 200
    db.write_now(change, scope="clinic:1")
    principals.forget(account_id=carla.id)
    answer = await client.get("/", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
    assert (await client.get("/settings", headers=BROWSER)).status_code in (200, 307)
