"""A database that was restarted in the meantime is not noticed by who asks next."""

import pytest
from sqlalchemy import make_url, text

from services import accounts, db
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


def test_who_writes_after_some_quiet(restarted, monkeypatch):
    monkeypatch.setattr(db, "PING_AFTER", 0.0)
    db.write_now(accounts.create, "ana@example.org", "a long passphrase", role="admin")
    restarted()
    db.write_now(accounts.create, "bruno@example.org", "a long passphrase", role="viewer")
    assert db.read_now(accounts.count) == 2
