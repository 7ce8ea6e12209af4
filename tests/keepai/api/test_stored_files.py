"""Files over HTTP: what goes in, what comes out and how a browser is told to treat it, and who gets nothing."""

import asyncio

import pytest
from sqlmodel import select

from keepai.api.stored_files import SANDBOX
from models import AuditEvent
from services import db, files
from services.settings import get_settings
from tests.keepai.around import browser

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


@pytest.fixture
def as_(app, enter):
    """A browser of that person."""
    made = app()

    def come(person):
        client = browser(made)
        enter(client, person)
        return client

    return come


def there():
    folder = get_settings().data_dir / "files"
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_file_goes_in_and_comes_out(as_, bruno):
    client = as_(bruno)
    answer = await client.post("/api/v1/files", params={"name": "nota ação.md"}, content="# Olá".encode())
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["name"], made["type"], made["size"]) == ("nota ação.md", "text/markdown", 6)
    got = await client.get(f"/api/v1/files/{made['id']}")
    assert got.content == "# Olá".encode()
    assert got.headers["content-type"] == "text/markdown; charset=utf-8"
    assert got.headers["content-disposition"] == (
        "attachment; filename=\"nota a__o.md\"; filename*=UTF-8''nota%20a%C3%A7%C3%A3o.md"
    )
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == SANDBOX
    assert "no-store" in got.headers["cache-control"]
    assert [one["id"] for one in (await client.get("/api/v1/files")).json()["items"]] == [made["id"]]
    assert (await client.delete(f"/api/v1/files/{made['id']}")).status_code == 204
    assert there() == []
    assert (await client.get(f"/api/v1/files/{made['id']}")).status_code == 404
    noted = db.read_now(lambda session: [one.action for one in session.exec(select(AuditEvent))])
    assert noted[1:] == ["file.added", "file.deleted"]


@pytest.mark.parametrize(
    ("name", "data", "kind", "shown"),
    [
        ("a.png", PNG, "image/png", "inline"),
        ("a.svg", SVG, "application/octet-stream", "attachment"),
        ("a.png", SVG, "application/octet-stream", "attachment"),
        ("a.png", b"<html><script>alert(1)</script>", "application/octet-stream", "attachment"),
        ("a.html", b"<p>x", "text/plain; charset=utf-8", "attachment"),
        ("a.png", b"", "text/plain; charset=utf-8", "attachment"),
    ],
)
@pytest.mark.parametrize("form", [False, True])
async def test_nothing_runs_that_somebody_puts_there(as_, bruno, name, data, kind, shown, form):
    client = as_(bruno)
    given = {"files": {"file": (name, data, "image/png")}} if form else {"content": data}
    answer = await client.post("/api/v1/files", params={"name": name}, **given)
    assert answer.status_code == 201, answer.text
    got = await client.get(f"/api/v1/files/{answer.json()['id']}")
    assert (got.content, got.headers["content-type"]) == (data, kind)
    assert got.headers["content-disposition"].startswith(f'{shown}; filename="{name}"')
    assert "sandbox" in got.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name",
    ["../../../etc/cron.d/x", "a\r\nX-Evil: 1", 'a"; filename="b.html', "‮gpj.exe", "é" * 300, "%0d%0a", "…"],
)
async def test_a_hostile_name_is_only_a_name(as_, bruno, name):
    client = as_(bruno)
    answer = await client.post("/api/v1/files", params={"name": name}, content=b"x")
    assert answer.status_code == 201, answer.text
    got = await client.get(f"/api/v1/files/{answer.json()['id']}")
    said = got.headers["content-disposition"]
    assert said.count('"') == 2 and "\n" not in said and said.isascii()
    assert "x-evil" not in got.headers
    (path,) = there()
    assert path.parent.name == bruno.id.hex
    assert got.content == b"x"


async def test_nobody_else_finds_it_admins_neither(as_, ana, bruno, carla):
    made = (await as_(bruno).post("/api/v1/files", content=b"secret")).json()
    for other in (ana, carla):
        client = as_(other)
        assert (await client.get("/api/v1/files")).json()["items"] == []
        for method in ("GET", "DELETE"):
            answer = await client.request(method, f"/api/v1/files/{made['id']}")
            assert answer.status_code == 404
            assert b"secret" not in answer.content
    assert len(there()) == 1
    for odd in ("x", "..%2f..%2fetc%2fpasswd", "0" * 32):
        assert (await as_(bruno).get(f"/api/v1/files/{odd}")).status_code == 404


async def test_a_form_without_a_file_says_so(as_, bruno):
    answer = await as_(bruno).post("/api/v1/files", files={"other": ("a", b"x")})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "file"
    assert there() == []


@pytest.mark.parametrize("declared", [True, False])
async def test_too_much_is_refused_whether_it_is_declared_or_not(as_, bruno, declared):
    piece = b"x" * 2**20

    async def endless():
        for _ in range(files.MOST // len(piece) + 2):
            yield piece

    content = piece * (files.MOST // len(piece) + 2) if declared else endless()
    answer = await as_(bruno).post("/api/v1/files", content=content)
    assert answer.status_code == 413
    assert there() == []


async def test_what_is_cut_off_leaves_nothing(app, database, bruno, enter):
    made = app()
    client = browser(made)
    token = enter(client, bruno)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/files",
        "raw_path": b"/api/v1/files",
        "query_string": b"name=a",
        "scheme": "http",
        "headers": [
            (b"host", b"localhost:3000"),
            (b"origin", b"http://localhost:3000"),
            (b"cookie", f"keepai_session={token}".encode()),
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 3000),
        "root_path": "",
    }
    told = [
        {"type": "http.request", "body": b"x" * 300_000, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = []

    async def receive():
        if told:
            return told.pop(0)
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    async with asyncio.timeout(10):
        await made(scope, receive, send)
    assert there() == []
    assert [one["status"] for one in sent if one["type"] == "http.response.start"] == [422]
