"""Keys of programs: many per account, each shown once, each no mightier than its owner at the moment of use."""

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, or_
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from models import Account, ApiKey
from services import audit
from services.audit import MACHINE, Actor
from services.errors import Forbidden, Invalid, NotFound
from services.identity import accounts
from services.identity.permissions import Principal
from services.identity.sessions import hash_token

PREFIX = "keepai_"
SHOWN = len(PREFIX) + 6  # so much of a key stays visible
SECRET = re.compile(PREFIX + r"[\w-]{43}", re.ASCII)
LONGEST_NAME = 80
MOST = 100  # usable keys of one account
MOST_REQUESTS = 1_000_000
# How old `last_used_at` may grow before it is written again.
TOUCH_AFTER = timedelta(minutes=1)
KEPT = timedelta(days=30)


class Listed(NamedTuple):
    """A key as lists show it."""

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    owner: str  # the address
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    per_minute: int | None
    per_hour: int | None


_KEYS, _OWNERS = ApiKey.__table__, Account.__table__  # type: ignore[attr-defined]
_USABLE = (
    select_columns(*(_OWNERS.c.email if name == "owner" else _KEYS.c[name] for name in Listed._fields))
    .join_from(_KEYS, _OWNERS, _OWNERS.c.id == _KEYS.c.account_id)
    .where(
        _KEYS.c.revoked_at.is_(None), or_(_KEYS.c.expires_at.is_(None), _KEYS.c.expires_at > bindparam("now"))
    )
    .order_by(_KEYS.c.id.desc())
)
_USABLE_OF_ACCOUNT = _USABLE.where(_KEYS.c.account_id == bindparam("account"))


def create(
    db: Session,
    owner: Principal,
    now: datetime,
    *,
    name: str,
    permissions: Collection[str],
    expires_at: datetime | None = None,
    per_minute: int | None = None,
    per_hour: int | None = None,
    by: Actor = MACHINE,
) -> tuple[ApiKey, str]:
    """A new key of whoever asks, and its secret, which is stored nowhere. Raises Invalid with field messages.

    A key makes no other key: what is given for a while would otherwise prolong itself.
    """
    if owner.kind == "key":
        raise Forbidden("keys.by_key")
    limits = (per_minute, per_hour)
    if limits != (None, None) and not owner.may("people:manage"):
        raise Forbidden("keys.limits")
    if wrong := mistakes(owner, now, name=name, permissions=permissions, expires_at=expires_at):
        raise Invalid(fields=wrong, most=LONGEST_NAME)
    if len(of_account(db, owner.account_id, now)) >= MOST:
        raise Invalid("keys.too_many", fields={"name": "keys.too_many"}, most=MOST)
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        account_id=owner.account_id,
        scope=owner.within,
        name=name.strip(),
        prefix=secret[:SHOWN],
        secret_hash=hash_token(secret),
        permissions=sorted(set(permissions)),
        per_minute=per_minute,
        per_hour=per_hour,
        created_at=now,
        expires_at=expires_at,
    )
    db.add(key)
    db.flush()
    made = {"permissions": key.permissions, "expires_at": expires_at}
    audit.record(
        db,
        now,
        by,
        "api_key.created",
        object_kind="api_key",
        object_id=key.id.hex,
        object=key.name,
        after=made,
    )
    return key, secret


def mistakes(
    owner: Principal,
    now: datetime,
    *,
    name: str | None = None,
    permissions: Collection[str] | None = None,
    expires_at: datetime | None = None,
) -> dict[str, str]:
    """What is wrong with what a new key shall be: a message key for each such field. None is not looked at."""
    wrong: dict[str, str] = {}
    if name is not None and not name.strip():
        wrong["name"] = "errors.field.missing"
    if name is not None and len(name.strip()) > LONGEST_NAME:
        wrong["name"] = "keys.name_too_long"
    if name is not None and not name.isprintable():
        wrong["name"] = "keys.name_odd"
    if permissions is not None and not permissions:
        wrong["scopes"] = "keys.no_permission"
    if permissions and not all(owner.may(permission) for permission in permissions):
        wrong["scopes"] = "keys.not_yours"
    if expires_at is not None and expires_at <= now:
        wrong["expires_at"] = "keys.expires_in_the_past"
    return wrong


def find_with_age(db: Session, secret: str, now: datetime) -> tuple[Principal, datetime | None] | None:
    """Who a key speaks for and when it was last noted as used, or None when it may not be used."""
    if not SECRET.fullmatch(secret):
        return None
    row = db.exec(
        select(ApiKey, Account)
        .join(Account, col(Account.id) == ApiKey.account_id)
        .where(ApiKey.secret_hash == hash_token(secret))
    ).first()
    if row is None or not is_valid(row[0], now) or row[1].deactivated_at is not None:
        return None
    key, account = row
    principal = accounts.principal(
        account,
        accounts.roles_of(db, account.id),
        key.id,
        kind="key",
        key=key.name,
        only=frozenset(key.permissions),
        within=key.scope,
        per_minute=key.per_minute,
        per_hour=key.per_hour,
    )
    return principal, key.last_used_at


def is_valid(key: ApiKey, now: datetime) -> bool:
    """Whether a key may still be used at that moment."""
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def touch(db: Session, key_id: UUID, now: datetime) -> None:
    """Note that a key is in use, at most once a minute."""
    key = db.get(ApiKey, key_id)
    if key is not None and (key.last_used_at is None or now - key.last_used_at > TOUCH_AFTER):
        key.last_used_at = now
        db.add(key)


def of_account(db: Session, account_id: UUID, now: datetime) -> Sequence[ApiKey]:
    """The usable keys of an account, the newest first."""
    query = select(ApiKey).where(ApiKey.account_id == account_id).order_by(col(ApiKey.id).desc())
    return [key for key in db.exec(query) if is_valid(key, now)]


def of_everybody(db: Session, now: datetime) -> Sequence[tuple[ApiKey, Account]]:
    """The usable keys of all accounts with their owners, the newest first."""
    query = select(ApiKey, Account).join(Account, col(Account.id) == ApiKey.account_id)
    rows = db.exec(query.where(col(ApiKey.revoked_at).is_(None)).order_by(col(ApiKey.id).desc()))
    return [(key, owner) for key, owner in rows if is_valid(key, now)]


def listed(db: Session, now: datetime, account_id: UUID | None = None) -> list[Listed]:
    """The usable keys of an account, or of all, the newest first, as lists show them: no more is read than that."""
    # Programs ask for this often: past the mapper a row costs a third.
    if account_id is None:
        found = db.connection().execute(_USABLE, {"now": now})
    else:
        found = db.connection().execute(_USABLE_OF_ACCOUNT, {"now": now, "account": account_id})
    return [Listed._make(row) for row in found]


def revoke(db: Session, key_id: UUID, now: datetime, *, whose: Principal, by: Actor = MACHINE) -> ApiKey:
    """End a key of one's own, or anybody's for those who manage people. Raises NotFound for any other."""
    key = db.get(ApiKey, key_id)
    if key is None or (key.account_id != whose.account_id and not whose.may("people:manage")):
        raise NotFound
    if key.revoked_at is None:
        key.revoked_at = now
        db.add(key)
        audit.record(
            db, now, by, "api_key.revoked", object_kind="api_key", object_id=key_id.hex, object=key.name
        )
    db.flush()
    return key


def revoke_all(
    db: Session, account_id: UUID, now: datetime, *, whose: Principal, by: Actor = MACHINE
) -> list[UUID]:
    """End every key of an account. Returns what ended. Raises what `revoke` does."""
    return [revoke(db, key.id, now, whose=whose, by=by).id for key in of_account(db, account_id, now)]


def prune(db: Session, now: datetime) -> int:
    """Forget keys that ended or ran out a month ago. Returns how many."""
    over = or_(col(ApiKey.revoked_at) < now - KEPT, col(ApiKey.expires_at) < now - KEPT)
    return int(db.execute(delete(ApiKey).where(over)).rowcount)  # type: ignore[attr-defined]
