"""While a source is out of reach one alert stands for all that depends on it."""

from dataclasses import replace
from uuid import UUID

import pytest

from services import measures
from services.alerts import Evaluator, Level, Rule
from services.alerts.evaluator import GRACE
from services.alerts.inhibitions import TABLE
from services.compute.inventory import SETTLE

OUT = Rule(UUID(int=1), "compute.up", None, Level(0.5, 0.5), above=False, pending=10.0)
LOST = Rule(UUID(int=2), "worker.up", None, Level(0.5, 0.5), above=False)
MEMORY = Rule(UUID(int=3), "worker.memory_share", Level(80, 70), None, no_data="alert")
COMPUTE = {"kind": "compute", "compute": "c"}
WORKERS = [{"kind": "worker", "compute": "c", "worker": str(number)} for number in range(300)]
ELSEWHERE = {"kind": "worker", "compute": "d", "worker": "x"}


@pytest.fixture
def watch():
    """What people hear of at a second, of a compute with 300 workers."""
    evaluator = Evaluator(0.0)
    evaluator.use([OUT, LOST, MEMORY])

    def second(at, *, up, values=None, workers=WORKERS):
        moved = evaluator.take(at, COMPUTE, {"up": up})
        for labels in workers:
            moved += evaluator.take(at, labels, values or {})
        moved += evaluator.look_around(at)
        return [(one.transition.kind, one.labels.get("worker")) for one in moved if one.transition]

    second.evaluator = evaluator
    return second


WELL = {"up": 1.0, "memory_share": 40.0}


def test_a_compute_out_of_reach_is_one_alert_and_not_one_of_each_worker(watch):
    at = GRACE + 1
    assert watch(at, up=1.0, values=WELL) == []
    heard = [one for later in range(1, 120) for one in watch(at + later, up=0.0)]
    assert heard == [("pending", None), ("fired", None)]
    assert watch(at + 120, up=1.0, values=WELL) == [("resolved", None)]
    assert [watch(at + 121 + later, up=1.0, values=WELL) for later in range(60)] == [[]] * 60


def test_what_is_still_wrong_when_it_is_back_is_said_then(watch):
    at = GRACE + 1
    watch(at, up=1.0, values=WELL)
    for later in range(1, 60):
        watch(at + later, up=0.0)
    assert watch(at + 60, up=1.0, values={"up": 0.0}, workers=WORKERS[:2]) == [
        ("resolved", None),
        ("fired", "0"),
        ("fired", "1"),
    ]
    # The others have time to come back; of those of whom nothing is heard even then, that is said.
    heard = [
        one
        for later in range(1, int(SETTLE) + 5)
        for one in watch(at + 60 + later, up=1.0, values=WELL, workers=WORKERS[4:])
    ]
    assert sorted(heard) == [("no_data", "0"), ("no_data", "1"), ("no_data", "2"), ("no_data", "3")]


def test_another_compute_goes_on_being_watched(watch):
    at = GRACE + 1
    watch(at, up=1.0, values=WELL)
    watch(at + 1, up=0.0)
    assert watch.evaluator.take(at + 2, ELSEWHERE, {"up": 0.0})[0].transition.kind == "fired"


def test_a_source_of_which_nobody_is_told_hides_nothing(watch):
    at = GRACE + 1
    watch(at, up=1.0, values=WELL)
    watch(at + 1, up=0.0)
    watch.evaluator.use([LOST, MEMORY])  # the rule was switched off
    heard = [one for later in range(2, 6) for one in watch(at + later, up=0.0)]
    assert len(heard) == len(WORKERS)


def test_another_rule_that_changes_does_not_end_the_time_to_come_back(watch):
    at = GRACE + 1
    watch(at, up=1.0, values=WELL)
    for later in range(1, 20):
        watch(at + later, up=0.0)
    watch(at + 20, up=1.0)
    watch.evaluator.use([OUT, replace(LOST, pending=1.0), MEMORY])
    assert [one for later in range(21, 40) for one in watch(at + later, up=1.0)] == []


def test_it_hides_what_depends_on_it_also_when_somebody_said_that_it_is_over(watch):
    at = GRACE + 1
    watch(at, up=1.0, values=WELL)
    for later in range(1, 20):
        watch(at + later, up=0.0)
    watch.evaluator.silence_by_hand(OUT.id, COMPUTE, at + 20)
    assert [one for later in range(21, 60) for one in watch(at + later, up=0.0)] == []


def test_a_start_while_the_compute_is_out_of_reach_says_the_same(watch):
    heard = [one for later in range(1, 200) for one in watch(later, up=0.0)]
    assert heard == [("pending", None), ("fired", None)]


def test_what_gets_worse_while_the_source_is_away_waits_for_it():
    lag = Rule(UUID(int=4), "host.outbox_lag", Level(300, 60), None, every=15.0)
    down = Rule(UUID(int=5), "probe.up", None, Level(0.5, 0.5), above=False, hits=2, of=2, every=30.0)
    evaluator = Evaluator(0.0)
    evaluator.use([lag, down])
    mail, host = {"kind": "probe", "probe": "mail"}, {"kind": "host"}
    evaluator.take(100.0, mail, {"up": 0.0})  # the first of two
    assert evaluator.take(400.0, host, {"outbox_lag": 310.0}) == []
    assert evaluator.take(401.0, mail, {"up": 0.0})[-1].transition.kind == "fired"
    assert evaluator.take(415.0, host, {"outbox_lag": 325.0}) == []
    evaluator.take(430.0, mail, {"up": 1.0})
    evaluator.take(460.0, mail, {"up": 1.0})
    assert [one.transition.kind for one in evaluator.take(461.0, host, {"outbox_lag": 371.0})] == ["fired"]


@pytest.mark.parametrize("one", TABLE)
def test_the_table_names_what_there_is(one):
    kinds = {measure.kind for measure in measures.MEASURES}
    assert one.source in measures.by_key()
    assert all(target in measures.by_key() or target in kinds for target in one.targets)
