"""Admins and passwords, for whoever has the machine: nobody can be locked out of their own installation."""

from sqlmodel import Session, select

from keepai.cli import migrate, questions
from keepai.cli.say import Stop, say, stop
from models import Account
from services import db
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.identity import accounts, second_factor


def create_admin(email: str, role: str = "admin") -> int:
    """Make another admin, or somebody with another role, and show the made-up password once."""
    migrate.to_newest(questions.settings())
    try:
        password = db.write_now(accounts.create_admin, email, role=role)
    except Conflict:
        stop("cli.people.taken", email=email)
    except Invalid:
        stop("cli.people.not_an_email", email=email)
    print(say("cli.people.created", email=accounts.fold_email(email), password=password))
    return 0


def reset_password(email: str) -> int:
    """Give somebody a new made-up password, shown once; their sessions end."""
    migrate.to_newest(questions.settings())
    try:
        password = db.write_now(_reset, email)
    except NotFound:
        raise Stop(_no_such(email)) from None
    print(say("cli.people.reset", email=accounts.fold_email(email), password=password))
    return 0


def _reset(session: Session, email: str) -> str:
    """A new password; whoever lost the authenticator app gets in with it alone."""
    password = accounts.reset_password(session, email)
    account = accounts.by_email(session, email)
    assert account is not None
    second_factor.remove(session, account.id, now())
    return password


def _no_such(email: str) -> list[str]:
    known = db.read_now(_addresses)
    return [
        say("cli.people.no_such", email=email),
        *([say("cli.people.known", emails=known)] if known else []),
    ]


def _addresses(session: Session) -> str:
    return ", ".join(sorted(session.exec(select(Account.email).limit(20))))
