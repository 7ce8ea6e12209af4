"""What is unusual: what never was so before, and not what always is so."""

import math
import random
from array import array
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

import pytest

from services import alerts, db, history, measures
from services.alerts.anomaly import HOUR, LEAST, MOST, Unusual
from services.alerts.builtin import BUILTIN
from services.alerts.preview import preview
from services.alerts.rules import Draft, check, compiled
from services.alerts.usual import learnt
from services.history import blocks
from services.history.blocks import Block
from services.history.codec import encode
from services.history.series import MINUTE, key_of, make_subjects, moment

DAY = 24 * HOUR
STEP = 300.0
HOST = {"kind": "host"}
DRAFT = BUILTIN["host_memory_unusual"]
RULE = compiled(DRAFT, measures.by_key()[DRAFT.measure], UUID(int=1))


def days(value, count=4.0):
    """A series of so many days, a value each five minutes, from a function of the unix second."""
    return [(number * STEP, value(number * STEP)) for number in range(int(count * DAY / STEP))]


def noise(level, width=2.0, seed=1):
    chance = random.Random(seed)
    return lambda _at: chance.gauss(level, width)


def swinging(at):
    """Each day up and down, with a little noise of its own."""
    return 50 + 20 * math.sin(2 * math.pi * at / DAY) + 2 * math.sin(at)


def told(points, rule=RULE):
    """When it fires and when it is over, in hours."""
    seen, standing, happened = Unusual(rule.window), alerts.Standing(), []
    for at, value in points:
        unusual = seen.add(at, value)
        if unusual is None:
            continue
        standing, now = alerts.evaluate(rule, standing, unusual, at)
        happened += [(one.kind, at / HOUR) for one in now if one.kind in ("fired", "resolved")]
    return happened


def test_a_lasting_change_is_news_once_and_then_usual():
    before, after = noise(40), noise(60)
    happened = told(days(lambda at: before(at) if at < 3 * DAY else after(at)))
    assert [kind for kind, _ in happened] == ["fired", "resolved"]
    assert 72 <= happened[0][1] < 73
    assert happened[1][1] < 96


def test_a_high_peak_and_a_deep_fall_are_news():
    calm = noise(40)
    for odd in (95.0, 0.0):
        happened = told(days(lambda at, odd=odd: odd if 3 * DAY <= at < 3 * DAY + HOUR else calm(at)))
        assert happened[0][0] == "fired"
        assert 72 <= happened[0][1] < 73


def test_what_it_does_each_day_or_each_hour_is_no_news():
    assert told(days(swinging, 8)) == []
    calm = noise(40)
    assert told(days(lambda at: 100.0 if at % HOUR < STEP else calm(at), 8)) == []


def test_noise_is_no_news():
    assert told(days(noise(40), 8)) == []


def test_what_hardly_ever_moves_may_move_a_little():
    assert told(days(lambda at: 50.0 if at < 3 * DAY else 50.3)) == []
    assert told(days(lambda at: 0.0)) == []
    assert told(days(lambda at: 50.0 if at < 3 * DAY else 56.0))[0][0] == "fired"


def test_a_series_that_stops_moving_at_the_edge_of_nothing_says_how_far_at_most():
    seen = Unusual(RULE.window)
    for at, value in days(lambda at: 0.0 if at < 3 * DAY else 1e9):
        unusual = seen.add(at, value)
        assert unusual is None or 0 <= unusual <= MOST
    assert seen.usual is not None


def test_it_says_nothing_before_it_knows_a_day():
    seen = Unusual(RULE.window)
    said = [(at, seen.add(at, value)) for at, value in days(noise(40), 2)]
    assert all(unusual is None for at, unusual in said if at < LEAST * HOUR)
    assert all(unusual is not None for at, unusual in said if at >= LEAST * HOUR)


def test_after_a_long_gap_it_learns_anew():
    seen = Unusual(RULE.window)
    for at, value in days(noise(40), 3):
        seen.add(at, value)
    assert seen.add(40 * DAY, 90.0) is None


def test_many_samples_in_a_part_of_the_window_weigh_as_one():
    each_second, each_minute = Unusual(2 * HOUR), Unusual(2 * HOUR)
    for minute in range(30 * 60):
        at = minute * 60.0
        each_minute.add(at, float(minute % 7))
        for second in range(0, 60, 20):
            each_second.add(at + second, float(minute % 7))
    assert each_second.usual == pytest.approx(each_minute.usual)


# -- what is stored -----------------------------------------------------------------------------------------------


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def stored(session, value, hours):
    """A machine's memory until now: of the last two hours each minute as it came, before that rolled up."""
    until = int(NOW.timestamp())
    number = make_subjects(session, [key_of(HOST)], NOW)[key_of(HOST)]
    for hour in range(until - hours * 3600, until, 3600):
        values = array("f", [value(at) for at in range(hour, hour + 3600, 60)])
        ones = array("f", [1.0] * 60)
        columns = {"memory_share": [values, values, values, ones]}
        blocks.save(session, [Block(number, MINUTE, hour, encode(columns))])
    for at in range(until - 7200, until, 60):
        history.write(session, moment(at), [(HOST, {"memory_share": value(at)})])


@pytest.fixture
def remembered(database):
    calm = cache(noise(40))
    db.write_now(stored, lambda at: 80.0 if at >= NOW.timestamp() - 1800 else calm(at), 30)


def test_a_restart_forgets_nothing(remembered):
    fresh = alerts.Evaluator(0.0)
    fresh.use([RULE])
    at = NOW.timestamp()
    assert fresh.take(at, HOST, {"memory_share": 80.0}) == []  # nothing is known yet, so nothing is said
    ((rule, labels),) = fresh.to_learn(5)
    fresh.learn(rule, labels, db.read_now(learnt, rule, labels, NOW, NOW))
    assert fresh.to_learn(5) == []
    moved = fresh.take(at + 15, HOST, {"memory_share": 80.0})
    assert [one.transition.kind for one in moved] == ["fired"]


def test_what_fires_goes_on_firing_over_a_restart(remembered):
    standing = alerts.Standing(state="firing", held="warning", since=1.0, seen_at=1.0)
    fresh = alerts.Evaluator(0.0)
    fresh.put(RULE.id, HOST, standing)
    fresh.use([RULE])
    at = NOW.timestamp()
    for second in range(10):
        assert fresh.take(at + second, HOST, {"memory_share": 80.0}) == []
    ((rule, labels),) = fresh.to_learn(5)
    fresh.learn(rule, labels, db.read_now(learnt, rule, labels, NOW, NOW))
    assert fresh.take(at + 15, HOST, {"memory_share": 80.0}) == []
    (over,) = fresh.end(at + 16, HOST)
    assert over.transition.before == "firing"


def test_the_preview_knows_what_was_usual_before_it(remembered):
    found = db.read_now(preview, DRAFT, history.KEEP[history.RAW], NOW, builtin=True)
    assert [one.severity for one in found.episodes] == ["warning"]
    assert found.episodes[0].began == pytest.approx(NOW.timestamp() - 1800, abs=900)
    assert found.episodes[0].ended is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"measure": "worker.up", "warning_fire": 0.5, "warning_clear": 0.5}, "summary"),
        ({"window": 60.0}, "window"),
        ({"above": False}, "above"),
        ({"warning_clear": 0.0}, "warning_clear"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(change, field):
    good = {"name": "r", "measure": "host.memory_share", "summary": "unusual", "window": 7200.0}
    levels = {"warning_fire": 150.0, "warning_clear": 5.0}
    assert check(Draft(**{**good, **levels})) == {}  # percent of what is usual, not of a whole
    assert field in check(Draft(**{**good, **levels, **change}))
