"""Who is told of an alert, and how much at once.

What is critical is told at once, ten messages a minute at most to one person; what comes beyond that waits and is told
once a minute in one message. That something is over waits as soon as there were ten messages of any kind, and takes
no place from what is wrong. Nothing is dropped: a notice that was not told yet is told by the next digest, whatever
happened in between.

While a silence covers an alert nobody is told of it, nor of its end. What is still critical when the silence is over is
told then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, not_
from sqlmodel import Session, col, func, select

from models import Account, Alert, AlertNotice, AlertRule, RoleGrant, Silence
from services import format, outbox
from services.accounts import FIRST_ADMIN_EMAIL
from services.alerts import book, silences, words
from services.alerts.book import News
from services.i18n import translate, translate_count
from services.permissions import PLATFORM
from services.settings import Settings

AT_ONCE = 10
BUDGET = timedelta(minutes=1)
OVER = "resolved"
LISTED = 20  # alerts that a digest names
WRONG = ("fired", "raised", "no_data")


def tell(db: Session, settings: Settings, now: datetime, news: Sequence[News]) -> None:
    """Tell whoever is to be told, in the transaction in which it is written down."""
    person = first_admin(db)
    if person is None or not outbox.can_mail(settings):
        return
    silent = silences.running(db, now)
    for one in news:
        if _concerns(db, person, one) and silences.last_of(silent, one.alert, now) is None:
            severity = one.transition.severity or one.alert.severity
            _tell(db, settings, person, now, one.alert, one.transition.kind, severity)


def catch_up(db: Session, settings: Settings, now: datetime) -> int:
    """Tell of what a silence kept from people and is critical now that it is over, unless somebody acknowledged it.

    Of each alert once, however often it is called. Returns of how many.
    """
    person = first_admin(db)
    if person is None or not outbox.can_mail(settings):
        return 0
    told = select(AlertNotice.id).where(
        AlertNotice.alert_id == Alert.id,
        AlertNotice.account_id == person.id,
        col(AlertNotice.kind).in_(WRONG),
    )
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
    lasted = silences.since(db, min(_began(alert) for alert in untold))
    kept = [alert for alert in untold if any(_kept(silence, alert, now) for silence in lasted)]
    for alert in kept:
        _tell(
            db, settings, person, now, alert, "no_data" if alert.state == "no_data" else "fired", "critical"
        )
    return len(kept)


def _kept(silence: Silence, alert: Alert, now: datetime) -> bool:
    """Whether this silence covered the alert at any time since it fired."""
    ran = silence.starts_at <= now and silences.end_of(silence) > max(_began(alert), silence.starts_at)
    return ran and silences.matches(silence, alert.labels, alert.rule_id)


def _began(alert: Alert) -> datetime:
    return alert.fired_at or alert.started_at


def _tell(
    db: Session, settings: Settings, person: Account, now: datetime, alert: Alert, kind: str, severity: str
) -> None:
    """One notice: at once, or with the next digest where there was too much."""
    notice = AlertNotice(
        at=now, alert_id=alert.id, account_id=person.id, channel="mail", kind=kind, severity=severity
    )
    if _within_budget(db, person, now, over=kind == OVER):
        letter = _letter(db, settings, person, alert, now)
        message = outbox.put(db, settings, now, outbox.person(person), letter, key=f"alert:{notice.id.hex}")
        notice.told_at, notice.message_id = now, message.id
    db.add(notice)
    db.flush()


def digest(db: Session, settings: Settings, now: datetime) -> int:
    """Tell what waits, once the minute is over. Returns how many notices were told."""
    _drop_silenced(db, now)
    waiting = db.exec(
        select(AlertNotice).where(col(AlertNotice.told_at).is_(None)).order_by(col(AlertNotice.at))
    ).all()
    told = 0
    for account_id in {notice.account_id for notice in waiting}:
        person = db.get(Account, account_id)
        theirs = [notice for notice in waiting if notice.account_id == account_id]
        if person is None or _told_since(db, person, now - BUDGET):
            continue
        if outbox.can_mail(settings):
            letter = _digest(db, settings, person, theirs, now)
            key = f"alerts:{theirs[-1].id.hex}"
            message = outbox.put(db, settings, now, outbox.person(person), letter, key=key)
            for notice in theirs:
                notice.message_id = message.id
        for notice in theirs:
            notice.told_at = now
            db.add(notice)
        told += len(theirs)
    db.flush()
    return told


def _drop_silenced(db: Session, now: datetime) -> None:
    """What waits of alerts that are silenced by now is not told; `catch_up` brings it if it is still wrong later."""
    silent = silences.running(db, now)
    if silent:
        theirs = select(Alert.id).where(Alert.id == AlertNotice.alert_id, silences.covered(silent))
        db.execute(delete(AlertNotice).where(col(AlertNotice.told_at).is_(None), theirs.exists()))


def waiting(db: Session) -> int:
    """How many notices wait for a digest."""
    return db.exec(
        select(func.count()).select_from(AlertNotice).where(col(AlertNotice.told_at).is_(None))
    ).one()


def first_admin(db: Session) -> Account | None:
    """Whoever is told without anybody having said so: the admin who has been here longest, and has a real address."""
    query = (
        select(Account)
        .join(RoleGrant, col(RoleGrant.account_id) == Account.id)
        .where(RoleGrant.role == "admin", RoleGrant.scope == PLATFORM, col(Account.deactivated_at).is_(None))
        .where(Account.email != FIRST_ADMIN_EMAIL)
        .order_by(col(Account.created_at), col(Account.id))
    )
    return db.exec(query).first()


def _concerns(db: Session, person: Account, one: News) -> bool:
    """What is critical, and the end of what they were told of."""
    if one.transition.kind != "resolved":
        return one.transition.severity == "critical"
    earlier = select(AlertNotice.id).where(
        AlertNotice.alert_id == one.alert.id, AlertNotice.account_id == person.id
    )
    return db.exec(earlier).first() is not None


def _within_budget(db: Session, person: Account, now: datetime, *, over: bool) -> bool:
    """Whether one more message may go to them at once. Who has such notices waiting gets the digest first."""
    behind = select(AlertNotice.id).where(
        AlertNotice.account_id == person.id, col(AlertNotice.told_at).is_(None)
    )
    if not over:
        behind = behind.where(AlertNotice.kind != OVER)
    if db.exec(behind).first() is not None:
        return False
    return _told_since(db, person, now - BUDGET, all_kinds=over) < AT_ONCE


def _told_since(db: Session, person: Account, since: datetime, *, all_kinds: bool = True) -> int:
    """How many messages went to them since then; without `all_kinds`, of those that say what is wrong."""
    query = select(func.count(func.distinct(col(AlertNotice.message_id)))).where(
        AlertNotice.account_id == person.id, col(AlertNotice.told_at) > since
    )
    if not all_kinds:
        query = query.where(AlertNotice.kind != OVER)
    return db.exec(query).one()


def _letter(
    db: Session, settings: Settings, person: Account, alert: Alert, now: datetime
) -> outbox.AlertNews:
    rule = db.get(AlertRule, alert.rule_id) if alert.rule_id else None
    locale = person.locale
    return outbox.AlertNews(
        link=f"{settings.address}/alerts?alert={alert.id.hex}",
        head=translate(
            locale, "alerts.over" if alert.state == "resolved" else f"alerts.severity.{alert.severity}"
        ),
        title=words.title(locale, alert),
        fact=words.fact(locale, alert, now, person.zone),
        runbook=rule.runbook if rule else "",
    )


def _digest(
    db: Session, settings: Settings, person: Account, notices: Sequence[AlertNotice], now: datetime
) -> outbox.AlertDigest:
    """One line for each alert as it is now; of very many the first, and how many more."""
    locale = person.locale
    ids = list(dict.fromkeys(notice.alert_id for notice in notices))
    alerts = db.exec(select(Alert).where(col(Alert.id).in_(ids[:LISTED]))).all()
    lines = [
        f"{translate(locale, f'alerts.state.{alert.state}')}: {words.title(locale, alert)}, "
        f"{words.fact(locale, alert, now, person.zone)}"
        for alert in alerts
    ]
    if len(ids) > len(lines):
        more = len(ids) - len(lines)
        lines.append(translate_count(locale, "alerts.more", more))
    count = translate_count(locale, "alerts.count", len(ids), shown=format.number(locale, len(ids)))
    return outbox.AlertDigest(link=f"{settings.address}/alerts", count=count, lines="\n".join(lines))
