"""The list of workers keeps its ids whatever happens to addresses. Time is passed in; nothing runs here."""

from dataclasses import replace
from itertools import count

import pytest

from services.compute.inventory import (
    Intent,
    WorkerChange,
    WorkerEntry,
    advance,
    crashed,
    new_worker_id,
    put_back,
    remove,
)
from services.compute.readings import ComputeEvent, ComputeReading, WorkerReading

HOST = "10.0.0.1"


def worker(name: str, port: int = 0, **over) -> WorkerReading:
    """A running worker behind a nanny; another `port` is another process."""
    number = int("".join(c for c in name if c.isdigit()) or 0)
    address = over.pop("address", f"tcp://{HOST}:{40000 + number * 100 + port}")
    defaults = WorkerReading(
        address=address,
        name=name,
        host=HOST,
        nanny=f"tcp://{HOST}:{30000 + number}",
        status="running",
        nthreads=1,
        memory_limit=10**9,
        memory=10**8,
        managed=0,
        spilled=0,
        cpu=1.0,
        last_seen=0.0,
        tasks={},
        net_read=0.0,
        net_write=0.0,
        disk_read=0.0,
        disk_write=0.0,
        event_loop=0.02,
        fds=10,
        extra={},
        directory=f"/scratch/{address}",
    )
    return replace(defaults, **over)


def unnamed(port: int, **over) -> WorkerReading:
    """A worker whose name is its address, as `dask worker` without --name makes it."""
    address = f"tcp://{HOST}:{port}"
    return worker(address, address=address, **over)


def reading(*workers: WorkerReading, at: float = 1000.0, started: float = 0.0, scheduler: str = "s1"):
    return ComputeReading(
        at=at,
        scheduler_id=scheduler,
        address="tcp://10.0.0.9:8786",
        started=started,
        workers=workers,
        prefixes={},
        groups=(),
        via="rpc",
        took=0.001,
    )


def left(address: str, *, expected: bool = False, at: float = 0.0) -> ComputeEvent:
    return ComputeEvent(at, "all", "remove-worker", address, {"expected": expected})


def came(address: str, at: float = 0.0) -> ComputeEvent:
    return ComputeEvent(at, "all", "add-worker", address, {})


class Watch:
    """A list of workers over time; `changes` are those of the last step."""

    def __init__(self) -> None:
        self.entries: tuple[WorkerEntry, ...] = ()
        self.changes: tuple[WorkerChange, ...] = ()
        self._ids = count(1)

    def step(self, now: float, *workers: WorkerReading, events=(), intents=(), started: float = 0.0):
        return self.take(now, reading(*workers, at=now, started=started), events, intents)

    def silence(self, now: float, events=(), intents=()):
        return self.take(now, None, events, intents)

    def take(self, now, said, events=(), intents=()):
        self.entries, self.changes = advance(
            self.entries, said, events, intents, now, new_id=lambda: f"w{next(self._ids)}"
        )
        return self

    def state(self, name: str) -> str | None:
        return next((e.state for e in self.entries if e.name == name), None)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(change.worker_name, change.kind) for change in self.changes]


@pytest.fixture
def watch() -> Watch:
    """Two workers, known since second 1000."""
    return Watch().step(1000, worker("a1"), worker("b2"))


def test_workers_join_in_order_with_ids_of_ours(watch):
    assert [(e.id, e.name, e.state, e.first_seen) for e in watch.entries] == [
        ("w1", "a1", "running", 1000),
        ("w2", "b2", "running", 1000),
    ]
    assert watch.kinds == [("a1", "joined"), ("b2", "joined")]


def test_ids_are_safe_in_an_address():
    first, second = new_worker_id(), new_worker_id()
    assert first != second
    assert first.isalnum()


def test_nothing_happens_when_nothing_changed(watch):
    before = watch.entries
    watch.step(1001, worker("a1"), worker("b2"))
    assert watch.kinds == []
    assert [e.since for e in watch.entries] == [e.since for e in before]


def test_the_latest_reading_is_kept(watch):
    watch.step(1001, worker("a1", memory=5), worker("b2"))
    assert watch.entries[0].reading.memory == 5


def test_paused_and_resumed(watch):
    watch.step(1001, worker("a1", status="paused"), worker("b2"))
    assert watch.state("a1") == "paused"
    assert watch.kinds == [("a1", "paused")]
    watch.step(1002, worker("a1", status="paused"), worker("b2"))
    assert watch.kinds == []
    watch.step(1003, worker("a1"), worker("b2"))
    assert watch.state("a1") == "running"
    assert watch.kinds == [("a1", "resumed")]


def test_a_worker_that_leaves_is_lost_and_keeps_its_last_reading(watch):
    watch.step(1001, worker("b2"))
    entry = watch.entries[0]
    assert (entry.state, entry.since) == ("lost", 1001)
    assert entry.reading.memory == 10**8
    assert watch.kinds == [("a1", "lost")]
    assert watch.changes[0].by is None


def test_replaced_between_two_readings_is_restarted(watch):
    """The nanny takes half a second; nobody saw the worker missing."""
    watch.step(1001, worker("a1", port=1), worker("b2"))
    entry = watch.entries[0]
    assert (entry.id, entry.state, entry.restarts) == ("w1", "restarted", 1)
    assert entry.address == worker("a1", port=1).address
    assert watch.kinds == [("a1", "restarted")]
    assert worker("a1").address in watch.changes[0].detail


def test_missing_for_a_moment_is_lost_and_then_restarted(watch):
    watch.step(1001, worker("b2"))
    watch.step(1002, worker("a1", port=1), worker("b2"))
    assert (watch.entries[0].id, watch.entries[0].state, watch.entries[0].restarts) == ("w1", "restarted", 1)
    assert watch.kinds == [("a1", "restarted")]


def test_restarted_shows_for_ten_seconds(watch):
    watch.step(1001, worker("a1", port=1), worker("b2"))
    watch.step(1010.9, worker("a1", port=1), worker("b2"))
    assert watch.state("a1") == "restarted"
    watch.step(1011.1, worker("a1", port=1), worker("b2"))
    assert watch.state("a1") == "running"
    assert watch.kinds == []


def test_restarted_again_within_the_ten_seconds_counts_again(watch):
    watch.step(1001, worker("a1", port=1), worker("b2"))
    watch.step(1006, worker("a1", port=2), worker("b2"))
    watch.step(1012, worker("a1", port=2), worker("b2"))
    assert (watch.entries[0].state, watch.entries[0].restarts) == ("restarted", 2)


def test_a_worker_that_came_back_paused_is_shown_paused_after_the_ten_seconds(watch):
    watch.step(1001, worker("a1", port=1), worker("b2"))
    watch.step(1002, worker("a1", port=1, status="paused"), worker("b2"))
    assert watch.state("a1") == "restarted"
    assert watch.kinds == [("a1", "paused")]
    watch.step(1012, worker("a1", port=1, status="paused"), worker("b2"))
    assert watch.state("a1") == "paused"


def test_new_process_under_the_same_address_is_restarted(watch):
    """With a fixed port the address says nothing; the folder of the process does."""
    watch.step(1001, worker("a1", directory="/scratch/other"), worker("b2"))
    assert watch.entries[0].restarts == 1
    assert watch.kinds == [("a1", "restarted")]


def test_left_and_came_under_the_same_address_is_restarted_when_no_folder_is_told():
    watch = Watch().step(1000, worker("a1", directory=""))
    address = worker("a1").address
    watch.step(1001, worker("a1", directory=""), events=[left(address), came(address)])
    assert watch.kinds == [("a1", "restarted")]


def test_first_coming_is_no_restart():
    address = worker("a1").address
    watch = Watch().step(1000, worker("a1", directory=""), events=[came(address)])
    watch.step(1001, worker("a1", directory=""), events=[came(address)])
    assert watch.kinds == []


def test_events_of_the_same_restart_that_arrive_late_do_not_count_twice(watch):
    old, new = worker("a1").address, worker("a1", port=1).address
    watch.step(1001, worker("a1", port=1), worker("b2"))
    watch.step(1002, worker("a1", port=1), worker("b2"), events=[left(old), came(new)])
    assert watch.entries[0].restarts == 1
    assert watch.kinds == []


def test_named_by_its_address_is_known_again_by_its_nanny():
    watch = Watch().step(
        1000, unnamed(41000, nanny="tcp://10.0.0.1:5"), unnamed(41001, nanny="tcp://10.0.0.1:6")
    )
    watch.step(1001, unnamed(41002, nanny="tcp://10.0.0.1:6"), unnamed(41000, nanny="tcp://10.0.0.1:5"))
    assert [(e.id, e.name) for e in watch.entries] == [
        ("w1", unnamed(41000).name),
        ("w2", unnamed(41002).name),
    ]
    assert watch.kinds == [(unnamed(41002).name, "restarted")]


def test_named_by_its_address_without_nanny_is_another_worker():
    watch = Watch().step(1000, unnamed(41000, nanny=None))
    watch.step(1001, unnamed(41001, nanny=None))
    assert sorted(watch.kinds) == [(unnamed(41000).name, "lost"), (unnamed(41001).name, "joined")]
    assert [e.id for e in watch.entries] == ["w1", "w2"]


def test_new_nanny_with_the_same_name_on_the_same_host_is_the_same_worker(watch):
    watch.step(1001, worker("a1", port=7, nanny=f"tcp://{HOST}:39999"), worker("b2"))
    assert (watch.entries[0].id, watch.entries[0].state) == ("w1", "restarted")


def test_same_name_on_another_host_is_another_worker(watch):
    moved = worker("a1", address="tcp://10.0.0.2:40100", host="10.0.0.2", nanny="tcp://10.0.0.2:30001")
    watch.step(1001, moved, worker("b2"))
    assert watch.kinds == [("a1", "lost"), ("a1", "joined")]
    assert [(e.id, e.host) for e in watch.entries] == [("w1", HOST), ("w2", HOST), ("w3", "10.0.0.2")]


def test_address_taken_over_by_another_name_is_another_worker():
    watch = Watch().step(1000, worker("a1", address="tcp://10.0.0.1:9000"))
    watch.step(1001, worker("c3", address="tcp://10.0.0.1:9000"))
    assert watch.kinds == [("a1", "lost"), ("c3", "joined")]


def test_nanny_port_taken_over_by_another_name_is_another_worker():
    """After a restart of the whole compute the ports fall as they may."""
    watch = Watch().step(1000, worker("a1", nanny="tcp://10.0.0.1:5"), worker("b2", nanny="tcp://10.0.0.1:6"))
    watch.step(
        1001,
        worker("a1", port=9, nanny="tcp://10.0.0.1:6"),
        worker("b2", port=9, nanny="tcp://10.0.0.1:5"),
    )
    assert [(e.id, e.name) for e in watch.entries] == [("w1", "a1"), ("w2", "b2")]
    assert watch.kinds == [("a1", "restarted"), ("b2", "restarted")]


def test_workers_that_share_a_name_keep_their_own_entries():
    first = worker("a1", nanny=None)
    second = worker("a1", port=1, nanny=None)
    watch = Watch().step(1000, first, second)
    watch.step(1001, second)
    assert [(e.id, e.state) for e in watch.entries] == [("w1", "lost"), ("w2", "running")]
    watch.step(1002, second, worker("a1", port=2, nanny=None))
    assert [(e.id, e.state) for e in watch.entries] == [("w1", "restarted"), ("w2", "running")]


def test_of_several_lost_ones_with_a_name_the_latest_comes_back():
    one, two = worker("a1", nanny=None), worker("a1", port=1, nanny=None)
    watch = Watch().step(1000, one, two).step(1001, two).step(1002)
    watch.step(1003, worker("a1", port=2, nanny=None))
    assert [(e.id, e.state) for e in watch.entries] == [("w1", "lost"), ("w2", "restarted")]


def test_dead_process_still_listed_beside_its_successor_is_not_a_worker(watch):
    both = [worker("a1", last_seen=1000), worker("a1", port=1, last_seen=1001), worker("b2")]
    watch.step(1001, *both)
    assert [(e.id, e.state) for e in watch.entries] == [("w1", "restarted"), ("w2", "running")]
    watch.step(1002, *reversed(both))
    assert watch.kinds == []
    watch.step(1003, worker("a1", port=1), worker("b2"))
    assert watch.kinds == []


def test_retired_by_somebody_leaves_the_list(watch):
    watch.step(1001, worker("a1", status="closing_gracefully"), worker("b2"))
    assert watch.state("a1") == "retiring"
    watch.step(1002, worker("b2"))
    assert [e.name for e in watch.entries] == ["b2"]
    assert watch.kinds == [("a1", "retired")]
    assert watch.changes[0].by is None


def test_retired_too_fast_to_be_seen_is_known_by_the_event(watch):
    watch.step(1001, worker("b2"), events=[left(worker("a1").address, expected=True)])
    assert watch.kinds == [("a1", "retired")]
    assert [e.name for e in watch.entries] == ["b2"]


def test_retired_by_us_names_who_did_it(watch):
    wish = Intent("w1", "retire", "ana", 1000.5)
    watch.step(1001, worker("a1"), worker("b2"), intents=[wish])
    assert watch.state("a1") == "retiring"
    watch.step(1002, worker("b2"), intents=[wish])
    assert watch.changes == (WorkerChange(1002, "w1", "a1", "retired", "ana", worker("a1").address),)


def test_refused_retirement_shows_as_running_again(watch):
    wish = Intent("w1", "retire", "ana", 1000.5)
    watch.step(1001, worker("a1"), worker("b2"), intents=[wish])
    watch.step(1006, worker("a1"), worker("b2"), intents=[wish])
    assert watch.state("a1") == "running"
    assert watch.kinds == []


def test_news_of_a_retirement_that_come_late_correct_lost(watch):
    watch.step(1001, worker("b2"))
    watch.step(1002, worker("b2"), events=[left(worker("a1").address, expected=True)])
    assert [e.name for e in watch.entries] == ["b2"]
    assert watch.kinds == [("a1", "retired")]


def test_unexpected_leave_is_lost_even_when_the_event_is_there(watch):
    watch.step(1001, worker("b2"), events=[left(worker("a1").address)])
    assert watch.kinds == [("a1", "lost")]


def test_restart_by_us_is_never_shown_as_lost(watch):
    wish = [Intent("w1", "restart", "ana", 1000.5)]
    watch.step(1001, worker("a1"), worker("b2"), intents=wish)
    assert watch.state("a1") == "retiring"
    watch.step(1002, worker("b2"), intents=wish)
    assert (watch.state("a1"), watch.kinds) == ("retiring", [])
    watch.step(1003, worker("a1", port=1), worker("b2"), intents=wish)
    assert watch.state("a1") == "restarted"
    assert [(c.kind, c.by) for c in watch.changes] == [("restarted", "ana")]


def test_restart_by_us_while_the_worker_says_that_it_closes(watch):
    wish = [Intent("w1", "restart", "ana", 1000.5)]
    watch.step(1001, worker("a1", status="closing"), worker("b2"), intents=wish)
    watch.step(1002, worker("b2"), intents=wish)
    assert (watch.state("a1"), watch.kinds) == ("retiring", [])


def test_restart_by_us_that_never_comes_back_is_lost_after_a_minute(watch):
    wish = [Intent("w1", "restart", "ana", 1000.5)]
    watch.step(1002, worker("b2"), intents=wish)
    watch.step(1061, worker("b2"), intents=wish)
    assert (watch.state("a1"), watch.kinds) == ("lost", [("a1", "lost")])


def test_crash_right_after_our_restart_is_not_taken_for_it(watch):
    wish = [Intent("w1", "restart", "ana", 1000.5)]
    watch.step(1002, worker("a1", port=1), worker("b2"), intents=wish)
    watch.step(1004, worker("b2"), intents=wish)
    assert watch.kinds == [("a1", "lost")]
    watch.step(1005, worker("a1", port=2), worker("b2"), intents=wish)
    assert [(c.kind, c.by) for c in watch.changes] == [("restarted", None)]


def test_restart_that_was_refused_shows_as_running_again(watch):
    wish = [Intent("w1", "restart", "ana", 1000.5)]
    watch.step(1001, worker("a1"), worker("b2"), intents=wish)
    watch.step(1016, worker("a1"), worker("b2"), intents=wish)
    assert (watch.state("a1"), watch.kinds) == ("running", [])


def test_wish_for_one_worker_says_nothing_of_another(watch):
    watch.step(1001, intents=[Intent("w1", "retire", "ana", 1000.5)])
    assert watch.kinds == [("a1", "retired"), ("b2", "lost")]


def test_out_of_reach_makes_all_unknown_and_keeps_what_was_known(watch):
    watch.silence(1005)
    assert [(e.state, e.since) for e in watch.entries] == [("unknown", 1005), ("unknown", 1005)]
    assert watch.entries[0].reading.memory == 10**8
    assert watch.kinds == []
    watch.silence(1006)
    assert watch.entries[0].since == 1005


def test_lost_stays_lost_while_out_of_reach(watch):
    watch.step(1001, worker("b2")).silence(1002)
    assert [e.state for e in watch.entries] == ["lost", "unknown"]


def test_back_in_reach_is_no_event(watch):
    watch.silence(1005).step(1010, worker("a1"), worker("b2"))
    assert [e.state for e in watch.entries] == ["running", "running"]
    assert watch.kinds == []


def test_paused_before_and_after_the_silence_is_no_event(watch):
    watch.step(1001, worker("a1", status="paused"), worker("b2")).silence(1005)
    watch.step(1010, worker("a1", status="paused"), worker("b2"))
    assert (watch.state("a1"), watch.kinds) == ("paused", [])


def test_gone_during_the_silence_is_lost(watch):
    watch.silence(1005).step(1010, worker("b2"))
    assert watch.kinds == [("a1", "lost")]


def test_retired_just_before_the_silence_has_left(watch):
    watch.silence(1005, events=[left(worker("a1").address, expected=True)])
    assert [e.name for e in watch.entries] == ["b2"]
    assert watch.kinds == [("a1", "retired")]


def test_young_scheduler_is_given_time_to_hear_of_its_workers(watch):
    watch.silence(1005).step(1010, started=1009)
    assert [e.state for e in watch.entries] == ["unknown", "unknown"]
    watch.step(1012, worker("a1", port=3), started=1009)
    assert watch.kinds == [("a1", "restarted")]
    watch.step(1038, worker("a1", port=3), started=1009)
    assert watch.kinds == []
    watch.step(1040, worker("a1", port=3), started=1009)
    assert watch.kinds == [("b2", "lost")]


def test_young_scheduler_is_given_time_when_the_list_came_from_the_database(watch):
    """KeepAI and its compute started together: the stored states are from before."""
    watch.step(2000, started=1999)
    assert [e.state for e in watch.entries] == ["unknown", "unknown"]
    watch.step(2001, started=1999)  # waiting has begun by now, and goes on
    assert watch.kinds == []


def test_crash_under_a_young_scheduler_is_seen_at_once():
    watch = Watch().step(1001, worker("a1"), started=1000)
    watch.step(1003, started=1000)
    assert watch.kinds == [("a1", "lost")]


def test_lost_worker_leaves_after_a_day(watch):
    watch.step(1001, worker("b2"))
    watch.step(1001 + 24 * 3600 - 1, worker("b2"))
    assert watch.state("a1") == "lost"
    watch.step(1001 + 24 * 3600, worker("b2"))
    assert watch.state("a1") is None
    assert watch.kinds == [("a1", "removed")]


def test_lost_worker_is_taken_off_by_hand_and_nothing_else_is(watch):
    watch.step(1001, worker("b2"))
    entries, change = remove(watch.entries, "w1", "ana", 1002)
    assert [e.name for e in entries] == ["b2"]
    assert (change.kind, change.by) == ("removed", "ana")
    assert remove(watch.entries, "w2", "ana", 1002) == (watch.entries, None)
    assert remove(watch.entries, "nobody", "ana", 1002) == (watch.entries, None)


def test_what_was_taken_off_is_put_back_where_it_was(watch):
    watch.step(1001)
    before = watch.entries
    entries, _ = remove(before, "w1", "ana", 1002)
    back, changes = put_back(entries, before, "bruno", 1003)
    assert back == before
    assert [(c.worker_id, c.kind, c.by, c.at) for c in changes] == [("w1", "restored", "bruno", 1003)]
    assert put_back(before, before, "bruno", 1003) == (before, ())


def test_worker_that_came_back_as_a_new_one_stays_so_when_the_old_one_is_put_back(watch):
    watch.step(1001, worker("b2"))
    lost = watch.entries
    watch.entries, _ = remove(lost, "w1", "ana", 1002)
    watch.step(1003, worker("a1", port=1), worker("b2"))
    watch.entries, _ = put_back(watch.entries, lost, "ana", 1004)
    watch.step(1005, worker("a1", port=1), worker("b2"))
    assert [(e.id, e.name, e.state) for e in watch.entries] == [
        ("w1", "a1", "lost"),
        ("w2", "b2", "running"),
        ("w3", "a1", "running"),
    ]
    assert watch.kinds == []


def test_worker_taken_off_by_hand_that_comes_back_is_new(watch):
    watch.step(1001, worker("b2"))
    watch.entries, _ = remove(watch.entries, "w1", "ana", 1002)
    watch.step(1003, worker("a1", port=1), worker("b2"))
    assert watch.kinds == [("a1", "joined")]


def test_lost_worker_whose_process_comes_back_has_joined_again(watch):
    watch.step(1001, worker("b2")).step(1002, worker("a1"), worker("b2"))
    assert (watch.state("a1"), watch.entries[0].restarts) == ("running", 0)
    assert watch.kinds == [("a1", "joined")]


def test_a_compute_that_makes_up_names_does_not_fill_the_list():
    watch = Watch()
    for second in range(1, 1101):
        watch.step(1000 + second, worker(f"k8s{second}"))
    lost = [e for e in watch.entries if e.state == "lost"]
    assert len(lost) == 1000
    assert lost[0].name == "k8s100"
    assert ("k8s99", "removed") in watch.kinds


def test_a_thousand_workers_are_quick():
    from time import perf_counter

    workers = [worker(f"w{n}", address=f"tcp://10.1.{n // 250}.{n % 250}:4000") for n in range(1000)]
    watch = Watch().step(1000, *workers)
    began = perf_counter()
    watch.step(1001, *[replace(w, memory=7) for w in workers[1:]])
    assert perf_counter() - began < 0.5  # a twentieth of that is usual
    assert watch.kinds == [("w0", "lost")]


def test_a_crash_between_two_readings_is_told_from_what_people_wanted():
    entries, _ = advance((), reading(worker("n1"), worker("n2")), (), (), 1000.0)
    back = reading(worker("n1", port=1), worker("n2"), at=1001.0)
    after, changes = advance(entries, back, (), (), 1001.0)
    assert crashed(entries, changes) == {entries[0].id}
    wish = Intent(entries[0].id, "restart", "Ana", 1000.5)
    _, changes = advance(entries, back, (), (wish,), 1001.0)
    assert [change.kind for change in changes] == ["restarted"]
    assert crashed(entries, changes) == frozenset()
    # One that a reading saw missing was lost, and is told as that.
    lost, changes = advance(after, reading(worker("n2"), at=1002.0), (), (), 1002.0)
    assert crashed(after, changes) == frozenset()
    _, changes = advance(lost, reading(worker("n1", port=2), worker("n2"), at=1003.0), (), (), 1003.0)
    assert crashed(lost, changes) == frozenset()
