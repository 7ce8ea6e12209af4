"""A database that was restarted in the meantime is not noticed by who asks next."""

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError

from services import db
from services.identity import accounts
from tests.conftest import PostgreSQL


@pytest.fixture
def restarted(postgresql: PostgreSQL, postgresql_url: str):
    """Ends every connection there is, as a restart does."""

    def end() -> None:
        with postgresql.admin.connect() as connection:
            name = make_url(postgresql_url).database
            ended = text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"
            )
            assert connection.execute(ended, {"name": name}).scalar_one() > 0

    db.configure(postgresql_url)
    yield end
    db.configure(None)


def test_who_reads_a_moment_after(restarted):
    assert db.read_now(accounts.count) == 0
    restarted()
    assert db.read_now(accounts.count) == 0


@pytest.mark.parametrize("quiet", [0.0, db.PING_AFTER], ids=["after some quiet", "a moment after"])
def test_who_writes(restarted, monkeypatch, quiet):
    monkeypatch.setattr(db, "PING_AFTER", quiet)
    db.write_now(accounts.create, "ana@example.org", "a long passphrase", role="admin")
    restarted()
    db.write_now(accounts.create, "bruno@example.org", "a long passphrase", role="viewer")
    assert db.read_now(accounts.count) == 2


def test_what_may_have_been_committed_is_not_tried_again(restarted):
    done = []

    def write(session):
        done.append(1)
        session.execute(text("SELECT 1"))
        event.listen(session, "before_commit", lambda _: restarted(), once=True)

    with pytest.raises(DBAPIError):
        db.write_now(write)
    assert done == [1]
