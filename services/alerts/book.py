"""The alerts themselves: what the engine found is written down here, and what people do about it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, not_, or_, tuple_, update
from sqlmodel import Session, col, select

from models import Account, Alert, AlertEvent, AlertNotice, AlertOutside, AlertRule, AlertStanding, Silence
from services.alerts import flapping, maintenance, silences, words
from services.alerts.engine import Standing, Transition
from services.alerts.evaluator import Moved
from services.audit import Actor, record
from services.errors import Conflict, Invalid, NotFound
from services.history.series import HOUR, KEEP, Labels, key_of, moment
from services.identity import accounts

OPEN = ("firing", "no_data", "pending", "recovering")
STATES = (*OPEN, "resolved")
SEVERITIES = ("critical", "warning")
LONGEST_NOTE = 2000
KEEP_NOTICES = timedelta(days=30)
MOST = 200
# Transitions that people are told of; the others are only lines of the story.
BEGINS = frozenset({"pending", "fired", "no_data"})
TOLD = frozenset({"fired", "raised", "no_data", "resolved"})


@dataclass(frozen=True, slots=True)
class News:
    """Something of which somebody should be told: the alert as it is now, and what happened."""

    alert: Alert
    transition: Transition


def open_key(rule_id: UUID, key: str) -> str:
    """What stands for a rule and a subject while an alert of them is open."""
    return hashlib.sha256(f"{rule_id.hex}{key}".encode()).hexdigest()


def write(db: Session, moved: Sequence[Moved], subjects: dict[str, str]) -> list[News]:
    """Write down what happened, in order, and how things stand. `subjects` are names of subjects by the key of their
    labels. Returns what is worth telling.

    What was written before is not written again: a transition that the alert has already been through is left out, so
    that this may be called again with the same after a failure.
    """
    news = []
    for one in moved:
        if one.transition is not None:
            alert = _apply(db, one, one.transition, subjects)
            if alert is not None and one.transition.kind in TOLD:
                news.append(News(alert, one.transition))
        _keep(db, one)
    db.flush()
    return news


def _apply(db: Session, one: Moved, told: Transition, subjects: dict[str, str]) -> Alert | None:
    wanted = open_key(one.rule.id, one.key)
    alert = db.exec(select(Alert).where(Alert.open_key == wanted)).first()
    at = moment(told.at)
    if alert is None:
        if told.kind not in BEGINS:  # it was closed by hand, or this was written before
            return None
        rule = db.get(AlertRule, one.rule.id)
        if rule is None:  # taken away a moment ago
            return None
        alert = Alert(
            started_at=at,
            rule_id=rule.id,
            rule_builtin=rule.builtin or "",
            rule_name=rule.name,
            measure=rule.measure,
            summary=one.rule.summary,
            open_key=wanted,
            pair_key=wanted,
            labels=dict(one.labels),
            subject=subjects.get(one.key, "")[:300],
            state=told.after,
            severity=told.severity,
            worst=told.severity,
            since=at,
        )
    elif alert.since >= at and alert.state == told.after and alert.severity == told.severity:
        return None
    if told.kind == "settled" and not _touched(db, alert):  # it never was more than a first sign
        db.execute(delete(AlertEvent).where(col(AlertEvent.alert_id) == alert.id))
        db.delete(alert)
        db.flush()
        return None
    _move(alert, told, at)
    if told.kind == "fired":
        alert.flaps = flapping.times(db, alert.pair_key, at)
    db.add(alert)
    db.flush()
    detail: dict[str, Any] = {"severity": told.severity, "value": told.value, "before": told.before}
    if told.kind == "fired" and alert.flaps:
        detail["flaps"] = alert.flaps
    _tell(db, alert, at, told.kind, detail)
    return alert


def _touched(db: Session, alert: Alert) -> bool:
    """Whether somebody did or wrote something about it, which is not to be lost."""
    by_people = select(AlertEvent.id).where(
        AlertEvent.alert_id == alert.id, col(AlertEvent.actor_id).is_not(None)
    )
    return db.exec(by_people).first() is not None


def _move(alert: Alert, told: Transition, at: datetime) -> None:
    """The alert as it is after this."""
    closed = told.after == "normal"
    if told.before != told.after or told.kind in ("raised", "eased"):
        alert.since = at
    alert.state = "resolved" if closed else told.after
    alert.severity = told.severity or alert.severity
    if alert.severity == "critical":
        alert.worst = "critical"
    if told.value is not None:
        alert.value = told.value
    if told.kind in ("fired", "no_data"):
        alert.fired_at = at
    if told.kind == "raised":  # who acknowledged a warning has not seen this
        alert.acknowledged_at = alert.acknowledged_by = alert.acknowledged_until = None
    if closed:
        alert.resolved_at, alert.open_key = at, ""


def _keep(db: Session, one: Moved) -> None:
    """How things stand, where something would be lost by forgetting it."""
    row = db.get(AlertStanding, (one.rule.id, one.key))
    if one.standing.at_rest:
        if row is not None:
            db.delete(row)
        return
    if row is None:
        if db.get(AlertRule, one.rule.id) is None:
            return
        row = AlertStanding(rule_id=one.rule.id, key=one.key, updated_at=moment(one.standing.since))
    row.labels, row.standing = dict(one.labels), asdict(one.standing)
    row.updated_at = moment(max(one.standing.seen_at, one.standing.since))
    db.add(row)


def standings(db: Session) -> list[tuple[UUID, dict[str, str], Standing]]:
    """How things stood when they were written down last."""
    rows = db.exec(select(AlertStanding))
    return [(row.rule_id, dict(row.labels), Standing(**row.standing)) for row in rows]


# -- what people see --------------------------------------------------------------------------------------------


def find(
    db: Session,
    *,
    states: Iterable[str] = OPEN,
    severity: str = "",
    text: str = "",
    limit: int = 50,
    before: tuple[datetime, UUID] | None = None,
) -> list[Alert]:
    """Alerts in these states, newest first; `before` is (started_at, id) of the last one already seen."""
    query = select(Alert).where(col(Alert.state).in_(list(states)))
    if severity:
        query = query.where(Alert.severity == severity)
    if text:
        query = query.where(says(text))
    if before is not None:
        query = query.where(tuple_(col(Alert.started_at), col(Alert.id)) < before)
    order = (col(Alert.started_at).desc(), col(Alert.id).desc())
    return list(db.exec(query.order_by(*order).limit(max(0, min(limit, MOST + 1)))))


def says(text: str) -> ColumnElement[bool]:
    """Whether people read this in an alert. What a rule that comes with KeepAI is called is in the catalogues, not in
    the database: the text is looked for there, in either language."""
    return or_(
        col(Alert.subject).icontains(text, autoescape=True),
        col(Alert.rule_name).icontains(text, autoescape=True),
        (col(Alert.rule_name) == "") & col(Alert.rule_builtin).in_(words.builtin_called(text)),
    )


def get(db: Session, alert_id: UUID) -> Alert:
    """One alert. Raises NotFound."""
    found = db.exec(select(Alert).where(Alert.id == alert_id)).first()
    if found is None:
        raise NotFound
    return found


def story(db: Session, alert_id: UUID) -> list[AlertEvent]:
    """Its events, oldest first; of very many the newest."""
    query = select(AlertEvent).where(AlertEvent.alert_id == alert_id)
    order = (col(AlertEvent.at).desc(), col(AlertEvent.id).desc())
    return list(db.exec(query.order_by(*order).limit(MOST)))[::-1]


@dataclass(frozen=True, slots=True)
class Past:
    """How often the same has happened before, and for how long it lasted in the middle (None: never ended)."""

    times: int
    typical: float | None


def past(db: Session, alert: Alert, since: datetime) -> Past:
    """Earlier alerts of the same rule and subject, from `since` on."""
    rows = db.exec(
        select(Alert).where(
            Alert.rule_id == alert.rule_id,
            Alert.subject == alert.subject,
            Alert.started_at >= since,
            Alert.started_at < alert.started_at,
        )
    ).all()
    lasted = sorted(
        (row.resolved_at - row.fired_at).total_seconds()
        for row in rows
        if row.resolved_at and row.fired_at and row.labels == alert.labels
    )
    return Past(len(lasted), lasted[len(lasted) // 2] if lasted else None)


def counts(db: Session, now: datetime) -> dict[str, int]:
    """How many are open, neither acknowledged nor silenced, by severity; those that are only pending do not count."""
    unanswered = col(Alert.acknowledged_at).is_(None) | (col(Alert.acknowledged_until) <= now)
    query = select(Alert.severity, func.count()).where(
        col(Alert.state).in_(("firing", "no_data", "recovering")),
        unanswered,
        not_(silences.covered(silences.running(db, now))),
    )
    return {**dict.fromkeys(SEVERITIES, 0), **dict(db.exec(query.group_by(col(Alert.severity))).all())}


def is_acknowledged(alert: Alert, now: datetime) -> bool:
    """Whether somebody said "mine", and the time for which they said it is not over."""
    if alert.acknowledged_at is None:
        return False
    return alert.acknowledged_until is None or alert.acknowledged_until > now


# -- what people do ---------------------------------------------------------------------------------------------


def acknowledge(
    db: Session, now: datetime, alert_id: UUID, by: Actor, *, note: str = "", until: datetime | None = None
) -> Alert:
    """Somebody says "mine". With `until`, only for so long. Raises NotFound, Conflict when it is over, Invalid."""
    alert = _open(db, alert_id)
    if until is not None and until <= now:
        raise Invalid(fields={"until": "alerts.error.until"})
    said = _note(note)
    alert.acknowledged_at, alert.acknowledged_by, alert.acknowledged_until = now, by.id, until
    if alert.assignee_id is None:
        alert.assignee_id = by.id
    return _done(db, now, alert, by, "acknowledged", said, {"until": until.isoformat() if until else None})


def assign(db: Session, now: datetime, alert_id: UUID, by: Actor, account_id: UUID | None) -> Alert:
    """It is somebody's, or nobody's. Raises NotFound, Conflict when it is over, Invalid."""
    alert = _open(db, alert_id)
    person = db.get(Account, account_id) if account_id else None
    if account_id and (person is None or person.deactivated_at is not None):
        raise Invalid(fields={"user_id": "alerts.error.nobody"})
    alert.assignee_id = account_id
    label = (person.name or person.email) if person else ""
    return _done(db, now, alert, by, "assigned" if person else "unassigned", "", {"to": label})


def comment(db: Session, now: datetime, alert_id: UUID, by: Actor, text: str) -> Alert:
    """Somebody writes something about it, also when it is over. Raises NotFound, Invalid."""
    alert = get(db, alert_id)
    said = _note(text)
    if not said:
        raise Invalid(fields={"text": "alerts.error.empty"})
    return _done(db, now, alert, by, "commented", said, {})


def resolve(db: Session, now: datetime, alert_id: UUID, by: Actor, *, note: str = "") -> Alert:
    """Somebody says that it is over: silent until it has been clear. Raises NotFound, Conflict, Invalid."""
    alert = _open(db, alert_id)
    said = _note(note)
    alert.state, alert.resolved_at, alert.resolved_by, alert.since = "resolved", now, by.id, now
    alert.open_key = ""
    if alert.fired_at is None:
        alert.fired_at = alert.started_at
    if alert.rule_id:
        _silence(db, alert.rule_id, alert.labels, now)
    return _done(db, now, alert, by, "resolved_by_hand", said, {})


def silence(
    db: Session, now: datetime, alert_id: UUID, by: Actor, *, until: datetime, reason: str
) -> Silence:
    """Nobody is told of it, and of what else is wrong with the same, until then. Raises NotFound, Conflict when it is
    over, Invalid."""
    alert = _open(db, alert_id)
    matchers, rule_id = silences.around(alert)
    try:
        made = silences.create(db, now, silences.Draft(until, reason, matchers, rule_id), by)
    except Invalid as wrong:
        fields = {"until" if name == "ends_at" else name: key for name, key in wrong.fields.items()}
        raise Invalid(fields=fields) from wrong
    _tell(db, alert, now, "silenced", {"until": until.isoformat()}, by, made.reason)
    return made


def tasked(db: Session, now: datetime, alert_id: UUID, by: Actor) -> None:
    """Somebody made a task of it. What the task says is not in the story: not everybody may read it. Raises
    NotFound."""
    _tell(db, get(db, alert_id), now, "tasked", {}, by)


def _silence(db: Session, rule_id: UUID, labels: Labels, now: datetime) -> None:
    """Say the same where the engine finds it after a restart; a running one is told over the bus."""
    row = db.get(AlertStanding, (rule_id, key_of(labels)))
    if row is not None:
        at = now.timestamp()
        row.standing = {**row.standing, "state": "normal", "held": "", "since": at, "by_hand": True}
        row.updated_at = now
        db.add(row)


def close_without_rule(db: Session, now: datetime, rule_id: UUID, by: Actor) -> int:
    """Close what is open of a rule that is taken away or switched off. Returns how many."""
    found = db.exec(select(Alert).where(Alert.rule_id == rule_id, Alert.open_key != "")).all()
    for alert in found:
        alert.state, alert.resolved_at, alert.since, alert.open_key = "resolved", now, now, ""
        db.add(alert)
        _tell(db, alert, now, "rule_gone", {}, by)
    db.execute(delete(AlertStanding).where(col(AlertStanding.rule_id) == rule_id))
    db.flush()
    return len(found)


def prune(db: Session, now: datetime) -> int:
    """Forget what was over before the oldest samples, and what people were told a month ago of what is over.

    Returns how many alerts.
    """
    still_open = select(Alert.id).where(Alert.open_key != "")  # who was told of these is not told once more
    told = delete(AlertNotice).where(
        col(AlertNotice.at) < now - KEEP_NOTICES, col(AlertNotice.alert_id).not_in(still_open)
    )
    db.execute(told.where(col(AlertNotice.told_at).is_not(None)))
    before = now - KEEP[HOUR]
    silences.prune(db, before)
    maintenance.prune(db, before)
    old = select(Alert.id).where(Alert.state == "resolved", Alert.started_at < before)
    db.execute(delete(AlertEvent).where(col(AlertEvent.alert_id).in_(old)))
    db.execute(delete(AlertOutside).where(col(AlertOutside.alert_id).in_(old)))
    outcome = db.execute(delete(Alert).where(col(Alert.state) == "resolved", col(Alert.started_at) < before))
    return int(outcome.rowcount)  # type: ignore[attr-defined]


def forget(db: Session, account_id: UUID) -> None:
    """Take a person's name off the stories they had a part in; what they wrote of the thing stays."""
    theirs = col(AlertEvent.actor_id) == account_id
    db.execute(update(AlertEvent).where(theirs).values(actor="", actor_id=None))
    silences.forget(db, account_id)
    maintenance.forget(db, account_id)


def count_open(db: Session) -> int:
    """How many alerts are open."""
    return db.exec(select(func.count()).select_from(Alert).where(Alert.open_key != "")).one()


def _open(db: Session, alert_id: UUID) -> Alert:
    alert = get(db, alert_id)
    if alert.state == "resolved":
        raise Conflict("alerts.error.over")
    return alert


def _note(text: str) -> str:
    said = text.strip()
    if len(said) > LONGEST_NOTE:
        raise Invalid(fields={"text": "alerts.error.long"})
    return said


def _done(
    db: Session, now: datetime, alert: Alert, by: Actor, kind: str, note: str, detail: dict[str, Any]
) -> Alert:
    if note:
        alert.last_note = note[:300]
    db.add(alert)
    db.flush()
    _tell(db, alert, now, kind, detail, by, note)
    record(
        db,
        now,
        by,
        f"alert.{kind}",
        object_kind="alert",
        object_id=alert.id.hex,
        object=" ".join(filter(None, (alert.rule_name or alert.rule_builtin, alert.subject))),
    )
    return alert


def _tell(
    db: Session,
    alert: Alert,
    at: datetime,
    kind: str,
    detail: dict[str, Any],
    by: Actor | None = None,
    note: str = "",
) -> None:
    """One line of its story."""
    db.add(
        AlertEvent(
            at=at,
            alert_id=alert.id,
            kind=kind,
            actor_id=by.id if by else None,
            actor=by.label[:254] if by else "",
            note=note,
            detail=detail,
        )
    )
    db.flush()


def names(db: Session, alerts: Iterable[Alert]) -> dict[UUID, str]:
    """How the people are called who have to do with these alerts."""
    wanted = {
        person
        for alert in alerts
        for person in (alert.assignee_id, alert.acknowledged_by, alert.resolved_by)
        if person
    }
    return {account.id: account.name or account.email for account in accounts.many(db, wanted)}
