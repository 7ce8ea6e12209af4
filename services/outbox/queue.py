"""The outbox itself: messages are put with the action that causes them, claimed, settled, resent and given up."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, event, func, or_
from sqlmodel import Session, col, select

from models import Account, OutboxMessage, PushSubscription
from models.base import new_id
from services import audit, vault
from services.audit import Actor
from services.bus import Bus
from services.errors import Conflict, Forbidden, KeepAIError, NotFound
from services.outbox.gate import Recipient, can_send, config_of, masked, may_send
from services.outbox.letters import Letter, Written, write
from services.outbox.rules import CLAIM, GONE, KEEP_SENT, LONG, Failed, Next, Sent, after
from services.settings import Settings
from services.vault import Vault

TOPIC = "outbox"  # on the bus: something is due
LONGEST_DETAIL = 300
# What a provider says of a message after it took it, in the order in which it may come.
DELIVERIES = ("", "queued", "sending", "sent", "delivered", "undelivered", "failed")
_bus: tuple[Bus, asyncio.AbstractEventLoop] | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that is being sent. `claim` is until when it is ours, `tries` how many there were with this one; `via`
    says how it is sent, `config` what the channel or the device is made of that it goes to."""

    id: UUID
    claim: datetime
    tries: int
    created_at: datetime
    message_id: str
    address: str
    locale: str
    letter: Written
    via: str = "mail"
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message that was given up, or has waited long. `to` is masked, and empty when it cannot be read; `due_at` is
    when it is tried next."""

    id: UUID
    template: str
    to: str
    state: str
    created_at: datetime
    due_at: datetime
    tries: int
    error: str
    detail: str


def configure(bus: Bus) -> None:
    """Say where to tell that something was put. Called on the event loop on which the bus lives."""
    global _bus
    _bus = (bus, asyncio.get_running_loop())


def can_mail(settings: Settings) -> bool:
    """Whether there is a mail server. Without one nothing is put, and links are passed on by hand."""
    return can_send(settings, "mail")


def put(
    db: Session,
    settings: Settings,
    at: datetime,
    to: Recipient,
    letter: Letter,
    *,
    key: str = "",
    replaces: str = "",
) -> OutboxMessage:
    """Have a letter sent once this transaction is committed. With a `key` that was used before, nothing is put, and
    what was put then is returned. What still waits of what was put with a key that begins with `replaces` is not sent:
    this is newer.

    Raises Conflict without a mail server or whatever else it needs, Forbidden when this recipient gets nothing.
    """
    if not can_send(settings, to.via):
        raise Conflict("outbox.error.not_configured")
    box = vault.of(settings)
    if not may_send(db, box, to, letter.purpose):
        raise Forbidden("outbox.error.not_allowed")
    if key and (known := db.exec(select(OutboxMessage).where(OutboxMessage.key == key)).first()):
        return known
    if replaces:
        old = col(OutboxMessage.key).startswith(replaces, autoescape=True)
        db.execute(delete(OutboxMessage).where(old, col(OutboxMessage.state) == "waiting"))
    number = new_id()
    template = config_of(db, box, to).get("template", "") if to.via == "webhook" else ""
    written = write(letter, to.locale, to.zone, settings.address, via=to.via, template=template, at=at)
    message = OutboxMessage(
        id=number,
        created_at=at,
        channel=to.via,
        purpose=letter.purpose,
        recipient_kind=to.kind,
        recipient_id=to.id,
        address=box.seal(to.address, f"outbox.address:{number}"),
        template=letter.name,
        locale=to.locale,
        body=box.seal(json.dumps(asdict(written), ensure_ascii=False), f"outbox.body:{number}"),
        key=key or number.hex,
        message_id=f"<{number.hex}@{settings.smtp_from.rpartition('@')[2] or 'keepai'}>",
        due_at=at,
        expires_at=letter.until,
    )
    db.add(message)
    db.flush()
    _tell_when_committed(db)
    return message


def claim(db: Session, box: Vault, now: datetime, most: int) -> list[Parcel]:
    """Take up to `most` messages that are due, for one minute; those of a process that is gone are due again.

    What must not or cannot be sent any more is given up here.
    """
    query = (
        select(OutboxMessage)
        .where(col(OutboxMessage.state).in_(("waiting", "sending")), OutboxMessage.due_at <= now)
        .order_by(col(OutboxMessage.due_at), col(OutboxMessage.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    parcels = []
    for message in db.exec(query):
        parcel = _open(db, box, message, now)
        if isinstance(parcel, Failed):
            message.state, message.error = "dead", parcel.error
        else:
            message.state, message.due_at, message.tries = "sending", parcel.claim, parcel.tries
            parcels.append(parcel)
        db.add(message)
    db.flush()
    return parcels


def settle(db: Session, parcel: Parcel, outcome: Sent | Failed, now: datetime, chance: float) -> Next | None:
    """Note what came of a try; None when that is no longer ours to say. `chance` (0 to 1) spreads the next tries."""
    if parcel.via == "push":
        _note_device(db, parcel, outcome, now)
    message = db.exec(
        select(OutboxMessage).where(OutboxMessage.id == parcel.id).with_for_update()
    ).one_or_none()
    if message is None or message.state == "sent":
        return None
    ours = message.state == "sending" and message.due_at == parcel.claim
    if not ours and isinstance(outcome, Failed):
        return None
    following = after(outcome, parcel.tries, now, message.expires_at, chance)
    message.state, message.error = following.state, following.error
    message.detail = masked(" ".join(outcome.detail.split()))[:LONGEST_DETAIL]
    if following.due_at:
        message.due_at = following.due_at
    if isinstance(outcome, Sent):
        message.sent_at, message.address, message.body = now, "", ""
        message.outside_id = outcome.outside_id[:64]
    db.add(message)
    db.flush()
    return following


def is_due(db: Session, now: datetime) -> bool:
    """Whether there is anything to claim: asked often, without keeping others from writing."""
    query = select(OutboxMessage.id).where(
        col(OutboxMessage.state).in_(("waiting", "sending")), OutboxMessage.due_at <= now
    )
    return db.exec(query.limit(1)).first() is not None


def delivered(db: Session, message_id: UUID, delivery: str, detail: str, now: datetime) -> bool:
    """Note what the other side said later of how a message arrived. What is older than what is known, or comes twice,
    changes nothing. Returns whether it did."""
    message = db.get(OutboxMessage, message_id)
    if message is None or DELIVERIES.index(delivery) <= DELIVERIES.index(message.delivery or DELIVERIES[0]):
        return False
    message.delivery, message.delivery_at = delivery, now
    if detail:
        message.detail = masked(detail)[:LONGEST_DETAIL]
    db.add(message)
    db.flush()
    return True


def get(db: Session, message_id: UUID) -> OutboxMessage:
    """One message. Raises NotFound."""
    message = db.get(OutboxMessage, message_id)
    if message is None:
        raise NotFound
    return message


def troubled(db: Session, box: Vault, now: datetime, limit: int = 50) -> list[Trouble]:
    """What was given up or has waited long, the newest first."""
    query = select(OutboxMessage).where(
        or_(
            _given_up(),
            col(OutboxMessage.state).in_(("waiting", "sending"))
            & (col(OutboxMessage.created_at) < now - LONG),
        )
    )
    newest = query.order_by(col(OutboxMessage.id).desc()).limit(limit)
    return [_trouble(db, box, message) for message in db.exec(newest)]


def counts(db: Session) -> dict[str, int]:
    """How many messages wait (those being sent included), and how many were given up."""
    shown = or_(_given_up(), col(OutboxMessage.state) != "dead")
    rows = db.exec(select(OutboxMessage.state, func.count()).where(shown).group_by(OutboxMessage.state)).all()
    by_state = dict(rows)
    waiting = by_state.get("waiting", 0) + by_state.get("sending", 0)
    return {"waiting": waiting, "dead": by_state.get("dead", 0)}


def lag(db: Session, now: datetime) -> float:
    """For how many seconds the message that is due longest has been due: what nobody sends."""
    query = select(func.min(col(OutboxMessage.due_at))).where(
        col(OutboxMessage.state).in_(("waiting", "sending")), OutboxMessage.due_at <= now
    )
    oldest = db.exec(query).one()
    return (now - oldest).total_seconds() if oldest else 0.0


def resend(db: Session, message_id: UUID, now: datetime, *, by: Actor) -> None:
    """Try at once and as often as a new one. Raises NotFound, or Conflict for what is sent, under way or too late."""
    message = _unsent(db, message_id)
    if message.expires_at and message.expires_at <= now:
        raise Conflict("outbox.error.expired")
    _note(db, now, by, "message.resent", message)
    message.state, message.due_at, message.tries = "waiting", now, 0
    message.error = message.detail = ""
    db.add(message)
    db.flush()
    _tell_when_committed(db)


def give_up(db: Session, message_id: UUID, now: datetime, *, by: Actor) -> None:
    """Delete a message that was not sent. Raises NotFound, or Conflict for what is sent or under way."""
    message = _unsent(db, message_id)
    _note(db, now, by, "message.given_up", message)
    db.delete(message)
    db.flush()


def take_back(db: Session, key: str) -> None:
    """Delete what was put with this key, if it was not sent yet: nobody needs it any more."""
    db.execute(delete(OutboxMessage).where(col(OutboxMessage.key) == key, col(OutboxMessage.state) != "sent"))


def of_person(db: Session, account_id: UUID) -> list[dict[str, Any]]:
    """What was put for a person, the newest first, as it is taken along or shown; without what was written."""
    query = select(OutboxMessage).where(OutboxMessage.recipient_id == account_id)
    told = {"id", "created_at", "channel", "template", "locale", "state", "sent_at", "message_id"}
    newest = query.order_by(col(OutboxMessage.id).desc())
    return [message.model_dump(mode="json", include=told) for message in db.exec(newest)]


def forget(db: Session, account_id: UUID) -> None:
    """Delete everything that was put for a person, sent or not."""
    db.execute(delete(OutboxMessage).where(col(OutboxMessage.recipient_id) == account_id))


def prune(db: Session, now: datetime) -> int:
    """Forget what was sent a month ago, or was for a device that was gone by then. Returns how many."""
    lost = (col(OutboxMessage.error) == GONE) & (col(OutboxMessage.created_at) < now - KEEP_SENT)
    old = delete(OutboxMessage).where(
        or_(
            (col(OutboxMessage.state) == "sent") & (col(OutboxMessage.sent_at) < now - KEEP_SENT),
            (col(OutboxMessage.state) == "dead") & lost,
        )
    )
    return int(db.execute(old).rowcount)  # type: ignore[attr-defined]


def _open(db: Session, box: Vault, message: OutboxMessage, now: datetime) -> Parcel | Failed:
    """What is to be sent, or why it cannot be."""
    if message.expires_at and message.expires_at <= now:
        return Failed("outbox.error.expired")
    try:
        address = box.open(message.address, f"outbox.address:{message.id}")
        body = json.loads(box.open(message.body, f"outbox.body:{message.id}"))
        to = Recipient(
            message.recipient_kind,  # type: ignore[arg-type]
            address,
            message.recipient_id,
            via=message.channel,  # type: ignore[arg-type]
        )
        config = config_of(db, box, to)
    except KeepAIError as error:
        return Failed(error.key)
    if not may_send(db, box, to, message.purpose):  # type: ignore[arg-type]
        return Failed(GONE if to.via == "push" else "outbox.error.not_allowed")
    return Parcel(
        message.id,
        now + CLAIM,
        message.tries + 1,
        message.created_at,
        message.message_id,
        address or config.get("address", ""),
        message.locale,
        Written(**body),
        message.channel,
        config,
    )


def _unsent(db: Session, message_id: UUID) -> OutboxMessage:
    query = select(OutboxMessage).where(OutboxMessage.id == message_id).with_for_update()
    message = db.exec(query).one_or_none()
    if message is None:
        raise NotFound
    if message.state not in ("waiting", "dead"):
        raise Conflict("outbox.under_way")
    return message


def _given_up() -> ColumnElement[bool]:
    """What somebody may want to resend; not what was for a device that is gone."""
    return (col(OutboxMessage.state) == "dead") & (col(OutboxMessage.error) != GONE)


def _note_device(db: Session, parcel: Parcel, outcome: Sent | Failed, now: datetime) -> None:
    """When the push service of a device last took a message; or that there is no such device any more."""
    device = db.get(PushSubscription, UUID(parcel.address))
    if device is None:
        return
    if isinstance(outcome, Sent):
        device.sent_at = now
        db.add(device)
    elif outcome.error == GONE:
        db.delete(device)
    db.flush()


def _trouble(db: Session, box: Vault, message: OutboxMessage) -> Trouble:
    to = ""
    with contextlib.suppress(KeepAIError):
        to = masked(box.open(message.address, f"outbox.address:{message.id}"))
    if message.channel == "push":  # the id of a device says nothing to anybody
        account = db.get(Account, message.recipient_id) if message.recipient_id else None
        to = masked(account.email) if account else ""
    return Trouble(
        message.id,
        message.template,
        to,
        message.state,
        message.created_at,
        message.due_at,
        message.tries,
        message.error,
        message.detail,
    )


def _note(db: Session, now: datetime, by: Actor, action: str, message: OutboxMessage) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="message",
        object_id=message.id.hex,
        object=message.message_id,
        before={"state": message.state, "template": message.template},
    )


def _tell_when_committed(db: Session) -> None:
    """Wake the dispatcher as soon as others can see what was put; it would find it by itself in some seconds."""

    def tell(_: Any) -> None:
        if _bus:
            bus, loop = _bus
            with contextlib.suppress(RuntimeError):  # that loop has ended
                loop.call_soon_threadsafe(bus.publish, TOPIC, {})

    event.listen(db, "after_commit", tell)
