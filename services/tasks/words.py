"""Dates, moments and repetitions of tasks, as people say them in their language."""

from datetime import date, datetime

from babel.dates import format_date

from models import Task
from services.errors import Invalid
from services.i18n import known_locale, translate
from services.tasks import repeat
from services.tasks.when import Due, local_of


def due_words(task: Task, locale: str, zone: str, now: datetime) -> str:
    """When it is due, as people say it: "hoje, 14h", "qui, 19 nov"."""
    due = local_due(task, zone)
    return when_words(due, locale, local_of(now, zone).date()) if due else ""


def when_words(due: Due, locale: str, today: date) -> str:
    """A day near by, by its name; with its time."""
    day = day_words(due.day, locale, today)
    return translate(locale, "tasks.day_and_time", day=day, time=due.time) if due.time else day


def day_words(day: date, locale: str, today: date) -> str:
    """ "hoje", "amanhã", "ontem", "qui, 19 nov", and with its year where that is another."""
    near = {0: "tasks.today", 1: "tasks.tomorrow", -1: "tasks.yesterday"}.get((day - today).days)
    if near:
        return translate(locale, near)
    portuguese = known_locale(locale) == "pt-BR"
    pattern = "EEE, d MMM" if portuguese else "EEE, MMM d"
    if day.year != today.year:
        pattern = "d MMM y" if portuguese else "MMM d, y"
    return str(format_date(day, pattern, locale=known_locale(locale).replace("-", "_"))).replace(".", "")


def moment_words(at: datetime, locale: str, zone: str, now: datetime) -> str:
    """A moment: "amanhã, 08:45"."""
    here = local_of(at, zone)
    return when_words(Due(here.date(), f"{here:%H:%M}"), locale, local_of(now, zone).date())


def repeat_words(locale: str, text: str) -> str:
    """A rule in words: "todo dia útil", "a cada 2 semanas: seg, qua"."""
    if not text:
        return ""
    try:
        rule = repeat.parse(text)
    except Invalid:
        return text
    if rule == repeat.WORKDAYS:
        return translate(locale, "tasks.repeat.workdays")
    every = rule.interval
    key = f"tasks.repeat.{rule.frequency.lower()}"
    base = translate(locale, key) if every == 1 else translate(locale, f"{key}.many", number=every)
    if rule.frequency == "WEEKLY":
        days = ", ".join(translate(locale, f"maintenance.day.{day + 1}") for day in rule.days)
        return translate(locale, "tasks.repeat.on", rule=base, days=days)
    if rule.frequency == "MONTHLY":
        return translate(locale, "tasks.repeat.on_day", rule=base, day=rule.month_day)
    return base


def local_due(task: Task, zone: str) -> Due | None:
    """Its due date on the reader's clock."""
    if task.due_on is None:
        return None
    if not task.due_time or task.due_at is None:
        return Due(task.due_on)
    here = local_of(task.due_at, zone)
    return Due(here.date(), f"{here:%H:%M}")
