"""Who is told of an alert, when, and how much at once.

Routes say who. What is critical is told at once, ten messages a minute at most to one person over all channels, or to
one channel; what comes beyond that waits and is told once a minute in one message. Warnings wait for what comes with
them (30 s), at most one message in 5 minutes, and to the end of a person's quiet time. That something is over waits as
soon as there were ten messages of any kind, and takes no place from what is wrong. Nothing critical is dropped: a
notice that was not told yet is told by the next digest, whatever happened in between; a warning that was over before
anybody was told of it is left untold. A warning that flaps waits longer each time, and is told even when it is over by
then.

Who cannot be told by anything else finds it in the bell, at once: it disturbs nobody.

What still fires and nobody acknowledged is told again after 4 hours, and before that to whom the next steps of its
route name. While a silence covers an alert nobody is told of it, nor of its end. What is still critical when the
silence is over is told then.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, not_
from sqlmodel import Session, col, func, select

from models import Account, Alert, AlertNotice, AlertRule, Channel, OutboxMessage, Silence
from models.base import new_id
from services import channels, format, outbox
from services.alerts import book, flapping, preferences, routes, silences, words
from services.alerts.book import News
from services.alerts.routes import first_admin
from services.clock import rfc3339
from services.errors import KeepAIError
from services.i18n import translate, translate_count
from services.identity import accounts
from services.outbox import Recipient
from services.settings import Settings

__all__ = ["catch_up", "digest", "escalate", "first_admin", "is_idle", "remind", "tell", "told", "waiting"]

log = logging.getLogger(__name__)

AT_ONCE = 10
BUDGET = timedelta(minutes=1)
GROUP_FOR = timedelta(seconds=30)  # a first warning waits that long for what comes with it
GROUP_EVERY = timedelta(minutes=5)  # between two messages of warnings
REPEAT = timedelta(hours=4)
OVER = "resolved"
BELL = "bell"  # the way that is always there
LISTED = 20  # alerts that a digest names
CLOSED = 500  # alerts of a digest that are looked at for whether they are over
WRONG = ("fired", "raised", "no_data", "escalated", "repeated")


@dataclass(frozen=True, slots=True)
class _Key:
    """Whose a notice is: a person's or a channel's."""

    account: UUID | None
    channel: UUID | None


@dataclass(frozen=True, slots=True)
class Target:
    """A person or a channel."""

    account: Account | None = None
    channel: Channel | None = None

    @property
    def key(self) -> _Key:
        """Whose a notice is."""
        return _Key(self.account.id if self.account else None, self.channel.id if self.channel else None)

    @property
    def condition(self) -> ColumnElement[bool]:
        """The same as a condition on notices."""
        if self.account:
            return col(AlertNotice.account_id) == self.account.id
        assert self.channel is not None
        return col(AlertNotice.channel_id) == self.channel.id


class _Round:
    """What is told in one transaction. Thousands of alerts may fire at once, and most go to the same few: who they are
    and how they want to be told is asked once, and whether one more message may go to them only until it may not."""

    def __init__(self, db: Session, settings: Settings, now: datetime) -> None:
        self.db, self.settings, self.now = db, settings, now
        self.routes = routes.listed(db)
        self.behind: set[_Key] = set()  # who has something critical waiting
        self._steps: dict[tuple[UUID | None, str], list[routes.Step]] = {}
        self._ways: dict[tuple[_Key, str], list[Recipient]] = {}
        self._rings: dict[tuple[_Key, str], bool] = {}

    def steps(self, alert: Alert, severity: str) -> list[routes.Step]:
        """Who is told of an alert, step by step."""
        route = routes.fitting(self.routes, alert.labels, severity, self.now)
        key = (route.id if route else None, severity)
        if key not in self._steps:
            self._steps[key] = routes.steps_of(self.db, route, severity)
        return self._steps[key]

    def first(self, alert: Alert, severity: str) -> list[Target]:
        """Whom the first step of its route names."""
        return [
            target for step in self.steps(alert, severity) if step.after == 0 for target in _targets(step)
        ]

    def ways(self, target: Target, severity: str) -> list[Recipient]:
        """How a person or a channel is told of something of this severity."""
        key = (target.key, severity)
        if key not in self._ways:
            self._ways[key] = _ways(self.db, self.settings, target, severity)
        return self._ways[key]

    def rings(self, target: Target, severity: str) -> bool:
        """Whether the bell tells a person whom nothing else tells."""
        key = (target.key, severity)
        if key not in self._rings:
            person = target.account
            self._rings[key] = person is not None and preferences.rings(
                self.db, self.settings, person, severity
            )
        return self._rings[key]


def tell(db: Session, settings: Settings, now: datetime, news: Sequence[News]) -> None:
    """Tell whoever is to be told, in the transaction in which it is written down."""
    if not news:
        return
    silent, this = silences.running(db, now), _Round(db, settings, now)
    # What is written down late, because the database was away, may be over by then: a letter says how it is now, so
    # who has just been told that it was wrong needs no second one.
    heard: set[tuple[UUID, _Key]] = set()
    for one in news:
        if silences.last_of(silent, one.alert, now) is not None:
            continue
        kind = one.transition.kind
        if kind == OVER:
            for target in _told_of(db, one.alert):
                if (one.alert.id, target.key) not in heard:
                    _tell(this, target, one.alert, kind, one.alert.worst)
            continue
        severity = one.transition.severity or one.alert.severity
        for target in this.first(one.alert, severity):
            if _tell(this, target, one.alert, kind, severity):
                heard.add((one.alert.id, target.key))


def catch_up(db: Session, settings: Settings, now: datetime) -> int:
    """Tell of what a silence kept from people and is critical now that it is over, unless somebody acknowledged it.

    Of each alert once, however often it is called. Returns of how many.
    """
    told = select(AlertNotice.id).where(AlertNotice.alert_id == Alert.id, col(AlertNotice.kind).in_(WRONG))
    untold = db.exec(
        select(Alert)
        .where(
            col(Alert.state).in_(("firing", "no_data")),
            Alert.severity == "critical",
            not_(silences.covered(silences.running(db, now))),
            not_(told.exists()),
        )
        .order_by(col(Alert.started_at), col(Alert.id))
    ).all()
    untold = [alert for alert in untold if not book.is_acknowledged(alert, now)]
    if not untold:
        return 0
    lasted = silences.since(db, min(_began(alert) for alert in untold), now)
    kept = [alert for alert in untold if any(_kept(silence, alert, now) for silence in lasted)]
    this = _Round(db, settings, now)
    for alert in kept:
        kind = "no_data" if alert.state == "no_data" else "fired"
        for target in this.first(alert, "critical"):
            _tell(this, target, alert, kind, "critical")
    return len(kept)


def escalate(db: Session, settings: Settings, now: datetime) -> int:
    """Tell those whom the next steps name of what nobody acknowledged in time. Returns how many notices that were."""
    this = _Round(db, settings, now)
    later = [
        step["after"] for route in this.routes if route.enabled for step in route.steps if step["after"] > 0
    ]
    if not later:
        return 0
    made = 0
    for alert, told_at in _unanswered(db, now, now - timedelta(seconds=min(later))):
        due = [
            step
            for step in this.steps(alert, alert.severity)
            if step.after > 0 and told_at + timedelta(seconds=step.after) <= now
        ]
        if not due:
            continue
        had = set(_keys_of(db, alert))
        for target in (target for step in due for target in _targets(step)):
            if target.key not in had:
                made += _tell(this, target, alert, "escalated", alert.severity)
                had.add(target.key)
    return made


def remind(db: Session, settings: Settings, now: datetime) -> int:
    """Tell again of what still fires hours later and nobody acknowledged. Returns how many notices that were."""
    made, this = 0, _Round(db, settings, now)
    for alert, _ in _unanswered(db, now, now - REPEAT):
        newest = (
            select(AlertNotice.account_id, AlertNotice.channel_id, func.max(AlertNotice.at))
            .where(AlertNotice.alert_id == alert.id)
            .group_by(col(AlertNotice.account_id), col(AlertNotice.channel_id))
        )
        for account_id, channel_id, at in db.exec(newest).all():
            target = _target(db, account_id, channel_id)
            if target is not None and at <= now - REPEAT:
                made += _tell(this, target, alert, "repeated", alert.severity)
    return made


def digest(db: Session, settings: Settings, now: datetime) -> int:
    """Tell what waits and is due, once the minute is over. Returns how many notices were told."""
    _drop_silenced(db, now)
    due = select(AlertNotice).where(col(AlertNotice.told_at).is_(None), col(AlertNotice.due_at) <= now)
    waiting = db.exec(due.order_by(col(AlertNotice.at), col(AlertNotice.id))).all()
    told = 0
    for account_id, channel_id in dict.fromkeys((one.account_id, one.channel_id) for one in waiting):
        theirs = [one for one in waiting if (one.account_id, one.channel_id) == (account_id, channel_id)]
        target = _target(db, account_id, channel_id)
        if target is None or _told_since(db, target, now - BUDGET):
            continue
        for way in dict.fromkeys(one.channel for one in theirs):
            some = [one for one in theirs if one.channel == way]
            severity = "critical" if any(one.severity == "critical" for one in some) else "warning"
            ways = [to for to in _ways(db, settings, target, severity) if to.via == way]
            _put_digest(db, settings, ways, some, now)
        told += len(theirs)
    db.flush()
    return told


def is_idle(db: Session, now: datetime) -> bool:
    """Whether neither `catch_up`, `escalate`, `remind` nor `digest` has anything to do: asked often, and without
    keeping others from writing."""
    waits = select(AlertNotice.id).where(col(AlertNotice.told_at).is_(None), col(AlertNotice.due_at) <= now)
    if db.exec(waits.limit(1)).first() is not None:
        return False
    open_ = select(Alert.id).where(col(Alert.state).in_(("firing", "no_data")))
    return db.exec(open_.limit(1)).first() is None


def waiting(db: Session) -> int:
    """How many notices wait to be told."""
    return db.exec(
        select(func.count()).select_from(AlertNotice).where(col(AlertNotice.told_at).is_(None))
    ).one()


@dataclass(frozen=True, slots=True)
class Told:
    """A notice as the story of its alert has it: to whom, by what, and what came of the message."""

    notice: AlertNotice
    who: str
    message: OutboxMessage | None


def told(db: Session, alert_id: UUID, most: int = 100) -> list[Told]:
    """Who was told of an alert, or will be, the oldest first; of very many the newest."""
    query = (
        select(AlertNotice, Account, Channel, OutboxMessage)
        .join(Account, col(Account.id) == AlertNotice.account_id, isouter=True)
        .join(Channel, col(Channel.id) == AlertNotice.channel_id, isouter=True)
        .join(OutboxMessage, col(OutboxMessage.id) == AlertNotice.message_id, isouter=True)
        .where(AlertNotice.alert_id == alert_id)
        .order_by(col(AlertNotice.at).desc(), col(AlertNotice.id).desc())
    )
    return [
        Told(notice, (account.name or account.email) if account else channel.name if channel else "", message)
        for notice, account, channel, message in db.exec(query.limit(most)).all()
    ][::-1]


# -- who --------------------------------------------------------------------------------------------------------


def _targets(step: routes.Step) -> list[Target]:
    return [*(Target(account=one) for one in step.people), *(Target(channel=one) for one in step.channels)]


def _target(db: Session, account_id: UUID | None, channel_id: UUID | None) -> Target | None:
    """Whose a notice is; None for who is gone."""
    if channel_id is not None:
        channel = db.get(Channel, channel_id)
        return Target(channel=channel) if channel and channel.enabled else None
    account = db.get(Account, account_id) if account_id else None
    return Target(account=account) if account and account.deactivated_at is None else None


def _keys_of(db: Session, alert: Alert) -> list[_Key]:
    """Who has notices of what is wrong with it."""
    query = select(AlertNotice.account_id, AlertNotice.channel_id).where(
        AlertNotice.alert_id == alert.id, col(AlertNotice.kind).in_(WRONG)
    )
    return [_Key(*row) for row in dict.fromkeys(tuple(row) for row in db.exec(query).all())]


def _told_of(db: Session, alert: Alert) -> list[Target]:
    """Who is told that it is over: who was told that something is wrong. A warning of which nobody was told yet is
    left untold for good, unless it flaps: of that people are told when it is due, and not before of its end."""
    untold = col(AlertNotice.told_at).is_(None) & (col(AlertNotice.severity) == "warning")
    theirs = untold & (col(AlertNotice.alert_id) == alert.id)
    waiting: set[_Key] = set()
    if flapping.waits(alert, alert.worst):
        query = select(AlertNotice.account_id, AlertNotice.channel_id).where(theirs)
        waiting = {_Key(*row) for row in db.exec(query).all()}
    else:
        db.execute(delete(AlertNotice).where(theirs))
    found = [_target(db, one.account, one.channel) for one in _keys_of(db, alert) if one not in waiting]
    return [target for target in found if target is not None]


def _ways(db: Session, settings: Settings, target: Target, severity: str) -> list[Recipient]:
    if target.account:
        return preferences.ways(db, settings, target.account, severity)
    assert target.channel is not None
    return channels.recipients(settings, target.channel)


def _unanswered(db: Session, now: datetime, before: datetime) -> list[tuple[Alert, datetime]]:
    """What fires, was told at its severity before that moment, and nobody acknowledged or silenced; with when that was
    told first."""
    told = (
        select(AlertNotice.alert_id, func.min(AlertNotice.at).label("at"))
        .join(Alert, col(Alert.id) == AlertNotice.alert_id)
        .where(col(AlertNotice.severity) == Alert.severity, col(AlertNotice.kind).in_(WRONG))
        .where(col(Alert.state).in_(("firing", "no_data")))
        .group_by(col(AlertNotice.alert_id))
        .subquery()
    )
    query = (
        select(Alert, told.c.at)
        .join(told, told.c.alert_id == Alert.id)
        .where(told.c.at <= before, col(Alert.state).in_(("firing", "no_data")))
        .where(col(Alert.acknowledged_at).is_(None) | (col(Alert.acknowledged_until) <= now))
        .where(not_(silences.covered(silences.running(db, now))))
        .order_by(told.c.at)
    )
    return [(alert, at) for alert, at in db.exec(query).all()]


# -- when -------------------------------------------------------------------------------------------------------


def _tell(this: _Round, target: Target, alert: Alert, kind: str, severity: str) -> int:
    """A notice by each way in which they want to be told: at once, or later with others. Returns how many."""
    db, settings, now = this.db, this.settings, this.now
    ways = this.ways(target, severity)
    if not ways:
        return _ring(this, target, alert, kind, severity)
    if kind != OVER and flapping.waits(alert, severity) and flapping.joined(db, target.condition, alert):
        return 0
    due_at = max(_due(db, settings, target, now, severity), flapping.due_at(alert, severity, now))
    at_once = (
        due_at <= now and target.key not in this.behind and _within_budget(db, target, now, over=kind == OVER)
    )
    if not at_once and severity == "critical" and kind != OVER:
        this.behind.add(target.key)
    by_way: dict[str, list[Recipient]] = {}
    for to in ways:
        by_way.setdefault(to.via, []).append(to)
    for way, some in by_way.items():
        notice = AlertNotice(
            id=new_id(),
            at=now,
            alert_id=alert.id,
            account_id=target.key.account,
            channel_id=target.key.channel,
            channel=way,
            kind=kind,
            severity=severity,
            due_at=due_at,
        )
        if at_once:
            for number, to in enumerate(some):
                letter = _letter(db, settings, to, alert, now)
                key = f"alert:{notice.id.hex}:{number}"
                notice.message_id = _put(db, settings, now, to, letter, key, alert) or notice.message_id
            notice.told_at = now
        db.add(notice)
    if at_once:
        db.flush()
    return len(by_way)


def _ring(this: _Round, target: Target, alert: Alert, kind: str, severity: str) -> int:
    """A notice that only the bell shows. Returns how many."""
    if not this.rings(target, severity):
        return 0
    notice = AlertNotice(
        id=new_id(),
        at=this.now,
        alert_id=alert.id,
        account_id=target.key.account,
        channel=BELL,
        kind=kind,
        severity=severity,
        due_at=this.now,
        told_at=this.now,
    )
    this.db.add(notice)
    return 1


def _due(db: Session, settings: Settings, target: Target, now: datetime, severity: str) -> datetime:
    """When something of this severity is told them: a warning not before what comes with it, nor while it is quiet."""
    if severity == "critical":
        return now
    query = select(func.max(AlertNotice.told_at)).where(
        target.condition,
        AlertNotice.severity == "warning",
        AlertNotice.channel != BELL,
        col(AlertNotice.told_at) > now - GROUP_EVERY,
    )
    last = db.exec(query).one()
    due = max(now + GROUP_FOR, last + GROUP_EVERY) if last else now + GROUP_FOR
    if target.account and (quiet := preferences.quiet_until(db, settings, target.account, due)):
        due = quiet
    return due


def _within_budget(db: Session, target: Target, now: datetime, *, over: bool) -> bool:
    """Whether one more message may go to them at once. Who has such notices waiting gets the digest first."""
    behind = select(AlertNotice.id).where(
        target.condition, col(AlertNotice.told_at).is_(None), AlertNotice.severity == "critical"
    )
    if not over:
        behind = behind.where(AlertNotice.kind != OVER)
    if db.exec(behind.limit(1)).first() is not None:
        return False
    return _told_since(db, target, now - BUDGET, all_kinds=over) < AT_ONCE


def _told_since(db: Session, target: Target, since: datetime, *, all_kinds: bool = True) -> int:
    """How many messages went to them since then; without `all_kinds`, of those that say what is wrong."""
    query = select(func.count(func.distinct(col(AlertNotice.message_id)))).where(
        target.condition, col(AlertNotice.told_at) > since
    )
    if not all_kinds:
        query = query.where(AlertNotice.kind != OVER)
    return db.exec(query).one()


def _drop_silenced(db: Session, now: datetime) -> None:
    """What waits of alerts that are silenced by now is not told; `catch_up` brings it if it is still wrong later."""
    silent = silences.running(db, now)
    if silent:
        theirs = select(Alert.id).where(Alert.id == AlertNotice.alert_id, silences.covered(silent))
        db.execute(delete(AlertNotice).where(col(AlertNotice.told_at).is_(None), theirs.exists()))


def _kept(silence: Silence, alert: Alert, now: datetime) -> bool:
    """Whether this silence covered the alert at any time since it fired."""
    ran = silence.starts_at <= now and silences.end_of(silence) > max(_began(alert), silence.starts_at)
    return ran and silences.matches(silence, alert.labels, alert.rule_id)


def _began(alert: Alert) -> datetime:
    return alert.fired_at or alert.started_at


# -- what -------------------------------------------------------------------------------------------------------


def _put_digest(
    db: Session, settings: Settings, ways: Sequence[Recipient], notices: Sequence[AlertNotice], now: datetime
) -> None:
    """What waited, by one way, in one message for each who reads it there."""
    ids = list(dict.fromkeys(one.alert_id for one in notices))
    for number, to in enumerate(ways):
        alert = _alert(db, ids[0]) if len(ids) == 1 else None
        letter: outbox.Letter = (
            _letter(db, settings, to, alert, now) if alert else _digest(db, settings, to, ids, now)
        )
        key = f"alerts:{notices[-1].id.hex}:{number}"
        message_id = _put(db, settings, now, to, letter, key, alert)
        for notice in notices:
            notice.message_id = message_id or notice.message_id
    for notice in notices:
        notice.told_at = now
        db.add(notice)
    db.flush()


def _put(
    db: Session,
    settings: Settings,
    now: datetime,
    to: Recipient,
    letter: outbox.Letter,
    key: str,
    alert: Alert | None,
) -> UUID | None:
    """Have it sent. One who cannot be written to must not keep an alert from being written down, nor others from being
    told. On a device there is one notification of an alert: what was not sent yet is not worth sending any more."""
    replaces = f"push:{alert.id.hex}:{to.address}:" if to.via == "push" and alert else ""
    try:
        return outbox.put(
            db, settings, now, to, letter, key=f"{replaces}{key}" if replaces else key, replaces=replaces
        ).id
    except KeepAIError as error:
        log.warning("%s %s cannot be told by %s: %s", to.kind, to.id, to.via, error.key)
        return None


def _alert(db: Session, alert_id: UUID) -> Alert | None:
    return db.exec(select(Alert).where(Alert.id == alert_id)).first()


def _letter(db: Session, settings: Settings, to: Recipient, alert: Alert, now: datetime) -> outbox.AlertNews:
    rule = db.get(AlertRule, alert.rule_id) if alert.rule_id else None
    state = "alerts.over" if alert.state == "resolved" else f"alerts.severity.{alert.severity}"
    return outbox.AlertNews(
        link=_link(settings, alert),
        head=translate(to.locale, state),
        title=words.title(to.locale, alert),
        fact=words.fact(to.locale, alert, now, to.zone),
        runbook=rule.runbook if rule else "",
        alerts=(_data(settings, to, alert),),
        acknowledge=_acknowledge(db, to, alert, now) if to.via == "push" else "",
    )


def _acknowledge(db: Session, to: Recipient, alert: Alert, now: datetime) -> str:
    """Where the reader says "mine"; empty where they may not, or nobody has to any more."""
    if alert.state == "resolved" or book.is_acknowledged(alert, now) or to.id is None:
        return ""
    reader = accounts.principal(accounts.get(db, to.id), accounts.roles_of(db, to.id), to.id)
    return f"/api/v1/alerts/{alert.id.hex}/acknowledge" if reader.may("alerts:act") else ""


def _digest(
    db: Session, settings: Settings, to: Recipient, ids: Sequence[UUID], now: datetime
) -> outbox.AlertDigest:
    """One line for each alert as it is now; of very many the first, and how many more."""
    locale = to.locale
    alerts = db.exec(select(Alert).where(col(Alert.id).in_(ids[:LISTED]))).all()
    lines = [
        f"{translate(locale, f'alerts.state.{alert.state}')}: {words.title(locale, alert)}, "
        f"{words.fact(locale, alert, now, to.zone)}"
        for alert in alerts
    ]
    if len(ids) > len(lines):
        lines.append(translate_count(locale, "alerts.more", len(ids) - len(lines)))
    return outbox.AlertDigest(
        link=f"{settings.address}/alerts",
        count=translate_count(locale, "alerts.count", len(ids), shown=format.number(locale, len(ids))),
        lines="\n".join(lines),
        alerts=tuple(_data(settings, to, alert) for alert in alerts),
        over=_over(db, ids) if to.via == "push" else (),
    )


def _over(db: Session, ids: Sequence[UUID]) -> tuple[str, ...]:
    """Which of them are over: the newest, as their notifications may still be shown."""
    newest = (
        select(Alert.id)
        .where(col(Alert.id).in_(ids[-CLOSED:]), Alert.state == "resolved")
        .order_by(col(Alert.resolved_at).desc())
        .limit(outbox.MOST_CLOSED)
    )
    return tuple(one.hex for one in db.exec(newest))


def _link(settings: Settings, alert: Alert) -> str:
    return f"{settings.address}/alerts?alert={alert.id.hex}"


def _data(settings: Settings, to: Recipient, alert: Alert) -> dict[str, Any]:
    """An alert for programs."""
    return {
        "id": alert.id.hex,
        "title": words.title(to.locale, alert),
        "state": alert.state,
        "severity": alert.severity,
        "labels": dict(alert.labels),
        "measure": alert.measure,
        "value": alert.value,
        "started_at": rfc3339(alert.started_at),
        "fired_at": rfc3339(alert.fired_at),
        "resolved_at": rfc3339(alert.resolved_at),
        "link": _link(settings, alert),
    }
