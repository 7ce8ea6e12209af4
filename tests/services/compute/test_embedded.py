"""The process of the embedded compute: closed to strangers, and nothing of it outlives it."""

import os
import signal
import socket
import subprocess
import time
from dataclasses import replace

import psutil
import pytest

from services.compute import actions, certificates
from services.compute.endpoint import embedded_endpoint, endpoint_file
from services.compute.wire import Unreachable, connect, linked

pytestmark = pytest.mark.dask


def listening(pid):
    """(address, port) pairs on which a process and its children listen."""
    root = psutil.Process(pid)
    return [
        connection.laddr
        for process in [root, *root.children(recursive=True)]
        for connection in process.net_connections()
        if connection.status == "LISTEN"
    ]


def ended(process):
    """Whether a process has ended; one that nobody has reaped yet has."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_plain_tcp_is_refused(compute):
    plain = replace(compute.endpoint, address=compute.endpoint.address.replace("tls://", "tcp://"))
    with pytest.raises(Unreachable) as caught:
        await connect(plain)
    assert caught.value.key == "compute.reason.handshake"


async def test_tls_without_our_certificate_is_refused(compute):
    with pytest.raises(Unreachable):
        async with linked(replace(compute.endpoint, cert=None, key=None)) as link:
            await link.call("identity")


async def test_a_certificate_of_another_authority_is_refused_on_both_sides(compute, tmp_path):
    from datetime import UTC, datetime

    other = certificates.ensure(tmp_path / "tls", datetime.now(UTC))
    with pytest.raises(Unreachable) as caught:
        await connect(replace(compute.endpoint, ca=str(other.ca), cert=str(other.cert), key=str(other.key)))
    assert caught.value.key == "compute.reason.tls"  # we do not trust it
    with pytest.raises(Unreachable):  # and it does not trust us
        async with linked(replace(compute.endpoint, cert=str(other.cert), key=str(other.key))) as link:
            await link.call("identity")


async def test_everything_listens_on_loopback_and_speaks_tls_only(compute):
    # The scheduler, and a nanny and a worker for each of the two: no page of Dask's anywhere. A worker that was
    # replaced a moment ago may still be closing its port.
    await compute.until(lambda: len(listening(compute.process.pid)) == 5)
    ports = listening(compute.process.pid)
    assert {address.ip for address in ports} == {"127.0.0.1"}
    for address in ports:
        with socket.create_connection(address, timeout=2) as connection:
            connection.sendall(b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.settimeout(2)
            try:
                answer = connection.recv(100)
            except ConnectionResetError:
                answer = b""
            assert not answer.startswith(b"HTTP")


async def test_workers_share_the_machine(compute):
    workers = list((await compute.listed()).values())
    assert sum(w["memory_limit"] for w in workers) <= psutil.virtual_memory().total * 0.51
    assert sum(w["nthreads"] for w in workers) <= max(2, os.cpu_count())


async def test_files_of_workers_stay_in_the_data_folder(compute):
    for worker in (await compute.listed()).values():
        assert worker["local_directory"].startswith(str(compute.data_dir))


async def test_workers_run_what_clients_send(compute):
    async with compute.client() as client:
        assert await client.submit(_add, 1, 2) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_polite_signal_ends_everything_within_seconds(own_compute, number):
    own_compute.start()
    await own_compute.has(1)
    children = psutil.Process(own_compute.process.pid).children(recursive=True)
    assert len(children) >= 1
    began = time.monotonic()
    own_compute.kill(number)
    assert own_compute.process.wait(40) == 0
    assert time.monotonic() - began < 40  # 1.5 s is usual
    await own_compute.until(lambda: all(ended(child) for child in children), within=10)
    assert not endpoint_file(own_compute.data_dir).exists()
    log = own_compute.data_dir.with_suffix(".log").read_text()
    assert "Traceback" not in log


async def test_a_signal_during_the_start_ends_everything_too(own_compute):
    own_compute.start()
    assert own_compute.endpoint  # listens; its worker is still importing
    own_compute.kill(signal.SIGTERM)
    assert own_compute.process.wait(40) == 0
    assert not _alive_with(str(own_compute.data_dir))
    assert "Traceback" not in own_compute.data_dir.with_suffix(".log").read_text()


async def test_sigkill_leaves_no_worker_even_one_that_holds_the_interpreter_lock(own_compute):
    own_compute.start()
    await own_compute.has(1)
    async with own_compute.client() as client:
        client.submit(_hold_the_lock, pure=False)
        (child,) = own_compute.children()
        await own_compute.until(lambda: child.cpu_percent(0.2) > 50)
        own_compute.kill()
        await own_compute.until(lambda: ended(child), within=10)


async def test_killed_it_comes_back_with_as_many_workers_as_it_was_scaled_to(own_compute):
    own_compute.start()
    await own_compute.has(1)
    assert (await actions.scale(own_compute.endpoint, 2)).ok
    own_compute.kill()
    own_compute.process.wait(10)
    own_compute.start()
    await own_compute.until(lambda: _names(own_compute, ["worker-1", "worker-2"]))


async def test_stopped_it_starts_with_the_workers_it_is_told(own_compute):
    own_compute.start()
    await own_compute.has(1)
    assert (await actions.scale(own_compute.endpoint, 2)).ok
    own_compute.kill(signal.SIGTERM)
    own_compute.process.wait(40)
    own_compute.start()
    await own_compute.has(1)
    assert len(await own_compute.listed()) == 1


async def test_a_worker_that_ends_with_its_nanny_is_replaced_under_its_name(compute):
    """As when its connection breaks: then the nanny takes the end for meant."""
    address = next(iter(await compute.listed()))
    async with linked(compute.endpoint) as link:
        end = {"op": "terminate"}
        await link.call("broadcast", workers=[address], nanny=True, msg=end, on_error="ignore")
    await compute.until(lambda: _is_gone(compute, address))
    await compute.until(lambda: _names(compute, ["worker-1", "worker-2"]))


async def test_logs_are_quiet_on_the_terminal(compute):
    log = compute.data_dir.with_suffix(".log")
    assert "INFO" not in log.read_text()


def test_the_file_that_says_where_may_be_anything(tmp_path):
    assert embedded_endpoint(tmp_path) is None
    endpoint_file(tmp_path).parent.mkdir()
    for content in ("", "[]", "{}", '{"address": 5}', "null"):
        endpoint_file(tmp_path).write_text(content)
        assert embedded_endpoint(tmp_path) is None


def _add(a, b):
    return a + b


def _hold_the_lock():
    return sum(range(10**12))  # one C loop


async def _is_gone(compute, address):
    return address not in await compute.listed()


async def _names(compute, names):
    return sorted(w["name"] for w in (await compute.listed()).values()) == names


def _alive_with(word):
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if word in line]
