"""Whether tasks come to an end, and to a good one; and what is told of it when they do not."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.alerts import Evaluator, builtin
from services.alerts.rules import compiled
from services.compute.inventory import WorkerEntry
from services.compute.readings import worker_reading
from services.measures import by_key
from services.progress import ENOUGH, OVER, Progress

NODE = {"kind": "worker", "compute": "c", "worker": "w1"}
COMPUTE = {"kind": "compute", "compute": "c"}


def entry(ended, erred=0, *, executing=1, state="running", address="tcp://a:1", number="w1"):
    reading = worker_reading(address, {"name": "aroeira-2", "metrics": {}})
    reading = replace(reading, ended=ended, erred=erred, tasks={"executing": executing} if executing else {})
    return WorkerEntry(number, "aroeira-2", "h", address, None, state, 0.0, reading, 0.0, 0)


def test_a_worker_stalls_while_it_runs_something_and_nothing_ends():
    progress = Progress()
    assert progress.add(0.0, [entry(5)]).stalled == {"w1": 0.0}
    assert progress.add(60.0, [entry(5)]).stalled == {"w1": 60.0}
    assert progress.add(61.0, [entry(6)]).stalled == {"w1": 0.0}
    assert progress.add(90.0, [entry(6)]).stalled == {"w1": 29.0}


@pytest.mark.parametrize(
    ("then", "stalled"),
    [
        (entry(5, executing=0), {"w1": 0.0}),  # it has nothing to do
        (entry(5, state="paused"), {"w1": 60.0}),
        (entry(0, address="tcp://a:2"), {"w1": 0.0}),  # restarted
        (entry(2), {"w1": 0.0}),  # another scheduler, which counts anew
        (entry(5, state="retiring"), {}),  # it may take as long as it likes
        (entry(5, state="lost"), {}),
        (entry(None), {}),  # nobody counts
    ],
)
def test_what_is_no_stall(then, stalled):
    progress = Progress()
    progress.add(0.0, [entry(5)])
    assert progress.add(60.0, [then]).stalled == stalled


def test_errors_are_a_share_of_what_ended_in_the_last_minutes():
    progress = Progress()
    progress.add(0.0, [entry(0), entry(0, number="w2")])
    assert progress.add(1.0, [entry(ENOUGH - 1, 3), entry(0, number="w2")]).error_share is None
    assert progress.add(2.0, [entry(10, 3), entry(10, 1, number="w2")]).error_share == pytest.approx(20.0)
    assert progress.add(1.0 + OVER, [entry(20, 3), entry(10, 1, number="w2")]).error_share == pytest.approx(
        100 / 21
    )
    assert progress.add(3.0 + 2 * OVER, [entry(20, 3), entry(10, 1, number="w2")]).error_share is None


def test_a_worker_that_leaves_or_comes_adds_no_errors():
    progress = Progress()
    progress.add(0.0, [entry(100, 90), entry(100, 0, number="w2")])
    assert progress.add(1.0, [entry(120, 0, number="w2")]).error_share == 0.0
    assert progress.add(2.0, [entry(100, 90), entry(140, 0, number="w2")]).error_share == 0.0


@pytest.fixture
def watch():
    """The rules that come with KeepAI, over what a collector would hand on."""
    evaluator = Evaluator(0.0)
    known = by_key()
    names = {uuid4(): name for name in builtin.BUILTIN}
    evaluator.use(
        compiled(builtin.BUILTIN[name], known[builtin.BUILTIN[name].measure], number)
        for number, name in names.items()
    )
    progress = Progress()

    def watch_(at, *entries):
        figures = progress.add(at, entries)
        about = (
            {"up": 1.0} if figures.error_share is None else {"up": 1.0, "error_share": figures.error_share}
        )
        moved = evaluator.take(at, COMPUTE, about)
        for one in entries:
            stalled = {"stalled": figures.stalled[one.id]} if one.id in figures.stalled else {}
            moved += evaluator.take(at, {**NODE, "worker": one.id}, {**stalled, "up": 1.0})
        moved += evaluator.look_around(at)
        return [(names[one.rule.id], one.transition.kind) for one in moved if one.transition]

    return watch_


def test_a_worker_that_finishes_nothing_for_a_quarter_of_an_hour_is_a_warning(watch):
    heard = {at: told for at in range(0, 1000) if (told := watch(float(at), entry(3)))}
    assert heard == {901: [("worker_stuck", "fired")]}
    assert watch(1000.0, entry(4)) == [("worker_stuck", "resolved")]


def test_an_idle_worker_one_that_retires_and_one_that_is_restarted_are_none(watch):
    heard = []
    for at in range(0, 3000):
        own = entry(3, state="retiring") if at > 1500 else entry(at // 800, address=f"tcp://a:{at // 700}")
        heard += watch(float(at), own, entry(0, executing=0, number="w2"))
    assert heard == []


def test_more_than_a_tenth_of_errors_for_five_minutes_fires_and_ends(watch):
    heard, erred = {}, 0
    for at in range(2000):
        erred += at % 5 == 0 and at < 1000  # a fifth of them
        if told := watch(float(at), entry(at, erred, executing=4)):
            heard[at] = [kind for name, kind in told if name == "error_rate"]
    [began, fired, recovering, resolved] = heard
    assert list(heard.values()) == [["pending"], ["fired"], ["recovering"], ["resolved"]]
    assert fired == began + 300
    assert 1000 < recovering < 1000 + OVER
    assert resolved == recovering + 60


def test_a_burst_of_errors_that_is_over_is_none(watch):
    heard, ended, erred = [], 0, 0
    for at in range(0, 2000):
        ended += 10
        erred += 10 if 500 <= at < 530 else 0
        heard += watch(float(at), entry(ended, erred, executing=4))
    assert ("error_rate", "fired") not in heard


def test_a_few_tasks_say_nothing(watch):
    heard = [one for at in range(0, 900) for one in watch(float(at), entry(at // 200, at // 200))]
    assert heard == []
