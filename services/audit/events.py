"""Writing, finding and erasing what was done."""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import delete, or_, select, tuple_
from sqlmodel import Session, col

from models import AuditDetail, AuditEvent
from models.base import new_id
from services.clock import rfc3339
from services.identity.permissions import PLATFORM

ActorKind = Literal["person", "key", "token", "machine", "nobody"]
Outcome = Literal["ok", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
# Every action there is; each has its words as "audit.action.…".
ACTIONS = (
    "session.started",
    "session.refused",
    "session.ended",
    "session.signed_out",
    "token.started",
    "token.ended",
    "token.signed_out",
    "token.reused",
    "api_key.created",
    "api_key.revoked",
    "account.created",
    "account.renamed",
    "account.password_changed",
    "account.password_reset",
    "account.reset_offered",
    "account.role_changed",
    "account.deactivated",
    "account.reactivated",
    "account.exported",
    "account.deleted",
    "second_factor.turned_on",
    "second_factor.turned_off",
    "second_factor.codes_renewed",
    "identity.connected",
    "identity.disconnected",
    "invitation.sent",
    "invitation.withdrawn",
    "invitation.accepted",
    "worker.retired",
    "worker.restarted",
    "worker.forgotten",
    "worker.put_back",
    "task.changed",
    "task.commented",
    "task.completed",
    "task.created",
    "task.deleted",
    "task.restored",
    "task_group.cancelled",
    "compute.scaled",
    "message.resent",
    "message.given_up",
    "alert.acknowledged",
    "alert.assigned",
    "alert.unassigned",
    "alert.commented",
    "alert.resolved_by_hand",
    "channel.created",
    "channel.changed",
    "channel.removed",
    "channel.tested",
    "alert_route.created",
    "alert_route.changed",
    "alert_route.removed",
    "notice_preference.changed",
    "device.added",
    "device.removed",
    "device.tested",
    "alert_rule.created",
    "alert_rule.changed",
    "alert_rule.removed",
    "silence.created",
    "silence.ended",
    "maintenance.created",
    "maintenance.ended",
    "file.added",
    "file.deleted",
    "job.started",
    "job.cancelled",
    "job.retried",
    "note.created",
    "note.trashed",
    "note.restored",
    "note.deleted",
    "note.shared",
    "job.removed",
    "provider.created",
    "provider.changed",
    "provider.removed",
    "provider.tested",
    "model_price.changed",
    "model_budget.changed",
    "audit.exported",
    "diagnostics.downloaded",
)

MOST = 200  # rows of one answer
MASKED = "•••"
# What is never written down, whatever a caller passes: secrets, and what people wrote.
SECRET = re.compile(r"password|secret|token|key_hash|totp|recovery|body|text|content", re.IGNORECASE)
LONGEST_VALUE = 500


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where. `id` is the account's, also where one of its keys or tokens acts."""

    kind: ActorKind
    id: UUID | None = None
    label: str = ""
    scope: str = PLATFORM
    address: str = ""
    agent: str = ""
    request_id: str = ""


# KeepAI itself, or whoever is at the machine's own command line.
MACHINE = Actor("machine")


def record(
    db: Session,
    at: datetime,
    by: Actor,
    action: str,
    *,
    object_kind: str = "",
    object_id: str = "",
    object: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    outcome: Outcome = "ok",
    reason: str = "",
    scope: str | None = None,
) -> AuditEvent:
    """Write one event in the transaction of the action itself.

    `before` and `after` need only hold what changed; values of secret fields are masked. `reason` is a message key
    or what the other side said, `object` the name of the thing as people know it.
    """
    assert action in ACTIONS, action
    number = new_id()
    detail = AuditDetail(
        at=at,
        id=number,
        salt=secrets.token_hex(16),
        actor=by.label[:254],
        address=by.address[:64],
        agent=by.agent[:300],
        object=object[:300],
        reason=reason[:300],
        before=_masked(before or {}),
        after=_masked(after or {}),
    )
    event = AuditEvent(
        at=at,
        id=number,
        actor_kind=by.kind,
        actor_id=by.id,
        scope=scope or by.scope,
        action=action,
        object_kind=object_kind,
        object_id=object_id[:300],
        outcome=outcome,
        request_id=by.request_id[:64],
        digest=digest(detail),
    )
    db.add(event)
    db.flush()  # the detail refers to it
    db.add(detail)
    db.flush()
    return event


def digest(detail: AuditDetail) -> str:
    """SHA-256 of the salt and the details as canonical JSON. The salt keeps a name from being guessed from it."""
    told = {
        name: getattr(detail, name)
        for name in ("actor", "address", "agent", "object", "reason", "before", "after")
    }
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{detail.salt}{text}".encode()).hexdigest()


def find(
    db: Session,
    limit: int,
    *,
    before: tuple[datetime, UUID] | None = None,
    actor: str = "",
    action: str = "",
    object: str = "",
    outcome: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> list[tuple[AuditEvent, AuditDetail | None]]:
    """Events, newest first, with their details where those were not erased.

    `actor` is an account's id or a part of a name, `object` an id, `kind`, `kind:id` or a part of a name, `action`
    an action or the first word of several (`session` for all of `session.*`).
    """
    query: Any = select(AuditEvent, AuditDetail).outerjoin(
        AuditDetail, (col(AuditDetail.at) == AuditEvent.at) & (col(AuditDetail.id) == AuditEvent.id)
    )
    if before:
        query = query.where(tuple_(col(AuditEvent.at), col(AuditEvent.id)) < tuple_(*before))
    if start:
        query = query.where(col(AuditEvent.at) >= start)
    if end:
        query = query.where(col(AuditEvent.at) < end)
    if outcome:
        query = query.where(col(AuditEvent.outcome) == outcome)
    if action:
        query = query.where(
            or_(
                col(AuditEvent.action) == action,
                col(AuditEvent.action).startswith(f"{action}.", autoescape=True),
            )
        )
    if actor:
        query = query.where(_actor(actor))
    if object:
        query = query.where(_object(object))
    query = query.order_by(col(AuditEvent.at).desc(), col(AuditEvent.id).desc()).limit(limit)
    return [(event, detail) for event, detail in db.execute(query)]


def erase(db: Session, account_id: UUID) -> int:
    """Delete the details of everything this person did or that was done to their account. Returns how many rows.

    The events stay, with ids that lead nowhere once the account is gone, and so does the chain.
    """
    query = select(col(AuditEvent.at), col(AuditEvent.id)).where(
        or_(
            col(AuditEvent.actor_id) == account_id,
            (col(AuditEvent.object_kind) == "account") & (col(AuditEvent.object_id) == account_id.hex),
        )
    )
    erased = 0
    places = [tuple(row) for row in db.execute(query)]
    for first in range(0, len(places), 200):
        some = delete(AuditDetail).where(
            tuple_(col(AuditDetail.at), col(AuditDetail.id)).in_(places[first : first + 200])
        )
        erased += int(db.execute(some).rowcount)  # type: ignore[attr-defined]
    return erased


def as_row(event: AuditEvent, detail: AuditDetail | None) -> dict[str, Any]:
    """An event as programs and files have it. What was erased is empty and says so."""
    return {
        "at": rfc3339(event.at),
        "id": event.id.hex,
        "number": event.number,
        "actor_kind": event.actor_kind,
        "actor_id": event.actor_id.hex if event.actor_id else "",
        "actor": detail.actor if detail else "",
        "scope": event.scope,
        "action": event.action,
        "object_kind": event.object_kind,
        "object_id": event.object_id,
        "object": detail.object if detail else "",
        "outcome": event.outcome,
        "reason": detail.reason if detail else "",
        "address": detail.address if detail else "",
        "agent": detail.agent if detail else "",
        "before": detail.before if detail else {},
        "after": detail.after if detail else {},
        "request_id": event.request_id,
        "erased": detail is None,
    }


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: MASKED if SECRET.search(name) and value else _plain(value) for name, value in values.items()
    }


def _plain(value: Any) -> Any:
    """The same on both databases and in the digest: text, numbers, yes or no, and lists of them."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, str | bytes):
        return sorted(str(one)[:LONGEST_VALUE] for one in value)[:100]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)[:LONGEST_VALUE]


def _actor(wanted: str) -> Any:
    if account_id := _uuid(wanted):
        return col(AuditEvent.actor_id) == account_id
    if wanted in ("machine", "nobody"):
        return col(AuditEvent.actor_kind) == wanted
    return col(AuditDetail.actor).icontains(wanted, autoescape=True)


def _object(wanted: str) -> Any:
    kind, _, object_id = wanted.partition(":")
    if object_id:
        return (col(AuditEvent.object_kind) == kind) & (col(AuditEvent.object_id) == object_id)
    return or_(
        col(AuditEvent.object_id) == wanted,
        col(AuditEvent.object_kind) == wanted,
        col(AuditDetail.object).icontains(wanted, autoescape=True),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
