"""Silences as the page shows them, in the reader's words."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypedDict
from uuid import UUID

from models import Alert, AlertRule, MaintenanceWindow, Silence
from services import format
from services.alerts import maintenance, recurrence, silences, words
from services.i18n import has, translate


class SilenceRow(TypedDict):
    """One silence. `left` says how long it lasts still, or since when it is over; `span` from when until when."""

    id: str
    state: str
    covers: list[str]
    reason: str
    author: str
    left: str
    span: str


class WindowRow(TypedDict):
    """One maintenance window. `when` says on which days from when to when, `left` when it ends or comes next."""

    id: str
    state: str
    covers: list[str]
    reason: str
    author: str
    left: str
    when: str
    until: str


def window_row(
    window: MaintenanceWindow,
    locale: str,
    zone: str,
    now: datetime,
    subjects: Mapping[str, str],
    rules: Mapping[UUID, AlertRule],
) -> WindowRow:
    """One maintenance window as a row. `subjects` are names of workers by their ids."""
    rule = rules.get(window.rule_id) if window.rule_id else None
    name = words.rule_name(locale, rule.builtin or "", rule.name) if rule else ""
    runs, comes = recurrence.occurring(window, now), recurrence.following(window, now)
    if runs:
        left = translate(locale, "silences.ends_in", time=_time(locale, (runs.ends_at - now).total_seconds()))
    elif comes:
        left = translate(locale, "maintenance.next", at=moment(locale, comes, zone, now))
    else:
        left = translate(locale, "maintenance.over")
    where = "" if window.zone == zone else f" ({window.zone})"
    times = translate(locale, "maintenance.times", begins=window.begins, ends=window.ends)
    day = datetime.combine(window.until, time(12), UTC)
    return WindowRow(
        id=window.id.hex,
        state=recurrence.state_of(window, now),
        covers=_covered(window.matchers, name, subjects, locale),
        reason=window.reason,
        author=window.author,
        left=left,
        when=f"{_days(window.days, locale)}, {times}{where}",
        until=translate(locale, "silences.until", until=format.day(locale, day)),
    )


def _covered(matchers: Mapping[str, Any], rule: str, subjects: Mapping[str, str], locale: str) -> list[str]:
    """What it covers; all of a kind by our word for them."""
    key = f"maintenance.kind.{matchers.get('kind')}"
    return (
        [translate(locale, key)]
        if len(matchers) == 1 and has(key)
        else covers(matchers, rule, subjects, locale)
    )


def _days(days: str, locale: str) -> str:
    """The days of the week, as people say them."""
    if days == maintenance.EVERY_DAY:
        return translate(locale, "maintenance.every_day")
    return ", ".join(translate(locale, f"maintenance.day.{day}") for day in days)


def row(
    silence: Silence,
    locale: str,
    zone: str,
    now: datetime,
    subjects: Mapping[str, str],
    rules: Mapping[UUID, AlertRule],
) -> SilenceRow:
    """One silence as a row. `subjects` are names of workers by their ids."""
    state = silences.state_of(silence, now)
    rule = rules.get(silence.rule_id) if silence.rule_id else None
    name = words.rule_name(locale, rule.builtin or "", rule.name) if rule else ""
    until, since = _span(silence, locale, zone, now)
    key = "silences.until" if state == "running" else "silences.from_until"
    return SilenceRow(
        id=silence.id.hex,
        state=state,
        covers=covers(silence.matchers, name, subjects, locale),
        reason=silence.reason,
        author=silence.author,
        left=_left(silence, state, locale, now),
        span=translate(locale, key, since=since, until=until),
    )


def _span(silence: Silence, locale: str, zone: str, now: datetime) -> tuple[str, str]:
    """Until when, and from when on; both with their days where these differ."""
    starts, ends = silence.starts_at, silences.end_of(silence)
    if silences.is_running(silence, now) or format.day(locale, starts, zone) == format.day(
        locale, ends, zone
    ):
        return moment(locale, ends, zone, now), moment(locale, starts, zone, now)
    return format.day_and_clock(locale, ends, zone), format.day_and_clock(locale, starts, zone)


def _time(locale: str, seconds: float) -> str:
    """How long still, in whole minutes from one minute on."""
    return format.duration(locale, seconds if seconds < 60 else seconds // 60 * 60)


def _left(silence: Silence, state: str, locale: str, now: datetime) -> str:
    if state == "running":
        left = (silences.end_of(silence) - now).total_seconds()
        return translate(locale, "silences.ends_in", time=_time(locale, left))
    if state == "coming":
        left = (silence.starts_at - now).total_seconds()
        return translate(locale, "silences.begins_in", time=_time(locale, left))
    ago = format.ago(locale, (now - silences.end_of(silence)).total_seconds())
    key = "silences.ended" if silence.ended_at else "silences.over"
    return translate(locale, key, ago=ago)


def covers(matchers: Mapping[str, Any], rule: str, subjects: Mapping[str, str], locale: str) -> list[str]:
    """What it covers, label by label; a worker by its name."""
    said = [
        words.label(name, subjects.get(str(value), str(value)) if name == "worker" else str(value))
        for name, value in sorted(matchers.items())
    ]
    return [*said, translate(locale, "silences.rule", name=rule)] if rule else said


def covers_of(alert: Alert, locale: str) -> list[str]:
    """What a silence of this alert covers."""
    matchers, rule_id = silences.around(alert)
    rule = words.rule_name(locale, alert.rule_builtin, alert.rule_name) if rule_id else ""
    return covers(matchers, rule, {str(alert.labels.get("worker", "")): alert.subject}, locale)


def short(silence: Silence, locale: str, zone: str, now: datetime) -> str:
    """Until when, and by whom: "até amanhã às 08:00, por Marina Duarte"."""
    until = moment(locale, silences.end_of(silence), zone, now)
    if not silence.author:
        return translate(locale, "silences.until", until=until)
    return translate(locale, "silences.until_by", until=until, who=silence.author)


def whole(silence: Silence, locale: str, zone: str, now: datetime) -> str:
    """The same, and why."""
    return translate(locale, "silences.said", until=short(silence, locale, zone, now), reason=silence.reason)


def moment(locale: str, at: datetime, zone: str, now: datetime) -> str:
    """A moment, as people say it: "11:42", "amanhã às 08:00", "02/12 08:00"."""
    clock, day = format.clock(locale, at, zone), format.day(locale, at, zone)
    if day == format.day(locale, now, zone):
        return clock
    if day == format.day(locale, now + timedelta(days=1), zone):
        return translate(locale, "silences.tomorrow_at", clock=clock)
    return format.day_and_clock(locale, at, zone)
