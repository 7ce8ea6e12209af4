"""Bringing the database to the newest form."""

from pathlib import Path
from typing import Any

from keepai.cli import ROOT
from keepai.cli.say import stop
from services.settings import Settings


def to_newest(settings: Settings) -> None:
    """Run the migrations that are missing. Raises Stop when the database does not answer or is not ours, and when it
    was written with another key: nothing that is encrypted in it could be read."""
    from alembic import command
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    from services import db, secret_key, vault

    try:
        box = vault.of(settings)
    except OSError as error:
        stop("cli.folder.not_writable", folder=settings.data_dir, why=error.strerror)
    try:
        if revision() != newest():
            command.upgrade(configuration(), "head")
        db.write_now(vault.check, box)
    except (vault.OtherKey, vault.Altered):
        stop("cli.database.other_key", database=shown(settings), file=settings.data_dir / secret_key.FILE)
    except DBAPIError as error:
        stop("cli.database.no_answer", database=shown(settings), why=reason(error))
    except CommandError:
        stop("cli.database.from_the_future", database=shown(settings))


def revision() -> str | None:
    """The revision the database is at, or None when it is empty."""
    from alembic.migration import MigrationContext

    from services import db

    with db.engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The newest revision this version of KeepAI knows."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(configuration()).get_current_head()


def configuration() -> Any:
    """Alembic's configuration, wherever KeepAI was started from."""
    from alembic.config import Config

    return Config(str(ROOT / "alembic.ini"))


def shown(settings: Settings) -> str:
    """The database without its password."""
    from sqlalchemy.engine import make_url

    url = make_url(settings.sqlalchemy_url)
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or ""))
    return url.render_as_string(hide_password=True)


def reason(error: Exception) -> str:
    """The driver's own words, on one line and without SQLAlchemy's."""
    said = str(getattr(error, "orig", error)).strip()
    return said.splitlines()[0][:200].rstrip(".") if said else type(error).__name__
