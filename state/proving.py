"""Asking for the password once more, and not as often as somebody likes who found a browser open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services import format, limits
from services.errors import Invalid
from services.limits import FAILURES
from state.guard import principal

WRONG = "settings.password.wrong"


@asynccontextmanager
async def proving(field: str = "password") -> AsyncIterator[None]:
    """Around what raises Invalid for a wrong password: wrong ones are counted by account. Raises Invalid for the field
    when there were too many."""
    person = principal()
    key = f"proof:{person.account_id.hex}"
    verdict = await limits.counter().take(key, FAILURES)
    if not verdict.allowed:
        wait = format.age(person.locale, verdict.retry_after)
        raise Invalid("auth.limited", fields={field: "auth.limited"}, wait=wait)
    wrong = True
    try:
        yield
        wrong = False
    except Invalid as error:
        wrong = WRONG in error.fields.values()
        raise
    finally:
        if not wrong:
            await limits.counter().give_back(key, FAILURES)
