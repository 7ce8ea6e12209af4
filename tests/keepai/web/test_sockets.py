"""Real web sockets through the real server."""

import asyncio
import time

import httpx2
import pytest
import socketio
from socketio.exceptions import ConnectionError as Refused

from keepai.web import sockets
from services import db
from services.clock import now
from services.identity import principals, sessions


async def connect(address, token="", **headers):
    """A socket as a browser opens it."""
    client = socketio.AsyncClient(reconnection=False)
    cookie = {"Cookie": f"keepai_session={token}"} if token else {}
    try:
        await client.connect(
            f"{address}?token=tab",
            headers={**cookie, **headers},
            transports=["websocket"],
            socketio_path="_event",
            namespaces=["/_event"],
            wait_timeout=5,
        )
    except Refused:
        await client.eio.http.close()
        raise
    return client


async def test_a_socket_is_whose_cookie_it_carries_and_ends_at_the_handshake_without_one(server, ana, carla):
    tokens = [db.write_now(sessions.start, person.id, now()) for person in (ana, carla)]
    first, second = [await connect(server, token) for token in tokens]
    assert await first.call("who", namespace="/_event") == ["ana@example.org", "carla@example.org", "True"]
    await second.disconnect()
    for refused in ({}, {"token": "a" * 43}, {"token": tokens[0], "Origin": "http://evil.example"}):
        with pytest.raises(Refused):
            await connect(server, **refused)
    with pytest.raises(Refused):
        await connect(server, tokens[0], Host="evil.example")
    own = await connect(server, tokens[0], Origin=server)
    await own.disconnect()
    principal = await principals.principal_of_token(tokens[0])
    db.write_now(sessions.revoke, ana.id, principal.session_id, now())
    await _until_refused(server, tokens[0])
    await first.disconnect()


async def _until_refused(address, token):
    """The other process notices within the time it remembers."""
    for _ in range(int(principals.TTL * 10) + 20):
        try:
            client = await connect(address, token)
        except Refused:
            return
        await client.disconnect()
        time.sleep(0.1)
    raise AssertionError("a revoked session still opens sockets")


async def test_the_refusal_is_a_403(server):
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with httpx2.AsyncClient(base_url=server) as client:
        answer = await client.get("/_event/?EIO=4&transport=websocket", headers=upgrade)
    assert answer.status_code == 403
    assert answer.headers["x-service"] == "keepai"
    assert "close" in answer.headers["connection"]
    assert answer.json()["detail"] == "Entre para continuar."


async def test_a_tab_hears_its_room_from_the_handshake_on(server, ana, carla):
    tabs = [await connect(server, db.write_now(sessions.start, person.id, now())) for person in (ana, carla)]
    heard: list[tuple[int, str]] = []
    for number, tab in enumerate(tabs):
        tab.on("news", lambda news, number=number: heard.append((number, news["text"])), namespace="/_event")
    for text in ("one", "two"):
        await tabs[0].call("tell", text, namespace="/_event")
    await tabs[1].call("tell", "three", namespace="/_event")
    for tab in tabs:
        await tab.disconnect()
    assert sorted(heard)[:3] == [(0, "one"), (0, "three"), (0, "two")]
    assert [text for number, text in heard if number == 1] == ["one", "two", "three"]


async def test_what_waits_for_a_tab_comes_in_order_and_then_the_end():
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    poll = sockets._poll_of(queue)
    waiting = asyncio.create_task(poll())
    await asyncio.sleep(0)
    for packet in ("one", "two", None):
        queue.put_nowait(packet)
    assert await waiting == ["one", "two"]
    assert await poll() == []
    await asyncio.wait_for(queue.join(), 1)  # each was counted as done
