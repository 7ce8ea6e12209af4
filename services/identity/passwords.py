"""Passwords: Argon2id by argon2-cffi with the library's defaults (RFC 9106, low-memory profile)."""

import re
import secrets
from collections.abc import Iterable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from services.errors import Invalid

SHORTEST, LONGEST = 10, 256
# zxcvbn takes long over long texts; what is hard to guess by then stays so.
MOST_GUESSED = 72
LEAST_SCORE = 2  # of 0 to 4: more than a million guesses
# What zxcvbn's English lists do not know and people in Brazil try first, beside our own name.
TRIED_FIRST = (
    *(
        "keepai",
        "senha",
        "mudar",
        "trocar",
        "brasil",
        "minha",
        "amor",
        "jesus",
        "deus",
        "familia",
        "flamengo",
    ),
    *(
        "corinthians",
        "palmeiras",
        "vasco",
        "gremio",
        "clinica",
        "saude",
        "operador",
        "teste",
        "acesso",
        "entrar",
    ),
)
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


def check_new(password: str, about: Iterable[str] = ()) -> None:
    """Raises Invalid for a new password that is too short, absurdly long, or among the first that somebody would try.

    `about` are words about the person, which are easily guessed as well. What is common is told by zxcvbn (D. Wheeler,
    USENIX Security 2016): lists of passwords and words, keyboard rows, repetitions and dates. There is no rule about
    kinds of characters.
    """
    check_length(len(password))
    words = [
        part for text in (*about, *TRIED_FIRST) for part in (text, *re.split(r"\W+", text)) if len(part) > 2
    ]
    if zxcvbn(password[:MOST_GUESSED], user_inputs=words)["score"] < LEAST_SCORE:
        raise Invalid("settings.password.common", fields={"new": "settings.password.common"})


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
