"""All rules over all subjects, as samples come in. Holds how things stand in memory; what happened is given back to be
written down."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from services.alerts import inhibitions
from services.alerts.engine import NORMAL, Happening, Rule, Standing, Transition, by_hand, evaluate, forgotten
from services.alerts.windows import Window, window
from services.history.series import Labels, key_of

GRACE = 15.0  # s after a start in which nothing is said of what is missing: it may not have been asked yet
BEGINS: frozenset[Happening] = frozenset({"pending", "fired", "raised", "no_data"})
RETURNS_WITHIN = 120.0  # s after a start within which whatever is still there has been heard of


@dataclass(frozen=True, slots=True)
class Moved:
    """What happened to one subject under one rule, and how things stand with it now."""

    rule: Rule
    key: str
    labels: Labels
    standing: Standing
    transition: Transition | None  # None: nothing to tell, only to keep


@dataclass(slots=True)
class _Instance:
    rule: Rule
    metric: str
    key: str
    labels: Labels
    window: Window | None  # None: what was measured before is not known yet
    standing: Standing
    value: float | None = None


@dataclass(slots=True)
class _Subject:
    labels: Labels
    instances: list[_Instance]


@dataclass(slots=True)
class _Cause:
    """A source of which something depends. `over` is when it was well again; None while it is not."""

    inhibition: inhibitions.Inhibition
    labels: Labels
    over: float | None = None


class Evaluator:
    """Belongs to one event loop. `began` is when it started, in unix seconds."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._rules: dict[UUID, Rule] = {}
        self._kept: dict[tuple[UUID, str], tuple[Labels, Standing]] = {}
        self._subjects: dict[str, _Subject] = {}
        self._unlearnt: dict[tuple[UUID, str], tuple[Rule, Labels]] = {}
        self._causes: dict[tuple[int, str], _Cause] = {}

    def __len__(self) -> int:
        """How many rules over how many subjects there are."""
        return sum(len(subject.instances) for subject in self._subjects.values())

    def use(self, rules: Iterable[Rule]) -> None:
        """Go by these rules from now on. What stands under a rule that is as it was goes on."""
        self._rules = {rule.id: rule for rule in rules}
        for key, subject in self._subjects.items():
            before = {one.rule.id: one for one in subject.instances}
            subject.instances = [
                before[rule.id]
                if rule.id in before and before[rule.id].rule == rule
                else self._instance(rule, key, subject.labels, before.get(rule.id))
                for rule in self._matching(subject.labels)
            ]
        for key, subject in self._subjects.items():
            self._look_for_causes(key, subject, None)

    def put(self, rule_id: UUID, labels: Labels, standing: Standing) -> None:
        """How things stood when it was written down last: before the first sample of that subject."""
        self._kept[rule_id, key_of(labels)] = dict(labels), standing

    def take(self, at: float, labels: Labels, values: Mapping[str, float], key: str = "") -> list[Moved]:
        """The values of one subject at unix second `at`, by the names of their measures. `key` is that of the labels,
        for who knows it already."""
        key = key or key_of(labels)
        subject = self._subjects.get(key)
        if subject is None:
            instances = [self._instance(rule, key, labels) for rule in self._matching(labels)]
            subject = self._subjects[key] = _Subject(dict(labels), instances)
        moved = []
        for one in subject.instances:
            value = values.get(one.metric)
            if value is None or not math.isfinite(value):
                continue
            one.value = one.window.add(at, value) if one.window else None
            if one.value is not None:
                moved += _step(one, one.value, at, held_back=self._inhibited(one, at, missing=False))
            elif (
                at - one.standing.seen_at >= one.rule.every
            ):  # it is there, but nothing can be said of it yet
                one.standing = replace(one.standing, seen_at=at)
        self._look_for_causes(key, subject, at)
        return moved

    def to_learn(self, most: int) -> list[tuple[Rule, Labels]]:
        """Rules over subjects that say nothing until `learn` is called with what is known of them."""
        return [self._unlearnt[one] for one in list(self._unlearnt)[:most]]

    def learn(self, rule: Rule, labels: Labels, known: Window) -> None:
        """What was measured of a subject before; it goes on from there."""
        key = key_of(labels)
        self._unlearnt.pop((rule.id, key), None)
        subject = self._subjects.get(key)
        for one in subject.instances if subject else ():
            if one.rule == rule and one.window is None:
                one.window = known

    def look_around(self, at: float) -> list[Moved]:
        """Look for what did not come. Called about once a second, and not in the moments after a start."""
        if at - self._began < GRACE:
            return []
        moved = []
        for key, subject in self._subjects.items():
            for one in subject.instances:
                if one.rule.no_data != "keep" and at - one.standing.seen_at >= one.rule.silent_after:
                    moved += _step(one, None, at, held_back=self._inhibited(one, at, missing=True))
            self._look_for_causes(key, subject, at)
        if self._kept and at - self._began >= RETURNS_WITHIN:
            kept, self._kept = self._kept, {}
            for (rule_id, key), (labels, standing) in kept.items():
                if rule_id in self._rules:
                    moved += _over(self._rules[rule_id], key, labels, standing, at)
        return moved

    def end(self, at: float, labels: Labels, key: str = "") -> list[Moved]:
        """A subject is no more: whatever stood open of it is over."""
        moved = []
        key = key or key_of(labels)
        subject = self._subjects.pop(key, None)
        for number in range(len(inhibitions.TABLE)):
            self._causes.pop((number, key), None)
        for one in subject.instances if subject else ():
            moved += _over(one.rule, one.key, one.labels, one.standing, at)
        return moved

    def silence_by_hand(self, rule_id: UUID, labels: Labels, at: float) -> None:
        """Somebody says that it is over; whoever did that has written it down."""
        subject = self._subjects.get(key_of(labels))
        for one in subject.instances if subject else ():
            if one.rule.id == rule_id and one.standing.state != "normal":
                one.standing = by_hand(one.standing, at)

    def subjects(self, kind: str) -> dict[str, Labels]:
        """The labels of all subjects of a kind that were ever seen and have not ended, by their key."""
        found = self._subjects.items()
        return {key: one.labels for key, one in found if one.labels.get("kind") == kind}

    def _look_for_causes(self, key: str, subject: _Subject, at: float | None) -> None:
        """Whether this subject is the source of something that is not said, from now on or no longer."""
        if subject.labels.get("kind", "") not in inhibitions.KINDS:
            return
        for number, inhibition in enumerate(inhibitions.TABLE):
            bad = any(
                inhibition.begins_with(one.rule.measure, subject.labels)
                and inhibitions.inhibits(one.standing)
                for one in subject.instances
            )
            known = self._causes.get((number, key))
            if bad:
                self._causes[number, key] = _Cause(inhibition, subject.labels)
            elif known and at is None:
                if known.over is None:  # the rules changed: nobody is told of the source any more
                    del self._causes[number, key]
            elif known and at is not None:
                known.over = known.over or at
                if at - known.over >= inhibition.settles:
                    del self._causes[number, key]

    def _inhibited(self, one: _Instance, at: float, *, missing: bool) -> bool:
        """Whether nothing is said of it now. What is measured is believed as soon as the source is back."""
        return any(
            (cause.over is None or missing)
            and cause.inhibition.covers(cause.labels, one.rule.measure, one.labels)
            for cause in self._causes.values()
        )

    def _matching(self, labels: Labels) -> list[Rule]:
        kind = labels.get("kind", "")
        return [
            rule
            for rule in self._rules.values()
            if rule.measure.partition(".")[0] == kind
            and all(labels.get(name) == value for name, value in rule.matchers)
        ]

    def _instance(self, rule: Rule, key: str, labels: Labels, before: _Instance | None = None) -> _Instance:
        _, standing = self._kept.pop((rule.id, key), (labels, NORMAL))
        if before is not None:
            standing = _under(rule, before.standing)
        metric = rule.measure.partition(".")[2]
        seen = None if rule.summary == "unusual" else window(rule.summary, rule.window)
        if seen is None:
            self._unlearnt[rule.id, key] = rule, dict(labels)
        return _Instance(rule, metric, key, dict(labels), seen, standing)


def _over(rule: Rule, key: str, labels: Labels, was: Standing, at: float) -> list[Moved]:
    """The end of a subject, told only where something of it stood open."""
    if was.at_rest:
        return []
    if was.state == "normal":
        return [Moved(rule, key, labels, NORMAL, None)]
    kind: Happening = "settled" if was.state == "pending" else "resolved"
    severity = was.held or rule.lowest
    return [Moved(rule, key, labels, NORMAL, Transition(kind, at, was.state, "normal", severity, None))]


def _step(one: _Instance, value: float | None, at: float, *, held_back: bool) -> list[Moved]:
    """`held_back`: something that it depends on is wrong, so it neither begins nor gets worse, and no time passes for
    what is missing."""
    was = one.standing
    if held_back and value is None:
        one.standing = replace(was, seen_at=at)
        return []
    one.standing, happened = evaluate(one.rule, was, value, at)
    if held_back and any(told.kind in BEGINS for told in happened):
        one.standing, happened = replace(forgotten(was), seen_at=at), ()
    if happened:
        return [Moved(one.rule, one.key, one.labels, one.standing, told) for told in happened]
    return [Moved(one.rule, one.key, one.labels, one.standing, None)] if _to_keep(was, one.standing) else []


def _to_keep(was: Standing, now: Standing) -> bool:
    """Whether a clock began or stopped that has to go on after a restart. (How many values in a row were beyond a level
    has not: that is counted anew in as many seconds.)"""
    return was is not now and (
        was.by_hand != now.by_hand
        or was.clear_since != now.clear_since
        or was.eased_since != now.eased_since
        or (now.held == "warning" and was.critical_since != now.critical_since)
    )


def _under(rule: Rule, standing: Standing) -> Standing:
    """How things stand under a rule that was changed: what fires goes on firing until it is clear by the new one."""
    if standing.held == "":
        return NORMAL
    held = standing.held
    if (held == "warning" and not rule.warning) or (held == "critical" and not rule.critical):
        held = rule.lowest
    return forgotten(replace(standing, held=held))
