"""What somebody began and has yet to finish: a note in the browser, signed, for some minutes."""

import hmac
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from services import secret_key
from services.settings import get_settings

# `code`: gave the right password and owes a code. `connect`: may add an issuer to the account.
What = Literal["code", "connect"]
LASTS: dict[What, timedelta] = {"code": timedelta(minutes=5), "connect": timedelta(minutes=30)}


def note(what: What, account_id: UUID, now: datetime) -> str:
    """`<account>.<until>.<HMAC-SHA256>`: nothing to keep, and nothing that can be made up."""
    told = f"{account_id.hex}.{int((now + LASTS[what]).timestamp())}"
    return f"{told}.{_seal(what, told)}"


def account_of(what: What, given: str, now: datetime) -> UUID | None:
    """The account of a note that still holds."""
    told, _, seal = given.rpartition(".")
    if not told or not hmac.compare_digest(seal.encode(), _seal(what, told).encode()):
        return None
    account, _, until = told.partition(".")
    return UUID(account) if now.timestamp() < int(until) else None


def _seal(what: What, told: str) -> str:
    key = secret_key.derive(get_settings(), f"pending {what}")
    return hmac.digest(key, told.encode(), "sha256").hex()
