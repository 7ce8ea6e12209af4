"""The chain over what was done: each link is a keyed hash over an event and the link before it.

Whoever can write to the database but has not the installation's key can neither change nor remove an event
unnoticed; the head, kept in a file outside the database, tells when the end was cut off. (The construction is that
of a hash chain over log entries, B. Schneier and J. Kelsey, "Secure Audit Logs to Support Computer Forensics", 1999,
with one key instead of an evolving one.)
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from models import AuditCheckpoint, AuditDetail, AuditEvent
from services.audit.events import digest
from services.audit.head import Head

PURPOSE = "audit"  # of the key that is derived for the chain
START = "0" * 64
AT_ONCE = 500  # events linked, checked or dropped in one go
Kind = Literal["changed", "removed", "detail_changed", "cut_off", "checkpoint"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written: the event with this number, or what stood there."""

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of the whole chain found."""

    events: int
    erased: int  # events whose details were erased
    waiting: int  # events that were not linked yet
    head: Head
    findings: list[Finding] = field(default_factory=list)


def link_new(db: Session, key: bytes, kept: Head | None) -> Head | None:
    """Link the events that came since; returns the new head, or None when there were none. One at a time: the
    caller holds the lease.

    Where the end was cut off, so that `kept` is beyond it, the chain goes on from `kept`: the gap stays to be seen.
    """
    head = last(db)
    if kept and kept.number > head.number:
        head = kept
    query = select(AuditEvent).where(col(AuditEvent.number).is_(None))
    fresh = list(db.scalars(query.order_by(col(AuditEvent.at), col(AuditEvent.id)).limit(AT_ONCE)))
    for event in fresh:
        number = head.number + 1
        head = Head(number, link(key, head.link, number, event))
        event.number, event.link = head.number, head.link
        db.add(event)
    db.flush()
    return head if fresh else None


def last(db: Session) -> Head:
    """The newest link, the newest checkpoint where no event is left, or the start of everything."""
    newest = db.execute(
        select(col(AuditEvent.number), col(AuditEvent.link))
        .where(col(AuditEvent.number).is_not(None))
        .order_by(col(AuditEvent.number).desc())
        .limit(1)
    ).first()
    if newest:
        return Head(newest[0], newest[1])
    kept = _checkpoint(db)
    return Head(kept.number, kept.link) if kept else Head(0, START)


def link(key: bytes, before: str, number: int, event: AuditEvent) -> str:
    """HMAC-SHA256 over the link before and everything an event says, in hexadecimal."""
    told = [
        before,
        number,
        event.at.isoformat(),
        event.id.hex,
        event.actor_kind,
        event.actor_id.hex if event.actor_id else "",
        event.scope,
        event.action,
        event.object_kind,
        event.object_id,
        event.outcome,
        event.request_id,
        event.digest,
    ]
    return hmac.new(key, json.dumps(told, ensure_ascii=False).encode(), hashlib.sha256).hexdigest()


def verify(db: Session, key: bytes, kept: Head | None) -> Verdict:
    """Walk the chain from the newest checkpoint on. `kept` is the head from the file; None when there is no file."""
    findings: list[Finding] = []
    checkpoint = _checkpoint(db)
    if checkpoint and not hmac.compare_digest(checkpoint.seal, seal(key, checkpoint.number, checkpoint.link)):
        findings.append(Finding("checkpoint", checkpoint.number))
    head = Head(checkpoint.number, checkpoint.link) if checkpoint else Head(0, START)
    passed = {head.number: head.link}
    events = erased = 0
    while True:
        query = (
            select(AuditEvent, AuditDetail)
            .outerjoin(
                AuditDetail, (col(AuditDetail.at) == AuditEvent.at) & (col(AuditDetail.id) == AuditEvent.id)
            )
            .where(col(AuditEvent.number) > head.number)
            .order_by(col(AuditEvent.number))
            .limit(AT_ONCE)
        )
        some = list(db.execute(query))
        for event, detail in some:
            number = event.number
            if number != head.number + 1:
                findings.append(Finding("removed", head.number + 1))
            elif not hmac.compare_digest(event.link, link(key, head.link, number, event)):
                findings.append(Finding("changed", number))
            if detail is None:
                erased += 1
            elif digest(detail) != event.digest:
                findings.append(Finding("detail_changed", number))
            # The rest is checked against what stands there, so that one change is told once.
            head = Head(number, event.link)
            if kept and number == kept.number:
                passed[number] = event.link
            events += 1
        db.expunge_all()
        if len(some) < AT_ONCE:
            break
    if kept and (kept.number > head.number or passed.get(kept.number, kept.link) != kept.link):
        findings.append(Finding("cut_off", head.number + 1 if kept.number > head.number else kept.number))
    waiting = db.scalar(select(func.count()).select_from(AuditEvent).where(col(AuditEvent.number).is_(None)))
    return Verdict(events, erased, waiting or 0, head, findings)


def prune(db: Session, key: bytes, before: datetime, now: datetime) -> int:
    """Drop events older than `before`, and leave a sealed checkpoint from which the rest of the chain goes on.

    Returns how many; at most `AT_ONCE`, so call it again until it returns 0. The newest event always stays.
    """
    kept = db.scalar(
        select(func.min(col(AuditEvent.number))).where(
            col(AuditEvent.at) >= before, col(AuditEvent.number).is_not(None)
        )
    )
    newest = last(db).number
    first = db.scalar(select(func.min(col(AuditEvent.number))))
    if first is None:
        return 0
    up_to = min((kept or newest) - 1, first + AT_ONCE - 1)
    if up_to < first:
        return 0
    end = db.scalars(select(AuditEvent).where(col(AuditEvent.number) == up_to)).one()
    db.execute(delete(AuditCheckpoint))
    db.add(AuditCheckpoint(number=up_to, link=end.link, at=now, seal=seal(key, up_to, end.link)))
    places = select(col(AuditEvent.id)).where(col(AuditEvent.number) <= up_to)
    db.execute(delete(AuditDetail).where(col(AuditDetail.id).in_(places)))
    dropped = db.execute(delete(AuditEvent).where(col(AuditEvent.number) <= up_to))
    db.flush()
    return int(dropped.rowcount)  # type: ignore[attr-defined]


def seal(key: bytes, number: int, link: str) -> str:
    """What says that a checkpoint is ours: HMAC-SHA256 over its number and link, in hexadecimal."""
    return hmac.new(key, f"checkpoint:{number}:{link}".encode(), hashlib.sha256).hexdigest()


def _checkpoint(db: Session) -> AuditCheckpoint | None:
    query = select(AuditCheckpoint).order_by(col(AuditCheckpoint.number).desc()).limit(1)
    return db.scalars(query).first()
