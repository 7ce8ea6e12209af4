"""Whether a rule fires: pure, with the time passed in. What is live and what is previewed goes through here alike.

`evaluate` takes how things stood for one rule and one subject, one summarised value (None: nothing was measured) and
the instant, and returns how they stand now and what happened. The states:

    normal ─▶ pending ─▶ firing ─▶ recovering ─▶ normal
                            ▲───────────┘

and beside them *no data*. A level fires beyond one threshold and clears only beyond another, so that a value that
hovers around one of them does not make it come and go.
"""

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

State = Literal["normal", "pending", "firing", "recovering", "no_data"]
Severity = Literal["warning", "critical"]
Held = Literal["", "warning", "critical"]
Happening = Literal[
    "pending", "settled", "fired", "raised", "eased", "recovering", "resumed", "resolved", "no_data"
]
NoData = Literal["keep", "alert", "ok"]
Summary = Literal["last", "mean", "min", "max", "unusual"]

SILENT_AFTER = 3  # readings that did not come, after which there is no data


@dataclass(frozen=True, slots=True)
class Level:
    """Fires beyond `fire`, clears beyond `clear` in the other direction."""

    fire: float
    clear: float


@dataclass(frozen=True, slots=True)
class Rule:
    """When to say something of a measure. Seconds.

    `above` says on which side of the thresholds it is bad. The value is `summary` over `window` seconds (0: the last
    one alone). A level is reached when `hits` of the last `of` values are beyond it, without a break for `pending`
    seconds; it ends when the value has been clear for `keep` seconds. With the summary `unusual` the value is how far
    the measure is from what is usual for it, in percent (services/alerts/anomaly.py).
    """

    id: UUID
    measure: str
    warning: Level | None
    critical: Level | None
    above: bool = True
    summary: Summary = "last"
    window: float = 0.0
    pending: float = 0.0
    keep: float = 0.0
    hits: int = 1
    of: int = 1
    no_data: NoData = "keep"
    every: float = 1.0
    matchers: tuple[tuple[str, str], ...] = ()

    @property
    def silent_after(self) -> float:
        """Seconds without a value after which there is no data."""
        return SILENT_AFTER * self.every

    @property
    def lowest(self) -> Severity:
        """The mildest that it can say."""
        return "warning" if self.warning else "critical"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand for one rule and one subject. Instants are unix seconds.

    `held` is the severity that fires or recovers. `warning_since` and `critical_since` are since when that level is
    reached without a break, `clear_since` since when the value is clear of what is held, `eased_since` since when it
    is clear of critical alone. The last values beyond a level are the bits of `warning_hits` and `critical_hits`, the
    newest the lowest. `by_hand`: somebody said that it is over, so it is silent until it has been clear.
    """

    state: State = "normal"
    held: Held = ""
    since: float = 0.0
    warning_since: float | None = None
    critical_since: float | None = None
    clear_since: float | None = None
    eased_since: float | None = None
    warning_hits: int = 0
    critical_hits: int = 0
    seen_at: float = 0.0
    by_hand: bool = False

    @property
    def at_rest(self) -> bool:
        """Whether nothing would be lost by forgetting it."""
        return (
            self.state == "normal" and not self.warning_hits and not self.critical_hits and not self.by_hand
        )


NORMAL = Standing()


@dataclass(frozen=True, slots=True)
class Transition:
    """What happened at an instant: from which state into which, at which severity, at which value."""

    kind: Happening
    at: float
    before: State
    after: State
    severity: Held
    value: float | None


def evaluate(
    rule: Rule, was: Standing, value: float | None, at: float
) -> tuple[Standing, tuple[Transition, ...]]:
    """How things stand after this value, and what happened. At most one thing happens at a time."""
    if value is None:
        return _without_data(rule, was, at)
    now = _count(rule, was, value, at)
    if now.by_hand:
        clear = _is_clear(rule, rule.lowest, value) and not now.warning_since and not now.critical_since
        return (replace(now, by_hand=False), ()) if clear else (now, ())
    if not now.held:
        return _rising(rule, now, value, at)
    return _held(rule, now, value, at)


def by_hand(was: Standing, at: float) -> Standing:
    """Somebody says that it is over: silent until the value has been clear."""
    return replace(was, state="normal", held="", since=at, clear_since=None, eased_since=None, by_hand=True)


def forgotten(was: Standing) -> Standing:
    """Without what the last values were: that is counted anew."""
    return replace(was, warning_since=None, critical_since=None, warning_hits=0, critical_hits=0)


def _count(rule: Rule, was: Standing, value: float, at: float) -> Standing:
    """The value taken into account: which levels are reached, and since when."""
    warning = _beyond(rule, rule.warning, value)
    critical = _beyond(rule, rule.critical, value)
    if not (warning or critical or was.warning_hits or was.critical_hits) and was.state == "normal":
        # What nearly always happens. Nothing but the time of it changes, which needs no new object each second.
        return was if at - was.seen_at < rule.every else replace(was, seen_at=at)
    full = (1 << rule.of) - 1
    warning_hits = (was.warning_hits << 1 | warning) & full
    critical_hits = (was.critical_hits << 1 | critical) & full
    return replace(
        was,
        warning_hits=warning_hits,
        critical_hits=critical_hits,
        warning_since=(was.warning_since or at) if warning_hits.bit_count() >= rule.hits else None,
        critical_since=(was.critical_since or at) if critical_hits.bit_count() >= rule.hits else None,
        seen_at=at,
    )


def _rising(rule: Rule, now: Standing, value: float, at: float) -> tuple[Standing, tuple[Transition, ...]]:
    """Nothing is held: does something begin?"""
    reached = _reached(rule, now, at)
    if reached:
        return _go(now, "fired", "firing", reached, value, at)
    waiting: Held = "critical" if now.critical_since else "warning" if now.warning_since else ""
    if waiting and now.state != "pending":
        return _go(now, "pending", "pending", waiting, value, at, held="")
    if not waiting and now.state == "pending":
        return _go(now, "settled", "normal", "", value, at)
    if not waiting and now.state == "no_data":
        return _go(now, "resolved", "normal", rule.lowest, value, at, held="")
    return now, ()


def _held(rule: Rule, now: Standing, value: float, at: float) -> tuple[Standing, tuple[Transition, ...]]:
    """Something is held: does it get worse, better, or end?"""
    if now.held == "warning" and _reached(rule, now, at) == "critical":
        return _go(now, "raised", "firing", "critical", value, at)
    clear_of_critical = not now.critical_since and _is_clear(rule, "critical", value)
    clear_of_warning = not now.warning_since and _is_clear(rule, "warning", value)
    if now.held == "critical" and rule.warning and clear_of_critical and not clear_of_warning:
        since = now.eased_since or at
        if at - since >= rule.keep:
            return _go(now, "eased", "firing", "warning", value, at)
        now = replace(now, eased_since=since, clear_since=None)
        return _go(now, "resumed", "firing", now.held, value, at) if now.state == "recovering" else (now, ())
    now = replace(now, eased_since=None) if now.eased_since else now
    if not (clear_of_critical and clear_of_warning):
        now = replace(now, clear_since=None) if now.clear_since else now
        return _go(now, "resumed", "firing", now.held, value, at) if now.state == "recovering" else (now, ())
    since = now.clear_since or at
    if at - since >= rule.keep:
        return _go(now, "resolved", "normal", now.held, value, at, held="")
    now = replace(now, clear_since=since)
    return _go(now, "recovering", "recovering", now.held, value, at) if now.state == "firing" else (now, ())


def _without_data(rule: Rule, was: Standing, at: float) -> tuple[Standing, tuple[Transition, ...]]:
    if rule.no_data == "keep" or at - was.seen_at < rule.silent_after or was.by_hand:
        return was, ()
    if rule.no_data == "ok":
        if was.state in ("firing", "recovering"):
            return _go(was, "resolved", "normal", was.held, None, at, held="", forget=True)
        return (
            _go(was, "settled", "normal", "", None, at, forget=True) if was.state == "pending" else (was, ())
        )
    if was.held or was.state == "no_data":
        return was, ()  # it is known already that something is wrong
    return _go(was, "no_data", "no_data", rule.lowest, None, at, held="", forget=True)


def _go(
    now: Standing,
    kind: Happening,
    state: State,
    severity: Held,
    value: float | None,
    at: float,
    *,
    held: Held | None = None,
    forget: bool = False,
) -> tuple[Standing, tuple[Transition, ...]]:
    """Into another state. What is held is the severity, unless said otherwise."""
    then = replace(
        now,
        state=state,
        held=severity if held is None else held,
        since=now.since if state == now.state else at,
        clear_since=now.clear_since if state == "recovering" else None,
        eased_since=None,
    )
    return forgotten(then) if forget else then, (Transition(kind, at, now.state, state, severity, value),)


def _reached(rule: Rule, now: Standing, at: float) -> Held:
    """The worst level that has been reached for long enough."""
    if now.critical_since is not None and at - now.critical_since >= rule.pending:
        return "critical"
    if now.warning_since is not None and at - now.warning_since >= rule.pending:
        return "warning"
    return ""


def _beyond(rule: Rule, level: Level | None, value: float) -> bool:
    return level is not None and (value > level.fire if rule.above else value < level.fire)


def _is_clear(rule: Rule, severity: Severity, value: float) -> bool:
    level = rule.critical if severity == "critical" else rule.warning
    return level is None or (value < level.clear if rule.above else value > level.clear)
