"""What is asked of the scheduler or a worker while somebody looks, and what is shown when it does not answer."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.compute import endpoint
from services.compute.endpoint import Endpoint
from services.errors import KeepAIError, Upstream
from services.settings import get_settings

log = logging.getLogger(__name__)

R = TypeVar("R")


async def ask(question: Callable[[Endpoint], Awaitable[R]]) -> R | None:
    """The answer, or None when the compute cannot be reached or refuses."""
    try:
        found = endpoint.resolve(get_settings())
        if found is None:
            raise Upstream("compute.action.away")
        return await question(found)
    except (KeepAIError, OSError, TimeoutError) as error:
        log.debug("asked in vain: %s", error)
        return None
