"""The team: who is there, who is invited, what each may do, and how somebody leaves."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Session, col, func, select

from models import (
    Account,
    AccountSession,
    AlertNotice,
    ApiKey,
    BellNotice,
    ExternalIdentity,
    ModelCall,
    OneTimeLink,
    PushSubscription,
    RoleGrant,
    SecondFactor,
    TokenFamily,
)
from services import alerts, audit, files, jobs, outbox, tasks
from services.alerts import preferences
from services.audit import Actor
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity import accounts, links, second_factor
from services.identity.permissions import PLATFORM, ROLES
from services.notes import book as notes
from services.settings import Settings

State = Literal["active", "invited", "deactivated"]


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the team, or one who is invited; `id` is the account's or the invitation's."""

    id: UUID
    state: State
    email: str
    name: str
    role: str
    since: datetime  # made, invited or deactivated
    seen_at: datetime | None = None
    expires_at: datetime | None = None  # of an invitation
    second_factor: bool = False

    @property
    def label(self) -> str:
        """The name to show, or the address where no name was given."""
        return self.name or self.email


def members(db: Session, now: datetime, text: str = "") -> list[Member]:
    """Everybody whose name or address has this text: active people by name, invitations, those who left."""
    seen = (
        select(AccountSession.account_id, func.max(col(AccountSession.seen_at)).label("seen_at"))
        .group_by(col(AccountSession.account_id))
        .subquery()
    )
    rows = db.exec(
        select(Account, RoleGrant.role, seen.c.seen_at)
        .outerjoin(RoleGrant, (col(RoleGrant.account_id) == Account.id) & (col(RoleGrant.scope) == PLATFORM))
        .outerjoin(seen, seen.c.account_id == Account.id)
    )
    guarded = set(db.exec(select(SecondFactor.account_id).where(col(SecondFactor.confirmed_at).is_not(None))))
    team = [_member(account, role or "", seen_at, account.id in guarded) for account, role, seen_at in rows]
    invited = [
        Member(one.id, "invited", one.email, "", one.role, one.created_at, expires_at=one.expires_at)
        for one in links.invitations(db, now)
    ]
    wanted = text.strip().lower()
    order: dict[State, int] = {"active": 0, "invited": 1, "deactivated": 2}
    found = [one for one in (*team, *invited) if wanted in f"{one.name} {one.email}".lower()]
    return sorted(found, key=lambda one: (order[one.state], one.label.lower(), one.email))


def member(db: Session, account_id: UUID) -> Member:
    """One person. Raises NotFound."""
    account = accounts.get(db, account_id)
    role = accounts.roles_of(db, account_id).get(PLATFORM, "")
    return _member(account, role, None, second_factor.is_on(db, account_id))


@dataclass(frozen=True, slots=True)
class Handed:
    """A link that was made: whom it is for, its address, and whether a mail with it is on its way."""

    id: UUID
    email: str
    role: str
    url: str
    created_at: datetime
    expires_at: datetime
    mailed: bool


def invite(
    db: Session, settings: Settings, email: str, role: str, now: datetime, *, by: Actor, locale: str
) -> Handed:
    """Invite an address, by mail where there is a mail server, in this language. Raises what `links.invite` does."""
    link, token = links.invite(db, email, role, now, by=by)
    url = f"{settings.address}/join/{token}"
    mailed = outbox.can_mail(settings)
    if mailed:
        to = outbox.Recipient("address", link.email, locale=locale)
        letter = outbox.Invitation(url, link.expires_at, by.label, role)
        outbox.put(db, settings, now, to, letter, key=f"link:{link.id.hex}")
    return Handed(link.id, link.email, role, url, now, link.expires_at, mailed)


def offer_reset(db: Session, settings: Settings, account_id: UUID, now: datetime, *, by: Actor) -> Handed:
    """Make a link for a new password, to be handed over. Raises what `links.offer_reset` does."""
    link, token = links.offer_reset(db, account_id, now, by=by)
    url = f"{settings.address}/reset/{token}"
    return Handed(link.id, link.email, "", url, now, link.expires_at, mailed=False)


def forgot(db: Session, settings: Settings, email: str, now: datetime, *, by: Actor) -> None:
    """Mail a link for a new password to the address, if somebody active has it. What was done is told to nobody."""
    account = accounts.by_email(db, email)
    if account is None or account.deactivated_at is not None:
        return
    link, token = links.offer_reset(db, account.id, now, by=by)
    letter = outbox.PasswordReset(f"{settings.address}/reset/{token}", link.expires_at)
    outbox.put(db, settings, now, outbox.person(account), letter, key=f"link:{link.id.hex}")


def set_role(db: Session, account_id: UUID, role: str, now: datetime, *, by: Actor) -> None:
    """Another role on the platform; the person's sessions end. Raises Invalid, NotFound, or Conflict for the last
    admin."""
    if role not in ROLES:
        raise Invalid(fields={"role": "errors.field.choice"})
    account = accounts.get(db, account_id)
    query = select(RoleGrant).where(RoleGrant.account_id == account_id, RoleGrant.scope == PLATFORM)
    grant = db.exec(query).first() or RoleGrant(account_id=account_id, role="")
    if grant.role == role:
        return
    if grant.role == "admin":
        _keep_one_admin(db, account_id)
    before = {"role": grant.role} if grant.role else {}
    grant.role = role
    db.add(grant)
    accounts.end_everything(db, account, now)
    _note(db, now, by, "account.role_changed", account, before=before, after={"role": role})


def deactivate(db: Session, account_id: UUID, now: datetime, *, by: Actor) -> None:
    """Let somebody in no longer; what they made stays. Raises NotFound, or Conflict for the last admin."""
    account = accounts.get(db, account_id)
    if account.deactivated_at is not None:
        return
    _keep_one_admin(db, account_id)
    account.deactivated_at = now
    accounts.end_everything(db, account, now)
    links.end_of_account(db, account_id, now)
    _note(db, now, by, "account.deactivated", account)


def reactivate(db: Session, account_id: UUID, now: datetime, *, by: Actor) -> None:
    """Let somebody in again, with the role they had. Raises NotFound."""
    account = accounts.get(db, account_id)
    if account.deactivated_at is None:
        return
    account.deactivated_at = None
    db.add(account)
    _note(db, now, by, "account.reactivated", account)


def export(db: Session, settings: Settings, account_id: UUID, now: datetime) -> dict[str, Any]:
    """Everything KeepAI keeps about a person, for that person. No digest of a password or token is in it."""
    account = accounts.get(db, account_id)
    hidden = {"password_hash", "token_hash", "secret_hash", "endpoint_hash", "sealed"}

    def of(
        table: type[
            AccountSession
            | TokenFamily
            | ApiKey
            | ExternalIdentity
            | AlertNotice
            | BellNotice
            | PushSubscription
            | ModelCall
        ],
    ) -> list[dict[str, Any]]:
        rows = db.exec(select(table).where(col(table.account_id) == account_id))
        return [one.model_dump(mode="json", exclude=hidden) for one in rows]

    done: list[dict[str, Any]] = []
    before = None
    while some := audit.find(db, audit.MOST, before=before, actor=account_id.hex):
        done += [audit.as_row(*one) for one in some]
        before = (some[-1][0].at, some[-1][0].id)
    return {
        "exported_at": now.isoformat(),
        "account": account.model_dump(mode="json", exclude=hidden),
        "roles": accounts.roles_of(db, account_id),
        "sessions": of(AccountSession),
        "programs": of(TokenFamily),
        "api_keys": of(ApiKey),
        "external_identities": of(ExternalIdentity),
        "devices": of(PushSubscription),
        "alerts_told": of(AlertNotice),
        "model_calls": of(ModelCall),
        "notice_preferences": asdict(preferences.of(db, settings, account_id)),
        "notes": notes.of_person(db, account_id),
        "tasks": tasks.of_person(db, account_id),
        "messages": outbox.of_person(db, account_id),
        "files": files.of_person(db, account_id),
        "jobs": jobs.of_person(db, account_id),
        "told": of(BellNotice),
        "audit": done,
    }


def delete(
    db: Session, account_id: UUID, session_id: UUID, password: str, now: datetime, *, by: Actor
) -> None:
    """Delete one's own account, with its sessions and all that the audit log says of the person.

    The contents of their files are taken away after the commit (`files.take_away`). Raises what `accounts.prove` does,
    Conflict for the last admin.
    """
    account = accounts.prove(db, account_id, session_id, password, now)
    _keep_one_admin(db, account_id)
    _note(db, now, by, "account.deleted", account)
    audit.erase(db, account_id)
    outbox.forget(db, account_id)
    alerts.forget(db, account_id)
    tasks.forget(db, account_id)
    notes.forget(db, account_id)
    db.delete(account)
    db.flush()


def not_oneself(by: Actor, account_id: UUID) -> None:
    """Raises Forbidden: one's own role and access are changed by somebody else, so that nobody locks themselves out."""
    if by.id == account_id:
        raise Forbidden("people.not_oneself")


def _member(account: Account, role: str, seen_at: datetime | None, guarded: bool) -> Member:
    gone = account.deactivated_at
    return Member(
        account.id,
        "deactivated" if gone else "active",
        account.email,
        account.name,
        role,
        gone or account.created_at,
        seen_at,
        second_factor=guarded,
    )


def _keep_one_admin(db: Session, account_id: UUID) -> None:
    """Raises Conflict where nobody else is an active admin. The rows are locked: two admins who remove each other at
    the same moment would both see the other."""
    query = (
        select(RoleGrant.account_id)
        .join(Account, col(Account.id) == RoleGrant.account_id)
        .where(RoleGrant.role == "admin", RoleGrant.scope == PLATFORM, col(Account.deactivated_at).is_(None))
        .order_by(col(RoleGrant.id))
        .with_for_update()
    )
    admins: Sequence[UUID] = db.exec(query).all()
    if list(admins) == [account_id]:
        raise Conflict("people.last_admin")


def _note(db: Session, now: datetime, by: Actor, action: str, account: Account, **more: Any) -> None:
    db.flush()
    label = account.name or account.email
    audit.record(db, now, by, action, object_kind="account", object_id=account.id.hex, object=label, **more)


def withdraw(db: Session, link_id: UUID, now: datetime, *, by: Actor) -> None:
    """Take an invitation back. Raises NotFound."""
    link = db.get(OneTimeLink, link_id)
    if link is None or link.kind != "invitation" or not links.is_open(link, now):
        raise NotFound
    link.expires_at = now
    db.add(link)
    db.flush()
    outbox.take_back(db, f"link:{link.id.hex}")
    audit.record(
        db,
        now,
        by,
        "invitation.withdrawn",
        object_kind="invitation",
        object_id=link.id.hex,
        object=link.email,
    )
