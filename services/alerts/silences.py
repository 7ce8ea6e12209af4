"""Silences: for a time nobody is told of some alerts, by whom and why.

What is silenced goes on being measured, decided and listed. A silence covers the alerts that have all of its labels and
are of its rule, where it names one; also those that fire while it lasts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, true, update
from sqlmodel import Session, col, select

from models import Alert, AlertRule, MaintenanceWindow, Silence, Worker
from services.alerts import recurrence
from services.audit import Actor, record
from services.clock import zone_called
from services.errors import Conflict, Invalid, NotFound

LONGEST = timedelta(days=30)
LISTED = timedelta(days=30)  # for how long one that is over is shown
LONGEST_REASON = 300
LONGEST_VALUE = 260
MOST_MATCHERS = 8
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
# What a subject is, and of which compute: to silence one alert by these would silence very many.
BROAD = frozenset({"kind", "compute"})
MORNING = time(8)


@dataclass(frozen=True, slots=True)
class Draft:
    """A silence as somebody wants it. Without `starts_at` from now on."""

    ends_at: datetime
    reason: str
    matchers: Mapping[str, str] = field(default_factory=dict)
    rule_id: UUID | None = None
    starts_at: datetime | None = None


# -- decided ----------------------------------------------------------------------------------------------------


def end_of(silence: Silence) -> datetime:
    """When it is over, or was."""
    return min(silence.ends_at, silence.ended_at or silence.ends_at)


def is_running(silence: Silence, now: datetime) -> bool:
    """Whether it has begun and is not over."""
    return silence.starts_at <= now < end_of(silence)


def state_of(silence: Silence, now: datetime) -> Literal["running", "coming", "over"]:
    """How it is with it."""
    if end_of(silence) <= now:
        return "over"
    return "running" if silence.starts_at <= now else "coming"


def matches(silence: Silence, labels: Mapping[str, Any], rule_id: UUID | None) -> bool:
    """Whether such an alert is meant, whenever."""
    if silence.rule_id is not None and silence.rule_id != rule_id:
        return False
    return all(str(labels.get(name, "")) == value for name, value in silence.matchers.items())


def covers(silence: Silence, labels: Mapping[str, Any], rule_id: UUID | None, now: datetime) -> bool:
    """Whether nobody is told of such an alert now."""
    return is_running(silence, now) and matches(silence, labels, rule_id)


def last_of(silences: Iterable[Silence], alert: Alert, now: datetime) -> Silence | None:
    """Of those that cover an alert, the one that lasts longest."""
    found = [one for one in silences if covers(one, alert.labels, alert.rule_id, now)]
    return max(found, key=end_of, default=None)


def around(alert: Alert) -> tuple[dict[str, str], UUID | None]:
    """What a silence of this alert covers: the labels that tell it from others, else its rule."""
    matchers = {name: str(value) for name, value in alert.labels.items() if name not in BROAD}
    if alert.labels.get("kind") == "outside":  # its name first: others may say many things of one machine
        named = sorted(matchers.items(), key=lambda one: (one[0] != "alertname", one[0]))
        matchers = dict([one for one in named if _fits(*one)][:MOST_MATCHERS])
    return matchers, None if matchers else alert.rule_id


def _fits(name: str, value: str) -> bool:
    """Whether a silence can have this label."""
    return LABEL.fullmatch(name) is not None and 0 < len(value) <= LONGEST_VALUE


def tomorrow_morning(now: datetime, zone: str) -> datetime:
    """Tomorrow at eight, where the reader is."""
    here = now.astimezone(zone_called(zone))
    return datetime.combine(here.date() + timedelta(days=1), MORNING, here.tzinfo).astimezone(now.tzinfo)


def moment_there(text: str, zone: str) -> datetime:
    """A moment as somebody picks it, "2027-01-31T08:00", where they are. Raises Invalid."""
    try:
        picked = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Invalid(fields={"until": "silences.error.past"}) from error
    there = picked if picked.tzinfo else picked.replace(tzinfo=zone_called(zone))
    return there.astimezone(UTC)


# -- found ------------------------------------------------------------------------------------------------------


def running(db: Session, now: datetime) -> list[Silence]:
    """Those that silence something now, a maintenance window that runs among them."""
    once = db.exec(
        select(Silence).where(
            col(Silence.starts_at) <= now,
            col(Silence.ends_at) > now,
            or_(col(Silence.ended_at).is_(None), col(Silence.ended_at) > now),
        )
    )
    return [*once, *recurrence.running(db, now)]


def covering(db: Session, alert: Alert, now: datetime) -> Silence | None:
    """The silence that covers an alert now; of several the one that lasts longest."""
    return last_of(running(db, now), alert, now)


def covered(silences: Iterable[Silence]) -> ColumnElement[bool]:
    """The same as `matches` of any of these, as a condition on alerts. Never unknown, so that it can be negated."""
    return or_(false(), *(_condition(one.matchers, one.rule_id) for one in silences))


def _condition(matchers: Mapping[str, Any], rule_id: UUID | None) -> ColumnElement[bool]:
    wanted: list[ColumnElement[bool]] = [
        func.coalesce(col(Alert.labels)[name].as_string(), "") == value for name, value in matchers.items()
    ]
    if rule_id is not None:
        wanted.append(and_(col(Alert.rule_id).is_not(None), col(Alert.rule_id) == rule_id))
    return and_(true(), *wanted)


def count_covered(db: Session, matchers: Mapping[str, str], rule_id: UUID | None) -> int:
    """How many open alerts such a silence would cover."""
    query = select(func.count()).select_from(Alert).where(Alert.open_key != "", _condition(matchers, rule_id))
    return db.exec(query).one()


def since(db: Session, at: datetime, now: datetime) -> list[Silence]:
    """Those that were not over by then, and each time since then of those that recur."""
    return [*_once(db, at), *recurrence.since(db, at, now)]


def _once(db: Session, at: datetime) -> list[Silence]:
    return [one for one in db.exec(select(Silence).where(col(Silence.ends_at) > at)) if end_of(one) > at]


def listed(db: Session, now: datetime) -> list[Silence]:
    """Those that do not recur: those that run, the first to end first; those to come; then what was over in the last 30
    days, newest first."""
    found = _once(db, now - LISTED)
    open_ = [one for one in found if end_of(one) > now]
    run = sorted((one for one in open_ if one.starts_at <= now), key=lambda one: (end_of(one), one.id))
    come = sorted((one for one in open_ if one.starts_at > now), key=lambda one: (one.starts_at, one.id))
    over = sorted((one for one in found if end_of(one) <= now), key=lambda one: (end_of(one), one.id))
    return [*run, *come, *reversed(over)]


def get(db: Session, silence_id: UUID) -> Silence:
    """One silence. Raises NotFound."""
    found = db.get(Silence, silence_id)
    if found is None:
        raise NotFound
    return found


def subjects(db: Session, found: Sequence[Silence | MaintenanceWindow]) -> dict[str, str]:
    """How the workers are called that they name."""
    ids = {number for one in found if (number := _uuid(str(one.matchers.get("worker", ""))))}
    if not ids:
        return {}
    return {worker.id.hex: worker.name for worker in db.exec(select(Worker).where(col(Worker.id).in_(ids)))}


def rules(db: Session, found: Sequence[Silence | MaintenanceWindow]) -> dict[UUID, AlertRule]:
    """The rules that they name."""
    ids = {one.rule_id for one in found if one.rule_id}
    if not ids:
        return {}
    return {rule.id: rule for rule in db.exec(select(AlertRule).where(col(AlertRule.id).in_(ids)))}


@dataclass(frozen=True, slots=True)
class Listed:
    """What the page shows of them: they, the maintenance windows, and of both how the workers that they name are
    called, and the rules."""

    silences: list[Silence]
    windows: list[MaintenanceWindow]
    subjects: dict[str, str]
    rules: dict[UUID, AlertRule]


def shown(db: Session, now: datetime) -> Listed:
    """All that are listed, with the names of what they cover."""
    found = listed(db, now)
    windows = recurrence.listed(db, now, LISTED)
    return Listed(found, windows, subjects(db, [*found, *windows]), rules(db, [*found, *windows]))


# -- done -------------------------------------------------------------------------------------------------------


def check(draft: Draft, now: datetime) -> dict[str, str]:
    """What is wrong with it, as message keys by field."""
    wrong = check_scope(draft.matchers, draft.rule_id) | check_reason(draft.reason)
    starts_at = max(draft.starts_at or now, now)
    if draft.ends_at <= now:
        wrong["ends_at"] = "silences.error.past"
    elif draft.ends_at <= starts_at:
        wrong["ends_at"] = "silences.error.order"
    elif draft.ends_at - starts_at > LONGEST:
        wrong["ends_at"] = "silences.error.days"
    return wrong


def check_scope(matchers: Mapping[str, str], rule_id: UUID | None) -> dict[str, str]:
    """What is wrong with what it covers."""
    if not matchers and rule_id is None:
        return {"matchers": "silences.error.nothing"}
    fit = all(_fits(name, value) for name, value in matchers.items())
    return {} if fit and len(matchers) <= MOST_MATCHERS else {"matchers": "silences.error.matchers"}


def check_reason(reason: str) -> dict[str, str]:
    """What is wrong with why."""
    if not reason.strip():
        return {"reason": "silences.error.reason"}
    return {"reason": "silences.error.long"} if len(reason.strip()) > LONGEST_REASON else {}


def create(db: Session, now: datetime, draft: Draft, by: Actor) -> Silence:
    """Be silent about what it covers. It begins now at the earliest. Raises Invalid."""
    wrong = check(draft, now)
    if draft.rule_id is not None and db.get(AlertRule, draft.rule_id) is None:
        wrong["rule_id"] = "silences.error.rule"
    if wrong:
        raise Invalid(fields=wrong)
    silence = Silence(
        matchers=dict(draft.matchers),
        rule_id=draft.rule_id,
        starts_at=max(draft.starts_at or now, now),
        ends_at=draft.ends_at,
        author_id=by.id,
        author=by.label[:254],
        reason=draft.reason.strip(),
        created_at=now,
    )
    db.add(silence)
    db.flush()
    after = {
        "matchers": said(db, silence.matchers, silence.rule_id),
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
    }
    _note(db, now, by, "silence.created", silence, after=after)
    return silence


def end(db: Session, now: datetime, silence_id: UUID, by: Actor) -> Silence:
    """It is over before its time. Raises NotFound, Conflict when it is over already."""
    silence = get(db, silence_id)
    if end_of(silence) <= now:
        raise Conflict("silences.error.over")
    silence.ended_at, silence.ended_by = now, by.id
    db.add(silence)
    db.flush()
    _note(db, now, by, "silence.ended", silence)
    return silence


def prune(db: Session, before: datetime) -> None:
    """Forget those that were over by then."""
    db.execute(delete(Silence).where(col(Silence.ends_at) < before))


def forget(db: Session, account_id: UUID) -> None:
    """Take a person's name off those they made."""
    theirs = col(Silence.author_id) == account_id
    db.execute(update(Silence).where(theirs).values(author="", author_id=None))


def said(db: Session, matchers: Mapping[str, Any], rule_id: UUID | None) -> list[str]:
    """What it covers, as the audit log says it."""
    labels = [f"{name}={value}" for name, value in sorted(matchers.items())]
    rule = db.get(AlertRule, rule_id) if rule_id else None
    return [*labels, f"rule={rule.name or rule.builtin}"] if rule else labels


def _note(db: Session, now: datetime, by: Actor, action: str, silence: Silence, **more: Any) -> None:
    record(
        db,
        now,
        by,
        action,
        object_kind="silence",
        object_id=silence.id.hex,
        object=" ".join(said(db, silence.matchers, silence.rule_id)),
        **more,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
