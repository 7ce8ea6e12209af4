"""The database, asked from threads so that the event loop never waits.

Two verbs: `read` never commits, `write` opens the one transaction, calls the function with the database
session, commits, and tries again where SQLite was busy or PostgreSQL could not serialise.
"""

import asyncio
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlmodel import Session

from services.settings import get_settings

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 6
PING_AFTER = 1.0  # s of idleness
SERIALISATION_FAILURES = {"40001", "40P01"}
_url: str | None = None


def configure(url: str | None) -> None:
    """Use another database than the settings name (tests, copies). None goes back to the settings."""
    global _url
    if engine.cache_info().currsize:
        engine().dispose()
    _url = url
    engine.cache_clear()


@lru_cache(maxsize=1)
def engine() -> Engine:
    """The engine of this process, made at first use (never at import: children would inherit it)."""
    return open_engine(_url or get_settings().sqlalchemy_url)


def open_engine(url: str) -> Engine:
    """An engine with our pragmas. SQLite: WAL, foreign keys, BEGIN IMMEDIATE for writers."""
    if not url.startswith("sqlite"):
        made = create_engine(
            url,
            pool_size=8,
            max_overflow=8,
            pool_timeout=10,
            connect_args={"connect_timeout": 5},
        )
        event.listen(made, "checkin", _note_idle)
        event.listen(made, "checkout", _ping_idle)
        return made
    if database := make_url(url).database:
        Path(database).parent.mkdir(parents=True, exist_ok=True)
    made = create_engine(
        url, pool_size=8, max_overflow=8, connect_args={"timeout": 5, "check_same_thread": False}
    )
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


async def read(fn: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `fn(db, …)` in a thread with a database session that is never committed."""
    return await _in_thread(partial(read_now, fn, *args, **kwargs))


async def write(fn: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `fn(db, …)` in a thread in one transaction; commits, or rolls back and raises."""
    return await _in_thread(partial(write_now, fn, *args, **kwargs))


def read_now(fn: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`read` without the thread, for the command line and tests. Tries once more when the connection was found dead:
    nothing had changed by then."""
    for attempt in (1, 2):
        try:
            with Session(engine(), expire_on_commit=False) as db:
                return fn(db, *args, **kwargs)
        except DBAPIError as error:
            if attempt == 2 or not error.connection_invalidated:
                raise
    raise AssertionError("unreachable")


def write_now(fn: Callable[Concatenate[Session, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`write` without the thread. Tries again, with a growing pause, when the database was busy, and when the
    connection was found dead before the commit: afterwards nobody can tell whether it holds."""
    for attempt in range(1, TRIES + 1):
        committing = False
        try:
            with Session(engine().execution_options(keepai_write=True), expire_on_commit=False) as db:
                result = fn(db, *args, **kwargs)
                db.flush()
                committing = True
                db.commit()
                return result
        except DBAPIError as error:
            dead = error.connection_invalidated and not committing
            if attempt == TRIES or not (dead or _passes(error)):
                raise
            time.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)
    raise AssertionError("unreachable")


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="keepai-db")


async def _in_thread(call: Callable[[], R]) -> R:
    # With its context, as `asyncio.to_thread` does: who acts is asked for also there.
    return await asyncio.get_running_loop().run_in_executor(_threads(), copy_context().run, call)


def _passes(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when tried again."""
    if getattr(error.orig, "sqlstate", None) in SERIALISATION_FAILURES:
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)


def _note_idle(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that has lain idle whether its server is still there; the pool replaces one that does not
    answer. One that was used a moment ago is not asked: that would double what a short query costs."""
    since = record.info.get("idle_since")
    if since is None or time.monotonic() < since + PING_AFTER:
        return
    try:
        made = connection.autocommit
        connection.autocommit = True  # outside of a transaction
        connection.execute("SELECT 1")
        connection.autocommit = made
    except Exception as error:
        raise InvalidatePoolError from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that starts as a reader can fail with "database is locked" at once, without waiting:
    # taking the write lock first makes it wait its turn.
    writes = connection.get_execution_options().get("keepai_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
