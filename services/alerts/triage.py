"""What people do about alerts and rules: written down, then told to the engine and to every screen.

The database keeps it; the bus only makes it quick.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from models import Alert, AlertRule, MaintenanceWindow, Silence
from services import db
from services.alerts import book, maintenance, notices, outside, rule_file, rules, silences
from services.alerts.rules import Draft
from services.audit import Actor
from services.bus import Bus
from services.clock import now
from services.settings import get_settings

TOPIC = "alerts"  # something about alerts changed
RULES_TOPIC = "alert_rules"  # the rules changed
RESOLVED_TOPIC = "alert_resolved"  # somebody said that one is over

Change = Callable[[Draft], Draft]
_bus: Bus | None = None
# What others send comes in bursts. One at a time is as fast, since the database writes one after the other anyway, and
# leaves it to everybody else in between.
_turn = asyncio.Lock()


def configure(bus: Bus) -> None:
    """Say where to tell. Once per process."""
    global _bus, _turn
    _bus, _turn = bus, asyncio.Lock()


async def acknowledge(alert_id: UUID, by: Actor, *, note: str = "", until: datetime | None = None) -> Alert:
    """Somebody says "mine". Raises what `book.acknowledge` raises."""
    return _told(await db.write(book.acknowledge, now(), alert_id, by, note=note, until=until))


async def assign(alert_id: UUID, by: Actor, account_id: UUID | None) -> Alert:
    """It is somebody's, or nobody's. Raises what `book.assign` raises."""
    return _told(await db.write(book.assign, now(), alert_id, by, account_id))


async def comment(alert_id: UUID, by: Actor, text: str) -> Alert:
    """Somebody writes something about it. Raises what `book.comment` raises."""
    return _told(await db.write(book.comment, now(), alert_id, by, text))


async def resolve(alert_id: UUID, by: Actor, *, note: str = "") -> Alert:
    """Somebody says that it is over. Raises what `book.resolve` raises."""
    alert = await db.write(book.resolve, now(), alert_id, by, note=note)
    if alert.rule_id:
        at = alert.since.timestamp()
        _tell(RESOLVED_TOPIC, {"rule": alert.rule_id.hex, "labels": dict(alert.labels), "at": at})
    return _told(alert)


async def silence(alert_id: UUID, by: Actor, *, until: datetime, reason: str) -> Silence:
    """Nobody is told of an alert, and of what else is wrong with the same. Raises what `book.silence` raises."""
    made = await db.write(book.silence, now(), alert_id, by, until=until, reason=reason)
    _tell(TOPIC, {})
    return made


async def create_silence(draft: silences.Draft, by: Actor) -> Silence:
    """Nobody is told of what it covers. Raises Invalid."""
    made = await db.write(silences.create, now(), draft, by)
    _tell(TOPIC, {})
    return made


async def end_silence(silence_id: UUID, by: Actor) -> Silence:
    """It is over before its time; what is still critical is told then. Raises NotFound, Conflict."""
    ended = await db.write(silences.end, now(), silence_id, by)
    _tell(TOPIC, {})
    return ended


async def create_window(draft: maintenance.Draft, by: Actor) -> MaintenanceWindow:
    """Nobody is told of what it covers while it lasts, each week anew. Raises Invalid, Conflict."""
    made = await db.write(maintenance.create, now(), draft, by)
    _tell(TOPIC, {})
    return made


async def end_window(window_id: UUID, by: Actor) -> MaintenanceWindow:
    """It does not come back. Raises NotFound, Conflict."""
    ended = await db.write(maintenance.end, now(), window_id, by)
    _tell(TOPIC, {})
    return ended


async def take_outside(told: Sequence[outside.Told], by: Actor) -> outside.Taken:
    """What somebody else found is written down, with whom to tell of it, in one transaction."""
    async with _turn:
        taken = await db.write(_take_outside, told, by)
    if taken.opened or taken.changed or taken.closed:
        _tell(TOPIC, {})
    return taken


async def create_rule(draft: Draft, by: Actor) -> AlertRule:
    """A new rule, looked at from the next sample on. Raises Invalid."""
    rule = await db.write(rules.create, now(), draft, by)
    _tell(RULES_TOPIC, {})
    return rule


async def change_rule(rule_id: UUID, change: Change, by: Actor) -> AlertRule:
    """The rule as it is wanted now: `change` is given it as it is. What is open of one that is switched off is over.
    Raises NotFound, Invalid."""
    rule = await db.write(_change, rule_id, change, by)
    _tell(RULES_TOPIC, {})
    _tell(TOPIC, {})
    return rule


async def remove_rule(rule_id: UUID, by: Actor) -> None:
    """Take it away, with what is open of it. Raises NotFound, Conflict."""
    await db.write(_remove, rule_id, by)
    _tell(RULES_TOPIC, {})
    _tell(TOPIC, {})


async def import_rules(text: str, by: Actor, *, remove: bool = False) -> rule_file.Plan:
    """The rules as a file has them, all of it or nothing. Raises what `rule_file.plan` raises."""
    plan = await db.write(_import, text, by, remove)
    if not plan.is_empty:
        _tell(RULES_TOPIC, {})
        _tell(TOPIC, {})
    return plan


def _import(session: Session, text: str, by: Actor, remove: bool) -> rule_file.Plan:
    plan = rule_file.plan(session, text, remove=remove)
    for change in plan.changed:
        rules.update(session, now(), change.rule_id, change.draft, by)
        if not change.draft.enabled:
            book.close_without_rule(session, now(), change.rule_id, by)
    for rule_id, _ in plan.removed:
        _remove(session, rule_id, by)
    for new_id, draft in plan.created:
        rules.create(session, now(), draft, by, rule_id=new_id)
    return plan


def _take_outside(session: Session, told: Sequence[outside.Told], by: Actor) -> outside.Taken:
    taken = outside.take(session, now(), told, by)
    notices.tell(session, get_settings(), now(), taken.news)
    return taken


def _change(session: Session, rule_id: UUID, change: Change, by: Actor) -> AlertRule:
    draft = change(rules.draft_of(rules.get(session, rule_id)))
    rule = rules.update(session, now(), rule_id, draft, by)
    if not rule.enabled:
        book.close_without_rule(session, now(), rule_id, by)
    return rule


def _remove(session: Session, rule_id: UUID, by: Actor) -> None:
    rules.get(session, rule_id)
    book.close_without_rule(session, now(), rule_id, by)
    rules.remove(session, now(), rule_id, by)


def _told(alert: Alert) -> Alert:
    _tell(TOPIC, {})
    return alert


def _tell(topic: str, message: dict[str, object]) -> None:
    assert _bus is not None, "triage was not configured"
    _bus.publish(topic, message)
