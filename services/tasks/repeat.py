"""When a task comes back. The rule is kept as RFC 5545 writes it (RRULE), of which this is a part: FREQ of DAILY,
WEEKLY, MONTHLY or YEARLY, INTERVAL, BYDAY for weeks, BYMONTHDAY and BYMONTH.

Pure, over days: the time of the day is the task's own. One thing is not as the RFC has it, which leaves out what a
month does not have: on the 31st means here on the last day of shorter months, since a task must not be lost in them.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from services.errors import Invalid

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
FREQUENCIES: tuple[Frequency, ...] = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST = 99  # of INTERVAL
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Rule:
    """Every `interval` days, weeks, months or years; `days` of the week (0 is Monday), `month_day` 1 to 31 and `month`
    1 to 12, where 0 is: as the first one."""

    frequency: Frequency
    interval: int = 1
    days: tuple[int, ...] = ()
    month_day: int = 0
    month: int = 0


WORKDAYS = Rule("WEEKLY", days=(0, 1, 2, 3, 4))


def parse(text: str) -> Rule:
    """The rule of such a text; the letters "RRULE:" may stand before it. Raises Invalid."""
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = part.strip().partition("=")
        if not value or name in parts:
            raise _wrong()
        parts[name] = value
    frequency = parts.pop("FREQ", "")
    if len(text) > LONGEST or frequency not in FREQUENCIES:
        raise _wrong()
    rule = Rule(
        frequency,
        interval=_number(parts.pop("INTERVAL", "1"), MOST),
        days=_days(parts.pop("BYDAY", "")),
        month_day=_number(parts.pop("BYMONTHDAY", "0"), 31, least=0),
        month=_number(parts.pop("BYMONTH", "0"), 12, least=0),
    )
    fits = {
        "DAILY": not (rule.days or rule.month_day or rule.month),
        "WEEKLY": not (rule.month_day or rule.month),
        "MONTHLY": not (rule.days or rule.month),
        "YEARLY": not rule.days and bool(rule.month) == bool(rule.month_day),
    }
    if parts or not fits[frequency]:
        raise _wrong()
    return rule


def text_of(rule: Rule) -> str:
    """The rule as it is kept."""
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.days:
        parts.append("BYDAY=" + ",".join(DAYS[day] for day in rule.days))
    if rule.month:
        parts.append(f"BYMONTH={rule.month}")
    if rule.month_day:
        parts.append(f"BYMONTHDAY={rule.month_day}")
    return ";".join(parts)


def anchored(rule: Rule, day: date) -> Rule:
    """The same rule with what it leaves open taken from its first day: so that the 31st is known again after a
    February."""
    if rule.frequency == "WEEKLY" and not rule.days:
        return replace(rule, days=(day.weekday(),))
    if rule.frequency == "MONTHLY" and not rule.month_day:
        return replace(rule, month_day=day.day)
    if rule.frequency == "YEARLY" and not rule.month:
        return replace(rule, month=day.month, month_day=day.day)
    return rule


def first(rule: Rule, day: date) -> date:
    """Its first day, that one or later."""
    rule = anchored(rule, day)
    return next(one for one in _from(rule, day) if one >= day)


def following(rule: Rule, start: date, after: date) -> date:
    """The next day of those that began at `start`, later than `after` and than `start`."""
    rule = anchored(rule, start)
    after = max(start, after)
    return next(one for one in _from(rule, start, after) if one > after)


def after_done(rule: Rule, done: date) -> date:
    """The next day counted from the day on which it was done. Days of the week that the rule names are kept, days of
    the month are not: a month from then is meant."""
    if rule.frequency == "WEEKLY" and rule.days:
        return following(rule, done, done)
    free = Rule(rule.frequency, rule.interval)
    return following(free, done, done)


def _from(rule: Rule, start: date, near: date | None = None) -> Iterator[date]:
    """The days of the rule in their order, some before `start` or `near` among them."""
    near = near or start
    if rule.frequency == "DAILY":
        step = max(0, (near - start).days // rule.interval)
        while True:
            yield start + timedelta(days=step * rule.interval)
            step += 1
    if rule.frequency == "WEEKLY":
        monday = start - timedelta(days=start.weekday())
        step = max(0, (near - monday).days // 7 // rule.interval)
        while True:
            week = monday + timedelta(weeks=step * rule.interval)
            yield from (one for day in rule.days if (one := week + timedelta(days=day)) >= start)
            step += 1
    months = rule.interval * (12 if rule.frequency == "YEARLY" else 1)
    begin = start.year * 12 + ((rule.month or start.month) - 1)
    step = max(0, (near.year * 12 + near.month - 1 - begin) // months - 1)
    while True:
        year, month = divmod(begin + step * months, 12)
        yield date(year, month + 1, min(rule.month_day, monthrange(year, month + 1)[1]))
        step += 1


def _number(text: str, most: int, *, least: int = 1) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and least <= int(text) <= most):
        raise _wrong()
    return int(text)


def _days(text: str) -> tuple[int, ...]:
    if not text:
        return ()
    names = text.split(",")
    if not set(names) <= set(DAYS):
        raise _wrong()
    return tuple(sorted({DAYS.index(name) for name in names}))


def _wrong() -> Invalid:
    return Invalid(fields={"repeat": "tasks.error.repeat"})
