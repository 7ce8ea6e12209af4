"""One file from which an installation can be brought back, written while it runs."""

import contextlib
import datetime
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from keepai.cli import questions
from keepai.cli.holds import LOCK
from keepai.cli.say import locale, say, stop
from keepai.cli.supervise import SIGN_IN_FILE
from services.format import bytes_binary
from services.settings import Settings

DATABASE = "keepai.db"
FOLDER = "backups"
# What is made anew by itself: the lock, the embedded compute's certificates and spill, Reflex's cache.
LEFT_OUT = {LOCK, SIGN_IN_FILE, FOLDER, "compute", "reflex"}


def main(file: str | None) -> int:
    """Write the backup and say where it is and how to restore it. Raises Stop."""
    settings = questions.settings()
    target = Path(file) if file else _default(settings.data_dir)
    if target.exists():
        stop("cli.backup.exists", file=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(settings, target)
    except (OSError, sqlite3.Error) as error:
        stop("cli.backup.not_written", file=target, why=error)
    size = bytes_binary(locale(), target.stat().st_size)
    print(say("cli.backup.done", file=target, size=size))
    print(say("cli.backup.restore", file=target, folder=settings.data_dir))
    if settings.secret_key.get_secret_value():
        print(say("cli.backup.key_elsewhere"))
    if not _sqlite_file(settings):
        print(say("cli.backup.postgresql", command=_pg_dump(settings)))
    return 0


def _write(settings: Settings, target: Path) -> None:
    """The archive appears under its name only once it is complete, readable by its owner alone."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as scratch:
        unfinished = Path(scratch) / "unfinished.tar.gz"
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with tarfile.open(unfinished, "w:gz") as archive:
            source = _sqlite_file(settings)
            if source is not None and source.exists():
                copy = Path(scratch) / DATABASE
                _copy(source, copy)
                archive.add(copy, DATABASE)
            for path in _files(settings.data_dir, besides=source):
                with contextlib.suppress(FileNotFoundError):  # somebody deleted it meanwhile
                    archive.add(path, str(path.relative_to(settings.data_dir)))
            if not archive.getmembers():
                stop("cli.backup.nothing", folder=settings.data_dir)
        unfinished.rename(target)


def _copy(source: Path, copy: Path) -> None:
    """A consistent copy of a database that may be in use."""
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    reading, writing = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(copy)
    try:
        reading.backup(writing)
        # One plain file, so that it can be opened from a read-only medium too.
        writing.execute("PRAGMA journal_mode=DELETE")
    finally:
        reading.close()
        writing.close()


def _files(folder: Path, besides: Path | None) -> Iterator[Path]:
    database = {f"{besides}{end}" for end in ("", "-wal", "-shm", "-journal")} if besides else set()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if path.is_file() and not path.is_symlink() and inside[0] not in LEFT_OUT:
            if inside[0].startswith(".backup-") or str(path.absolute()) in database:
                continue
            yield path


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.sqlalchemy_url)
    return Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None


def _pg_dump(settings: Settings) -> str:
    url = make_url(settings.sqlalchemy_url)._replace(drivername="postgresql", password=None)
    return f"pg_dump --format=custom --file=keepai.dump '{url.render_as_string()}'"


def _default(folder: Path) -> Path:
    now = datetime.datetime.now(datetime.UTC)
    return folder / FOLDER / f"keepai-{now:%Y%m%d-%H%M%S}.tar.gz"
