"""Asking an HTTP service for JSON, with a plain reason for everything that can go wrong."""

import json
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2

from services.outside import trust
from services.probes.base import Failure

# No answer of a health check is larger; more is not read.
MOST_BYTES = 4 * 2**20
# The caller's limit on the whole check comes first; this only keeps a connection from living for ever.
PATIENCE = 60.0


@asynccontextmanager
async def client(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client for one service. It follows no redirects and uses no proxy of the environment."""
    secure = urlsplit(url).scheme == "https"
    verify = trust() if secure else False
    async with httpx2.AsyncClient(base_url=url, verify=verify, timeout=PATIENCE, trust_env=False) as made:
        yield made


async def get_json(http: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    """The JSON object at a path. Raises Failure."""
    address = _address(http)
    try:
        async with http.stream("GET", path) as response:
            if response.status_code != 200:
                raise _refusal(response.status_code, address)
            text = await _body(response)
    except httpx2.TransportError as error:
        raise transport_failure(error, address) from error
    except httpx2.InvalidURL as error:
        raise Failure("probes.reason.address", address=address) from error
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Failure("probes.reason.not_json") from error
    if not isinstance(answer, dict):
        raise Failure("probes.reason.not_understood")
    return answer


async def _body(response: httpx2.Response) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise Failure("probes.reason.not_understood")
    return body


def transport_failure(error: Exception, address: str) -> Failure:
    """The reason in words for a connection that could not be made or broke."""
    host = address.rsplit(":", 1)[0]
    for cause in _causes(error):
        if isinstance(cause, ConnectionRefusedError):
            return Failure("probes.reason.refused", address=address)
        if isinstance(cause, socket.gaierror):
            return Failure("probes.reason.name", host=host)
        if isinstance(cause, ssl.SSLError):
            return Failure("probes.reason.tls", address=address)
        if isinstance(cause, (TimeoutError, httpx2.TimeoutException)):
            return Failure("probes.reason.network", address=address)
    if isinstance(error, (httpx2.RemoteProtocolError, httpx2.ReadError, ConnectionResetError)):
        return Failure("probes.reason.broken")
    return Failure("probes.reason.network", address=address)


def _refusal(status: int, address: str) -> Failure:
    if status == 404:
        return Failure("probes.reason.not_found", address=address)
    if status in (401, 403):
        return Failure("probes.reason.forbidden", status=str(status))
    return Failure("probes.reason.http", status=str(status))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it came from."""
    seen: list[BaseException] = [error]
    for current in seen:
        yield current
        more = [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            more += current.exceptions
        seen.extend(found for found in more if found is not None and found not in seen)


def _address(http: httpx2.AsyncClient) -> str:
    url = http.base_url
    return f"{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}"
