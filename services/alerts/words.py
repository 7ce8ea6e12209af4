"""Alerts in words: what each is called, and what is known of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models import Alert, AlertRule
from services import format, measures
from services.alerts.rules import UNUSUAL, unit_of
from services.i18n import has, translate
from services.i18n import words as catalogue

LONGEST_LABEL = 24
STATE_UNITS = frozenset({"flag"})  # their value says nothing that the title does not


def rule_name(locale: str, builtin: str, name: str) -> str:
    """What a rule is called: as people named it, else as it comes with KeepAI."""
    return name or translate(locale, f"alerts.rule.{builtin}")


def title(locale: str, alert: Alert) -> str:
    """What is wrong, in one line: "Worker aroeira-2 perdido"."""
    subject = subject_name(locale, alert)
    if alert.rule_name or not alert.rule_builtin:
        return f"{alert.rule_name}: {subject}" if subject else alert.rule_name
    return translate(locale, f"alerts.title.{alert.rule_builtin}", subject=subject)


def builtin_called(text: str) -> list[str]:
    """The rules that come with KeepAI whose name or title has this text, in either language."""
    text = text.casefold()
    return sorted(
        {
            key.rsplit(".", 1)[1]
            for locale in ("pt-BR", "en")
            for key, words in catalogue(locale).items()
            if key.startswith(("alerts.rule.", "alerts.title."))
            and text in words.replace("{subject}", "").casefold()
        }
    )


def subject_name(locale: str, alert: Alert) -> str:
    """What it is about, as people call it."""
    return name_of(locale, alert.labels, alert.subject)


def name_of(locale: str, labels: Mapping[str, Any], known: str = "") -> str:
    """How people call a subject: by our word for a service, by the name that is known of it, else by the first label
    that tells it from others, else by what it is."""
    probe, kind = str(labels.get("probe", "")), str(labels.get("kind", ""))
    if kind == "outside":  # its labels are not ours: what it is about was taken from them as it came
        return known
    if has(f"probes.{probe}"):
        return translate(locale, f"probes.{probe}")
    own = (str(value) for name, value in labels.items() if name not in ("kind", "compute"))
    if found := known or next(own, ""):
        return found
    return translate(locale, f"measures.kind.{kind}") if has(f"measures.kind.{kind}") else kind


def label(name: str, value: str) -> str:
    """One label; long ids are cut."""
    return f"{name}={value if len(value) <= LONGEST_LABEL else value[:8] + '…'}"


def fact(locale: str, alert: Alert, now: datetime, zone: str) -> str:
    """What is known of it: its last value, or since when; and whether it flaps."""
    return ", ".join(filter(None, (known(locale, alert, now, zone), flaps(locale, alert.flaps))))


def flaps(locale: str, times: int) -> str:
    """That it comes and goes, and how often it fired of late; nothing where it does not."""
    if not times:
        return ""
    return translate(locale, "alerts.flaps", times=format.number(locale, times))


def known(locale: str, alert: Alert, now: datetime, zone: str) -> str:
    """What is known of it: its last value, or since when."""
    measure = measures.by_key().get(alert.measure)
    if alert.state == "resolved" and alert.resolved_at:
        began = alert.fired_at or alert.started_at
        lasted = format.duration(locale, (alert.resolved_at - began).total_seconds())
        return translate(locale, "alerts.fact.lasted", lasted=lasted)
    since = format.clock(locale, alert.since, zone, seconds=True)
    if measure is None or alert.value is None or measure.unit in STATE_UNITS or alert.state == "no_data":
        key = "alerts.fact.no_data" if alert.state == "no_data" else "alerts.fact.since"
        return translate(locale, key, since=since)
    return measured(locale, measure, alert.summary, alert.value)


def measured(locale: str, measure: measures.Measure, summary: str, number: float) -> str:
    """What was measured: the value, or how far it is from what is usual."""
    name = measure_name(locale, measure.key)
    said = value(locale, unit_of(measure, summary), number)
    key = "alerts.fact.unusual" if summary == UNUSUAL else "alerts.fact.value"
    return translate(locale, key, measure=name, value=said)


def level(locale: str, rule: AlertRule, severity: str) -> str:
    """From where on a rule fires, and where it is normal again; nothing for a level that is not watched for."""
    fire, clear = getattr(rule, f"{severity}_fire"), getattr(rule, f"{severity}_clear")
    if fire is None or clear is None:
        return ""
    measure = measures.by_key().get(rule.measure)
    unit = unit_of(measure, rule.summary) if measure else "count"
    if unit in STATE_UNITS:
        return translate(locale, "alerts.rules.at_once" if not rule.pending else "alerts.rules.if_it_lasts")
    way = "unusual" if rule.summary == UNUSUAL else "above" if rule.above else "below"
    return translate(
        locale, f"alerts.rules.{way}", fire=value(locale, unit, fire), clear=value(locale, unit, clear)
    )


def measure_name(locale: str, key: str) -> str:
    """What a measure is called; one that has no words yet by its key."""
    return translate(locale, f"measures.{key}") if has(f"measures.{key}") else key


def value(locale: str, unit: str, number: float) -> str:
    """A value in its unit."""
    if unit == "percent":
        return format.percent(locale, number, 0 if number >= 10 else 1)
    if unit == "bytes":
        return format.bytes_binary(locale, number)
    if unit == "bytes_per_second":
        return format.bytes_rate(locale, number)
    if unit == "seconds":
        return format.duration(locale, number)
    if unit == "flag":
        return translate(locale, "measures.yes" if number >= 0.5 else "measures.no")
    return format.number(locale, number, 0 if number == int(number) else 1)
