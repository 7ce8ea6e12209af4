"""The devices of people that take notifications: browsers in which somebody switched them on (web push).

A device belongs to the session in which that was: it is no more when that session is ended, from wherever. That a
session ran out ends nothing, or the phone of somebody on call would fall silent after a week without a word.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from models import Account, AccountSession, OutboxMessage, PushSubscription
from models.base import new_id
from services import audit, outbox, outside, vault
from services.audit import Actor
from services.channels import web_push
from services.errors import Conflict, Invalid, NotFound
from services.identity import accounts
from services.outbox import Recipient
from services.settings import Settings

MOST = 10  # of one person; one more takes the place of the one that was seen least lately
LONGEST_ENDPOINT = 2000


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gives: where its push service takes messages, its public key and its secret in base64url."""

    endpoint: str
    p256dh: str
    auth: str


def fingerprint(endpoint: str) -> str:
    """By what a browser and we know the same subscription, without its address."""
    return hashlib.sha256(endpoint.encode()).hexdigest()


def listed(db: Session, account_id: UUID) -> list[PushSubscription]:
    """The devices of a person, the one seen last first."""
    query = (
        select(PushSubscription)
        .join(AccountSession, col(AccountSession.id) == PushSubscription.session_id)
        .where(PushSubscription.account_id == account_id, col(AccountSession.revoked_at).is_(None))
        .order_by(col(PushSubscription.seen_at).desc(), col(PushSubscription.id).desc())
    )
    return list(db.exec(query))


def get(db: Session, account_id: UUID, device_id: UUID) -> PushSubscription:
    """One device of that person. Raises NotFound."""
    for one in listed(db, account_id):
        if one.id == device_id:
            return one
    raise NotFound


def subscribe(
    db: Session,
    settings: Settings,
    now: datetime,
    account_id: UUID,
    session_id: UUID,
    given: Subscription,
    *,
    by: Actor,
    replaces: str = "",
) -> PushSubscription:
    """Take what a browser gave, in the session in which it asks; `replaces` is the endpoint that it had before. What is
    known already is only noted as seen. Raises Invalid, or Conflict for who did not come with a browser's session."""
    session = db.exec(
        select(AccountSession)
        .where(AccountSession.id == session_id, AccountSession.account_id == account_id)
        .with_for_update()
    ).first()
    if session is None:
        raise Conflict("push.error.browser")
    allowed = outside.allowed_hosts(settings)
    if wrong := web_push.check(given.endpoint, given.p256dh, given.auth, allowed):
        raise Invalid(fields=wrong)
    if replaces and replaces != given.endpoint:
        mine = col(PushSubscription.account_id) == account_id
        old_mark = fingerprint(replaces)
        db.execute(delete(PushSubscription).where(mine, col(PushSubscription.endpoint_hash) == old_mark))
    mark = fingerprint(given.endpoint)
    known = db.exec(select(PushSubscription).where(PushSubscription.endpoint_hash == mark)).first()
    if known is not None and known.account_id != account_id:
        # Somebody else signed in there: what waits for whoever had it before is not for them.
        db.delete(known)
        db.flush()
        known = None
    device = known or PushSubscription(
        id=new_id(),
        account_id=account_id,
        session_id=session_id,
        endpoint_hash=mark,
        sealed="",
        created_at=now,
        seen_at=now,
    )
    keys = {"endpoint": given.endpoint, "p256dh": given.p256dh, "auth": given.auth}
    device.sealed = vault.of(settings).seal(json.dumps(keys), f"push_subscription:{device.id}")
    device.session_id, device.seen_at, device.user_agent = session_id, now, by.agent[:300]
    db.add(device)
    db.flush()
    for old in listed(db, account_id)[MOST:]:
        db.delete(old)
    db.flush()
    if known is None:
        _note(db, now, by, "device.added", device)
    return device


def remove(db: Session, now: datetime, account_id: UUID, device_id: UUID, by: Actor) -> None:
    """Send nothing there any more. Raises NotFound."""
    device = get(db, account_id, device_id)
    _note(db, now, by, "device.removed", device)
    db.delete(device)
    db.flush()


def test(
    db: Session, settings: Settings, now: datetime, account_id: UUID, device_id: UUID, by: Actor
) -> OutboxMessage:
    """Send a test there. Raises NotFound."""
    device = get(db, account_id, device_id)
    _note(db, now, by, "device.tested", device)
    to = outbox.on_device(accounts.get(db, account_id), device.id)
    return outbox.put(db, settings, now, to, outbox.MessageTest(by=by.label))


def recipients(db: Session, account: Account) -> list[Recipient]:
    """Somebody on each of their devices; last the one seen last, whose message stands for all in the story of an
    alert."""
    return [outbox.on_device(account, one.id) for one in reversed(listed(db, account.id))]


def prune(db: Session, now: datetime) -> int:
    """Forget the devices on which somebody was signed out. Returns how many."""
    over = select(AccountSession.id).where(
        AccountSession.id == PushSubscription.session_id, col(AccountSession.revoked_at) <= now
    )
    return int(db.execute(delete(PushSubscription).where(over.exists())).rowcount)  # type: ignore[attr-defined]


def _note(db: Session, now: datetime, by: Actor, action: str, device: PushSubscription) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="device",
        object_id=device.id.hex,
        object=device.user_agent,
    )
