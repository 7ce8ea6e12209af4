"""Sign-ins: opaque tokens, hashed at rest, looked up on every connection."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from models import Account, AccountSession, RoleGrant, TokenFamily
from services import audit, limits
from services.audit import MACHINE, Actor
from services.errors import NotFound
from services.identity import accounts, passwords
from services.identity.permissions import Principal

IDLE = timedelta(days=7)
LONGEST = timedelta(days=30)
# How old `seen_at` may grow before it is written again: one write an hour per device, not one per request.
TOUCH_AFTER = timedelta(hours=1)


def hash_token(token: str) -> str:
    """SHA-256 of a token. The token is 256 random bits, so no salt or slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(db: Session, email: str, password: str) -> UUID | None:
    """The account these belong to, or None for a wrong password, an unknown or a deactivated account alike.

    Takes tens of milliseconds, so it must not run inside a write transaction.
    """
    account = accounts.by_email(db, email)
    stored = account.password_hash if account and account.deactivated_at is None else ""
    return account.id if passwords.matches(password, stored) and account else None


def start(db: Session, account_id: UUID, now: datetime, *, by: Actor = MACHINE) -> str:
    """A new session of an account whose password was right; returns its token, which is stored nowhere.

    `by` says from where; the session itself is the account's.
    """
    token = secrets.token_urlsafe(32)
    session = AccountSession(
        account_id=account_id,
        token_hash=hash_token(token),
        user_agent=by.agent[:300],
        address=by.address[:64],
        created_at=now,
        seen_at=now,
        expires_at=now + LONGEST,
    )
    db.add(session)
    db.flush()
    account = accounts.get(db, account_id)
    who = replace(by, kind="person", id=account.id, label=account.name or account.email)
    audit.record(db, now, who, "session.started", object_kind="session", object_id=session.id.hex)
    return token


def came_from(db: Session, email: str, network: str) -> bool:
    """Whether somebody signed in to this account from that network before, in a browser or with a program (as
    `services.limits.network` names it)."""
    return any(
        limits.network(address) == network
        for table in (AccountSession, TokenFamily)
        for address in db.exec(
            select(table.address)
            .join(Account, col(Account.id) == table.account_id)
            .where(Account.email == accounts.fold_email(email))
            .distinct()
        )
    )


def refused(db: Session, email: str, now: datetime, *, by: Actor) -> None:
    """Note that somebody could not sign in with this address, whether there is such an account or not."""
    account = accounts.by_email(db, email)
    audit.record(
        db,
        now,
        by,
        "session.refused",
        object_kind="account",
        object_id=account.id.hex if account else "",
        object=email,
        outcome="refused",
        reason="auth.wrong",
    )


def refused_code(db: Session, account_id: UUID, now: datetime, *, by: Actor) -> None:
    """Note that somebody gave the right password and a wrong code."""
    account = accounts.get(db, account_id)
    audit.record(
        db,
        now,
        by,
        "session.refused",
        object_kind="account",
        object_id=account_id.hex,
        object=account.name or account.email,
        outcome="refused",
        reason="auth.code_wrong",
    )


def refused_by_issuer(db: Session, issuer: str, reason: str, now: datetime, *, by: Actor) -> None:
    """Note that somebody whom an issuer sent, or should have sent, did not get in."""
    audit.record(
        db,
        now,
        by,
        "session.refused",
        object_kind="issuer",
        object_id=issuer,
        object=issuer,
        outcome="refused",
        reason=reason,
    )


def find(db: Session, token: str, now: datetime) -> Principal | None:
    """Who a token belongs to, or None when it is unknown, revoked, idle too long or expired."""
    found = find_with_age(db, token, now)
    return found[0] if found else None


def find_with_age(db: Session, token: str, now: datetime) -> tuple[Principal, datetime] | None:
    """The same, with when the session was last noted as used. One query: after a restart every tab asks at once."""
    rows = db.exec(
        select(AccountSession, Account, RoleGrant)
        .join(Account, col(Account.id) == AccountSession.account_id)
        .outerjoin(RoleGrant, col(RoleGrant.account_id) == Account.id)
        .where(AccountSession.token_hash == hash_token(token))
    ).all()
    if not rows:
        return None
    session, account, _ = rows[0]
    if not is_valid(session, now) or account.deactivated_at is not None:
        return None
    roles = {grant.scope: grant.role for _, _, grant in rows if grant}
    return accounts.principal(account, roles, session.id), session.seen_at


def is_valid(session: AccountSession, now: datetime) -> bool:
    """Whether a session may still be used at that moment."""
    return session.revoked_at is None and now < session.expires_at and now < session.seen_at + IDLE


def touch(db: Session, session_id: UUID, now: datetime) -> None:
    """Note that a session is in use, at most once an hour."""
    session = db.get(AccountSession, session_id)
    if session is not None and now - session.seen_at > TOUCH_AFTER:
        session.seen_at = now
        db.add(session)


def of_account(db: Session, account_id: UUID, now: datetime) -> Sequence[AccountSession]:
    """The usable sessions of an account, the one used last first."""
    query = select(AccountSession).where(AccountSession.account_id == account_id)
    rows = [s for s in db.exec(query.order_by(col(AccountSession.seen_at).desc())) if is_valid(s, now)]
    return rows


def revoke(
    db: Session,
    account_id: UUID,
    session_id: UUID,
    now: datetime,
    *,
    by: Actor = MACHINE,
    action: str = "ended",
) -> None:
    """End one session of that account. Raises NotFound for one of somebody else."""
    session = db.get(AccountSession, session_id)
    if session is None or session.account_id != account_id:
        raise NotFound
    if session.revoked_at is None:
        session.revoked_at = now
        db.add(session)
        whose = accounts.get(db, account_id)
        audit.record(
            db,
            now,
            by,
            f"session.{action}",
            object_kind="session",
            object_id=session_id.hex,
            object=whose.name or whose.email,
        )
    db.flush()


def prune(db: Session, now: datetime) -> int:
    """Forget sessions that ended or ran out a month ago. Returns how many."""
    old = db.exec(select(AccountSession).where(AccountSession.expires_at < now - LONGEST)).all()
    for session in old:
        db.delete(session)
    return len(old)


def still_valid(db: Session, session_ids: Collection[str], now: datetime) -> set[str]:
    """Which of these sessions may still be used, by the text of their id."""
    valid: set[str] = set()
    ids = [UUID(session_id) for session_id in session_ids]
    for start in range(0, len(ids), 500):
        rows = db.exec(select(AccountSession).where(col(AccountSession.id).in_(ids[start : start + 500])))
        valid |= {str(row.id) for row in rows if is_valid(row, now)}
    return valid
