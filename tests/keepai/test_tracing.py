"""Every line of the log says which request it belongs to, which trace, and who acts."""

import json
import logging
from contextvars import copy_context

import pytest

from keepai import logs
from services import tracing
from services.identity import principals
from services.settings import Settings
from tests.keepai.around import browser

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


class Lines(logging.Handler):
    """Formats as the terminal's handler does, and keeps the lines."""

    def __init__(self, formatter):
        super().__init__()
        self.setFormatter(formatter)
        self.addFilter(logs.Traced())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def terminal(request):
    handlers = [Lines(formatter) for formatter in (logging.Formatter(logs.FORMAT), logs.Objects())]
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    yield [handler.lines for handler in handlers]
    for handler in handlers:
        root.removeHandler(handler)


async def test_a_failure_names_the_request_the_callers_trace_and_the_person(app, terminal, carla, enter):
    client = browser(app())
    enter(client, carla)
    given = {"x-request-id": "r-17", "traceparent": PARENT}
    assert (await client.get("/boom", headers=given)).headers["x-request-id"] == "r-17"
    text, objects = terminal
    who = f"person:{carla.id.hex}"
    assert f"[request_id=r-17 trace_id={TRACE} actor={who}]" in text[-1]
    said = json.loads(objects[-1])
    assert (said["request_id"], said["trace_id"], said["actor"]) == ("r-17", TRACE, who)
    assert (said["level"], said["logger"]) == ("ERROR", "keepai.web.requests")
    assert said["time"].endswith("Z")
    assert "RuntimeError: a secret detail" in said["error"]
    token = client.cookies[principals.COOKIE]
    assert not any(
        word in line for line in (text[-1], objects[-1]) for word in (carla.email, carla.name, token)
    )


@pytest.mark.parametrize(
    "odd", ["", "x", PARENT.replace(TRACE, "0" * 32), "ff" + PARENT[2:], PARENT.upper(), PARENT + "\n"]
)
def test_a_trace_that_is_none_is_replaced(odd):
    def begun():
        tracing.begin("r", odd)
        return tracing.current()

    trace = copy_context().run(begun)
    assert trace.trace_id != TRACE
    assert len(trace.trace_id) == 32


async def test_two_requests_do_not_share_a_trace(client, terminal, carla, enter):
    enter(client, carla)
    for _ in range(2):
        await client.get("/boom")
    first, second = (json.loads(line) for line in terminal[1][-2:])
    assert first["request_id"] != second["request_id"]
    assert first["trace_id"] != second["trace_id"]


@pytest.mark.parametrize(("form", "kind"), [("text", logging.Formatter), ("json", logs.Objects)])
def test_the_setting_chooses_the_form(form, kind, monkeypatch):
    root, own = logging.getLogger(), logging.StreamHandler()
    monkeypatch.setattr(root, "handlers", [own])
    logs.begin(Settings(log_format=form))
    assert type(own.formatter) is kind
    assert logs.RECENT in root.handlers
