"""The rules that people keep: how they are read, checked and written."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from models import AlertRule
from models.base import new_id
from services import audit, measures
from services.alerts.engine import Level, NoData, Rule, Summary
from services.audit import Actor
from services.errors import Conflict, Invalid, NotFound

SUMMARIES: tuple[Summary, ...] = ("last", "mean", "min", "max", "unusual")
UNUSUAL: Summary = "unusual"
UNUSUAL_WINDOW = 300.0  # s, at least: what is stored of most of the past is no finer than minutes
NO_DATA: tuple[NoData, ...] = ("keep", "alert", "ok")
LONGEST = 24 * 3600.0  # s of a window, of pending, of keep
MOST_OF = 60
LONGEST_NAME, LONGEST_RUNBOOK = 120, 4000
BESIDE = frozenset({"name", "runbook"})  # what may be wrong without keeping a rule from being evaluated


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as somebody wants it; the fields are those of `AlertRule`."""

    name: str
    measure: str
    warning_fire: float | None = None
    warning_clear: float | None = None
    critical_fire: float | None = None
    critical_clear: float | None = None
    above: bool = True
    summary: str = "last"
    window: float = 0.0
    pending: float = 0.0
    keep: float = 0.0
    hits: int = 1
    of: int = 1
    no_data: str = "keep"
    matchers: Mapping[str, str] = field(default_factory=dict)
    runbook: str = ""
    enabled: bool = True


def check(draft: Draft, *, builtin: bool = False) -> dict[str, str]:
    """What is wrong with it: field -> message key. Empty when it can be used."""
    wrong: dict[str, str] = {}
    measure = measures.by_key().get(draft.measure)
    if not builtin and not 1 <= len(draft.name.strip()) <= LONGEST_NAME:
        wrong["name"] = "alerts.error.name"
    if measure is None:
        wrong["measure"] = "alerts.error.measure"
    if draft.summary not in SUMMARIES:
        wrong["summary"] = "alerts.error.choice"
    if draft.no_data not in NO_DATA:
        wrong["no_data"] = "alerts.error.choice"
    for name in ("window", "pending", "keep"):
        value = getattr(draft, name)
        if not (math.isfinite(value) and 0 <= value <= LONGEST):
            wrong[name] = "alerts.error.seconds"
    if measure and "window" not in wrong and draft.summary != "last" and 0 < draft.window < measure.every:
        wrong["window"] = "alerts.error.window_short"
    if draft.summary == UNUSUAL:
        wrong |= _check_unusual(draft, measure)
    if not 1 <= draft.of <= MOST_OF or not 1 <= draft.hits <= draft.of:
        wrong["hits"] = "alerts.error.hits"
    if len(draft.runbook) > LONGEST_RUNBOOK:
        wrong["runbook"] = "alerts.error.runbook"
    if any(not name or not value or len(name) + len(value) > 300 for name, value in draft.matchers.items()):
        wrong["matchers"] = "alerts.error.matchers"
    wrong |= _check_levels(draft)
    if measure and not wrong:
        wrong |= _check_reach(draft, measure)
    return wrong


def _check_unusual(draft: Draft, measure: measures.Measure | None) -> dict[str, str]:
    """Yes and no have no usual range; how far from it something is has no below."""
    wrong: dict[str, str] = {}
    if measure and measure.unit == "flag":
        wrong["summary"] = "alerts.error.unusual_flag"
    if not draft.above:
        wrong["above"] = "alerts.error.unusual_below"
    if draft.window < UNUSUAL_WINDOW:
        wrong["window"] = "alerts.error.unusual_window"
    return wrong


def _check_levels(draft: Draft) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for severity in ("warning", "critical"):
        fire, clear = getattr(draft, f"{severity}_fire"), getattr(draft, f"{severity}_clear")
        if fire is None and clear is None:
            continue
        if fire is None or clear is None or not (math.isfinite(fire) and math.isfinite(clear)):
            wrong[f"{severity}_fire" if fire is None else f"{severity}_clear"] = "alerts.error.both"
        elif (clear > fire) if draft.above else (clear < fire):
            wrong[f"{severity}_clear"] = "alerts.error.clear"
    if draft.warning_fire is None and draft.critical_fire is None:
        wrong["warning_fire"] = "alerts.error.no_level"
    if not wrong and draft.warning_fire is not None and draft.critical_fire is not None:
        worse = (
            draft.critical_fire > draft.warning_fire
            if draft.above
            else draft.critical_fire < draft.warning_fire
        )
        if not worse:
            wrong["critical_fire"] = "alerts.error.order"
    return wrong


# What values of a unit can be at all. A share of a whole ends at 100; a CPU has as many percent as it has cores.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "flag": (0.0, 1.0),
    "percent": (0.0, math.inf),
    "bytes": (0.0, math.inf),
    "bytes_per_second": (0.0, math.inf),
    "seconds": (0.0, math.inf),
    "count": (0.0, math.inf),
}


def _check_reach(draft: Draft, measure: measures.Measure) -> dict[str, str]:
    """A threshold that no value can be beyond never fires; one that no value can clear never ends."""
    low, high = BOUNDS[unit_of(measure, draft.summary)]
    if measure.name.endswith("_share") and draft.summary != UNUSUAL:
        high = 100.0
    wrong = {}
    for severity in ("warning", "critical"):
        fire, clear = getattr(draft, f"{severity}_fire"), getattr(draft, f"{severity}_clear")
        if fire is None:
            continue
        if fire >= high if draft.above else fire <= low:
            wrong[f"{severity}_fire"] = "alerts.error.never"
        elif clear <= low if draft.above else clear >= high:
            wrong[f"{severity}_clear"] = "alerts.error.for_ever"
    return wrong


def unit_of(measure: measures.Measure, summary: str) -> measures.Unit:
    """The unit of a rule's thresholds: that of its measure, or percent of what is usual for it."""
    return "percent" if summary == UNUSUAL and measure.unit != "flag" else measure.unit


def create(db: Session, now: datetime, draft: Draft, by: Actor, *, rule_id: UUID | None = None) -> AlertRule:
    """A new rule, owned by who makes it; with an id that it has elsewhere. Raises Invalid."""
    if wrong := check(draft):
        raise Invalid(fields=wrong)
    rule = AlertRule(
        id=rule_id or new_id(), **_columns(draft), owner_id=by.id, created_at=now, updated_at=now
    )
    db.add(rule)
    db.flush()
    _note(db, now, by, "alert_rule.created", rule, after=_said(rule))
    return rule


def update(db: Session, now: datetime, rule_id: UUID, draft: Draft, by: Actor) -> AlertRule:
    """The rule as it is wanted now. Raises NotFound, Invalid."""
    rule = get(db, rule_id)
    only_off = draft == replace(
        draft_of(rule), enabled=False
    )  # also one that does not work can be switched off
    if not only_off and (wrong := check(draft, builtin=rule.builtin is not None)):
        raise Invalid(fields=wrong)
    before = _said(rule)
    for name, value in _columns(draft).items():
        setattr(rule, name, value)
    rule.updated_at = now
    db.add(rule)
    db.flush()
    after = _said(rule)
    changed = {name for name in after if after[name] != before[name]}
    if changed:
        _note(
            db,
            now,
            by,
            "alert_rule.changed",
            rule,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return rule


def remove(db: Session, now: datetime, rule_id: UUID, by: Actor) -> None:
    """Take it away; whatever is open of it is over. One that comes with KeepAI can only be switched off: Conflict."""
    rule = get(db, rule_id)
    if rule.builtin:
        raise Conflict("alerts.error.builtin")
    _note(db, now, by, "alert_rule.removed", rule, before=_said(rule))
    db.delete(rule)
    db.flush()


def get(db: Session, rule_id: UUID) -> AlertRule:
    """One rule. Raises NotFound."""
    rule = db.get(AlertRule, rule_id)
    if rule is None:
        raise NotFound
    return rule


def listed(db: Session) -> list[AlertRule]:
    """All of them: those that come with KeepAI first, in the order in which they came, then the others by name."""
    found = list(db.exec(select(AlertRule).order_by(col(AlertRule.created_at), col(AlertRule.id))))
    return sorted(
        found, key=lambda rule: (rule.builtin is None, rule.name.lower() if not rule.builtin else "")
    )


def draft_of(rule: AlertRule) -> Draft:
    """The rule as it is, to be changed."""
    return Draft(**{name: getattr(rule, name) for name in Draft.__dataclass_fields__})


def usable(rules: Iterable[AlertRule]) -> list[Rule]:
    """Those that are on and work, as the engine takes them. One that does not is left out, and the rest goes on."""
    known = measures.by_key()
    return [compiled(rule, known[rule.measure]) for rule in rules if rule.enabled and not error_of(rule)]


def error_of(rule: AlertRule) -> str:
    """Why a rule that is kept cannot be evaluated, as a message key; nothing where it can. What it watches may have
    gone with another version of KeepAI, or it was written by something else."""
    if rule.measure not in measures.by_key():
        return "alerts.error.measure_gone"
    try:
        wrong = check(draft_of(rule), builtin=True)
    except (AttributeError, TypeError, ValueError):  # no number, no text where one has to be
        return "alerts.error.broken"
    return next((key for name, key in wrong.items() if name not in BESIDE), "")


def compiled(rule: AlertRule | Draft, measure: measures.Measure, rule_id: UUID | None = None) -> Rule:
    """A rule as the engine takes it."""
    number = rule_id or getattr(rule, "id", None)
    return Rule(
        id=number if isinstance(number, UUID) else UUID(int=0),
        measure=rule.measure,
        warning=_level(rule.warning_fire, rule.warning_clear),
        critical=_level(rule.critical_fire, rule.critical_clear),
        above=rule.above,
        summary=rule.summary,  # type: ignore[arg-type]
        window=rule.window,
        pending=rule.pending,
        keep=rule.keep,
        hits=rule.hits,
        of=rule.of,
        no_data=rule.no_data,  # type: ignore[arg-type]
        every=measure.every,
        matchers=tuple(sorted((name, str(value)) for name, value in rule.matchers.items())),
    )


def _level(fire: float | None, clear: float | None) -> Level | None:
    return None if fire is None or clear is None else Level(fire, clear)


def _columns(draft: Draft) -> dict[str, Any]:
    columns = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    return {**columns, "name": draft.name.strip(), "matchers": dict(draft.matchers)}


def _said(rule: AlertRule) -> dict[str, Any]:
    """What the audit log says of it: everything but the runbook, which people write."""
    said = {name: getattr(rule, name) for name in Draft.__dataclass_fields__ if name != "runbook"}
    return {**said, "matchers": dict(rule.matchers)}


def _note(db: Session, now: datetime, by: Actor, action: str, rule: AlertRule, **more: Any) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="alert_rule",
        object_id=rule.id.hex,
        object=rule.name or rule.builtin or "",
        **more,
    )
