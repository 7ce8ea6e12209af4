"""Whose account it is that an issuer vouches for. Named by issuer and subject for ever, never by an address."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models import Account, ExternalIdentity
from services import audit
from services.audit import Actor
from services.errors import Conflict, NotFound
from services.i18n import DEFAULT_LOCALE
from services.identity import accounts, links, people
from services.identity.oidc.claims import Refused, Vouched
from services.identity.permissions import PLATFORM

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entered:
    """Whose account it is; where the issuer gave it another role, all its sessions have ended (`identity.end` it)."""

    account: Account
    role_changed: bool = False


def enter(db: Session, who: Vouched, now: datetime, *, by: Actor, locale: str = DEFAULT_LOCALE) -> Entered:
    """The account of somebody an issuer vouches for: theirs since before, one with the same address, or a new one.

    An account of before is taken for theirs only when both sides verified the address, else whoever made an account
    here with somebody's address would receive them, or the other way round. A new one is made for whoever was invited,
    or is given a role by the issuer. Raises Refused.
    """
    known = _find(db, who)
    if known is not None:
        account = accounts.get(db, known.account_id)
        _active(account)
        known.used_at, known.email = now, who.email or known.email
        db.add(known)
        return Entered(account, _follow_role(db, account, who, now, by))
    if not who.email:
        raise Refused("oidc.unverified")
    same = accounts.by_email(db, who.email)
    if same is not None:
        _active(same)
        if same.email_verified_at is None:
            raise Refused("oidc.connect_first")
        _add(db, same, who, now, by)
        return Entered(same, _follow_role(db, same, who, now, by))
    account = _newcomer(db, who, now, by, locale)
    _add(db, account, who, now, by)
    return Entered(account)


def connect(db: Session, account_id: UUID, who: Vouched, now: datetime, *, by: Actor) -> None:
    """Somebody who is signed in adds a way to sign in. Raises Conflict when it is another account's."""
    known = _find(db, who)
    if known is not None:
        if known.account_id != account_id:
            raise Conflict("oidc.taken")
        return
    _add(db, accounts.get(db, account_id), who, now, by)


def disconnect(db: Session, account_id: UUID, identity_id: UUID, now: datetime, *, by: Actor) -> None:
    """Take a way to sign in off one's account. Raises NotFound, or Conflict for the last one of an account without a
    password."""
    identity = db.get(ExternalIdentity, identity_id)
    if identity is None or identity.account_id != account_id:
        raise NotFound
    account = accounts.get(db, account_id)
    if not account.password_hash and len(of_account(db, account_id)) == 1:
        raise Conflict("oidc.last_way")
    db.delete(identity)
    db.flush()
    _note(db, account, identity.issuer, now, by, "identity.disconnected")


def of_account(db: Session, account_id: UUID) -> Sequence[ExternalIdentity]:
    """The issuers with which one account signs in, the first one first."""
    query = select(ExternalIdentity).where(ExternalIdentity.account_id == account_id)
    return db.exec(query.order_by(col(ExternalIdentity.created_at))).all()


def _find(db: Session, who: Vouched) -> ExternalIdentity | None:
    query = select(ExternalIdentity).where(
        ExternalIdentity.issuer == who.issuer.url, ExternalIdentity.subject == who.subject
    )
    return db.exec(query).first()


def _active(account: Account) -> None:
    if account.deactivated_at is not None:
        raise Refused("oidc.deactivated")


def _newcomer(db: Session, who: Vouched, now: datetime, by: Actor, locale: str) -> Account:
    invited = next((one for one in links.invitations(db, now) if one.email == who.email), None)
    role = who.role or (invited.role if invited else "")
    if not role:
        raise Refused("oidc.unknown")
    if invited is not None:
        links.use(db, invited, now)
    account = accounts.create(db, who.email, None, role=role, name=who.name, locale=locale, by=by)
    account.email_verified_at = now
    db.add(account)
    if invited is not None:
        links.note_accepted(db, invited, account, now, by=by)
    return account


def _follow_role(db: Session, account: Account, who: Vouched, now: datetime, by: Actor) -> bool:
    """Give the account the role that the issuer gives, except that nobody loses the installation its last admin.
    Returns whether it changed."""
    if not who.role or accounts.roles_of(db, account.id).get(PLATFORM) == who.role:
        return False
    try:
        people.set_role(db, account.id, who.role, now, by=by)
    except Conflict:
        log.warning("%s says that the last admin is %s; the role stays", who.issuer.name, who.role)
        return False
    return True


def _add(db: Session, account: Account, who: Vouched, now: datetime, by: Actor) -> None:
    row = ExternalIdentity(
        account_id=account.id,
        issuer=who.issuer.url,
        subject=who.subject,
        email=who.email,
        created_at=now,
        used_at=now,
    )
    db.add(row)
    db.flush()
    _note(db, account, who.issuer.url, now, by, "identity.connected")


def _note(db: Session, account: Account, issuer: str, now: datetime, by: Actor, action: str) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="account",
        object_id=account.id.hex,
        object=account.name or account.email,
        after={"issuer": issuer},
    )
