"""Who may read or change a thing that belongs to somebody: its owner, and whom it is shared with. Nobody else, an admin
neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, false, literal, or_
from sqlmodel import Session, col, select

from models import Account, RoleGrant, Share
from services.errors import Invalid
from services.identity.permissions import PLATFORM, ROLES, Principal

Level = Literal["read", "write"]
LEVELS: tuple[Level, ...] = ("read", "write")
EVERYBODY = "*"
MOST = 50


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: an account and the role it holds on the platform."""

    account_id: UUID
    role: str

    @classmethod
    def of(cls, principal: Principal) -> "Reader":
        """Whoever is signed in, or the owner of the key."""
        return cls(principal.account_id, principal.role)

    @classmethod
    def called(cls, db: Session, account_id: UUID) -> "Reader":
        """A person by their id, for what KeepAI does for them by itself."""
        role = db.exec(
            select(RoleGrant.role).where(RoleGrant.account_id == account_id, RoleGrant.scope == PLATFORM)
        ).first()
        return cls(account_id, role or "")


@dataclass(frozen=True, slots=True)
class Given:
    """One person (`account_id`) or all of a role, and what they may."""

    level: Level
    account_id: UUID | None = None
    role: str = ""
    until: datetime | None = None


def allowed(
    reader: Reader,
    now: datetime,
    *,
    kind: Any,
    object_id: Any,
    owner_id: Any,
    level: Level = "read",
) -> ColumnElement[bool]:
    """The condition that a row is the reader's own, or shared with them at that level. `kind`, `object_id` and
    `owner_id` are columns of the row, or values."""
    return or_(
        owner_id == reader.account_id, shared(reader, now, kind=kind, object_id=object_id, level=level)
    )


def shared(
    reader: Reader, now: datetime, *, kind: Any, object_id: Any, level: Level = "read"
) -> ColumnElement[bool]:
    """The condition that a thing is shared with the reader."""
    if not reader.role:  # whoever holds no role any more reads their own, and nothing of the team's
        return false()
    return exists().where(
        col(Share.kind) == (literal(kind) if isinstance(kind, str) else kind),
        col(Share.object_id) == object_id,
        or_(
            col(Share.account_id) == reader.account_id,
            and_(col(Share.account_id).is_(None), col(Share.role).in_([reader.role, EVERYBODY])),
        ),
        or_(col(Share.until).is_(None), col(Share.until) > now),
        *([col(Share.level) == "write"] if level == "write" else []),
    )


def of(db: Session, kind: str, object_id: UUID) -> list[Share]:
    """With whom a thing is shared, first the roles."""
    rows = db.exec(select(Share).where(Share.kind == kind, Share.object_id == object_id)).all()
    return sorted(rows, key=lambda one: (one.account_id is not None, one.role, one.created_at))


def replace(
    db: Session, kind: str, object_id: UUID, given: Sequence[Given], by: UUID, now: datetime
) -> list[Share]:
    """Share it with these and with nobody else. Raises Invalid for people and roles that there are not."""
    _check(db, given)
    kept = {(one.account_id, one.role): one for one in of(db, kind, object_id)}
    wanted = {(one.account_id, one.role): one for one in given}
    for key, row in kept.items():
        if key not in wanted:
            db.delete(row)
    for key, one in wanted.items():
        row = kept.get(key) or Share(
            kind=kind, object_id=object_id, account_id=one.account_id, role=one.role, by=by, created_at=now
        )
        row.level, row.until = one.level, one.until
        db.add(row)
    db.flush()
    return of(db, kind, object_id)


def forget(db: Session, kind: str, object_id: UUID) -> None:
    """Share it with nobody, as when it is deleted."""
    db.execute(delete(Share).where(col(Share.kind) == kind, col(Share.object_id) == object_id))


def names(db: Session, shares: Sequence[Share]) -> dict[UUID, str]:
    """How the people are called with whom something is shared."""
    ids = {one.account_id for one in shares if one.account_id}
    if not ids:
        return {}
    return {one.id: one.name or one.email for one in db.exec(select(Account).where(col(Account.id).in_(ids)))}


def _check(db: Session, given: Sequence[Given]) -> None:
    if len(given) > MOST:
        raise Invalid(fields={"shares": "sharing.error.many"})
    for one in given:
        if one.level not in LEVELS or (one.account_id is None) == (not one.role):
            raise Invalid(fields={"shares": "sharing.error.whom"})
        if one.role and one.role not in (*ROLES, EVERYBODY):
            raise Invalid(fields={"shares": "sharing.error.whom"})
        if one.account_id:
            account = db.get(Account, one.account_id)
            if account is None or account.deactivated_at is not None:
                raise Invalid(fields={"shares": "sharing.error.whom"})
