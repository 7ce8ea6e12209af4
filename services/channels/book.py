"""Channels as they are kept: made, changed, tested, and what came of each message."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models import AlertRoute, Channel, OutboxMessage
from models.base import new_id
from services import audit, outbox, vault
from services.audit import Actor
from services.channels import kinds
from services.clock import zone_called
from services.errors import Conflict, Invalid, KeepAIError, NotFound
from services.i18n import DEFAULT_LOCALE, LOCALES
from services.outbox import Recipient, Via
from services.settings import Settings

LONGEST_NAME = 120
LISTED = 50
MOST = 100  # channels


@dataclass(frozen=True, slots=True)
class Draft:
    """A channel as somebody wants it. `config` are the fields of its kind; a secret that is empty stays as it is."""

    kind: str
    name: str
    config: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    locale: str = DEFAULT_LOCALE
    zone: str = "UTC"


def create(db: Session, settings: Settings, now: datetime, draft: Draft, by: Actor) -> Channel:
    """A new channel. Raises Invalid, Conflict when there are very many."""
    if len(listed(db)) >= MOST:
        raise Conflict("channels.error.many")
    _check(db, draft, None)
    channel = Channel(
        id=new_id(), kind=draft.kind, name="", config="", locale="", zone="", created_at=now, updated_at=now
    )
    _take(channel, settings, draft, now)
    db.add(channel)
    db.flush()
    _note(db, now, by, "channel.created", channel, after=_said(channel, draft))
    return channel


def update(
    db: Session, settings: Settings, now: datetime, channel_id: UUID, draft: Draft, by: Actor
) -> Channel:
    """The channel as it is wanted now; its kind stays. Raises NotFound, Invalid."""
    channel = get(db, channel_id)
    before = draft_of(settings, channel)
    kept = {name: before.config.get(name, "") for name in kinds.SECRETS.get(channel.kind, ())}
    config = {**draft.config, **{name: old for name, old in kept.items() if not draft.config.get(name)}}
    draft = replace(draft, kind=channel.kind, config=config)
    _check(db, draft, channel)
    _take(channel, settings, draft, now)
    db.add(channel)
    db.flush()
    said = _said(channel, before), _said(channel, draft)
    changed = {name for name in said[1] if said[0][name] != said[1][name]}
    if changed or before.config != draft.config:
        secret = {"config": "…"} if before.config != draft.config and "where" not in changed else {}
        _note(
            db,
            now,
            by,
            "channel.changed",
            channel,
            before={name: said[0][name] for name in changed},
            after={name: said[1][name] for name in changed} | secret,
        )
    return channel


def remove(db: Session, now: datetime, channel_id: UUID, by: Actor) -> None:
    """Take it away. Raises NotFound, Conflict while a route leads there."""
    channel = get(db, channel_id)
    for route in db.exec(select(AlertRoute)):
        if any(target.get("id") == channel.id.hex for step in route.steps for target in step["targets"]):
            raise Conflict("channels.error.used", route=route.name)
    _note(db, now, by, "channel.removed", channel, before={"name": channel.name, "kind": channel.kind})
    db.delete(channel)
    db.flush()


def get(db: Session, channel_id: UUID) -> Channel:
    """One channel. Raises NotFound."""
    channel = db.get(Channel, channel_id)
    if channel is None:
        raise NotFound
    return channel


def listed(db: Session) -> list[Channel]:
    """All of them, by name."""
    return sorted(db.exec(select(Channel)), key=lambda one: (one.name.lower(), one.id))


def opened(settings: Settings, channel: Channel) -> dict[str, str]:
    """What it is made of. Raises KeepAIError where it was sealed with another key."""
    text = vault.of(settings).open(channel.config, f"channel.config:{channel.id}")
    return {str(name): str(value) for name, value in json.loads(text).items()}


def draft_of(settings: Settings, channel: Channel) -> Draft:
    """The channel as it is, to be changed; without what it is made of where that cannot be read."""
    try:
        config = opened(settings, channel)
    except KeepAIError:
        config = {}
    return Draft(channel.kind, channel.name, config, channel.enabled, channel.locale, channel.zone)


def recipients(settings: Settings, channel: Channel) -> list[Recipient]:
    """The channel as whom messages are for: one, and of phone numbers each. None where what it needs is not set, or it
    cannot be read."""
    if not outbox.can_send(settings, channel.kind):
        return []
    via: Via = channel.kind  # type: ignore[assignment]
    if channel.kind != "sms":
        return [Recipient("channel", "", channel.id, channel.locale, channel.zone, via)]
    found = kinds.numbers(draft_of(settings, channel).config.get("numbers", ""))
    return [Recipient("channel", number, channel.id, channel.locale, channel.zone, via) for number in found]


def test(db: Session, settings: Settings, now: datetime, channel_id: UUID, by: Actor) -> list[OutboxMessage]:
    """Send a test there: a message to each who reads it. Raises NotFound, Conflict while it is switched off or nothing
    could be sent."""
    channel = get(db, channel_id)
    if not channel.enabled:
        raise Conflict("channels.error.off")
    to = recipients(settings, channel)
    if not to:
        raise Conflict("channels.error.not_configured")
    _note(db, now, by, "channel.tested", channel)
    return [outbox.put(db, settings, now, one, outbox.MessageTest(by=by.label)) for one in to]


def deliveries(db: Session, channel_id: UUID, limit: int = LISTED) -> list[OutboxMessage]:
    """What was put for it, the newest first."""
    query = select(OutboxMessage).where(
        OutboxMessage.recipient_kind == "channel", OutboxMessage.recipient_id == channel_id
    )
    return list(db.exec(query.order_by(col(OutboxMessage.id).desc()).limit(limit)))


def newest(db: Session, ids: Sequence[UUID]) -> dict[UUID, OutboxMessage]:
    """The newest message of each channel."""
    last = {number: deliveries(db, number, 1) for number in ids}
    return {number: found[0] for number, found in last.items() if found}


def check(draft: Draft) -> dict[str, str]:
    """What is wrong with it: field -> message key. Empty when it can be used, if nothing else has its name."""
    wrong = kinds.check(draft.kind, draft.config)
    if not 1 <= len(draft.name.strip()) <= LONGEST_NAME:
        wrong["name"] = "channels.error.name"
    if draft.locale not in LOCALES:
        wrong["locale"] = "channels.error.locale"
    if zone_called(draft.zone).key != draft.zone:
        wrong["zone"] = "channels.error.zone"
    return wrong


def _check(db: Session, draft: Draft, known: Channel | None) -> None:
    wrong = check(draft)
    if any(one.name == draft.name.strip() and one is not known for one in listed(db)):
        wrong.setdefault("name", "channels.error.taken")
    if wrong:
        raise Invalid(fields=wrong)


def _take(channel: Channel, settings: Settings, draft: Draft, now: datetime) -> None:
    kept = {name: draft.config.get(name, "").strip() for name in kinds.FIELDS[draft.kind]}
    channel.name, channel.enabled = draft.name.strip(), draft.enabled
    channel.locale, channel.zone, channel.updated_at = draft.locale, draft.zone, now
    sealed = vault.of(settings).seal(json.dumps(kept, ensure_ascii=False), f"channel.config:{channel.id}")
    channel.config = sealed


def _said(channel: Channel, draft: Draft) -> dict[str, object]:
    """What the audit log says of it: where it goes only so far as anybody may know."""
    where = kinds.shown(channel.kind, draft.config)
    return {
        "name": draft.name,
        "kind": channel.kind,
        "enabled": draft.enabled,
        "where": where,
        "locale": draft.locale,
        "zone": draft.zone,
    }


def _note(db: Session, now: datetime, by: Actor, action: str, channel: Channel, **more: object) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="channel",
        object_id=channel.id.hex,
        object=channel.name,
        **more,  # type: ignore[arg-type]
    )
