"""Signing in and out with a plain form."""

import asyncio
import re
import time
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlmodel import select

from models import AccountSession
from services import db
from services.clock import now
from services.identity import principals
from tests.conftest import PASSWORD
from tests.keepai.around import browser


async def sign_in(client, email="ana@example.org", password=PASSWORD, **more):
    return await client.post("/auth/login", data={"email": email, "password": password, **more})


def sessions_stored():
    return db.read_now(lambda session: session.exec(select(AccountSession)).all())


async def test_the_right_password_opens_the_page_asked_for(client, ana):
    answer = await sign_in(client, next="/workers?sort=cpu")
    assert (answer.status_code, answer.headers["location"]) == (303, "/workers?sort=cpu")
    cookie = answer.headers["set-cookie"]
    assert re.match(r"keepai_session=[\w-]{43};", cookie)
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=2592000"):
        assert part in cookie
    assert "Secure" not in cookie
    assert (await client.get("/api/v1/session")).json()["email"] == "ana@example.org"


async def test_the_token_itself_is_stored_nowhere(client, ana):
    await sign_in(client)
    (stored,) = sessions_stored()
    assert client.cookies["keepai_session"] not in repr(stored)
    assert stored.address == "127.0.0.1"


async def test_the_address_may_be_typed_in_capitals_with_blanks(client, ana):
    assert (await sign_in(client, email="  ANA@Example.org ")).headers["location"] == "/"


async def test_behind_tls_the_cookie_is_secure(app, ana):
    answer = await sign_in(browser(app(), base="https://localhost"))
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_wrong_password_keeps_what_was_typed_and_where_to(client, ana):
    answer = await sign_in(client, password="wrong", next="/workers?q=a b&c=ü")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?error=wrong&next=/workers%3Fq%3Da%2520b%26c%3D%25C3%25BC"
    assert "keepai_session" not in answer.headers["set-cookie"]
    page = (await client.get(answer.headers["location"])).text
    assert 'value="ana@example.org"' in page
    assert "E-mail ou senha não conferem." in page
    assert 'name="next" value="/workers?q=a%20b&amp;c=%C3%BC"' in page
    assert "wrong" not in page.split("<body>")[1].replace("error=wrong", "")


@pytest.mark.parametrize("email", ["ana@example.org", "nobody@example.org"])
async def test_nothing_tells_which_of_the_two_was_wrong(client, ana, email):
    answer = await sign_in(client, email=email, password="wrong")
    assert answer.headers["location"] == "/login?error=wrong&next=/"


async def test_a_deactivated_person_does_not_get_in(client, ana):
    def leave(session):
        session.merge(ana).deactivated_at = now()

    db.write_now(leave)
    assert (await sign_in(client)).headers["location"].startswith("/login?error=wrong")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\x00//evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        " /workers",
        "///evil.example",
        "/" + "x" * 3000,
        "/login?next=/login",
        "/login/",
        "/auth/logout",
        "//[::1",
    ],
)
async def test_the_way_on_never_leaves_the_house(client, ana, target):
    assert (await sign_in(client, next=target)).headers["location"] == "/"
    assert (await client.get(f"/login?next={quote(target, safe='')}")).headers["location"] == "/"


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/workers/0192?tab=logs#x", "/workers/0192?tab=logs#x"),
        ("/ação", "/a%C3%A7%C3%A3o"),
        ("/a b", "/a%20b"),
    ],
)
async def test_a_page_of_ours_is_reached(client, ana, target, location):
    assert (await sign_in(client, next=target)).headers["location"] == location


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"email": "ana@example.org"},
        {"password": PASSWORD},
        {"email": "", "password": ""},
        {"email": "ana@example.org\x00", "password": PASSWORD},
        {"email": "x" * 10_000, "password": PASSWORD},
        {"email": "ana@example.org", "password": "x" * 100_000},
        {"email": "' OR 1=1 --", "password": "' OR 1=1 --"},
        {"email": ["ana@example.org", "b@example.org"], "password": "x"},
    ],
)
async def test_odd_forms_are_wrong_and_nothing_more(client, ana, form):
    answer = await client.post("/auth/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?error=wrong&next=/")
    assert (await client.get("/login")).status_code == 200


async def test_other_kinds_of_bodies_do_not_sign_in(client, ana):
    right = {"email": ana.email, "password": PASSWORD}
    assert "error=wrong" in (await client.post("/auth/login", json=right)).headers["location"]
    files = {"email": ("a.txt", b"ana@example.org"), "password": ("b.txt", PASSWORD.encode())}
    assert (await client.post("/auth/login", files=files)).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert (await client.post("/auth/login", content=b"--y\r\nnonsense", headers=broken)).status_code in (
        303,
        400,
    )
    many = "&".join(f"f{i}=1" for i in range(50))
    urlencoded = {"content-type": "application/x-www-form-urlencoded"}
    assert (await client.post("/auth/login", content=many, headers=urlencoded)).status_code == 400
    assert sessions_stored() == []


async def test_the_sixth_guess_in_a_minute_is_not_even_tried(client, app, ana, bruno):
    for _ in range(5):
        assert "error=wrong" in (await sign_in(client, password="wrong")).headers["location"]
    answer = await sign_in(client)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (query["error"], 0 < int(query["wait"][0]) <= 120) == (["limited"], True)
    assert "Foram tentativas demais" in (await client.get(answer.headers["location"])).text
    elsewhere = browser(app(), peer="10.0.0.7")
    assert (await sign_in(elsewhere, email="bruno@example.org")).headers["location"] == "/"


async def test_the_limit_passes_after_a_minute(client, ana, monkeypatch):
    for _ in range(5):
        await sign_in(client, password="wrong")
    later = time.time() + 121
    monkeypatch.setattr("services.limits.time.time", lambda: later)
    assert (await sign_in(client)).headers["location"] == "/"


async def test_an_hour_has_its_own_limit(client, ana, monkeypatch):
    start = 3600 * (time.time() // 3600)
    for minute in range(40):
        monkeypatch.setattr("services.limits.time.time", lambda minute=minute: start + 65 * minute)
        answers = [await sign_in(client, password="wrong") for _ in range(5)]
    assert all("error=limited" in answer.headers["location"] for answer in answers)
    wait = int(parse_qs(urlsplit(answers[-1].headers["location"]).query)["wait"][0])
    assert wait > 60


async def test_guesses_sent_at_once_are_counted_one_by_one(client, ana):
    answers = await asyncio.gather(*(sign_in(client, password=f"wrong{n}") for n in range(30)))
    assert sum("error=wrong" in answer.headers["location"] for answer in answers) == 5


async def test_a_thousand_guesses_from_elsewhere_do_not_lock_out_who_comes_from_where_they_always_did(
    app, ana
):
    home = browser(app(), peer="203.0.113.4")
    assert (await sign_in(home)).headers["location"] == "/"
    home.cookies.clear()
    for number in range(1000):
        attacker = browser(home._transport.app, peer=f"10.{number // 250}.{number % 250}.1")
        answer = await sign_in(attacker, password="wrong")
        assert "error=" in answer.headers["location"]
    assert "error=limited" in answer.headers["location"]  # the account is guarded towards strangers
    assert (await sign_in(home)).headers["location"] == "/"


async def test_addresses_of_one_ipv6_network_are_counted_together(app, ana):
    stack = app()
    for number in range(5):
        await sign_in(browser(stack, peer=f"2001:db8:1:2::{number}"), password="wrong")
    answer = await sign_in(browser(stack, peer="2001:db8:1:2:ffff::1"))
    assert "error=limited" in answer.headers["location"]
    assert (
        "error=limited"
        not in (await sign_in(browser(stack, peer="2001:db8:1:3::1"), email="x@y")).headers["location"]
    )


async def test_many_right_passwords_are_no_guessing(client, ana):
    answers = await asyncio.gather(*(sign_in(client) for _ in range(12)))
    assert {a.headers["location"] for a in answers} == {"/"}


async def test_signing_in_again_makes_a_new_token_and_ends_the_old_one(client, ana):
    await sign_in(client)
    first = client.cookies["keepai_session"]
    await sign_in(client)
    second = client.cookies["keepai_session"]
    assert first != second
    assert await principals.principal_of_token(first) is None
    assert (await principals.principal_of_token(second)).email == "ana@example.org"


async def test_a_token_made_up_by_somebody_is_never_taken(client, ana):
    client.cookies.set("keepai_session", "a" * 43)
    await sign_in(client)
    assert "a" * 43 not in {cookie.value for cookie in client.cookies.jar if cookie.domain}


async def test_signing_out_ends_the_session_everywhere_at_once(client, ana):
    ended = []
    principals.on_end(ended.append)
    await sign_in(client)
    token = client.cookies["keepai_session"]
    session_id = (await principals.principal_of_token(token)).session_id
    answer = await client.post("/auth/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert "keepai_session" not in client.cookies
    assert await principals.principal_of_token(token) is None
    assert [e.session_id for e in ended] == [session_id]


async def test_signing_out_twice_is_fine(client):
    assert (await client.post("/auth/logout")).status_code == 303


async def test_a_link_cannot_sign_anybody_out(client, ana, enter):
    enter(client, ana)
    assert (await client.get("/auth/logout")).status_code in (404, 405)
    assert (await client.get("/api/v1/session")).status_code == 200


async def test_who_is_signed_in_goes_on(client, ana, enter):
    enter(client, ana)
    assert (await client.get("/login?next=/system")).headers["location"] == "/system"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("error=revoked", "Sua sessão foi encerrada"),
        ("reason=revoked", "Sua sessão foi encerrada"),
        ("error=expired", "Sua sessão terminou"),
        ("error=busy", "Há muita gente entrando"),
    ],
)
async def test_each_reason_has_its_words(client, ana, reason, words):
    assert words in (await client.get(f"/login?{reason}")).text


@pytest.mark.parametrize("reason", ["", "x", "<script>alert(1)</script>", "title", "wrong.text", "a" * 9000])
async def test_an_unknown_reason_says_nothing(client, ana, reason):
    page = (await client.get("/login", params={"error": reason})).text
    assert 'role="alert"' not in page
    assert "alert(1)" not in page


async def test_what_was_typed_is_shown_as_text(client, ana):
    await sign_in(client, email='"><script>alert(1)</script>', password="x")
    page = (await client.get("/login?error=wrong")).text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_the_page_follows_the_reader(client, ana):
    assert '<html lang="pt-BR">' in (await client.get("/login")).text
    english = await client.get("/login", headers={"accept-language": "en-US,en;q=0.9,pt;q=0.8"})
    assert '<html lang="en">' in english.text
    await client.get("/login?lang=en")
    assert '<html lang="en">' in (await client.get("/login")).text
    switch = re.search(r'<a href="([^"]+)"[^>]+data-testid="language-switch"', english.text)[1]
    assert switch == "/login?lang=pt-BR&amp;next=/"
    for odd in ("xx", "", "../../etc", "pt_BR\r\nx: y"):
        assert (await client.get("/login", params={"lang": odd})).status_code == 200


async def test_the_first_field_to_fill_has_the_focus(client, ana):
    def focused(page):
        return re.search(r'<input id="(\w+)"[^>]* autofocus', page)[1]

    assert focused((await client.get("/login")).text) == "email"
    await sign_in(client, password="wrong")
    assert focused((await client.get("/login?error=wrong")).text) == "password"


async def test_fields_are_labelled_and_known_to_password_managers(client, ana):
    page = (await client.get("/login?error=wrong")).text
    for field, purpose in (("email", "username"), ("password", "current-password")):
        assert f'<label for="{field}">' in page
        assert re.search(rf'id="{field}"[^>]+autocomplete="{purpose}"', page)
    assert page.count('aria-describedby="why"') == 2
    assert '<p class="error" id="why" role="alert">' in page


async def test_an_empty_installation_says_how_to_begin(client, database):
    assert "python -m keepai create-admin" in (await client.get("/login")).text


async def test_otherwise_the_page_says_nothing_of_it(client, ana):
    assert "create-admin" not in (await client.get("/login")).text
