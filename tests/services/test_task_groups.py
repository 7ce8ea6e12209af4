"""Task groups are remembered when they end, once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services import db, task_groups, workers
from services.compute.readings import GroupReading

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
T = NOON.timestamp()
RUNNING = GroupReading("inc", {"processing": 2, "memory": 8}, 80, 4.0, T - 10, T - 1)
ENDED = GroupReading("inc", {"memory": 9, "erred": 1}, 100, 5.0, T - 10, T - 0.5)


@pytest.fixture
def compute(database: str) -> UUID:
    return db.write_now(workers.ensure_compute, "embedded", NOON)


def test_a_group_is_finished_when_nothing_is_left_to_do() -> None:
    assert task_groups.finished((), (RUNNING,), T) == ()
    (found,) = task_groups.finished((RUNNING,), (ENDED,), T)
    assert (found.name, found.tasks, found.errors, found.seconds, found.nbytes) == ("inc", 10, 1, 5.0, 100)
    assert found.started_at == NOON - timedelta(seconds=10)
    assert found.finished_at == NOON - timedelta(seconds=0.5)


def test_it_is_told_once_while_it_is_listed() -> None:
    assert task_groups.finished((ENDED,), (ENDED,), T) == ()
    assert task_groups.finished((RUNNING, ENDED), (ENDED,), T) == ()


def test_a_group_that_came_and_went_between_two_readings_counts() -> None:
    assert len(task_groups.finished((), (ENDED,), T)) == 1


def test_two_runs_of_one_name_are_two() -> None:
    again = GroupReading("inc", {"memory": 3}, 30, 1.0, T + 5, T + 6)
    assert len(task_groups.finished((ENDED,), (ENDED, again), T + 7)) == 1
    assert len(task_groups.finished((), (ENDED, again), T + 7)) == 2
    assert len(task_groups.finished((ENDED,), (ENDED, ENDED), T + 7)) == 1


def test_a_group_that_is_listed_no_more_did_not_finish() -> None:
    assert task_groups.finished((RUNNING,), (), T) == ()


def test_a_group_of_which_no_task_ran_has_no_start() -> None:
    (found,) = task_groups.finished((), (GroupReading("bad", {"erred": 5}, 0, 0.0, 0.0, 0.0),), T)
    assert (found.started_at, found.finished_at) == (None, NOON)


def test_runs_are_kept_and_come_newest_first(compute: UUID) -> None:
    again = GroupReading("inc", {"memory": 2**40}, 2**70, 1.0, T + 5, T + 6)
    db.write_now(task_groups.add, compute, task_groups.finished((), (ENDED, again), T))
    newest, oldest = db.read_now(task_groups.latest, compute)
    assert (oldest.tasks, oldest.errors, oldest.seconds, oldest.nbytes) == (10, 1, 5.0, 100)
    assert newest.finished_at == NOON + timedelta(seconds=6)
    assert db.read_now(task_groups.latest, compute, 1) == [newest]
    assert db.read_now(task_groups.latest, compute, since=NOON) == [newest]


def test_old_runs_are_forgotten(compute: UUID) -> None:
    db.write_now(task_groups.add, compute, task_groups.finished((), (ENDED,), T))
    assert db.write_now(task_groups.prune, NOON + timedelta(days=399)) == 0
    assert db.write_now(task_groups.prune, NOON + timedelta(days=401)) == 1
