"""Whom messages are for, and the one gate through which each of them goes, when it is put and when it is sent."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from models import Account
from services import accounts
from services.format import UTC_ZONE
from services.i18n import DEFAULT_LOCALE

Kind = Literal["person", "address"]
Channel = Literal["mail"]
# Why it is sent: to let somebody in, to see whether it arrives, to say that something is wrong or over.
Purpose = Literal["account", "test", "alert"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for: a person with an account, or an address that has none (yet).

    `id` is that of the account; language and time zone are those in which it is written.
    """

    kind: Kind
    address: str
    id: UUID | None = None
    locale: str = DEFAULT_LOCALE
    zone: str = UTC_ZONE


def person(account: Account) -> Recipient:
    """Somebody with an account, in their own language."""
    return Recipient("person", account.email, account.id, account.locale, account.zone)


def may_send(db: Session, channel: Channel, recipient: Recipient, purpose: Purpose) -> bool:
    """Whether this may be sent to them now. What they agreed to receive will be asked for here.

    A person needs an account that is active and still has this address; what is of no known kind gets nothing.
    """
    if channel != "mail" or not accounts.is_email(recipient.address):
        return False
    if recipient.kind == "person":
        account = db.get(Account, recipient.id) if recipient.id else None
        return account is not None and account.deactivated_at is None and account.email == recipient.address
    return recipient.kind == "address" and purpose in ("account", "test")


def masked(text: str) -> str:
    """The text with each address in it shortened to what somebody recognises who knows it: a•••@example.org."""
    return re.sub(r"([^\s<>\"'(),:;@])[^\s<>\"'(),:;@]*@(?=\w)", r"\1•••@", text)
