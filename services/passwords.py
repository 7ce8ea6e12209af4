"""Passwords: Argon2id by argon2-cffi with the library's defaults (RFC 9106, low-memory profile)."""

import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.errors import Invalid

SHORTEST, LONGEST = 10, 256
# No characters that are easily taken for one another when read aloud or copied by hand.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _of_nobody() -> str:
    return hash_password(secrets.token_urlsafe(32))


def make_up() -> str:
    """A new password of four groups of five characters (about 99 bits)."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


def hash_password(password: str) -> str:
    """The Argon2id hash of a password. Takes tens of milliseconds: call it in a thread."""
    return _hasher().hash(password)


def matches(password: str, stored: str) -> bool:
    """Whether the password is the one stored. An empty `stored` costs the same time and is never a match,
    so that an unknown account cannot be told apart from a wrong password."""
    try:
        right = _hasher().verify(stored or _of_nobody(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return right and bool(stored)


def check_new(password: str) -> None:
    """Raises Invalid for a new password that is too short or absurdly long. Length is the rule, not composition."""
    check_length(len(password))


def check_length(length: int) -> None:
    """The same for its length alone."""
    if length < SHORTEST:
        raise Invalid(
            "settings.password.too_short", fields={"new": "settings.password.too_short"}, least=SHORTEST
        )
    if length > LONGEST:
        raise Invalid(
            "settings.password.too_long", fields={"new": "settings.password.too_long"}, most=LONGEST
        )
