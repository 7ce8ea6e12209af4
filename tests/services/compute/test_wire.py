"""Messages of Dask are read without running anything in them, and a peer that misbehaves is a reason in words."""

import asyncio
import os
import struct
import subprocess
import sys

import msgpack
import pytest
from distributed.protocol import dumps, loads

from services.compute.endpoint import Endpoint
from services.compute.wire import MAX_MESSAGE, Refused, Unreachable, connect, decode, encode, read_message

HELLO = {"compression": None, "python": (3, 11, 7), "pickle-protocol": 4}


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self):
        return exec, ("import os; os.environ['KEEPAI_TEST_BOMB'] = 'ran'",)


def framed(*frames: bytes) -> bytes:
    """Frames as Dask writes them."""
    body = struct.pack(f"{1 + len(frames)}Q", len(frames), *map(len, frames)) + b"".join(frames)
    return struct.pack("Q", len(body)) + body


def reader_of(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


async def served(answers, hello=None):
    """A loopback server that introduces itself and answers each message with the next of `answers`."""
    hello = encode(HELLO) if hello is None else hello
    heard = []

    async def talk(reader, writer):
        writer.write(hello)
        try:
            heard.append(decode(await read_message(reader)))
            for answer in answers:
                heard.append(decode(await read_message(reader)))
                if answer is None:
                    await reader.read()  # says nothing until the other side hangs up
                    break
                writer.write(answer)
        except Unreachable:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    return server, Endpoint(f"tcp://127.0.0.1:{port}", None, None, None, embedded=False), heard


def test_reads_what_dask_writes():
    message = {"op": "x", "workers": {("a", 1): {"n": 1.5}}, "set": {1, 2}, "none": None, "raw": b"\x00"}
    frames = dumps(message)
    assert decode(memoryview(frames[0])) == {
        "op": "x",
        "workers": {("a", 1): {"n": 1.5}},
        "set": [1, 2],
        "none": None,
        "raw": b"\x00",
    }


def test_what_came_pickled_is_never_unpickled(monkeypatch):
    monkeypatch.setenv("KEEPAI_TEST_BOMB", "")
    frames = dumps({"metrics": {"custom": Bomb()}, "cpu": 1.0})
    assert len(frames) > 1  # it does travel as a pickle
    assert decode(memoryview(frames[0])) == {"metrics": {"custom": None}, "cpu": 1.0}
    assert os.environ["KEEPAI_TEST_BOMB"] == ""
    loads(frames)
    assert os.environ["KEEPAI_TEST_BOMB"] == "ran"  # as Dask's own decoder does


async def test_large_buffers_behind_a_message_are_skipped():
    """Dask sends them outside the announced length."""
    first, buffer = msgpack.packb({"a": 1}), b"x" * 3_000_000
    head = struct.pack("3Q", 2, len(first), len(buffer))
    data = struct.pack("Q", len(head) + len(first)) + head + first + buffer + framed(msgpack.packb({"b": 2}))
    reader = reader_of(data)
    assert decode(await read_message(reader)) == {"a": 1}
    assert decode(await read_message(reader)) == {"b": 2}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        struct.pack("Q", MAX_MESSAGE + 1),
        struct.pack("Q", 3),
        struct.pack("QQ", 8, 2**40),
        struct.pack("QQQ", 16, 1, 2**50),
        framed(b"\xc1"),
        framed(b""),
        framed(msgpack.packb({"a": 1}) + b"more"),
    ],
)
async def test_garbage_ends_in_words(data):
    with pytest.raises(Unreachable):
        decode(await read_message(reader_of(data)))


async def test_a_call_is_answered():
    server, endpoint, heard = await served([encode({"id": "Scheduler-1"})])
    async with server:
        link = await connect(endpoint)
        assert await link.call("identity", n_workers=-1) == {"id": "Scheduler-1"}
        assert heard[1] == {"op": "identity", "reply": True, "n_workers": -1}
        assert link.python == (3, 11, 7)
        await link.close()


async def test_an_error_over_there_is_refused_with_its_text():
    server, endpoint, _ = await served(
        [encode({"status": "uncaught-error", "exception_text": "ValueError(1)"})]
    )
    async with server:
        link = await connect(endpoint)
        with pytest.raises(Refused) as caught:
            await link.call("identity")
        assert caught.value.params["detail"] == "ValueError(1)"
        assert not link.closed
        await link.close()


async def test_silence_ends_the_link():
    server, endpoint, _ = await served([None])
    async with server:
        link = await connect(endpoint)
        with pytest.raises(Unreachable) as caught:
            await link.call("identity", within=0.1)
        assert caught.value.key == "compute.reason.timeout"
        with pytest.raises(Unreachable):
            await link.call("identity", within=0.1)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("tcp://127.0.0.1:1", "compute.reason.refused"),
        ("tcp://no-such-host.invalid:8786", "compute.reason.name"),
        ("ftp://127.0.0.1:8786", "compute.reason.address"),
        ("tcp://127.0.0.1", "compute.reason.address"),
        ("tls://127.0.0.1:1", "compute.reason.refused"),
    ],
)
async def test_nobody_there_says_why(address, key):
    with pytest.raises(Unreachable) as caught:
        await connect(Endpoint(address, None, None, None, embedded=False))
    assert caught.value.key == key


async def test_missing_certificates_say_so():
    with pytest.raises(Unreachable) as caught:
        await connect(Endpoint("tls://127.0.0.1:1", "/nowhere/ca.pem", None, None, embedded=False))
    assert caught.value.key == "compute.reason.certificates"


@pytest.mark.parametrize("hello", [b"HTTP/1.1 400 Bad Request\r\n\r\n", encode({"hello": 1}), b""])
async def test_something_else_that_listens_is_no_scheduler(hello):
    server, endpoint, _ = await served([], hello=hello)
    async with server:
        with pytest.raises(Unreachable) as caught:
            await connect(endpoint)
        assert caught.value.key == "compute.reason.handshake"


def test_watching_a_compute_takes_no_dask():
    """Its import costs 60 MB in each process, and its decoder unpickles."""
    modules = "reader, actions, insight, stream, inventory"
    code = f"from services.compute import {modules}; import sys; print('distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
