"""One KeepAI per data folder and per port."""

import socket
import subprocess
import sys

import pytest

from keepai.cli import ROOT
from keepai.cli.holds import hold_folder, hold_port, holder_of, next_free, numeric
from keepai.cli.say import Stop
from tests.cli.conftest import free_port


def shared(port: int) -> socket.socket:
    """A listener as the web server opens it."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_a_held_port_is_for_our_web_server_alone():
    port = free_port()
    with hold_port("127.0.0.1", port), pytest.raises(Stop):
        hold_port("127.0.0.1", port)
    with hold_port("127.0.0.1", port):
        with shared(port):
            reached = socket.create_connection(("127.0.0.1", port), timeout=1)
            reached.close()
            with pytest.raises(Stop):
                hold_port("127.0.0.1", port)
        with pytest.raises(Stop):  # held also while our web server is being replaced
            hold_port("127.0.0.1", port)
    hold_port("127.0.0.1", port).close()


def test_a_port_is_free_again_right_after_its_server_ended():
    """Closed connections linger in the system for a minute; a restart must not wait for them."""
    port = free_port()
    with hold_port("127.0.0.1", port), shared(port) as server:
        client = socket.create_connection(("127.0.0.1", port), timeout=1)
        accepted, _ = server.accept()
        accepted.close()  # the server's side closes first and is the one that lingers
        client.close()
    hold_port("127.0.0.1", port).close()


def test_the_next_free_port_skips_taken_ones():
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert next_free("127.0.0.1", port - 1) > port


def test_localhost_is_the_ipv4_loopback():
    assert numeric("localhost") == "127.0.0.1"
    assert numeric("::1") == "::1"


def test_a_folder_is_held_by_one_process(tmp_path):
    folder = tmp_path / "data"
    assert holder_of(folder) is None
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from keepai.cli.holds import hold_folder;"
            "lock = hold_folder(Path(sys.argv[1])); print(flush=True); sys.stdin.read()",
            str(folder),
        ],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    holder.stdout.readline()
    try:
        assert holder_of(folder) == holder.pid
        with pytest.raises(Stop, match=str(holder.pid)):
            hold_folder(folder)
    finally:
        holder.communicate()
    assert holder_of(folder) is None
    hold_folder(folder).close()


def test_the_data_folder_is_made_for_its_owner_alone(tmp_path):
    hold_folder(tmp_path / "a" / "data").close()
    assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700
