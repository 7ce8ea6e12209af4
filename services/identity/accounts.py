"""People: making, finding and changing accounts."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from models import Account, AccountSession, ApiKey, RoleGrant, TokenFamily
from services import audit
from services.audit import MACHINE, Actor
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.i18n import LOCALES
from services.identity import passwords
from services.identity.permissions import PLATFORM, ROLES, Principal

THEMES = ("system", "light", "dark")
JUST_NOW = timedelta(minutes=10)
FIRST_ADMIN_EMAIL = "admin@keepai.local"


def fold_email(email: str) -> str:
    """The form in which addresses are stored and compared."""
    return email.strip().lower()


def is_email(email: str) -> bool:
    """Whether this looks like an address; whether it is one shows when mail to it arrives."""
    return len(email) <= 254 and re.fullmatch(r"[^@\s<>(),;]+@[^@\s<>(),;]+", email) is not None


def by_email(db: Session, email: str) -> Account | None:
    """The account of an address, or None."""
    return db.exec(select(Account).where(Account.email == fold_email(email))).first()


def get(db: Session, account_id: UUID) -> Account:
    """The account. Raises NotFound."""
    account = db.get(Account, account_id)
    if account is None:
        raise NotFound
    return account


def many(db: Session, ids: Collection[UUID]) -> list[Account]:
    """Those of these accounts that there are."""
    return list(db.exec(select(Account).where(col(Account.id).in_(ids)))) if ids else []


def count(db: Session) -> int:
    """How many accounts there are."""
    return db.exec(select(func.count()).select_from(Account)).one()


def count_admins(db: Session) -> int:
    """How many active admins of the platform there are."""
    query = (
        select(func.count())
        .select_from(RoleGrant)
        .join(Account, col(Account.id) == RoleGrant.account_id)
        .where(RoleGrant.role == "admin", RoleGrant.scope == PLATFORM, col(Account.deactivated_at).is_(None))
    )
    return db.exec(query).one()


def roles_of(db: Session, account_id: UUID) -> dict[str, str]:
    """The roles an account holds, by scope."""
    return {g.scope: g.role for g in db.exec(select(RoleGrant).where(RoleGrant.account_id == account_id))}


def prove(
    db: Session, account_id: UUID, session_id: UUID, password: str, now: datetime, *, field: str = "password"
) -> Account:
    """Whoever sits there is the person the account belongs to: they know the password, or, where there is none, signed
    in just now. Returns the account. Raises Invalid for this field."""
    account = get(db, account_id)
    if account.password_hash:
        if not passwords.matches(password, account.password_hash):
            raise Invalid("settings.password.wrong", fields={field: "settings.password.wrong"})
        return account
    session = db.get(AccountSession, session_id)
    if session is None or session.account_id != account_id or now - session.created_at > JUST_NOW:
        raise Invalid("settings.password.sign_in_again", fields={field: "settings.password.sign_in_again"})
    return account


def principal(account: Account, roles: dict[str, str], came_with: UUID, **limits: Any) -> Principal:
    """Who asks with a session, a key or a token of that account; `came_with` is its id."""
    return Principal(
        account_id=account.id,
        session_id=came_with,
        email=account.email,
        name=account.name,
        locale=account.locale,
        zone=account.zone,
        theme=account.theme,
        must_change_password=account.must_change_password,
        has_password=bool(account.password_hash),
        password_set_by=account.password_set_by,
        roles=roles,
        **limits,
    )


def raise_version(db: Session, account: Account, at: datetime) -> None:
    """End whatever programs hold of this account: access tokens, what renews them, and keys.

    Afterwards `identity.end` the account.
    """
    account.version += 1
    db.add(account)
    for table in (TokenFamily, ApiKey):
        over = update(table).where(col(table.account_id) == account.id, col(table.revoked_at).is_(None))
        db.execute(over.values(revoked_at=at))


def create(
    db: Session,
    email: str,
    password: str | None,
    *,
    role: str,
    name: str = "",
    must_change: bool = False,
    locale: str = "pt-BR",
    by: Actor = MACHINE,
) -> Account:
    """A new account with one role on the platform; without a password for who comes by an issuer. Raises Invalid or
    Conflict."""
    folded = fold_email(email)
    if not is_email(folded):
        raise Invalid("errors.email", fields={"email": "errors.email"})
    if role not in ROLES:
        raise Invalid
    if by_email(db, folded):
        raise Conflict("errors.email_taken")
    account = Account(
        email=folded,
        name=name.strip()[:120],
        password_hash="" if password is None else passwords.hash_password(password),
        must_change_password=must_change,
        locale=locale,
        created_at=now(),
    )
    db.add(account)
    db.flush()
    db.add(RoleGrant(account_id=account.id, role=role))
    db.flush()
    _note(db, account, by, "account.created", after={"email": account.email, "name": name, "role": role})
    return account


def ensure_first_admin(
    db: Session, email: str, password: str, locale: str = "pt-BR"
) -> tuple[str, str] | None:
    """On an empty database, make the first admin. Returns (address, password) to show once, the password
    empty when it was given rather than made up; None when there are accounts already."""
    if count(db):
        return None
    made_up = "" if password else passwords.make_up()
    account = create(
        db,
        email or FIRST_ADMIN_EMAIL,
        password or made_up,
        role="admin",
        must_change=bool(made_up),
        locale=locale,
    )
    return account.email, made_up


def create_admin(db: Session, email: str, password: str = "", role: str = "admin") -> str:
    """A new admin, or an account with another role. Returns the password that was made up, or an empty text when
    one was given."""
    made_up = "" if password else passwords.make_up()
    create(db, email, password or made_up, role=role, must_change=bool(made_up))
    return made_up


def reset_password(db: Session, email: str, password: str = "") -> str:
    """Set another password, reactivate, end every session. Returns the made-up password, if one was made.

    Meant for the person at the machine: whoever runs the installation can always get back in.
    """
    account = by_email(db, email)
    if account is None:
        raise NotFound("errors.no_such_account")
    made_up = "" if password else passwords.make_up()
    account.password_hash = passwords.hash_password(password or made_up)
    account.must_change_password = bool(made_up)
    account.deactivated_at = None
    end_everything(db, account, now())
    _note(db, account, MACHINE, "account.password_reset")
    return made_up


def change_password(
    db: Session, account_id: UUID, session_id: UUID, current: str, new: str, *, by: Actor = MACHINE
) -> None:
    """Change one's own password; every other session of the account ends. Raises Invalid with field messages."""
    account = prove(db, account_id, session_id, current, now(), field="current")
    passwords.check_new(new, about=(account.email, account.name))
    if new == current:
        raise Invalid("settings.password.same", fields={"new": "settings.password.same"})
    account.password_hash = passwords.hash_password(new)
    account.must_change_password = False
    end_everything(db, account, now(), keep=session_id)
    _note(db, account, by, "account.password_changed")


def update_profile(
    db: Session,
    account_id: UUID,
    *,
    name: str | None = None,
    locale: str | None = None,
    zone: str | None = None,
    theme: str | None = None,
    checklist_hidden: bool | None = None,
    by: Actor = MACHINE,
) -> Account:
    """Change what is given of one's own profile. Raises Invalid with field messages."""
    if wrong := profile_mistakes(name=name, locale=locale, zone=zone, theme=theme):
        raise Invalid(fields=wrong)
    account = get(db, account_id)
    given = {"locale": locale, "zone": zone, "theme": theme, "checklist_hidden": checklist_hidden}
    changed = {
        field: (getattr(account, field), value)
        for field, value in {**given, "name": None if name is None else name.strip()}.items()
        if value is not None and value != getattr(account, field)
    }
    for field, (_, value) in changed.items():
        setattr(account, field, value)
    db.add(account)
    db.flush()
    if "name" in changed:  # how somebody reads KeepAI is nobody else's business
        old, new = changed["name"]
        _note(db, account, by, "account.renamed", before={"name": old}, after={"name": new})
    return account


def password_news_read(db: Session, account_id: UUID) -> None:
    """The person has read who set their password anew."""
    account = get(db, account_id)
    account.password_set_by = ""
    db.add(account)


@cache
def zones() -> frozenset[str]:
    """The names of the tz database; reading them takes as long as ten queries."""
    return frozenset(available_timezones())


def profile_mistakes(
    *, name: str | None = None, locale: str | None = None, zone: str | None = None, theme: str | None = None
) -> dict[str, str]:
    """What is wrong with the given parts of a profile: a message key for each such field."""
    wrong: dict[str, str] = {}
    if locale is not None and locale not in LOCALES:
        wrong["locale"] = "appearance.no_such_language"
    if zone is not None and zone not in zones():
        wrong["zone"] = "appearance.no_such_zone"
    if theme is not None and theme not in THEMES:
        wrong["theme"] = "appearance.no_such_theme"
    if name is not None and len(name.strip()) > 120:
        wrong["name"] = "settings.profile.name_too_long"
    return wrong


def _note(db: Session, account: Account, by: Actor, action: str, **more: Any) -> None:
    """Record what was done to an account."""
    label = account.name or account.email
    audit.record(db, now(), by, action, object_kind="account", object_id=account.id.hex, object=label, **more)


def end_everything(db: Session, account: Account, at: datetime, keep: UUID | None = None) -> None:
    """Whatever lets somebody act for this account ends, but for the session `keep`. After the commit the edge calls
    `identity.end(account_id=…)`."""
    query = select(AccountSession).where(
        AccountSession.account_id == account.id, col(AccountSession.revoked_at).is_(None)
    )
    for session in db.exec(query):
        if session.id != keep:
            session.revoked_at = at
            db.add(session)
    raise_version(db, account, at)
    db.flush()
