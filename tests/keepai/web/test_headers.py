"""Headers that make browsers careful, and how long answers may be kept."""

import base64
import hashlib
import json

import pytest

from keepai.web import headers
from tests.keepai.around import PAGES, browser

SCRIPT = "document.documentElement.className = 'js'"


@pytest.fixture(autouse=True)
def fresh_policy():
    headers.policy.cache_clear()


def directives(answer):
    return dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))


async def test_scripts_are_ours_or_of_this_very_build(client, ana, enter):
    enter(client, ana)
    page = await client.get("/")
    assert SCRIPT in page.text
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = directives(page)
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert "unsafe-eval" not in page.headers["content-security-policy"]


async def test_the_hashes_of_the_build_are_used_where_it_noted_them(app, build):
    noted = ["sha256-AAAA", "sha384-B+/=", "'unsafe-inline'", "x; script-src *", 7]
    (build / "csp.json").write_text(json.dumps({"script_hashes": noted}))
    page = await browser(app()).get("/login")
    assert directives(page)["script-src"] == "'self' 'sha256-AAAA' 'sha384-B+/='"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"script_hashes": 3}', "\x00"])
async def test_a_broken_note_falls_back_to_the_pages(app, build, text):
    (build / "csp.json").write_text(text)
    assert "sha256-" in directives(await browser(app()).get("/login"))["script-src"]


def test_without_a_build_only_files_of_ours_may_run(tmp_path):
    assert headers.policy(tmp_path / "nothing").split("; ")[1] == "script-src 'self'"


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_is_careful(client, path):
    answer = await client.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["x-service"] == "keepai"
    if answer.headers.get("content-type", "").startswith("text/html") and answer.text:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_only_tls_under_a_public_name_is_made_permanent(app, settings):
    settings(public_url="https://keepai.example.org")
    made = app()
    hsts = "strict-transport-security"
    assert hsts in (await browser(made, base="https://keepai.example.org").get("/login")).headers
    assert hsts not in (await browser(made, base="http://keepai.example.org").get("/login")).headers
    assert hsts not in (await browser(made, base="https://localhost").get("/login")).headers


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/assets/root-C3xF9a_b.js", "public, max-age=31536000, immutable"),
        ("/assets/plain.txt", "no-cache"),
        ("/assets/missing-C3xF9a_b.js", "no-store"),
        ("/sw.js", "no-cache"),
        ("/", "no-cache"),
        ("/workers", "no-cache"),
        ("/login", "no-store"),
        ("/api/v1/health", "private, no-cache"),
        ("/api/v1/session", "private, no-cache"),
        ("/api/v1/dashboard", "private, max-age=30"),
        ("/api/v1/nothing", "no-store"),
        ("/html", "no-store"),
    ],
)
async def test_how_long_answers_may_be_kept(client, ana, enter, path, kept):
    if path != "/login":
        enter(client, ana)
    assert (await client.get(path)).headers["cache-control"] == kept


async def test_an_unchanged_page_is_not_sent_again(client, ana, enter):
    enter(client, ana)
    first = await client.get("/workers")
    again = await client.get("/workers", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == "no-cache"
    client.cookies.clear()
    without = await client.get("/workers", headers={"if-none-match": first.headers["etag"]})
    assert without.status_code == 303
