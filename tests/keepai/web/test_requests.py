"""Where a request comes from, what it is called, and what is said when it fails."""

import pytest

from services import limits
from tests.keepai.around import browser

BROWSER = {"accept": "text/html", "sec-fetch-dest": "document"}
REMOTE = "198.51.100.7"


async def test_a_sane_request_id_is_taken_over(client):
    answer = await client.get("/login", headers={"x-request-id": "abc-123.DEF:4"})
    assert answer.headers["x-request-id"] == "abc-123.DEF:4"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<b>", "-a", "a\x7f", "ü"])
async def test_any_other_is_replaced(client, given):
    answer = await client.get("/login", headers={"x-request-id": given.encode("latin-1")})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


async def test_each_request_has_its_own_id(client):
    ids = {(await client.get("/login")).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


async def test_a_failure_is_a_page_in_words_with_the_id_that_is_in_the_log(client, ana, enter, caplog):
    enter(client, ana)
    answer = await client.get("/boom", headers=BROWSER)
    number = answer.headers["x-request-id"]
    assert answer.status_code == 500
    assert "Algo falhou aqui" in answer.text
    assert number in answer.text
    assert "secret detail" not in answer.text
    assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


async def test_programs_get_a_problem_instead(client, ana, enter):
    enter(client, ana)
    answer = await client.get("/boom", headers={"sec-fetch-dest": "empty", "accept-language": "en"})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 500
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["detail"].startswith("Algo falhou")  # the person's own language goes first


async def test_bare_errors_of_the_framework_are_put_into_words(client, ana, enter):
    enter(client, ana)
    answer = await client.get("/late", headers=BROWSER)
    assert (answer.status_code, "Algo falhou aqui" in answer.text) == (500, True)
    answer = await client.post("/workers", headers={"accept-language": "en"})
    assert (answer.status_code, answer.json()["status"]) == (405, 405)


async def test_a_head_request_has_no_body(client, ana, enter):
    enter(client, ana)
    for path in ("/boom", "/login", "/nothing-here"):
        assert (await client.head(path, headers=BROWSER)).content == b""


async def test_too_much_is_refused_in_words(client):
    answer = await client.post("/auth/login", content=b"x" * (2**20 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def address_seen(app, **headers):
    """The address that failures of signing in are counted for."""
    client = browser(app, peer="10.0.0.2")
    await client.post("/auth/login", data={"email": "x@example.org", "password": "wrong"}, headers=headers)
    keys = {key for key, _ in limits.counter()._counts}
    (address,) = [key.rpartition("address:")[2] for key in keys if ":address:" in key]
    return address


async def test_without_proxies_forwarding_headers_are_not_believed(app):
    assert await address_seen(app(), **{"x-forwarded-for": REMOTE}) == "10.0.0.2"


@pytest.mark.parametrize(
    ("hops", "forwarded", "seen"),
    [
        (1, REMOTE, REMOTE),
        (1, f"1.1.1.1, {REMOTE}", REMOTE),
        (2, f"1.1.1.1, {REMOTE}, 10.0.0.9", REMOTE),
        (2, REMOTE, "10.0.0.2"),
        (1, " , ,", "10.0.0.2"),
        (1, "x" * 500, "x" * 64),
    ],
)
async def test_behind_proxies_the_callers_address_is_what_they_saw(app, settings, hops, forwarded, seen):
    settings(trusted_proxies=hops)
    assert await address_seen(app(), **{"x-forwarded-for": forwarded}) == seen


async def test_a_proxy_that_ends_tls_makes_the_cookie_secure(app, settings, ana):
    from tests.conftest import PASSWORD

    form = {"email": ana.email, "password": PASSWORD}
    https = {"x-forwarded-proto": "https", "x-forwarded-for": REMOTE}
    plain = await browser(app()).post("/auth/login", data=form, headers=https)
    assert "Secure" not in plain.headers["set-cookie"]
    settings(trusted_proxies=1)
    secure = await browser(app()).post("/auth/login", data=form, headers=https)
    assert "Secure" in secure.headers["set-cookie"]
