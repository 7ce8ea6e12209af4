"""Maintenance windows: silences that come back every week, made by whom and why, until a day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from models import AlertRule, MaintenanceWindow
from services.alerts import recurrence, silences
from services.audit import Actor, record
from services.clock import zone_called
from services.errors import Conflict, Invalid, NotFound
from services.identity.accounts import zones

LONGEST = timedelta(days=366)
MOST = 100  # at a time: each is worked out whenever somebody may be told
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
EVERY_DAY = "1234567"


@dataclass(frozen=True, slots=True)
class Draft:
    """A window as somebody wants it. `days` are of the week, Monday 1; `begins` and `ends` are of the clock in `zone`,
    and the end is on the next day where it is not later. `until` is the last day on which it begins."""

    days: str
    begins: str
    ends: str
    zone: str
    until: date | None
    reason: str
    matchers: Mapping[str, str] = field(default_factory=dict)
    rule_id: UUID | None = None


def check(draft: Draft, now: datetime) -> dict[str, str]:
    """What is wrong with it, as message keys by field."""
    wrong = silences.check_scope(draft.matchers, draft.rule_id) | silences.check_reason(draft.reason)
    if not draft.days or set(draft.days) - set(EVERY_DAY):
        wrong["days"] = "maintenance.error.days"
    for name in ("begins", "ends"):
        if not CLOCK.fullmatch(getattr(draft, name)):
            wrong[name] = "maintenance.error.clock"
    if draft.begins == draft.ends and set(draft.days) == set(EVERY_DAY):
        wrong.setdefault("ends", "maintenance.error.always")
    if draft.zone not in zones():
        wrong["zone"] = "maintenance.error.zone"
        return wrong
    today = now.astimezone(zone_called(draft.zone)).date()
    if draft.until is None:
        wrong["until"] = "maintenance.error.until"
    elif draft.until < today:
        wrong["until"] = "maintenance.error.past"
    elif draft.until - today > LONGEST:
        wrong["until"] = "maintenance.error.year"
    return wrong


def create(db: Session, now: datetime, draft: Draft, by: Actor) -> MaintenanceWindow:
    """Be silent about what it covers, each week anew. Raises Invalid, Conflict when there are too many."""
    wrong = check(draft, now)
    if draft.rule_id is not None and db.get(AlertRule, draft.rule_id) is None:
        wrong["rule_id"] = "silences.error.rule"
    if wrong:
        raise Invalid(fields=wrong)
    assert draft.until is not None
    window = MaintenanceWindow(
        matchers=dict(draft.matchers),
        rule_id=draft.rule_id,
        days="".join(sorted(set(draft.days))),
        begins=draft.begins,
        ends=draft.ends,
        zone=draft.zone,
        until=draft.until,
        author_id=by.id,
        author=by.label[:254],
        reason=draft.reason.strip(),
        created_at=now,
    )
    if recurrence.following(window, now) is None and recurrence.occurring(window, now) is None:
        raise Invalid(fields={"until": "maintenance.error.never"})
    if sum(recurrence.state_of(one, now) != "over" for one in db.exec(select(MaintenanceWindow))) >= MOST:
        raise Conflict("maintenance.error.many")
    db.add(window)
    db.flush()
    names = ("days", "begins", "ends", "zone")
    after = {name: getattr(window, name) for name in names} | {"until": window.until.isoformat()}
    _note(db, now, by, "maintenance.created", window, after={**after, "matchers": _said(db, window)})
    return window


def end(db: Session, now: datetime, window_id: UUID, by: Actor) -> MaintenanceWindow:
    """It does not come back, and is over if it runs. Raises NotFound, Conflict when it is over already."""
    window = db.get(MaintenanceWindow, window_id)
    if window is None:
        raise NotFound
    if recurrence.state_of(window, now) == "over":
        raise Conflict("maintenance.error.over")
    window.ended_at, window.ended_by = now, by.id
    db.add(window)
    db.flush()
    _note(db, now, by, "maintenance.ended", window)
    return window


def prune(db: Session, before: datetime) -> None:
    """Forget those that were over by then."""
    db.execute(delete(MaintenanceWindow).where(col(MaintenanceWindow.until) < before.date()))


def forget(db: Session, account_id: UUID) -> None:
    """Take a person's name off those they made."""
    theirs = col(MaintenanceWindow.author_id) == account_id
    db.execute(update(MaintenanceWindow).where(theirs).values(author="", author_id=None))


def _said(db: Session, window: MaintenanceWindow) -> list[str]:
    """What it covers, as the audit log says it."""
    return silences.said(db, window.matchers, window.rule_id)


def _note(db: Session, now: datetime, by: Actor, action: str, window: MaintenanceWindow, **more: Any) -> None:
    record(
        db,
        now,
        by,
        action,
        object_kind="maintenance",
        object_id=window.id.hex,
        object=" ".join(_said(db, window)),
        **more,
    )
