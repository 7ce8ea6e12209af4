"""Whatever is sent, the answer is one in words: no request makes the layers or the API fail."""

import random

import pytest

from keepai import api
from keepai.api.access import rules
from services import db, workers
from services.clock import now
from tests.keepai.around import ask

PARAMETERS = [
    "format",
    "metric",
    "subject",
    "range",
    "start",
    "end",
    "resolution",
    "points",
    "limit",
    "cursor",
]
PARAMETERS += [
    "fields",
    "worker",
    "next",
    "error",
    "lang",
    "q",
    "state",
    "sort",
    "window",
    "from",
    "to",
    "label.kind",
]
PIECES = [
    "",
    "0",
    "-1",
    "1e400",
    "NaN",
    "null",
    "[]",
    "'",
    '"',
    "<b>",
    "%",
    "%00",
    "%ff",
    "%c0%af",
    "\\",
    "//",
    "..",
]
PIECES += [
    "a" * 5000,
    "٣",
    "💥",
    "\u202e",
    "=",
    ";",
    "+",
    "\x7f",
    "\x85",
    "csv",
    "compute",
    "worker:",
    "1h",
    "cpu",
]
HEADERS = [
    "cookie",
    "accept",
    "accept-language",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "range",
]
HEADERS += ["authorization", "content-type", "sec-fetch-dest", "if-none-match", "user-agent", "forwarded"]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO"]
PATHS = sorted(
    {
        path.replace("{rest:path}", "x").replace("{form}", "csv").replace("{id}", "x")
        for _, path, _ in rules(api.build())
    }
)
PATHS += [
    "/",
    "/workers",
    "/workers/x",
    "/settings",
    "/_event",
    "/_upload",
    "/assets/x",
    "/ping",
    "/%ff",
    "/%00",
]
ENDS = ["", "", "", "/", "/..", "//", "%2e%2e", "%2f", ";x", "\\", "%0d%0a"]


def piece(dice: random.Random) -> str:
    return "".join(dice.choice(PIECES) for _ in range(dice.randint(0, 3)))


def nonsense(dice: random.Random, token: str) -> tuple[str, bytes, list[tuple[bytes, bytes]], bytes]:
    """One request that nobody in their right mind would send."""
    query = "&".join(f"{dice.choice(PARAMETERS)}={piece(dice)}" for _ in range(dice.randint(0, 4)))
    target = f"{dice.choice(PATHS)}{dice.choice(ENDS)}?{query}".encode()
    headers = [(dice.choice(HEADERS).encode(), piece(dice).encode()) for _ in range(dice.randint(0, 4))]
    cookie = token or piece(dice)
    headers.append(
        (b"cookie", f"{piece(dice)}; keepai_session={cookie}; keepai_typed={piece(dice)}".encode())
    )
    method = dice.choice(METHODS)
    body = f"email={piece(dice)}&password={piece(dice)}&{piece(dice)}".encode() if method != "GET" else b""
    return method, target, [(b"host", b"localhost:3000"), *headers], body


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("who", ["nobody", "ana"])
async def test_no_request_makes_it_fail(request, app, client, database, enter, caplog, who, seed):
    db.write_now(workers.ensure_compute, "embedded", now())
    ana = request.getfixturevalue("ana")
    made, dice = app(), random.Random(seed)
    for _ in range(200):
        sent = nonsense(dice, enter(client, ana) if who == "ana" else "")
        status, headers, _ = await ask(made, *sent)
        assert 200 <= status < 500, sent
        assert headers["x-service"] == "keepai"
        assert headers["x-content-type-options"] == "nosniff"
        assert "\n" not in headers.get("location", "")
    assert not [record for record in caplog.records if record.exc_info]
