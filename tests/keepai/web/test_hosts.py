"""Only requests meant for this installation are answered: by its names, from its own pages."""

import pytest

from keepai.web.hosts import host_and_port
from tests.keepai.around import browser, handshake


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:3000", "127.0.0.1:9", "[::1]:3000", "LOCALHOST:3000", "localhost.:3000"]
)
async def test_its_own_names_are_answered(client, host):
    assert (await client.get("/login", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:3000",
        "localhost@evil.example",
        "evil.example/localhost",
        "localhost, evil.example",
        "",
        "[::1",
        "localhost:99999999",
        "127.0.0.1.nip.io",
        "x" * 5000,
        "<script>alert(1)</script>",
    ],
)
@pytest.mark.parametrize("path", ["/", "/login", "/api/v1/health", "/metrics", "/assets/root-C3xF9a_b.js"])
async def test_any_other_name_gets_one_answer_that_names_the_setting(client, host, path):
    answer = await client.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert "KEEPAI_PUBLIC_URL" in answer.text
    to_programs = path in ("/api/v1/health", "/metrics")
    kind = "application/problem+json" if to_programs else "text/html; charset=utf-8"
    assert answer.headers["content-type"] == kind
    assert "<script>alert" not in answer.text
    assert len(answer.text) < 20_000


async def test_the_page_speaks_the_readers_language(client):
    page = await client.get("/", headers={"host": "evil.example", "accept-language": "en-GB,en;q=0.9"})
    assert "not the address of this installation" in page.text


async def test_the_public_address_is_answered(app, settings):
    settings(public_url="https://keepai.example.org")
    client = browser(app())
    assert (await client.get("/login", headers={"host": "keepai.example.org"})).status_code == 200
    assert (await client.get("/login", headers={"host": "other.example.org"})).status_code == 421


async def test_a_socket_by_another_name_is_refused(app, client, ana, enter):
    cookie = f"keepai_session={enter(client, ana)}"
    assert (await handshake(app(), cookie=cookie))[0]["type"] == "websocket.accept"
    assert (await handshake(app(), cookie=cookie, host="evil.example"))[0]["type"] == "websocket.close"


FOREIGN = [
    "https://evil.example",
    "http://localhost",
    "http://localhost:8080",
    "http://localhost.evil.example:3000",
    "null",
    "",
    "file://",
    "http://",
    "localhost:3000",
    "http://evil.example:3000@localhost:3000",
    "http://[::1",
    "x" * 9000,
]


@pytest.mark.parametrize("origin", [o for o in FOREIGN if o])
async def test_what_another_site_sends_is_refused(app, client, ana, enter, origin):
    token = enter(client, ana)
    refused = await client.post("/auth/logout", headers={"origin": origin})
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert (await client.get("/api/v1/session", headers={"origin": origin})).status_code == 403
    assert (await client.get("/api/v1/session")).status_code == 200
    sent = await handshake(app(), cookie=f"keepai_session={token}", origin=origin)
    assert [m["type"] for m in sent] == ["websocket.close"]


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://localhost:3000"])
async def test_our_own_pages_may_send(app, client, ana, enter, origin):
    token = enter(client, ana)
    assert (await client.post("/auth/logout", headers={"origin": origin})).status_code == 303
    token = enter(client, ana)
    sent = await handshake(app(), cookie=f"keepai_session={token}", origin=origin)
    assert sent[0]["type"] == "websocket.accept"


async def test_behind_tls_an_insecure_page_is_another_site(app):
    client = browser(app(), base="https://localhost")
    assert (await client.post("/auth/logout", headers={"origin": "http://localhost"})).status_code == 403
    assert (await client.post("/auth/logout", headers={"origin": "https://localhost"})).status_code == 303


async def test_the_public_address_counts_where_a_proxy_changes_the_host(app, settings):
    settings(public_url="https://keepai.example.org")
    client = browser(app(), base="http://127.0.0.1:3000")
    assert (
        await client.post("/auth/logout", headers={"origin": "https://keepai.example.org"})
    ).status_code == 303
    assert (
        await client.post("/auth/logout", headers={"origin": "https://keepai.example.org:8443"})
    ).status_code == 403


async def test_further_origins_can_be_named(app):
    client = browser(app(more_origins=["http://localhost:3001"]))
    assert (await client.post("/auth/logout", headers={"origin": "http://localhost:3001"})).status_code == 303


async def test_a_browser_that_hides_its_origin_is_refused(client):
    assert (await client.post("/auth/logout", headers={"sec-fetch-site": "cross-site"})).status_code == 403
    assert (await client.post("/auth/logout", headers={"sec-fetch-site": "same-site"})).status_code == 403
    assert (await client.post("/auth/logout", headers={"sec-fetch-site": "same-origin"})).status_code == 303
    assert (await client.get("/login", headers={"sec-fetch-site": "cross-site"})).status_code == 200


@pytest.mark.parametrize(
    ("host", "scheme", "place"),
    [
        ("KeepAI.example.org", "https", ("keepai.example.org", 443)),
        ("[2001:db8::1]:8443", "https", ("2001:db8::1", 8443)),
        ("a:80:80", "http", None),
        ("a b", "http", None),
        ("user@a", "http", None),
        (":3000", "http", None),
    ],
)
def test_a_host_is_a_name_and_a_port(host, scheme, place):
    assert host_and_port(host, scheme) == place
