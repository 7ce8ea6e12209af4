"""Redis, where one is configured."""

import time
from urllib.parse import urlsplit

from redis import asyncio as aioredis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from services.compute.readings import text
from services.probes.base import Failure, ProbeResult, answered, not_configured
from services.probes.http import transport_failure
from services.settings import Settings


class Redis:
    """Sends PING, whose latency counts, and asks for the version. Detail: `version`."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.redis_url.get_secret_value()

    async def check(self) -> ProbeResult:
        """See Probe."""
        if not self._url:
            return not_configured("KEEPAI_REDIS_URL")
        address = _address(self._url)
        try:
            async with aioredis.from_url(self._url) as connection:
                await connection.ping()  # type: ignore[misc]  # its stubs cover both clients
                began = time.perf_counter()
                await connection.ping()  # type: ignore[misc]  # its stubs cover both clients
                latency = time.perf_counter() - began
                about = await connection.info("server")
        except (AuthenticationError, ResponseError) as error:
            raise Failure("probes.reason.password") from error
        except (RedisError, OSError) as error:
            raise transport_failure(error, address) from error
        except ValueError as error:
            raise Failure("probes.reason.address", address=address) from error
        return answered(latency, version=text(about.get("redis_version")))


def _address(url: str) -> str:
    """Host and port: the rest may hold a password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port or 6379}"
    except ValueError:
        return ""
