"""The open alerts as people look at them: in groups, the worst first, as far as the filter of the address lets them
through; and one of them with all that is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, case, not_
from sqlmodel import Session, col, func, or_, select

from models import Account, Alert, AlertEvent, AlertRule, Silence
from services.alerts import book, notices, silences
from services.alerts.book import OPEN, SEVERITIES, Past
from services.alerts.notices import Told
from services.identity import accounts

TABS = ("open", "resolved", "rules", "silences", "channels")
LISTS = ("rules", "silences", "channels")  # tabs that no filter narrows
# Each with the state of its alerts, and their severity where that counts.
GROUPS: Mapping[str, tuple[str, str]] = {
    "critical": ("firing", "critical"),
    "warning": ("firing", "warning"),
    "no_data": ("no_data", ""),
    "pending": ("pending", ""),
    "recovering": ("recovering", ""),
}
SILENCED = "silenced"  # the last group, of all that are silenced, in whichever state
SHOWN = 40  # of each group; the rest is found by the filter
PAST = timedelta(days=30)
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class AlertView:
    """What one tab wants to see. Equal filters are one room."""

    tab: str = TABS[0]
    text: str = ""
    severity: str = ""
    unowned: bool = False
    selected: str = ""
    rule: str = ""

    @property
    def filter(self) -> str:
        """The part of the address that says which alerts are shown."""
        return _query({"tab": self._tab, "q": self.text, **self._narrow})

    @property
    def query(self) -> str:
        """The whole of it."""
        more = {"rule": self.rule if self.tab == "rules" else "", "alert": self.selected}
        return _query({"tab": self._tab, "q": self.text, **self._narrow, **more})

    @property
    def narrowed(self) -> bool:
        """Whether the filter may leave something out."""
        return bool(self.text or self.severity or self.unowned)

    @property
    def _tab(self) -> str:
        return "" if self.tab == TABS[0] else self.tab

    @property
    def _narrow(self) -> dict[str, str]:
        return {"severity": self.severity, "owner": NOBODY if self.unowned else ""}


def parse(query: Mapping[str, str]) -> AlertView:
    """The view that an address asks for; what makes no sense is left out."""
    tab, severity = query.get("tab", ""), query.get("severity", "")
    view = AlertView(
        tab=tab if tab in TABS else TABS[0],
        text=query.get("q", "").strip()[:100],
        severity=severity if severity in SEVERITIES else "",
        unowned=query.get("owner", "") == NOBODY,
        selected=_hex(query.get("alert", "")),
    )
    if view.tab in LISTS:
        rule = _hex(query.get("rule", "")) if view.tab == "rules" else ""
        return replace(view, text="", severity="", unowned=False, selected="", rule=rule)
    return view


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts that stand together, and how many there are of them, also of those that are not shown."""

    name: str
    alerts: list[Alert]
    total: int


@dataclass(frozen=True, slots=True)
class Board:
    """What the list shows: its groups; how people are called; who wrote the last note of an alert; how many are open,
    found by the filter, and without an owner; how many rules watch; what silences each that is silenced, and how many
    silences there are."""

    groups: list[Group]
    names: dict[UUID, str]
    writers: dict[UUID, str]
    open: int
    found: int
    unowned: int
    watching: int
    silenced: dict[UUID, Silence]
    silences: int

    @property
    def alerts(self) -> list[Alert]:
        """All that are shown, in their order."""
        return [alert for group in self.groups for alert in group.alerts]


def board(db: Session, view: AlertView, now: datetime) -> Board:
    """The open alerts as this view wants them."""
    wanted = filters(view)
    silent = silences.running(db, now)
    covered = silences.covered(silent)
    heard = [*wanted, not_(covered)]
    counted = _count(db, heard)
    groups = [
        Group(name, _group(db, heard, state, severity), total)
        for name, (state, severity) in GROUPS.items()
        if (total := sum(n for (s, v), n in counted.items() if s == state and severity in ("", v)))
    ]
    hushed = sum(_count(db, [*wanted, covered]).values()) if silent else 0
    if hushed:
        groups.append(Group(SILENCED, _group(db, [*wanted, covered]), hushed))
    shown = [alert for group in groups for alert in group.alerts]
    enabled = select(func.count()).select_from(AlertRule).where(col(AlertRule.enabled).is_(True))
    return Board(
        groups=groups,
        names=book.names(db, shown),
        writers=writers(db, shown),
        open=book.count_open(db),
        found=sum(counted.values()) + hushed,
        unowned=sum(_count(db, filters(replace(view, unowned=True))).values()),
        watching=db.exec(enabled).one(),
        silenced={
            alert.id: silence
            for alert in shown
            if (silence := silences.last_of(silent, alert, now)) is not None
        },
        silences=len(silent),
    )


def filters(view: AlertView) -> list[ColumnElement[bool]]:
    """The conditions of a filter."""
    wanted: list[ColumnElement[bool]] = []
    if view.severity:
        wanted.append(col(Alert.severity) == view.severity)
    if view.unowned:
        wanted.append(col(Alert.assignee_id).is_(None))
    if view.text:
        wanted.append(book.says(view.text))
    return wanted


def _count(db: Session, wanted: list[ColumnElement[bool]]) -> dict[tuple[str, str], int]:
    query = select(Alert.state, Alert.severity, func.count()).where(col(Alert.open_key) != "", *wanted)
    rows = db.exec(query.group_by(col(Alert.state), col(Alert.severity)))
    return {(state, severity): count for state, severity, count in rows if state in OPEN}


def _group(
    db: Session, wanted: list[ColumnElement[bool]], state: str = "", severity: str = ""
) -> list[Alert]:
    query = select(Alert).where(*wanted, Alert.state == state if state else col(Alert.state).in_(OPEN))
    if severity:
        query = query.where(Alert.severity == severity)
    order = (col(Alert.started_at).desc(), col(Alert.id).desc())
    return list(db.exec(query.order_by(*order).limit(SHOWN)))


def writers(db: Session, alerts: list[Alert]) -> dict[UUID, str]:
    """Who wrote the last note of each; what an alert of others says of itself nobody wrote."""
    noted = [alert.id for alert in alerts if alert.last_note]
    if not noted:
        return {}
    query = select(AlertEvent.alert_id, AlertEvent.actor).where(
        col(AlertEvent.alert_id).in_(noted), AlertEvent.note != "", AlertEvent.kind != "fired"
    )
    return dict(db.exec(query.order_by(col(AlertEvent.at), col(AlertEvent.id))).all())


def over(
    db: Session, view: AlertView, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[Alert], dict[UUID, str], dict[UUID, str]]:
    """Those that are over, as this view wants them, the newest first; their people, and who wrote the last notes.
    `before` is when the last one that is known was over, and its id."""
    query = select(Alert).where(Alert.state == "resolved", *filters(view))
    if before is not None:
        at, alert_id = before
        query = query.where(
            or_(
                col(Alert.resolved_at) < at,
                (col(Alert.resolved_at) == at) & (col(Alert.id) < alert_id),
            )
        )
    order = (col(Alert.resolved_at).desc(), col(Alert.id).desc())
    found = list(db.exec(query.order_by(*order).limit(limit)))
    return found, book.names(db, found), writers(db, found)


def over_today(
    db: Session, view: AlertView, since: datetime, limit: int
) -> tuple[int, list[Alert], dict[UUID, str], dict[UUID, str]]:
    """How many were over since then, as this view wants them; the newest of them, their people, and who wrote the last
    notes."""
    wanted = [col(Alert.state) == "resolved", col(Alert.resolved_at) >= since, *filters(view)]
    count = db.exec(select(func.count()).select_from(Alert).where(*wanted)).one()
    order = (col(Alert.resolved_at).desc(), col(Alert.id).desc())
    found = list(db.exec(select(Alert).where(*wanted).order_by(*order).limit(limit))) if count else []
    return count, found, book.names(db, found), writers(db, found)


def with_rules(
    db: Session, view: AlertView, now: datetime, limit: int
) -> list[tuple[Alert, AlertRule | None]]:
    """The first that the list shows, each with its rule."""
    shown = board(db, view, now).alerts[:limit]
    ids = {alert.rule_id for alert in shown if alert.rule_id}
    kept = (
        {rule.id: rule for rule in db.exec(select(AlertRule).where(col(AlertRule.id).in_(ids)))}
        if ids
        else {}
    )
    return [(alert, kept.get(alert.rule_id) if alert.rule_id else None) for alert in shown]


@dataclass(frozen=True, slots=True)
class Urgent:
    """What somebody has to look at: the first alerts of so many as `count`, of which `unowned` are nobody's; and the
    labels of all that is open, also of what is silenced: somebody decided about that."""

    alerts: list[Alert]
    names: dict[UUID, str]
    count: int
    unowned: int
    labels: list[Mapping[str, Any]]


MOST_LABELS = 500


def urgent(db: Session, now: datetime, limit: int) -> Urgent:
    """What fires or says nothing any more, and is not silenced: first what is critical, then what nobody acknowledged,
    then the newest."""
    firing = col(Alert.state).in_(("firing", "no_data"))
    wanted = [col(Alert.open_key) != "", firing, not_(silences.covered(silences.running(db, now)))]
    answered = col(Alert.acknowledged_at).is_not(None) & (
        col(Alert.acknowledged_until).is_(None) | (col(Alert.acknowledged_until) > now)
    )
    order = (
        case((Alert.severity == "critical", 0), else_=1),  # type: ignore[arg-type]
        case((answered, 1), else_=0),
        col(Alert.started_at).desc(),
        col(Alert.id).desc(),
    )
    found = list(db.exec(select(Alert).where(*wanted).order_by(*order).limit(limit)))
    counted = select(func.count(), func.count().filter(col(Alert.assignee_id).is_(None))).select_from(Alert)
    count, unowned = db.exec(counted.where(*wanted)).one()
    labels = db.exec(select(Alert.labels).where(col(Alert.open_key) != "", firing).limit(MOST_LABELS)).all()
    return Urgent(found, book.names(db, found), count, unowned, list(labels))


@dataclass(frozen=True, slots=True)
class Opened:
    """One alert with all that is known of it. `rule` is None when it is gone, `silence` when nothing silences it;
    `told` are the notices of it."""

    alert: Alert
    story: list[AlertEvent]
    past: Past
    names: dict[UUID, str]
    rule: AlertRule | None
    silence: Silence | None
    told: list[Told]


def opened(db: Session, alert_id: UUID, now: datetime) -> Opened:
    """One alert. Raises NotFound."""
    alert = book.get(db, alert_id)
    rule = db.get(AlertRule, alert.rule_id) if alert.rule_id else None
    silence = silences.covering(db, alert, now) if alert.open_key else None
    past = book.past(db, alert, now - PAST)
    story, names = book.story(db, alert_id), book.names(db, [alert])
    return Opened(alert, story, past, names, rule, silence, notices.told(db, alert_id))


def owners(db: Session, rules: list[AlertRule]) -> dict[UUID, str]:
    """How the owners of rules are called."""
    wanted = {rule.owner_id for rule in rules if rule.owner_id}
    return {account.id: account.name or account.email for account in accounts.many(db, wanted)}


def team(db: Session) -> list[Account]:
    """Everybody to whom an alert can be given, by name."""
    found = db.exec(select(Account).where(col(Account.deactivated_at).is_(None)))
    return sorted(found, key=lambda account: (account.name or account.email).lower())


def _hex(text: str) -> str:
    """An id as addresses have it, or nothing."""
    try:
        return UUID(text).hex if text else ""
    except ValueError:
        return ""


def _query(parts: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in parts.items() if value})
