"""Whom messages are for, and the one gate through which each of them goes, when it is put and when it is sent."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlmodel import Session

from models import Account, AccountSession, Channel, NoticePreference, PushSubscription
from services.errors import KeepAIError
from services.format import UTC_ZONE
from services.i18n import DEFAULT_LOCALE
from services.identity import accounts
from services.settings import Settings
from services.vault import Vault

Kind = Literal["person", "address", "channel"]
Via = Literal["mail", "sms", "push", "chat", "webhook"]
# Why it is sent: to let somebody in, to see whether it arrives, to say that something is wrong or over, that long work
# of theirs ended, or to remind of a task.
Purpose = Literal["account", "test", "alert", "job", "task"]
TO_CHANNELS = frozenset({"test", "alert"})


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for: a person with an account, an address that has none (yet), or a channel that several read.

    `id` is that of the account or the channel; `via` says how it is sent, language and time zone are those in which
    it is written. A message to a channel names an `address` only where it goes to one of several phone numbers; by
    push the address is the id of the device.
    """

    kind: Kind
    address: str
    id: UUID | None = None
    locale: str = DEFAULT_LOCALE
    zone: str = UTC_ZONE
    via: Via = "mail"


def person(account: Account) -> Recipient:
    """Somebody with an account, by mail, in their own language."""
    return Recipient("person", account.email, account.id, account.locale, account.zone)


def phone(account: Account, number: str) -> Recipient:
    """Somebody with an account, by SMS."""
    return Recipient("person", number, account.id, account.locale, account.zone, via="sms")


def on_device(account: Account, device_id: UUID) -> Recipient:
    """Somebody with an account, by a notification on one of their devices."""
    return Recipient("person", device_id.hex, account.id, account.locale, account.zone, via="push")


def can_send(settings: Settings, via: str) -> bool:
    """Whether what is needed for it is set."""
    if via == "mail":
        return bool(settings.smtp_host)
    return bool(settings.twilio_account_sid) if via == "sms" else via in ("push", "chat", "webhook")


def config_of(db: Session, box: Vault, recipient: Recipient) -> Mapping[str, str]:
    """What the channel is made of, or where a device takes its messages; empty for everybody else. Raises KeepAIError
    where it cannot be read."""
    if recipient.via == "push":
        found = device(db, recipient)
        return keys_of(box, found) if found else {}
    channel = db.get(Channel, recipient.id) if recipient.kind == "channel" and recipient.id else None
    if channel is None:
        return {}
    opened: dict[str, str] = json.loads(box.open(channel.config, f"channel.config:{channel.id}"))
    return opened


def may_send(db: Session, box: Vault, recipient: Recipient, purpose: Purpose) -> bool:
    """Whether this may be sent to them now.

    A person needs an account that is active and still has this address or this number; a channel must be switched on.
    What is of no known kind gets nothing.
    """
    if recipient.kind == "channel":
        channel = db.get(Channel, recipient.id) if recipient.id else None
        return (
            channel is not None
            and channel.enabled
            and channel.kind == recipient.via
            and purpose in TO_CHANNELS
        )
    if recipient.kind == "person":
        account = db.get(Account, recipient.id) if recipient.id else None
        if account is None or account.deactivated_at is not None:
            return False
        if recipient.via == "sms":
            return bool(recipient.address) and number_of(db, box, account.id) == recipient.address
        if recipient.via == "push":
            return purpose in ("test", "alert", "job", "task") and device(db, recipient) is not None
        return (
            recipient.via == "mail"
            and accounts.is_email(recipient.address)
            and account.email == recipient.address
        )
    return (
        recipient.kind == "address"
        and recipient.via == "mail"
        and purpose in ("account", "test")
        and accounts.is_email(recipient.address)
    )


def number_of(db: Session, box: Vault, account_id: UUID) -> str:
    """The phone number of a person; empty where there is none, or where it cannot be read any more."""
    kept = db.get(NoticePreference, account_id)
    if kept is None or not kept.phone:
        return ""
    try:
        return box.open(kept.phone, f"notice.phone:{account_id}")
    except KeepAIError:
        return ""


def device(db: Session, recipient: Recipient) -> PushSubscription | None:
    """The device that this is for, while it is theirs and nobody signed them out there."""
    try:
        found = db.get(PushSubscription, UUID(recipient.address))
    except ValueError:
        return None
    if found is None or found.account_id != recipient.id:
        return None
    session = db.get(AccountSession, found.session_id)
    return found if session is not None and session.revoked_at is None else None


def keys_of(box: Vault, device: PushSubscription) -> dict[str, str]:
    """Where its push service takes messages, and the keys for which they are encrypted. Raises KeepAIError."""
    opened: dict[str, str] = json.loads(box.open(device.sealed, f"push_subscription:{device.id}"))
    return opened


def masked(text: str) -> str:
    """The text with each address in it shortened to what somebody recognises who knows it: a•••@example.org."""
    return re.sub(r"([^\s<>\"'(),:;@])[^\s<>\"'(),:;@]*@(?=\w)", r"\1•••@", text)
