"""A job in the reader's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models import Job
from services import format
from services.i18n import has, translate

SURE_AFTER = 3.0  # s of work before it is said how long the rest will take


def title(locale: str, job: Job) -> str:
    """What it is."""
    key = f"jobs.kind.{job.kind}"
    return translate(locale, key) if has(key) else job.kind


def said(locale: str, key: str, params: Mapping[str, Any]) -> str:
    """A message of a job. A parameter that is itself a message ({"key": …}) is translated first; a key that an older or
    newer KeepAI wrote and that there is not gives an empty text."""
    if not has(key):
        return ""
    filled = {
        name: translate(locale, value["key"])
        if isinstance(value, Mapping) and has(value.get("key", ""))
        else value
        for name, value in params.items()
    }
    try:
        return translate(locale, key, **filled)
    except (KeyError, IndexError):
        return ""


def step(locale: str, job: Job) -> str:
    """What it does just now."""
    if job.state == "queued":
        return translate(locale, "jobs.waits_again" if job.tries else "jobs.waits")
    if job.state != "running":
        return ""
    if job.wants_cancel:
        return translate(locale, "jobs.cancelling")
    return said(locale, job.step_key, job.step_params) or translate(locale, "jobs.begins")


def error(locale: str, job: Job) -> str:
    """Why it failed."""
    return (
        (said(locale, job.error, job.error_params) or translate(locale, "errors.unexpected"))
        if job.error
        else ""
    )


def result(locale: str, job: Job) -> str:
    """What came of it."""
    return said(locale, job.result.get("key", ""), job.result.get("params", {}))


def leads(job: Job, now: datetime) -> str:
    """Where what came of it is, while it is there."""
    until = float(job.result.get("until", 0.0))
    return "" if until and until <= now.timestamp() else str(job.result.get("href", ""))


def percent(job: Job) -> int | None:
    """How far it is, None while that is not known."""
    if job.state == "done":
        return 100
    return min(100, max(0, job.done * 100 // job.total)) if job.total > 0 else None


def rest(locale: str, job: Job, now: datetime) -> str:
    """How long the rest will take if it goes on as until now; empty while nobody can tell."""
    if job.state != "running" or job.started_at is None or not 0 < job.done < job.total:
        return ""
    took = (now - job.started_at).total_seconds()
    if took < SURE_AFTER:
        return ""
    return translate(
        locale, "jobs.rest", time=format.duration(locale, took * (job.total - job.done) / job.done)
    )
