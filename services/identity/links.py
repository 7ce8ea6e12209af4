"""Links that work once: made, looked at as often as one likes, and used."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from models import Account, OneTimeLink
from services import audit
from services.audit import Actor
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity import accounts, passwords
from services.identity.permissions import PLATFORM, ROLES

Kind = Literal["invitation", "password_reset"]
LASTS = timedelta(hours=24)
FORGET_AFTER = timedelta(days=30)  # how long used and expired ones are kept
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def invite(
    db: Session, email: str, role: str, now: datetime, *, by: Actor, scope: str = PLATFORM
) -> tuple[OneTimeLink, str]:
    """An invitation and its token, which is stored nowhere; an earlier one for the address ends.

    Raises Invalid with field messages, Conflict when the address has an account.
    """
    folded = accounts.fold_email(email)
    wrong = {"email": "errors.email"} if not accounts.is_email(folded) else {}
    if role not in ROLES:
        wrong["role"] = "errors.field.choice"
    if wrong:
        raise Invalid(fields=wrong)
    if accounts.by_email(db, folded):
        raise Conflict("errors.email_taken", fields={"email": "errors.email_taken"})
    for earlier in invitations(db, now):
        if earlier.email == folded:
            earlier.expires_at = now
            db.add(earlier)
    link, token = _make(db, "invitation", now, by, email=folded, role=role, scope=scope)
    audit.record(
        db,
        now,
        by,
        "invitation.sent",
        object_kind="invitation",
        object_id=link.id.hex,
        object=folded,
        after={"role": role},
    )
    return link, token


def accept(
    db: Session, token: str, name: str, password: str, now: datetime, locale: str, *, by: Actor
) -> Account:
    """Make the account of an invitation; the link works no more. Raises NotFound, Conflict or Invalid."""
    link = find(db, "invitation", token, now)
    passwords.check_new(password, about=(link.email, name))
    use(db, link, now)
    account = accounts.create(db, link.email, password, role=link.role, name=name, locale=locale, by=by)
    note_accepted(db, link, account, now, by=by)
    return account


def note_accepted(db: Session, link: OneTimeLink, account: Account, now: datetime, *, by: Actor) -> None:
    """An invitation led to this account."""
    audit.record(
        db, now, by, "invitation.accepted", object_kind="account", object_id=account.id.hex, object=link.email
    )


def offer_reset(db: Session, account_id: UUID, now: datetime, *, by: Actor) -> tuple[OneTimeLink, str]:
    """A link with which its holder sets another password for the account; earlier ones end. Raises NotFound, or
    Forbidden for somebody who was deactivated."""
    account = accounts.get(db, account_id)
    if account.deactivated_at is not None:
        raise Forbidden("people.deactivated")
    end_of_account(db, account_id, now)
    link, token = _make(db, "password_reset", now, by, account_id=account_id, email=account.email)
    audit.record(
        db,
        now,
        by,
        "account.reset_offered",
        object_kind="account",
        object_id=account_id.hex,
        object=account.name or account.email,
    )
    return link, token


def reset(db: Session, token: str, password: str, now: datetime, *, by: Actor) -> Account:
    """Set the password of the link's account; all its sessions end. Raises NotFound or Invalid.

    Where somebody else made the link, its owner is told so after signing in.
    """
    link = find(db, "password_reset", token, now)
    assert link.account_id is not None
    account = accounts.get(db, link.account_id)
    passwords.check_new(password, about=(account.email, account.name))
    use(db, link, now)
    account.password_hash = passwords.hash_password(password)
    account.must_change_password = False
    account.password_set_by = link.by
    if not link.by:  # nobody made it for them: it came by mail, and only by mail
        account.email_verified_at = now
    accounts.end_everything(db, account, now)
    audit.record(
        db,
        now,
        by,
        "account.password_reset",
        object_kind="account",
        object_id=account.id.hex,
        object=account.name or account.email,
    )
    return account


def find(db: Session, kind: Kind, token: str, now: datetime) -> OneTimeLink:
    """The link of a token, while it can be used. Raises NotFound: unknown, used and expired cannot be told apart."""
    if not TOKEN.fullmatch(token):
        raise NotFound
    query = select(OneTimeLink).where(OneTimeLink.token_hash == _hash(token), OneTimeLink.kind == kind)
    link = db.exec(query).first()
    if link is None or not is_open(link, now):
        raise NotFound
    return link


def is_open(link: OneTimeLink, now: datetime) -> bool:
    """Whether a link can still be used at that moment."""
    return link.used_at is None and now < link.expires_at


def invitations(db: Session, now: datetime) -> list[OneTimeLink]:
    """The invitations that can be accepted, the newest first."""
    query = (
        select(OneTimeLink)
        .where(
            OneTimeLink.kind == "invitation", col(OneTimeLink.used_at).is_(None), OneTimeLink.expires_at > now
        )
        .order_by(col(OneTimeLink.created_at).desc())
    )
    return list(db.exec(query))


def end_of_account(db: Session, account_id: UUID, now: datetime) -> None:
    """No link of this account works any longer."""
    db.execute(
        update(OneTimeLink)
        .where(col(OneTimeLink.account_id) == account_id, col(OneTimeLink.expires_at) > now)
        .values(expires_at=now)
    )


def prune(db: Session, now: datetime) -> int:
    """Forget links that were used or ran out long ago. Returns how many."""
    old = db.exec(select(OneTimeLink).where(OneTimeLink.expires_at < now - FORGET_AFTER)).all()
    for link in old:
        db.delete(link)
    return len(old)


def _make(
    db: Session,
    kind: Kind,
    now: datetime,
    by: Actor,
    *,
    email: str,
    account_id: UUID | None = None,
    role: str = "",
    scope: str = PLATFORM,
) -> tuple[OneTimeLink, str]:
    token = secrets.token_urlsafe(32)
    link = OneTimeLink(
        kind=kind,
        token_hash=_hash(token),
        account_id=account_id,
        email=email,
        role=role,
        scope=scope,
        by=by.label[:254],
        created_at=now,
        expires_at=now + LASTS,
    )
    db.add(link)
    db.flush()
    return link, token


def use(db: Session, link: OneTimeLink, now: datetime) -> None:
    """The link works no more. Raises NotFound for whoever comes second in the same moment."""
    used = db.execute(
        update(OneTimeLink)
        .where(col(OneTimeLink.id) == link.id, col(OneTimeLink.used_at).is_(None))
        .values(used_at=now)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound


def _hash(token: str) -> str:
    """SHA-256; the token is 256 random bits, so no salt or slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
