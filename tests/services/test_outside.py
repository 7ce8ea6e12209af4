"""The client for typed addresses: where it goes, and where it does not."""

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from services import outside
from services.settings import Settings
from tests.cli.certificate import self_signed

SETTINGS = Settings()
INWARD = (
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "not an address",
    "",
)


@pytest.mark.parametrize("address", INWARD)
def test_this_machine_and_its_networks_are_not_public(address):
    assert not outside.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101"])
def test_the_open_internet_is(address):
    assert outside.is_public(address)


class Answers(BaseHTTPRequestHandler):
    """Says which host was asked for; redirects inward; sends without end."""

    def do_GET(self):
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", f"http://localhost:{self.server.server_address[1]}/")
            self.end_headers()
            return
        body = b"x" * (outside.MOST_BYTES + 1) if self.path == "/long" else self.headers["host"].encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Nothing to the terminal."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def names(monkeypatch, **known):
    """Let names mean these addresses, one after the other each time they are asked for."""
    real = socket.getaddrinfo

    def answer(host, port, *args, **kwargs):
        if host in known:
            said = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
            return [
                entry for address in said.split() for entry in real(address, port, type=socket.SOCK_STREAM)
            ]
        return real(host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1"])
async def test_this_machine_is_out_of_bounds_however_it_is_written(port, host):
    async with outside.client(SETTINGS) as http:
        with pytest.raises(outside.NotAllowed):
            await http.get(f"http://{host}:{port}/")


async def test_a_name_that_also_means_something_inside_is_out_of_bounds(port, monkeypatch):
    names(monkeypatch, **{"two.example": ["1.1.1.1 127.0.0.1"]})
    async with outside.client(SETTINGS) as http:
        with pytest.raises(outside.NotAllowed):
            await http.get(f"http://two.example:{port}/")


async def test_the_address_that_was_judged_is_the_one_that_is_called(port, monkeypatch):
    names(monkeypatch, **{"turns.example": ["127.0.0.1", "1.1.1.1"]})
    async with outside.client(SETTINGS, "turns.example") as http:
        answer = await http.get(f"http://turns.example:{port}/")
    assert answer.text == f"turns.example:{port}"


async def test_a_redirect_passes_the_same_gate(port, monkeypatch):
    names(monkeypatch, **{"fair.example": ["127.0.0.1"]})
    async with outside.client(SETTINGS, "fair.example") as http:
        assert (await http.get(f"http://fair.example:{port}/away")).status_code == 302
        with pytest.raises(outside.NotAllowed):
            await http.get(f"http://fair.example:{port}/away", follow_redirects=True)


async def test_an_admin_allows_a_host(port):
    allowed = Settings(private_hosts="other.example, LOCALHOST")
    async with outside.client(allowed) as http:
        assert (await http.get(f"http://localhost:{port}/")).status_code == 200
        with pytest.raises(outside.NotAllowed):
            await http.get(f"http://127.0.0.1:{port}/")


async def test_too_much_is_not_read(port):
    async with outside.client(SETTINGS, "127.0.0.1") as http:
        with pytest.raises(outside.TooLarge):
            await http.get(f"http://127.0.0.1:{port}/long")


async def test_a_name_that_nobody_knows_and_a_port_where_nobody_is(port):
    async with outside.client(SETTINGS, "127.0.0.1") as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("http://nothing.invalid/")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(httpx2.ConnectError):
                await http.get(f"http://127.0.0.1:{taken.getsockname()[1]}/")


async def test_the_certificate_is_asked_for_the_name_and_not_for_the_address(monkeypatch, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    self_signed(cert, key, host="named.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    trusted = ssl.create_default_context(cafile=str(cert))
    monkeypatch.setattr(outside, "trust", lambda: trusted)
    names(monkeypatch, **{"named.example": ["127.0.0.1"], "else.example": ["127.0.0.1"]})
    try:
        async with outside.client(SETTINGS, "named.example", "else.example") as http:
            port = server.server_address[1]
            assert (await http.get(f"https://named.example:{port}/")).text == f"named.example:{port}"
            with pytest.raises(httpx2.ConnectError):
                await http.get(f"https://else.example:{port}/")
    finally:
        server.shutdown()
        server.server_close()
