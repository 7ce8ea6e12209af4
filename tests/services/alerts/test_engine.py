"""The states of an alert: one by one, and over whatever comes."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.engine import NORMAL, Level, Rule, by_hand, evaluate

BOTH = Rule(UUID(int=1), "worker.memory_share", Level(70, 65), Level(80, 75))
ARROWS = {
    "pending": {("normal", "pending"), ("no_data", "pending")},
    "settled": {("pending", "normal")},
    "fired": {("normal", "firing"), ("pending", "firing"), ("no_data", "firing")},
    "raised": {("firing", "firing"), ("recovering", "firing")},
    "eased": {("firing", "firing"), ("recovering", "firing")},
    "recovering": {("firing", "recovering")},
    "resumed": {("recovering", "firing")},
    "resolved": {("firing", "normal"), ("recovering", "normal"), ("no_data", "normal")},
    "no_data": {("normal", "no_data"), ("pending", "no_data")},
}


def run(rule, values, *, every=1.0, standing=NORMAL):
    """The standing after these values, a second apart from 1000 on, and what happened: (kind, severity, instant)."""
    told = []
    for number, value in enumerate(values):
        standing, happened = evaluate(rule, standing, value, 1000 + number * every)
        told += [(one.kind, one.severity, one.at - 1000) for one in happened]
    return standing, told


def test_it_fires_at_once_and_clears_only_below_the_other_threshold():
    standing, told = run(BOTH, [50, 71, 69, 66, 64.9])
    assert told == [("fired", "warning", 1), ("resolved", "warning", 4)]
    assert standing.at_rest


def test_critical_is_told_over_a_warning_and_eases_back_to_it():
    _, told = run(BOTH, [72, 81, 76, 74, 72, 64])
    assert told == [
        ("fired", "warning", 0),
        ("raised", "critical", 1),
        ("eased", "warning", 3),
        ("resolved", "warning", 5),
    ]


def test_below_is_bad_where_the_rule_says_so():
    lost = Rule(UUID(int=2), "worker.up", None, Level(0.5, 0.5), above=False)
    assert run(lost, [1, 0, 0, 1])[1] == [("fired", "critical", 1), ("resolved", "critical", 3)]


def test_it_waits_for_its_time_without_a_break():
    rule = replace(BOTH, pending=3)
    _, told = run(rule, [71, 71, 60, 71, 71, 71, 71])
    assert told == [
        ("pending", "warning", 0),
        ("settled", "", 2),
        ("pending", "warning", 3),
        ("fired", "warning", 6),
    ]


def test_what_is_over_for_less_than_its_time_goes_on():
    rule = replace(BOTH, keep=2)
    _, told = run(rule, [71, 60, 71, 60, 60, 60])
    assert told == [
        ("fired", "warning", 0),
        ("recovering", "warning", 1),
        ("resumed", "warning", 2),
        ("recovering", "warning", 3),
        ("resolved", "warning", 5),
    ]


def test_so_many_of_so_many_samples():
    rule = replace(BOTH, hits=3, of=5)
    assert run(rule, [71, 60, 71, 60, 60, 71, 60])[1] == []
    _, told = run(rule, [71, 60, 71, 60, 71, 60, 60, 60])
    # It stays until fewer than three of the last five were beyond it.
    assert told == [("fired", "warning", 4), ("resolved", "warning", 5)]


@pytest.mark.parametrize(
    ("policy", "before", "told"),
    [
        ("keep", [50], []),
        ("keep", [71], []),
        ("ok", [50], []),
        ("ok", [71], [("resolved", "warning", 3)]),
        ("alert", [50], [("no_data", "warning", 3)]),
        ("alert", [71], []),
    ],
)
def test_without_data_it_does_what_the_rule_says(policy, before, told):
    rule = replace(BOTH, no_data=policy)
    standing, _ = run(rule, before)
    for number in range(1, 6):
        standing, happened = evaluate(rule, standing, None, 1000 + number)
        assert [(one.kind, one.severity, one.at - 1000) for one in happened] == [
            one for one in told if one[2] == number
        ]


def test_data_that_comes_back_ends_no_data():
    rule = replace(BOTH, no_data="alert")
    standing, told = run(rule, [50, None, None, None, 50])
    assert told == [("no_data", "warning", 3), ("resolved", "warning", 4)]
    assert standing.state == "normal"
    assert run(rule, [50, None, None, None, 90])[1][-1] == ("fired", "critical", 4)


def test_what_somebody_ended_is_silent_until_it_was_clear():
    standing, _ = run(BOTH, [71])
    standing = by_hand(standing, 1001)
    standing, told = run(BOTH, [71, 66, 90], standing=standing)
    assert told == []
    _, told = run(BOTH, [64, 71], standing=standing)
    assert told == [("fired", "warning", 1)]


VALUES = st.one_of(
    st.none(), st.sampled_from([0, 60, 64, 65, 66, 70, 71, 75, 76, 80, 81, 95]), st.floats(0, 100)
)
RULES = st.builds(
    Rule,
    id=st.just(UUID(int=1)),
    measure=st.just("worker.memory_share"),
    warning=st.sampled_from([None, Level(70, 65)]),
    critical=st.just(Level(80, 75)),
    pending=st.sampled_from([0, 1, 3]),
    keep=st.sampled_from([0, 1, 3]),
    hits=st.integers(1, 3),
    of=st.integers(3, 5),
    no_data=st.sampled_from(["keep", "alert", "ok"]),
)


@given(rule=RULES, values=st.lists(VALUES, max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_no_step_is_one_that_there_is_not(rule, values):
    standing, told = NORMAL, []
    for number, value in enumerate(values):
        before, at = standing, 1000.0 + number
        standing, happened = evaluate(rule, standing, value, at)
        assert len(happened) <= 1
        for one in happened:
            assert (one.before, one.after) in ARROWS[one.kind]
            assert (one.before, one.after) == (before.state, standing.state)
            if one.kind == "fired" and value is not None:
                level = rule.critical if one.severity == "critical" else rule.warning
                assert level is not None
                assert any(seen is not None and seen > level.fire for seen in values[: number + 1])
            if one.kind == "resolved" and value is not None and one.before != "no_data":
                # Clear needs the other threshold, for everything the rule watches for.
                assert value < min(level.clear for level in (rule.warning, rule.critical) if level)
            told.append(one)
        if not happened:
            assert standing.state == before.state
        assert bool(standing.held) == (standing.state in ("firing", "recovering"))
    # What fired ends before it fires again.
    held = False
    for one in told:
        if one.kind == "fired":
            assert not held
        if one.kind in ("raised", "eased", "recovering", "resumed"):
            assert held
        held = {"fired": True, "resolved": False}.get(one.kind, held)


@given(rule=RULES, values=st.lists(VALUES, min_size=2, max_size=40), cut=st.integers(1, 39))
@settings(max_examples=100, deadline=None)
def test_a_restart_in_between_changes_nothing(rule, values, cut):
    """What is written down of how things stand is all that the next step needs."""
    standing, told = run(rule, values)
    cut = min(cut, len(values) - 1)
    half, first = run(rule, values[:cut])
    again = type(half)(**{name: getattr(half, name) for name in half.__dataclass_fields__})
    rest = []
    for number, value in enumerate(values[cut:], cut):
        again, happened = evaluate(rule, again, value, 1000.0 + number)
        rest += [(one.kind, one.severity, one.at - 1000) for one in happened]
    assert (again, first + rest) == (standing, told)
