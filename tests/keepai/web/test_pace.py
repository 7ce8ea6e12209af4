"""A web socket sends no more than a person would: it is held up, then ended."""

import asyncio

import pytest

from keepai.web import pace
from keepai.web.pace import BURST, MOST_BYTES, PATIENCE, RATE, TOO_BIG, TOO_FAST, Pace, Paced


def test_a_burst_passes_at_once_and_the_rest_at_the_rate():
    one, at = Pace(0.0), 0.0
    waits = []
    for _ in range(int(BURST) + 20):
        wait = one.take(at)
        waits.append(wait)
        at += wait
    assert waits[: int(BURST)] == [0.0] * int(BURST)
    assert at == pytest.approx(20 / RATE)


def test_who_keeps_to_the_rate_is_never_held_up():
    one = Pace(0.0)
    assert [one.take(number / RATE) for number in range(1000)] == [0.0] * 1000
    assert not one.exhausted


def test_who_is_held_up_for_too_long_is_ended_and_who_calms_down_is_not():
    one, at, taken = Pace(0.0), 0.0, 0
    while not one.exhausted:
        at += one.take(at)
        taken += 1
    assert taken == pytest.approx(BURST + PATIENCE * RATE, abs=3)
    calm, at = Pace(0.0), 0.0
    for _ in range(20):
        for _ in range(60):
            at += calm.take(at)
        at += 10.0
    assert not calm.exhausted


class Socket:
    """An ASGI server's side of a web socket that has these messages waiting."""

    def __init__(self, *messages):
        self.messages = [{"type": "websocket.connect"}, *messages]
        self.sent, self.seen = [], []

    async def receive(self):
        return self.messages.pop(0) if self.messages else {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message):
        self.sent.append(message)

    async def run(self):
        async def app(scope, receive, send):
            while True:
                message = await receive()
                self.seen.append(message)
                if message["type"] == "websocket.disconnect":
                    return

        await Paced(app)({"type": "websocket"}, self.receive, self.send)
        return self.seen[-1]["code"]


def text(body):
    return {"type": "websocket.receive", "text": body}


async def test_what_is_within_bounds_passes_unchanged():
    biggest = "4" + "x" * (MOST_BYTES - 1)
    socket = Socket(text(biggest), {"type": "websocket.receive", "bytes": b"x"})
    assert await socket.run() == 1000
    assert socket.seen[1]["text"] == biggest
    assert socket.sent == []


@pytest.mark.parametrize(
    "message", [text("4" + "x" * MOST_BYTES), {"type": "websocket.receive", "bytes": b"x" * (MOST_BYTES + 1)}]
)
async def test_what_is_too_big_ends_the_socket(message):
    socket = Socket(message, text("42"))
    assert await socket.run() == TOO_BIG
    assert socket.sent == [{"type": "websocket.close", "code": TOO_BIG}]
    assert len(socket.seen) == 2  # the app never saw it


async def test_a_flood_ends_the_socket(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(pace, "PATIENCE", 0.5)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    socket = Socket(*[text('42/_event,["event",{}]')] * 2000)
    assert await socket.run() == TOO_FAST
    assert slept
    assert len(socket.seen) < 100


async def test_pings_do_not_count(monkeypatch):
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    socket = Socket(*[text("3")] * 500)
    assert await socket.run() == 1000
