"""A Dask that is not ours: without TLS, without our part inside, or of a version we do not understand."""

import asyncio
import contextlib
import json
import multiprocessing
import time

import msgpack
import pytest

from services.compute import actions, extension, http_pages, insight
from services.compute.endpoint import Endpoint
from services.compute.reader import ComputeReader
from services.compute.wire import Unreachable, encode, linked

pytestmark = pytest.mark.dask

# What a scheduler of long ago says of itself, and how it counts.
OLD_IDENTITY = {
    "type": "Scheduler",
    "id": "Scheduler-old",
    "address": "tcp://127.0.0.1:1",
    "started": 1.0,
    "workers": {
        "tcp://127.0.0.1:35093": {
            "name": "old-1",
            "host": "127.0.0.1",
            "nthreads": 2,
            "memory_limit": 400000000,
            "last_seen": 1.5,
            "status": "running",
            "nanny": None,
            "metrics": {"cpu": 2.0, "memory": 66539520, "executing": 1, "in_memory": 2, "ready": 0},
        }
    },
}
OLD_METRICS = """# HELP dask_scheduler_tasks Number of tasks known by scheduler
# TYPE dask_scheduler_tasks gauge
dask_scheduler_tasks{state="memory"} 2.0
dask_scheduler_tasks{state="processing"} 3.0
dask_scheduler_tasks{state="erred"} 0.0
dask_scheduler_tasks{state="forgotten"} 9.0
dask_scheduler_workers{state="idle"} 1.0
"""


@pytest.fixture(scope="module")
def plain():
    """A plain scheduler with its pages open and one worker, as somebody else would start it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_plain_cluster, args=(theirs,), daemon=False)
    process.start()
    assert ours.poll(60)
    address, pages = ours.recv()
    yield Endpoint(address, None, None, None, embedded=False, http=pages)
    ours.send("end")
    process.join(10)
    process.kill()


@pytest.fixture
def plain_settings(plain, settings):
    return settings(dask_scheduler=plain.address)


async def test_our_part_is_loaded_into_another_scheduler_and_counts_groups(plain, plain_settings):
    async with ComputeReader(plain_settings) as reader:
        reading = await reader.read()
        assert (reading.via, reading.groups, len(reading.workers)) == ("rpc", (), 1)
        async with _client(plain) as client:
            futures = client.map(_nap, [0.05] * 20, pure=False, key="elsewhere")
            await _until(lambda: _has_group(reader, "elsewhere"))
            assert (await actions.cancel(plain, "elsewhere")).ok
            await _until(lambda: _all_cancelled(futures))


async def test_our_part_is_loaded_once(plain, plain_settings):
    async with ComputeReader(plain_settings) as first, ComputeReader(plain_settings) as second:
        assert await first.read()
        before = await _loaded(plain)
        assert await second.read()
        assert await _loaded(plain) == before
        assert before[0] == extension.version()


async def test_where_it_may_not_be_loaded_dask_counts_by_prefix(plain, plain_settings):
    async with _client(plain) as client:
        await client.run_on_scheduler(_forget_our_part)
        async with ComputeReader(plain_settings, extend=False) as reader:
            futures = client.map(_nap, [0.0] * 3, pure=False, key="counted")
            await client.gather(futures)
            reading = await reader.read()
            assert reading.groups == ()
            assert reading.prefixes["counted"] == {"memory": 3}


async def test_a_scheduler_of_another_compute_is_not_scaled(plain):
    assert (await actions.scale(plain, 3)).key == "compute.action.not_embedded"


async def test_restart_and_logs_work_there_too(plain):
    (address,) = await _workers(plain)
    assert (await actions.restart(plain, address)).ok
    (second,) = await _workers(plain)
    assert second != address
    assert await insight.worker_logs(plain, second, 5)


async def test_versions_without_our_part_are_asked_of_the_workers(plain):
    async with _client(plain) as client:
        await client.run_on_scheduler(_forget_our_part)
    versions = await insight.versions(plain)
    assert list(versions.workers) == list(await _workers(plain))
    assert versions.mismatches == ()


async def test_its_pages_say_the_same_as_rpc(plain, plain_settings):
    pages = http_pages.Pages(plain.http)
    try:
        over_http = await pages.read()
        async with ComputeReader(plain_settings) as reader:
            over_rpc = await reader.read()
    finally:
        await pages.close()
    assert over_http.via == "http"
    assert over_http.scheduler_id == over_rpc.scheduler_id
    for field in ("address", "name", "nanny", "nthreads", "memory_limit", "status", "directory"):
        assert [getattr(w, field) for w in over_http.workers] == [getattr(w, field) for w in over_rpc.workers]


async def test_a_scheduler_we_do_not_understand_is_read_by_its_pages(settings):
    async with _old_scheduler() as (address, pages, asked):
        async with ComputeReader(settings(dask_scheduler=address, dask_http=pages)) as reader:
            reading = await reader.read()
            assert reading.via == "http"
            assert [(w.name, w.tasks) for w in reading.workers] == [("old-1", {"executing": 1, "memory": 2})]
            assert reading.prefixes == {"": {"memory": 2, "processing": 3}}
            assert reader.out_of_reach is None
            assert reader.reason == "compute.reason.versions"
            for _ in range(5):
                assert await reader.read() is reading
            assert asked.count("/json/identity.json") == 1  # every two seconds, however often we are asked
            await _until(lambda: _newer(reader, reading))
        assert not any("counts" in path for path in asked)


async def test_pages_that_fail_are_out_of_reach_from_that_moment(settings):
    async with _old_scheduler() as (address, pages, asked):
        reader = ComputeReader(settings(dask_scheduler=address, dask_http=pages))
        async with reader:
            assert await reader.read()
            asked.append("broken")
            await _until(lambda: _is_none(reader))
            assert time.time() - reader.out_of_reach_since < 30
            asked.remove("broken")
            await _until(reader.read)


async def test_something_else_behind_the_address_and_no_pages_is_said_so(settings):
    async with (
        _old_scheduler(hello=b"SSH-2.0-OpenSSH_9\r\n") as (address, _, _asked),
        ComputeReader(settings(dask_scheduler=address, dask_http="http://127.0.0.1:1")) as reader,
    ):
        assert await reader.read() is None
        assert reader.reason == "compute.reason.handshake"


@pytest.mark.parametrize("page", ["", "[]", "{}", '{"workers": 5}', "<html>", '{"a": NaN'])
async def test_pages_that_are_something_else_are_no_reading(page):
    async with _http(lambda path: page) as address:
        pages = http_pages.Pages(address)
        with pytest.raises(Unreachable) as caught:
            await pages.read()
        await pages.close()
        assert caught.value.key == "compute.reason.no_pages"


async def test_pages_without_metrics_are_enough():
    async with _http(lambda path: json.dumps(OLD_IDENTITY) if "identity" in path else None) as address:
        pages = http_pages.Pages(address)
        assert (await pages.read()).prefixes == {}
        await pages.close()


def test_pages_are_looked_for_on_dasks_usual_port():
    endpoint = Endpoint("tcp://[::1]:8786", None, None, None, embedded=False)
    assert http_pages.address_of(endpoint) == "http://[::1]:8787"


@contextlib.asynccontextmanager
async def _http(page):
    """A loopback server; `page(path)` is the body or None for 404."""

    async def talk(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                body = page(request.split()[1].decode())
                status = "200 OK" if body is not None else "404 Not Found"
                content = (body or "").encode()
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
                )

    async with _served(talk) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def _served(talk):
    """A loopback server whose connections end with it; its port."""
    talks = set()

    async def connected(reader, writer):
        talks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.CancelledError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _old_scheduler(hello=None):
    """A scheduler of Dask 2021.1: it shakes hands, names its version, and has the pages."""
    asked = []

    async def talk(reader, writer):
        writer.write(hello or encode({"compression": None, "python": (3, 8, 1), "pickle-protocol": 4}))
        versions = {"packages": {"distributed": "2021.01.0"}}
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readexactly(int.from_bytes(await reader.readexactly(8), "little"))
            while True:
                body = await reader.readexactly(int.from_bytes(await reader.readexactly(8), "little"))
                asked.append(msgpack.unpackb(body[16:])["op"])
                writer.write(encode(versions))

    def page(path):
        asked.append(path)
        if "broken" in asked:
            return None
        return json.dumps(OLD_IDENTITY) if path == "/json/identity.json" else OLD_METRICS

    async with _http(page) as pages, _served(talk) as port:
        yield f"tcp://127.0.0.1:{port}", pages, asked


@contextlib.asynccontextmanager
async def _client(endpoint):
    from distributed import Client

    async with Client(endpoint.address, asynchronous=True, set_as_default=False) as client:
        yield client


async def _until(true, within=60):
    ends = time.monotonic() + within
    while not await true():
        assert time.monotonic() < ends, "it never came"
        await asyncio.sleep(0.05)


async def _has_group(reader, name):
    return name in {group.name for group in (await reader.read()).groups}


async def _all_cancelled(futures):
    return all(future.status == "cancelled" for future in futures)


async def _newer(reader, reading):
    return await reader.read() is not reading


async def _is_none(reader):
    return await reader.read() is None


async def _workers(endpoint):
    async with linked(endpoint) as link:
        return (await link.call("identity", n_workers=-1))["workers"]


async def _loaded(endpoint):
    """The version of our part, and the number of the plugin object."""
    async with _client(endpoint) as client:
        return await client.run_on_scheduler(
            lambda dask_scheduler: (
                dask_scheduler.task_metadata["keepai"],
                id(dask_scheduler.plugins["keepai"]),
            )
        )


def _forget_our_part(dask_scheduler):
    dask_scheduler.plugins.pop("keepai", None)
    dask_scheduler.task_metadata.pop("keepai", None)


def _nap(seconds):
    time.sleep(seconds)


def _plain_cluster(pipe):
    asyncio.run(_serve_plain(pipe))


async def _serve_plain(pipe):
    from distributed import Nanny, Scheduler

    async with (
        Scheduler(host="127.0.0.1", port=0, dashboard_address="127.0.0.1:0", dashboard=False) as scheduler,
        Nanny(scheduler.address, name="plain-1", nthreads=1, dashboard_address="127.0.0.1:0"),
    ):
        pipe.send((scheduler.address, f"http://127.0.0.1:{scheduler.http_server.port}"))
        while not pipe.poll():
            await asyncio.sleep(0.1)
