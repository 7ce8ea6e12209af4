"""Long work is claimed once, by one, begun again a few times at most, given up, told and forgotten."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from models import AccountSession, BellNotice, Job, NoticePreference, OutboxMessage, PushSubscription
from models.base import new_id
from services import bell, db, jobs
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, NotFound
from services.identity import people
from services.jobs import Ended, Result, queue, words
from services.settings import Settings
from tests.conftest import PASSWORD

BY = Actor("machine")
SECOND = timedelta(seconds=1)
LOST = jobs.LOST_AFTER + SECOND


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


@pytest.fixture
def claim(settings):
    def claim_(at=None, runner="r", most=10):
        return db.write_now(jobs.claim, settings, at or now(), runner, most)

    return claim_


def put(person, **more):
    return db.write_now(jobs.enqueue, now(), person.id, "account_export", by=BY, **more)


def seen(job):
    return db.read_now(lambda session: session.get(Job, job.id))


def test_each_is_claimed_by_one_however_many_reach_for_it(database, ana, settings):
    made = {put(ana).id for _ in range(jobs.queue.MOST_OF_ONE)}
    taken, barrier = [], threading.Barrier(6)

    def reach(number):
        barrier.wait()
        for _ in range(6):
            taken.extend(job.id for job in db.write_now(jobs.claim, settings, now(), f"r{number}", 4))

    threads = [threading.Thread(target=reach, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(made)


def test_who_was_taken_for_gone_may_say_nothing_any_more(database, ana, settings, claim):
    job = put(ana)
    [first] = claim(runner="one")
    assert claim(runner="two") == []
    [second] = claim(now() + LOST, runner="two")
    assert (second.id, second.tries) == (job.id, 2)
    note = (job.id, first.runner, ana.id)
    assert not db.write_now(queue.note, *note, done=5)
    assert not db.write_now(jobs.finish, settings, now(), job.id, first.runner, Ended("done"))
    assert not db.write_now(jobs.run_again, settings, now(), job.id, first.runner, "jobs.error.gone")
    assert db.write_now(jobs.beat, now(), {job.id: first.runner}) == {job.id: "lost"}
    assert db.write_now(jobs.beat, now(), {job.id: second.runner}) == {}
    db.write_now(jobs.release, now(), job.id, first.runner)
    assert (seen(job).state, seen(job).done) == ("running", 0)
    assert db.write_now(jobs.finish, settings, now(), job.id, second.runner, Ended("done"))
    assert seen(job).state == "done"


def test_a_sign_of_life_keeps_it(database, ana, claim):
    put(ana)
    [job] = claim()
    later = now() + LOST
    db.write_now(jobs.beat, later, {job.id: job.runner})
    assert not db.read_now(jobs.is_due, later + SECOND)
    assert db.read_now(jobs.is_due, later + LOST)


def test_one_whose_runner_is_gone_is_begun_again_three_times_and_no_more(database, ana, claim):
    job, at = put(ana), now()
    for number in range(jobs.AGAIN + 1):
        [taken] = claim(at + number * LOST)
        assert taken.tries == number + 1
    assert claim(at + (jobs.AGAIN + 1) * LOST) == []
    over = seen(job)
    assert (over.state, over.error, over.tries) == ("failed", "jobs.error.gone", jobs.AGAIN + 1)
    assert "vezes demais" in words.error("pt-BR", over)
    assert [one.key for one in rung(ana)] == ["jobs.bell.failed"]


def test_one_whose_task_is_gone_waits_a_little_and_goes_on_from_its_last_step(database, ana, settings, claim):
    job, at = put(ana), now()
    for number in range(jobs.AGAIN + 1):
        at += timedelta(minutes=1)
        [taken] = claim(at)
        assert taken.step == ({"at": number} if number else {})
        db.write_now(queue.note, job.id, taken.runner, ana.id, step={"at": number + 1})
        db.write_now(jobs.run_again, settings, at, job.id, taken.runner, "jobs.error.compute_gone")
        assert not db.read_now(jobs.is_due, at + SECOND)
    assert (seen(job).state, seen(job).error) == ("failed", "jobs.error.compute_gone")
    again = db.write_now(jobs.retry, now(), ana.id, job.id, by=BY)
    assert (again.state, again.tries, again.error, again.step) == ("queued", 0, "", {"at": jobs.AGAIN + 1})


def test_an_orderly_end_of_the_runner_is_no_try(database, ana, claim):
    job = put(ana)
    for _ in range(jobs.AGAIN + 3):
        [taken] = claim()
        db.write_now(jobs.release, now(), job.id, taken.runner)
    assert (seen(job).state, seen(job).tries) == ("queued", 0)


def test_giving_up(database, ana, bruno, settings, claim):
    waits, runs, fixed = put(ana), put(ana), put(ana, cancellable=False)
    assert db.write_now(jobs.cancel, now(), ana.id, waits.id, by=BY).state == "cancelled"
    taken = {job.id: job for job in claim()}
    assert waits.id not in taken
    assert db.write_now(jobs.cancel, now(), ana.id, runs.id, by=BY).state == "running"
    assert db.write_now(jobs.beat, now(), {job.id: job.runner for job in taken.values()}) == {
        runs.id: "cancel"
    }
    with pytest.raises(Conflict):
        db.write_now(jobs.cancel, now(), ana.id, fixed.id, by=BY)
    with pytest.raises(NotFound):
        db.write_now(jobs.cancel, now(), bruno.id, runs.id, by=BY)
    # Whoever ran it died before it heard of that: it is not begun again.
    assert [job.id for job in claim(now() + LOST)] == [fixed.id]
    assert seen(runs).state == "cancelled"
    with pytest.raises(Conflict):
        db.write_now(jobs.cancel, now(), ana.id, runs.id, by=BY)
    assert rung(ana) == []  # of what one gave up oneself one knows


def test_a_person_has_a_number_of_them_at_most(database, ana, bruno):
    for _ in range(queue.MOST_OF_ONE):
        put(ana)
    with pytest.raises(Conflict):
        put(ana)
    put(bruno)


def test_only_whose_it_is_sees_and_removes_it(database, ana, bruno, settings, claim):
    job = put(bruno)
    with pytest.raises(NotFound):
        db.read_now(jobs.get, ana.id, job.id)
    with pytest.raises(NotFound):
        db.write_now(jobs.remove, now(), ana.id, job.id, by=BY)
    with pytest.raises(NotFound):
        db.write_now(jobs.retry, now(), ana.id, job.id, by=BY)
    assert db.read_now(jobs.listed, ana.id) == []
    with pytest.raises(Conflict):
        db.write_now(jobs.remove, now(), bruno.id, job.id, by=BY)
    [taken] = claim()
    db.write_now(jobs.finish, settings, now(), job.id, taken.runner, Ended("done"))
    db.write_now(jobs.remove, now(), bruno.id, job.id, by=BY)
    assert db.read_now(jobs.listed, bruno.id) == []


def test_what_was_over_a_month_ago_is_forgotten(database, ana, settings, claim):
    old, runs = put(ana), put(ana)
    first, _ = sorted(claim(), key=lambda job: job.id)
    db.write_now(jobs.finish, settings, now(), old.id, first.runner, Ended("done"))
    assert db.write_now(jobs.prune, now() + timedelta(days=29)) == 0
    assert db.write_now(jobs.prune, now() + timedelta(days=31)) == 1
    assert seen(runs) is not None
    assert db.write_now(bell.prune, now() + timedelta(days=31)) == 1


def rung(person):
    return [one.notice for one in db.read_now(bell.listed, person.id, now() + SECOND)]


def device(person):
    """A browser of theirs that takes notifications."""

    def add(session):
        signed = AccountSession(
            account_id=person.id,
            token_hash=new_id().hex * 2,
            created_at=now(),
            seen_at=now(),
            expires_at=now(),
        )
        session.add(signed)
        session.flush()
        session.add(
            PushSubscription(
                account_id=person.id,
                session_id=signed.id,
                endpoint_hash=new_id().hex * 2,
                sealed="x",
                created_at=now(),
                seen_at=now(),
            )
        )

    db.write_now(add)


@pytest.mark.parametrize(
    ("wish", "seconds", "in_bell", "pushed"),
    [
        ("all", 31, 1, 2),
        ("all", 29, 1, 0),
        ("bell", 31, 1, 0),
        ("none", 31, 0, 0),
        (None, 31, 1, 2),
    ],
)
def test_whoever_asked_for_it_is_told_as_they_wish(
    database, ana, bruno, settings, claim, wish, seconds, in_bell, pushed
):
    for person in (ana, ana, bruno):
        device(person)
    if wish:
        kept = NoticePreference(account_id=ana.id, jobs=wish, updated_at=now())
        db.write_now(lambda session: session.add(kept))
    job = put(ana)
    [taken] = claim()
    ended = Ended("done", Result("jobs.result.export", {"days": 7}, href="/api/v1/files/x", download=True))
    at = job.created_at + seconds * SECOND
    db.write_now(jobs.finish, settings, at, job.id, taken.runner, ended)
    told = db.read_now(bell.listed, ana.id, at + SECOND)
    assert len(told) == in_bell
    assert db.read_now(bell.unread, ana.id, at + SECOND) == in_bell
    assert db.read_now(bell.listed, bruno.id, at + SECOND) == []
    if in_bell:
        notice = told[0].notice
        assert words.said("pt-BR", notice.key, notice.params) == "Pronto: Reunir meus dados"
    put_ = db.read_now(lambda session: session.exec(select(OutboxMessage)).all())
    assert [(one.channel, one.template, one.recipient_id) for one in put_] == [
        ("push", "job", ana.id)
    ] * pushed
    db.write_now(bell.read, ana.id, at + SECOND)
    assert db.read_now(bell.unread, ana.id, at + 2 * SECOND) == 0


def test_who_leaves_leaves_no_job_and_no_notice(database, ana, bruno, settings, claim):
    job = put(bruno)
    [taken] = claim()
    db.write_now(jobs.finish, settings, now(), job.id, taken.runner, Ended("failed", error="jobs.error.gone"))
    running = put(bruno)
    [runs] = claim()
    taken_along = db.read_now(people.export, settings, bruno.id, now())
    assert [one["state"] for one in taken_along["jobs"]] == ["running", "failed"]
    assert [one["key"] for one in taken_along["told"]] == ["jobs.bell.failed"]
    db.write_now(people.delete, bruno.id, new_id(), PASSWORD, now(), by=Actor("person", bruno.id, "Bruno"))
    rows = db.read_now(lambda session: [*session.exec(select(Job)), *session.exec(select(BellNotice))])
    assert rows == []
    assert not db.write_now(queue.note, running.id, runs.runner, bruno.id, done=1)
