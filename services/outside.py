"""The one HTTP client for addresses that people or other services name.

Whoever types an address must not make KeepAI speak with this machine or its network: Dask's RPC on loopback runs
code, and a cloud's metadata service gives keys away (SSRF). So a name is resolved first, every address it has must be
a public one, and the connection goes to just that address (a name that says something else the second time, DNS
rebinding, gains nothing). Redirects pass the same gate.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from functools import lru_cache
from typing import Any

import httpx2

from services.settings import Settings

PATIENCE = 10.0  # s
MOST_BYTES = 4 * 2**20
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(httpx2.ConnectError):
    """The address leads to where typed addresses must not lead."""


class TooLarge(httpx2.ReadError):
    """The answer is larger than anything that is expected."""


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet, also when it stands for another inside IPv6."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if address in NAT64:  # a network without IPv4 reaches it that way
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return all(
        one.is_global and not one.is_multicast and not one.is_reserved for one in (address, *_within(address))
    )


def _within(address: Address) -> Iterable[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    found += address.teredo or ()
    return [one for one in found if one is not None]


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """The hosts that an admin allowed although they are not public ones."""
    return frozenset(host.lower() for host in settings.hosts_allowed_inside)


def options(settings: Settings, *named: str) -> dict[str, Any]:
    """What an `httpx2.AsyncClient` must be made with. `named` are hosts that a setting itself names: whoever sets it
    allows them."""
    allowed = allowed_hosts(settings) | {host.lower() for host in named}
    return {"transport": Gate(allowed), "timeout": PATIENCE, "trust_env": False, "follow_redirects": False}


def client(settings: Settings, *named: str) -> httpx2.AsyncClient:
    """A client that reaches public addresses, and what an admin allowed."""
    return httpx2.AsyncClient(**options(settings, *named))


class Gate(httpx2.AsyncBaseTransport):
    """Resolves, judges, and connects to the address that was judged. Raises NotAllowed."""

    def __init__(self, allowed: frozenset[str], most: int = MOST_BYTES) -> None:
        self._allowed, self._most = allowed, most
        self._inner = httpx2.AsyncHTTPTransport(verify=trust(), retries=0)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Try the addresses of the host, one after the other."""
        host = request.url.host
        found = await _resolve(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        if host.lower() not in self._allowed and not all(map(is_public, found)):
            raise NotAllowed(f"{host} is not a public address", request=request)
        failure: httpx2.ConnectError | None = None
        for address in found:
            try:
                response = await self._inner.handle_async_request(_pinned(request, address))
                response.stream = _Bounded(response.stream, request, self._most)
                return response
            except httpx2.ConnectError as error:
                failure = error
        raise failure or httpx2.ConnectError(f"{host} has no address", request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Bounded(httpx2.AsyncByteStream):
    """An answer of which at most so many bytes are read."""

    def __init__(self, stream: Any, request: httpx2.Request, most: int) -> None:
        self._stream, self._request, self._most = stream, request, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for part in self._stream:
            read += len(part)
            if read > self._most:
                raise TooLarge(f"{self._request.url.host} sends too much", request=self._request)
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@lru_cache(maxsize=1)
def trust() -> ssl.SSLContext:
    """The certificates that the system trusts; loading them takes a while, so they are kept."""
    return ssl.create_default_context()


async def _resolve(host: str, port: int) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]  # nothing to ask
    except ValueError:
        pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpx2.ConnectError(f"{host} is not known") from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _pinned(request: httpx2.Request, address: str) -> httpx2.Request:
    """The same request to one address; the certificate is still asked for the name."""
    extensions = {**request.extensions, "sni_hostname": request.url.host}
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # with the Host that was asked for
        stream=request.stream,
        extensions=extensions,
    )
