"""A rule as people type it: texts in the reader's numbers and in units that people use, and the draft that they
mean."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services import measures
from services.alerts.rules import UNUSUAL, Draft, check
from services.alerts.rules import unit_of as unit_of_thresholds
from services.i18n import known_locale

Texts = dict[str, str]

MINUTE = 60.0
TIMES: Mapping[str, float] = {"s": 1.0, "min": MINUTE}
BYTES: Mapping[str, float] = {"MiB": 2.0**20, "GiB": 2.0**30}
# In which units the thresholds of a measure may be said; in others than these there is no choice.
SIZES: Mapping[str, Mapping[str, float]] = {
    "bytes": BYTES,
    "bytes_per_second": BYTES,
    "seconds": {"s": 1.0, "min": MINUTE, "h": 60 * MINUTE},
}
USUAL: Mapping[str, str] = {"bytes": "GiB", "bytes_per_second": "MiB", "seconds": "s"}
SPANS = ("window", "pending", "keep")
THRESHOLDS = ("warning_fire", "warning_clear", "critical_fire", "critical_clear")
YES, NO = "yes", "no"
# A flag is 1 or 0: between them lies the only threshold that means anything.
BETWEEN = 0.5
FIELDS = (
    *(
        "name",
        "measure",
        "summary",
        "window",
        "above",
        *THRESHOLDS,
        "pending",
        "keep",
        "hits",
        "of",
        "no_data",
    ),
    *("runbook", "enabled", "level", "size", *(f"{name}_unit" for name in SPANS)),
)
# What the fields say when somebody begins to look for the unusual (services/alerts/anomaly.py).
UNUSUAL_TEXTS: Mapping[str, str] = {
    "window": "120",
    "window_unit": "min",
    "above": YES,
    "warning_fire": "10",
    "warning_clear": "5",
    "critical_fire": "",
    "critical_clear": "",
    "pending": "0",
    "keep": "60",
    "keep_unit": "min",
}
NEW = Draft("", "worker.memory_share", summary="mean", window=MINUTE, pending=2 * MINUTE, keep=5 * MINUTE)


def texts(draft: Draft, locale: str) -> Texts:
    """What the fields say of a rule."""
    said = {
        "name": draft.name,
        "measure": draft.measure,
        "summary": draft.summary,
        "above": YES if draft.above else NO,
        "hits": str(draft.hits),
        "of": str(draft.of),
        "no_data": draft.no_data,
        "runbook": draft.runbook,
        "enabled": YES if draft.enabled else NO,
        "level": "critical" if draft.warning_fire is None else "warning",
        "size": _size(draft),
    }
    for name in SPANS:
        seconds = getattr(draft, name)
        unit = "min" if seconds % MINUTE == 0 else "s"
        said |= {name: _say(seconds / TIMES[unit], locale), f"{name}_unit": unit}
    factor = _factor(unit_of(draft.measure, draft.summary), said["size"])
    for name in THRESHOLDS:
        value = getattr(draft, name)
        said[name] = "" if value is None else _say(value / factor, locale)
    return said


def read(typed: Mapping[str, str], locale: str, base: Draft, *, builtin: bool = False) -> tuple[Draft, Texts]:
    """The rule that is meant, and what is wrong with it: field -> message key. What was left as `texts` said it stays
    exactly as it was."""
    before, wrong = texts(base, locale), {}
    unit = unit_of(typed["measure"], typed["summary"])
    same_unit = unit == unit_of(base.measure, base.summary) and typed["size"] == before["size"]

    def number(name: str, factor: float, *, as_it_was: bool) -> float | None:
        if as_it_was and typed[name] == before[name]:
            return getattr(base, name)  # type: ignore[no-any-return]
        try:
            value = _number(typed[name], locale)
        except ValueError:
            wrong[name] = "alert_rule.error.number"
            return None
        return None if value is None else value * factor

    if unit == "flag":
        levels: dict[str, Any] = dict.fromkeys(THRESHOLDS)
        level = "critical" if typed["level"] == "critical" else "warning"
        levels |= {f"{level}_fire": BETWEEN, f"{level}_clear": BETWEEN}
    else:
        factor = _factor(unit, typed["size"])
        levels = {name: number(name, factor, as_it_was=same_unit) for name in THRESHOLDS}
    spans: dict[str, Any] = {}
    for name in SPANS:
        in_words = typed[f"{name}_unit"]
        as_it_was = in_words == before[f"{name}_unit"]
        spans[name] = number(name, TIMES.get(in_words, 1.0), as_it_was=as_it_was) or 0.0
    if typed["summary"] == "last":
        spans["window"] = 0.0
        wrong.pop("window", None)
    draft = replace(
        base,
        name=typed["name"].strip(),
        measure=typed["measure"],
        summary=typed["summary"],
        above=typed["above"] == YES or typed["summary"] == UNUSUAL,
        no_data=typed["no_data"],
        runbook=typed["runbook"].strip(),
        enabled=typed["enabled"] == YES,
        hits=_whole(typed["hits"]),
        of=_whole(typed["of"]),
        **spans,
        **levels,
    )
    checked = check(draft, builtin=builtin)
    if any(name in wrong for name in THRESHOLDS):
        checked = {name: why for name, why in checked.items() if name not in THRESHOLDS}
    return draft, {**checked, **wrong}


def unit_of(measure: str, summary: str = "last") -> str:
    """The unit of the thresholds of a measure that is summarised so; of one that there is not, a count."""
    found = measures.by_key().get(measure)
    return unit_of_thresholds(found, summary) if found else "count"


def usual_size(measure: str, size: str, summary: str = "last") -> str:
    """The unit of thresholds when another measure is chosen: as it was where that makes sense."""
    unit = unit_of(measure, summary)
    return size if size in SIZES.get(unit, {}) else USUAL.get(unit, "")


def _factor(unit: str, size: str) -> float:
    return SIZES.get(unit, {}).get(size, 1.0)


def _size(draft: Draft) -> str:
    """The unit in which the thresholds are said: of times the largest in which they are whole, of sizes the larger one
    unless all are small."""
    unit = unit_of(draft.measure, draft.summary)
    known = [value for name in THRESHOLDS if (value := getattr(draft, name)) is not None]
    if not known or unit not in SIZES:
        return USUAL.get(unit, "")
    if unit == "seconds":
        whole = [name for name, one in SIZES[unit].items() if all(value % one == 0 for value in known)]
        return whole[-1] if whole else USUAL[unit]
    return "GiB" if max(known) >= BYTES["GiB"] else "MiB"


def _say(value: float, locale: str) -> str:
    text = f"{value:.10g}"
    return text.replace(".", ",") if known_locale(locale) == "pt-BR" else text


def _number(text: str, locale: str) -> float | None:
    """A number as people write it; None where nothing is. Raises ValueError."""
    text = text.strip().replace(" ", "").replace("\u00a0", "")
    if not text:
        return None
    if known_locale(locale) == "pt-BR" and "," in text:
        text = text.replace(".", "").replace(",", ".")
    value = float(text)
    if not math.isfinite(value) or "_" in text:
        raise ValueError
    return value


def _whole(text: str) -> int:
    """A whole number; 0, which no rule may have, for anything else."""
    return int(text) if text.strip().isascii() and text.strip().isdigit() and len(text.strip()) < 6 else 0
