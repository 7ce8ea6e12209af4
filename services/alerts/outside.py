"""Alerts that others found, and told us: they are in the same book as ours, without a rule of ours.

Which alert is meant is said by its fingerprint, else by its labels. Whoever sends it says when it fires and when it is
over; saying the same again changes nothing. What somebody resolved here stays resolved until it began anew.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func
from sqlmodel import Session, col, select

from models import Alert, AlertEvent, AlertOutside
from services.alerts import flapping
from services.alerts.book import LONGEST_NOTE, News
from services.alerts.engine import Happening, Severity, State, Transition
from services.audit import Actor

KIND = "outside"
# Labels that say what it is about, and those that say of what that is a part; the first that there is of each.
SUBJECTS = (
    "instance",
    "node",
    "host",
    "hostname",
    "pod",
    "container",
    "service",
    "device",
    "probe",
    "worker",
)
PARTS = ("job", "deployment", "namespace", "cluster")
LONGEST_NAME, LONGEST_SUBJECT, LONGEST_LAST_NOTE = 120, 300, 300
LONGEST_VALUE = 1000
LONGEST_LINK = 2000
AT_ONCE = 500  # of which is asked in one query
# In PostgreSQL those who tell of the same alert at the same moment take turns; SQLite has one writer anyway.
TURN = 0x6B656570_61690001


@dataclass(frozen=True, slots=True)
class Told:
    """One alert as the other side tells of it. `ended` is None where it does not say since when it is over."""

    firing: bool
    labels: Mapping[str, str]
    began: datetime
    ended: datetime | None = None
    summary: str = ""
    description: str = ""
    link: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of what was told: how many alerts were opened, changed and closed; the others were known already.
    `news` is worth telling people."""

    opened: int
    changed: int
    closed: int
    news: list[News]


def key_of(told: Told) -> str:
    """Which alert is meant; also what stands for it while it is open."""
    said = told.fingerprint or json.dumps(sorted(told.labels.items()))
    return hashlib.sha256(f"{KIND}\0{bool(told.fingerprint)}\0{said}".encode()).hexdigest()


def severity_of(labels: Mapping[str, str]) -> Severity:
    """Ours for theirs: what is not critical is a warning."""
    return "critical" if labels.get("severity", "").lower() == "critical" else "warning"


def subject_of(labels: Mapping[str, str]) -> str:
    """What it is about: "10.0.0.7:9100 (node)"."""
    subject = next((labels[name] for name in SUBJECTS if labels.get(name)), "")
    part = next((labels[name] for name in PARTS if labels.get(name)), "")
    return (f"{subject} ({part})" if subject and part else subject or part)[:LONGEST_SUBJECT]


def labels_of(labels: Mapping[str, str]) -> dict[str, str]:
    """As they were given, with a kind of ours; theirs is kept beside it, as Prometheus names such labels."""
    kept = {name: value[:LONGEST_VALUE] for name, value in labels.items()}
    if "kind" in kept:
        kept["exported_kind"] = kept["kind"]
    return {**kept, "kind": KIND}


def link_of(address: str) -> str:
    """The address where it is a page, else nothing."""
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and address.isprintable()
    except ValueError:
        return ""
    return address if good and len(address) <= LONGEST_LINK else ""


def take(db: Session, now: datetime, told: Sequence[Told], by: Actor) -> Taken:
    """Write down what somebody told, all of it or nothing."""
    book = _Book(db, now, by, [key_of(one) for one in told])
    for one in told:
        book.take(one)
    db.flush()
    return Taken(book.opened, book.changed, book.closed, book.news)


class _Book:
    """What is known of some alerts, read once, and what becomes of them."""

    def __init__(self, db: Session, now: datetime, by: Actor, keys: Iterable[str]) -> None:
        if db.get_bind().dialect.name == "postgresql":
            db.exec(select(func.pg_advisory_xact_lock(TURN)))
        self._db, self._now, self._by = db, now, by
        self._known: dict[str, AlertOutside] = {}
        self._alerts: dict[Any, Alert] = {}
        wanted = sorted(set(keys))
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            found = db.exec(select(AlertOutside).where(col(AlertOutside.key).in_(some))).all()
            self._known |= {row.key: row for row in found}
            alerts = db.exec(select(Alert).where(col(Alert.id).in_([row.alert_id for row in found])))
            self._alerts |= {alert.id: alert for alert in alerts}
        self.opened = self.changed = self.closed = 0
        self.news: list[News] = []

    def take(self, told: Told) -> None:
        row = self._known.get(key_of(told))
        alert = self._alerts.get(row.alert_id) if row else None
        if not told.firing:
            if row is not None and alert is not None:
                self._close(told, row, alert)
        elif row is None or alert is None:
            self._open(told, row)
        elif alert.state != "resolved":
            self._change(told, row, alert)
        elif row.over or told.began > row.began:
            self._open(told, row)

    def _open(self, told: Told, row: AlertOutside | None) -> None:
        # One that is told of again under the same start, though it was over, begins now: it was not firing meanwhile.
        anew = row is not None and told.began <= row.began
        at = self._now if anew else min(told.began, self._now)
        severity, note = severity_of(told.labels), _note(told)
        alert = Alert(
            started_at=at,
            rule_name=told.labels.get("alertname", "")[:LONGEST_NAME],
            open_key=key_of(told),
            pair_key=key_of(told),
            labels=labels_of(told.labels),
            subject=subject_of(told.labels),
            state="firing",
            severity=severity,
            worst=severity,
            since=at,
            fired_at=at,
            last_note=_brief(told),
        )
        if row is not None:
            alert.flaps = flapping.times(self._db, alert.pair_key, at)
        else:
            row = AlertOutside(key=alert.open_key, alert_id=alert.id, began=told.began)
            self._known[row.key] = row
        row.alert_id, row.began, row.over, row.note = alert.id, told.began, False, alert.last_note
        self._alerts[alert.id] = alert
        self._db.add(alert)
        self._db.add(row)
        self._tell(alert, "fired", "normal", "firing", at, note=note, link=link_of(told.link))
        self.opened += 1

    def _change(self, told: Told, row: AlertOutside, alert: Alert) -> None:
        """It goes on: what is said of it may be new, and how bad it is."""
        row.began = max(row.began, told.began)
        row.over = False
        note, severity = _brief(told), severity_of(told.labels)
        changed = False
        if note != row.note:
            if alert.last_note == row.note:  # what people wrote since is worth more
                alert.last_note, changed = note, True
            row.note = note
        if severity != alert.severity:
            kind: Happening = "raised" if severity == "critical" else "eased"
            alert.severity, alert.since, changed = severity, self._now, True
            if kind == "raised":  # who acknowledged a warning has not seen this
                alert.worst = severity
                alert.acknowledged_at = alert.acknowledged_by = alert.acknowledged_until = None
            alert.labels = labels_of(told.labels)
            self._tell(alert, kind, "firing", "firing", self._now)
        self._db.add(row)
        self._db.add(alert)
        self.changed += changed

    def _close(self, told: Told, row: AlertOutside, alert: Alert) -> None:
        if told.ended is not None and told.ended < row.began:
            return  # a word about the time before, that was long on its way
        row.over = True
        self._db.add(row)
        if alert.state == "resolved":
            return
        ended = self._now if told.ended is None else min(told.ended, self._now)
        before: State = alert.state  # type: ignore[assignment]
        alert.state, alert.open_key = "resolved", ""
        alert.resolved_at = alert.since = max(ended, alert.fired_at or alert.started_at)
        self._db.add(alert)
        self._tell(alert, "resolved", before, "normal", alert.resolved_at)
        self.closed += 1

    def _tell(
        self,
        alert: Alert,
        kind: Happening,
        before: State,
        after: State,
        at: datetime,
        *,
        note: str = "",
        link: str = "",
    ) -> None:
        """A line of its story that says who told, and the news of it."""
        severity: Severity = alert.severity  # type: ignore[assignment]
        detail: dict[str, Any] = {"severity": severity, "value": None, "before": before}
        if link:
            detail["link"] = link
        if kind == "fired" and alert.flaps:
            detail["flaps"] = alert.flaps
        self._db.add(
            AlertEvent(
                at=at,
                alert_id=alert.id,
                kind=kind,
                actor_id=self._by.id,
                actor=self._by.label[:254],
                note=note,
                detail=detail,
            )
        )
        if kind != "eased":
            self.news.append(News(alert, Transition(kind, at.timestamp(), before, after, severity, None)))


def _note(told: Told) -> str:
    """What it says of itself."""
    lines = (told.summary.strip(), told.description.strip())
    return "\n".join(dict.fromkeys(line for line in lines if line))[:LONGEST_NOTE]


def _brief(told: Told) -> str:
    """The same in a line."""
    return (told.summary.strip() or told.description.strip())[:LONGEST_LAST_NOTE]
