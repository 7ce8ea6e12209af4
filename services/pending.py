"""Who gave the right password and still owes a code: a note in the browser, signed, for some minutes."""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from services import secret_key
from services.settings import get_settings

LASTS = timedelta(minutes=5)
PURPOSE = "pending sign-in"  # of the key that is derived for it


def note(account_id: UUID, now: datetime) -> str:
    """`<account>.<until>.<HMAC-SHA256>`: nothing to keep, and nothing that can be made up."""
    told = f"{account_id.hex}.{int((now + LASTS).timestamp())}"
    return f"{told}.{_seal(told)}"


def account_of(given: str, now: datetime) -> UUID | None:
    """The account of a note that still holds."""
    told, _, seal = given.rpartition(".")
    if not told or not hmac.compare_digest(seal.encode(), _seal(told).encode()):
        return None
    account, _, until = told.partition(".")
    return UUID(account) if now.timestamp() < int(until) else None


def _seal(told: str) -> str:
    key = secret_key.derive(get_settings(), PURPOSE)
    return hmac.digest(key, told.encode(), "sha256").hex()
