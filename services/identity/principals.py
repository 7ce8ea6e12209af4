"""Who stands behind a cookie, a key or a token, for requests, sockets and events alike.

A look-up is remembered for a few seconds, because a page asks many times in a row. Whatever ends a session, a key or
a family of tokens, or changes an account, calls `end` or `forget`, so that this process never answers from an old
memory; other processes notice within `TTL`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlmodel import Session

from services import db
from services.clock import now
from services.identity import api_keys, sessions, tokens
from services.identity.permissions import Principal

log = logging.getLogger(__name__)

COOKIE = "keepai_session"
TTL = 5.0
MOST_REMEMBERED = 4096
LONGEST_TOKEN = 128
LONGEST_BEARER = 1024


class Credentials(Protocol):
    """What people and programs come with: the modules `sessions`, `api_keys` and `tokens`."""

    TOUCH_AFTER: timedelta

    def find_with_age(
        self, db: Session, token: str, now: datetime, /
    ) -> tuple[Principal, datetime | None] | None:
        """Who it speaks for and when it was last noted as used, or None when it does not hold."""

    def touch(self, db: Session, credential_id: UUID, now: datetime, /) -> None:
        """Note that it is in use."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What ended: everything of the account, or the session, key or family of tokens named by its id, or the one
    named by the hash of its token."""

    account_id: UUID | None = None
    session_id: UUID | None = None
    token_hash: str = ""

    def as_message(self) -> dict[str, str]:
        """The same for the bus."""
        return {
            "account_id": self.account_id.hex if self.account_id else "",
            "session_id": self.session_id.hex if self.session_id else "",
            "token_hash": self.token_hash,
        }

    @classmethod
    def from_message(cls, message: Mapping[str, str]) -> "Ended":
        """What another process said."""
        account, session = message["account_id"], message["session_id"]
        return cls(
            UUID(account) if account else None, UUID(session) if session else None, message["token_hash"]
        )


@dataclass(frozen=True, slots=True)
class _Known:
    kind: Credentials
    principal: Principal
    since: float


Listener = Callable[[Ended], None]
_known: dict[str, _Known] = {}
_asking: dict[tuple[int, int, str], asyncio.Task[Principal | None]] = {}
_listeners: list[Listener] = []
_touching: set[asyncio.Task[None]] = set()
# Counts forgettings: an answer that was asked for before one must not be remembered after it.
_forgotten = 0


def token_of_cookie(cookie_header: str) -> str:
    """The session token in a Cookie header, or an empty text for none, a broken or an absurd one."""
    token = cookies(cookie_header).get(COOKIE, "") if COOKIE in cookie_header else ""
    return token if len(token) <= LONGEST_TOKEN and token.isascii() else ""


def cookies(cookie_header: str) -> dict[str, str]:
    """Every cookie of a header by name. Odd ones, of other programs on the same host, never hide ours."""
    pairs = (part.strip().partition("=") for part in cookie_header.split(";"))
    return {name: value.strip().strip('"') for name, found, value in pairs if found}


async def principal_of_cookie(cookie_header: str) -> Principal | None:
    """The person whose session cookie this header carries, or None."""
    token = token_of_cookie(cookie_header)
    return await principal_of_token(token) if token else None


async def principal_of_token(token: str, within: float = TTL) -> Principal | None:
    """The person a session's token belongs to, or None. Known for at most `within` seconds; raises when the database
    fails."""
    return await _look_up(sessions, token, within)


async def principal_of_bearer(bearer: str, within: float = TTL) -> Principal | None:
    """The same for what a program sends: a key or an access token."""
    if len(bearer) > LONGEST_BEARER or not bearer.isascii():
        return None
    if bearer.startswith(api_keys.PREFIX):
        return await _look_up(api_keys, bearer, within)
    return await _look_up(tokens, bearer, within) if tokens.read(bearer) else None


def forget(*, account_id: UUID | None = None, session_id: UUID | None = None, token_hash: str = "") -> None:
    """Look these up again next time, because what is known about the account changed."""
    global _forgotten
    _forgotten += 1
    for key, known in list(_known.items()):
        person = known.principal
        if key == token_hash or person.account_id == account_id or person.session_id == session_id:
            _known.pop(key, None)


def end(*, account_id: UUID | None = None, session_id: UUID | None = None, token_hash: str = "") -> None:
    """Say that sessions ended (call it after the commit): they are forgotten, and whoever listens is told."""
    forget(account_id=account_id, session_id=session_id, token_hash=token_hash)
    ended = Ended(account_id, session_id, token_hash)
    for listener in _listeners:
        try:
            listener(ended)
        except Exception:
            log.exception("a listener for ended sessions failed")


def on_end(listener: Listener) -> None:
    """Call `listener` whenever sessions end in this process; it must not block."""
    _listeners.append(listener)


async def _look_up(kind: Credentials, token: str, within: float) -> Principal | None:
    key = sessions.hash_token(token)
    known = _known.get(key)
    if known and known.kind is kind and time.monotonic() < known.since + within:
        return known.principal
    # Many tabs of one person ask in the same moment after a restart: one of them reads for all.
    place = (id(asyncio.get_running_loop()), id(kind), key)
    asking = _asking.get(place)
    if asking is None:
        asking = asyncio.get_running_loop().create_task(_ask(kind, token, key))
        _asking[place] = asking
        asking.add_done_callback(lambda _: _asking.pop(place, None))
    return await asyncio.shield(asking)


async def _ask(kind: Credentials, token: str, key: str) -> Principal | None:
    before = _forgotten
    asked = time.monotonic()
    found = await db.read(kind.find_with_age, token, now())
    if found is None:
        _known.pop(key, None)
        return None
    principal, seen_at = found
    if before == _forgotten:
        _remember(key, _Known(kind, principal, asked))
    if seen_at is None or now() - seen_at > kind.TOUCH_AFTER:
        _touch_soon(kind, principal.session_id)
    return principal


def _remember(key: str, known: _Known) -> None:
    _known.pop(key, None)
    while len(_known) >= MOST_REMEMBERED:
        _known.pop(next(iter(_known)))
    _known[key] = known


def _touch_soon(kind: Credentials, credential_id: UUID) -> None:
    task = asyncio.get_running_loop().create_task(_touch(kind, credential_id))
    _touching.add(task)
    task.add_done_callback(_touching.discard)


async def _touch(kind: Credentials, credential_id: UUID) -> None:
    try:
        await db.write(kind.touch, credential_id, now())
    except Exception as error:  # the visit is served all the same; the next one tries again
        log.warning("a visit was not noted: %s", error)
