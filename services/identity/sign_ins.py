"""Where an account is signed in: browsers by their sessions, programs by their tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from models import AccountSession, TokenFamily
from services.audit import MACHINE, Actor
from services.errors import NotFound
from services.identity import sessions, tokens
from services.identity.permissions import Principal


@dataclass(frozen=True, slots=True)
class SignIn:
    """One place where an account is signed in."""

    id: UUID
    kind: Literal["browser", "token"]
    user_agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def of_account(db: Session, account_id: UUID, now: datetime) -> Sequence[SignIn]:
    """Everywhere that account is signed in, the place used last first."""
    browsers = [_of("browser", session) for session in sessions.of_account(db, account_id, now)]
    programs = [_of("token", family) for family in tokens.of_account(db, account_id, now)]
    return sorted([*browsers, *programs], key=lambda one: one.seen_at, reverse=True)


def end(
    db: Session,
    account_id: UUID,
    sign_in_id: UUID,
    now: datetime,
    *,
    by: Actor = MACHINE,
    action: str = "ended",
) -> None:
    """Sign that account out there. Raises NotFound for what is somebody else's. Afterwards `identity.end` it."""
    for kind in (sessions, tokens):
        try:
            kind.revoke(db, account_id, sign_in_id, now, by=by, action=action)
        except NotFound:
            continue
        return
    raise NotFound


def revoke(db: Session, sign_in_id: UUID, now: datetime, *, whose: Principal, by: Actor = MACHINE) -> None:
    """End a sign-in of one's own, or anybody's for those who manage people. Raises NotFound for any other.
    Afterwards `identity.end` it."""
    row = db.get(AccountSession, sign_in_id) or db.get(TokenFamily, sign_in_id)
    if row is None or (row.account_id != whose.account_id and not whose.may("people:manage")):
        raise NotFound
    end(db, row.account_id, sign_in_id, now, by=by)


def end_others(
    db: Session, account_id: UUID, keep: UUID, now: datetime, *, by: Actor = MACHINE
) -> list[UUID]:
    """Sign that account out everywhere but there, which may be no sign-in of it. Returns what ended. Afterwards
    `identity.end` each."""
    ended = [one.id for one in of_account(db, account_id, now) if one.id != keep]
    for sign_in_id in ended:
        end(db, account_id, sign_in_id, now, by=by)
    return ended


def _of(kind: Literal["browser", "token"], row: AccountSession | TokenFamily) -> SignIn:
    return SignIn(row.id, kind, row.user_agent, row.address, row.created_at, row.seen_at, row.expires_at)
