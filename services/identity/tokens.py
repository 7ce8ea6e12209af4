"""Tokens of programs that sign in with a password: a short-lived one for access, a longer one to renew both.

An access token says by itself whose it is; that its family goes on and its account's version is still the one it
names is looked up. A refresh token is used once: the one that comes a second time was copied, and ends them all.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

import jwt
from sqlalchemy import CursorResult, delete, update
from sqlmodel import Session, col, select

from models import Account, RefreshToken, TokenFamily
from services import audit, secret_key
from services.audit import MACHINE, Actor
from services.errors import NotFound
from services.identity import accounts
from services.identity.permissions import Principal
from services.identity.sessions import hash_token
from services.settings import Settings, get_settings

ALGORITHM = "HS256"
PURPOSE = "access"  # of the key that signs
ACCESS = timedelta(minutes=15)
REFRESH = timedelta(days=7)
LONGEST = timedelta(days=30)  # a family, however often it is renewed
TOUCH_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    account_id: UUID
    family_id: UUID
    version: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Pair:
    """What a program gets."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """What came of a refresh token: a new pair, or None, and then the family that ended because of it, if one did."""

    pair: Pair | None = None
    ended: UUID | None = None


def start(db: Session, account_id: UUID, now: datetime, *, by: Actor = MACHINE) -> Pair:
    """The first tokens of an account whose password was right. `by` says from where."""
    family = TokenFamily(
        account_id=account_id,
        user_agent=by.agent[:300],
        address=by.address[:64],
        created_at=now,
        seen_at=now,
        expires_at=now + REFRESH,
    )
    db.add(family)
    db.flush()
    account = accounts.get(db, account_id)
    who = replace(by, kind="token", id=account.id, label=account.name or account.email)
    _note(db, now, who, "token.started", family)
    return _pair(db, account, family, now)


def renew(db: Session, refresh: str, now: datetime, *, by: Actor = MACHINE) -> Renewal:
    """Another pair for a refresh token. One that was used before ends its family; of two that come at once, the one
    that comes second was used before."""
    row = db.exec(
        select(RefreshToken, TokenFamily, Account)
        .join(TokenFamily, col(TokenFamily.id) == RefreshToken.family_id)
        .join(Account, col(Account.id) == TokenFamily.account_id)
        .where(RefreshToken.token_hash == hash_token(refresh))
    ).first()
    if row is None:
        return Renewal()
    token, family, account = row
    if not is_valid(family, now) or account.deactivated_at is not None:
        return Renewal()
    taken = update(RefreshToken).where(col(RefreshToken.id) == token.id, col(RefreshToken.used_at).is_(None))
    changed: CursorResult[tuple[()]] = db.execute(taken.values(used_at=now))  # type: ignore[assignment]
    if changed.rowcount != 1:
        _end(db, family, now, by, "token.reused")
        return Renewal(ended=family.id)
    family.seen_at, family.expires_at = now, min(now + REFRESH, family.created_at + LONGEST)
    db.add(family)
    return Renewal(_pair(db, account, family, now))


def read(access: str) -> Claims | None:
    """What an access token says, or None for one that we did not sign or whose time is over."""
    try:
        said = jwt.decode(
            access,
            _key(get_settings()),
            algorithms=[ALGORITHM],
            options={"require": ["sub", "family", "iat", "exp", "ver"]},
        )
        return Claims(
            UUID(said["sub"]),
            UUID(said["family"]),
            int(said["ver"]),
            datetime.fromtimestamp(said["exp"], UTC),
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def find_with_age(db: Session, access: str, now: datetime) -> tuple[Principal, datetime | None] | None:
    """Who an access token speaks for and when its family was last noted as used, or None when it does not hold."""
    claims = read(access)
    if claims is None:
        return None
    row = db.exec(
        select(TokenFamily, Account)
        .join(Account, col(Account.id) == TokenFamily.account_id)
        .where(TokenFamily.id == claims.family_id, Account.id == claims.account_id)
    ).first()
    if row is None:
        return None
    family, account = row
    if not is_valid(family, now) or account.version != claims.version or account.deactivated_at is not None:
        return None
    roles = accounts.roles_of(db, account.id)
    return accounts.principal(account, roles, family.id, kind="token", within=family.scope), family.seen_at


def is_valid(family: TokenFamily, now: datetime) -> bool:
    """Whether a family goes on at that moment."""
    return family.revoked_at is None and now < family.expires_at


def touch(db: Session, family_id: UUID, now: datetime) -> None:
    """Note that a family is in use, every few minutes."""
    family = db.get(TokenFamily, family_id)
    if family is not None and now - family.seen_at > TOUCH_AFTER:
        family.seen_at = now
        db.add(family)


def of_account(db: Session, account_id: UUID, now: datetime) -> Sequence[TokenFamily]:
    """The families of an account that go on, the one used last first."""
    query = select(TokenFamily).where(TokenFamily.account_id == account_id)
    return [f for f in db.exec(query.order_by(col(TokenFamily.seen_at).desc())) if is_valid(f, now)]


def revoke(
    db: Session,
    account_id: UUID,
    family_id: UUID,
    now: datetime,
    *,
    by: Actor = MACHINE,
    action: str = "ended",
) -> None:
    """End one family of that account. Raises NotFound for one of somebody else."""
    family = db.get(TokenFamily, family_id)
    if family is None or family.account_id != account_id:
        raise NotFound
    if family.revoked_at is None:
        _end(db, family, now, by, f"token.{action}")
    db.flush()


def prune(db: Session, now: datetime) -> int:
    """Forget families that ended or ran out a month ago, with their tokens. Returns how many."""
    old = delete(TokenFamily).where(col(TokenFamily.expires_at) < now - LONGEST)
    return int(db.execute(old).rowcount)  # type: ignore[attr-defined]


def _pair(db: Session, account: Account, family: TokenFamily, now: datetime) -> Pair:
    refresh = secrets.token_urlsafe(32)
    db.add(RefreshToken(family_id=family.id, token_hash=hash_token(refresh), created_at=now))
    db.flush()
    said = {
        "sub": account.id.hex,
        "family": family.id.hex,
        "iat": now,
        "exp": now + ACCESS,
        "ver": account.version,
    }
    return Pair(jwt.encode(said, _key(get_settings()), ALGORITHM), refresh)


def _end(db: Session, family: TokenFamily, now: datetime, by: Actor, action: str) -> None:
    family.revoked_at = now
    db.add(family)
    _note(db, now, by, action, family)


def _note(db: Session, now: datetime, by: Actor, action: str, family: TokenFamily) -> None:
    whose = accounts.get(db, family.account_id)
    label = whose.name or whose.email
    audit.record(db, now, by, action, object_kind="token", object_id=family.id.hex, object=label)


@lru_cache(maxsize=1)
def _key(settings: Settings) -> bytes:
    return secret_key.derive(settings, PURPOSE)
