"""`python -m keepai doctor`: what KeepAI needs, one line each, with what to do where something is wrong."""

import asyncio
import datetime
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from keepai.cli import build, questions
from keepai.cli.say import Stop, say
from services.settings import Settings

Verdict = Literal["ok", "note", "problem"]
NEEDED_NODE = (22, 22)
LITTLE_SPACE = 1 << 30
ENDS_SOON = datetime.timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: the key of its sentence and what fills it, or, without a key, a whole sentence."""

    verdict: Verdict
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    whole: str = ""

    @property
    def sentence(self) -> str:
        """In the language of the terminal."""
        return say(self.key, **self.params) if self.key else self.whole


def main() -> int:
    """Print the findings. Returns 1 when there is a problem."""
    found = findings()
    width = max(len(say(f"cli.doctor.{verdict}")) for verdict in ("ok", "note", "problem"))
    for one in found:
        print(f"{say(f'cli.doctor.{one.verdict}'):<{width}}  {one.sentence}")
    return int(any(one.verdict == "problem" for one in found))


def findings() -> list[Finding]:
    """Look at everything. Takes seconds where something does not answer; not for the event loop."""
    found: list[Finding] = [_python(), _node(), _build()]
    try:
        settings = questions.settings()
    except Stop as reason:
        found += [Finding("problem", "", whole=sentence) for sentence in reason.sentences]
    else:
        checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
            _folder,
            _instance,
            _database,
            _redis,
            _scheduler,
            _mail,
            _certificate,
        )
        found += [finding for check in checks for finding in check(settings)]
    return found


def _found(verdict: Verdict, key: str, **params: object) -> Finding:
    return Finding(verdict, key, params)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036  (the doctor is for what should not be)
        return _found("problem", "cli.doctor.python_old", version=version)
    return _found("ok", "cli.doctor.python", version=version)


def _node() -> Finding:
    node = shutil.which("node", path=build.environment()["PATH"])
    said = (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if node
        else ""
    )
    version = tuple(map(int, re.findall(r"\d+", said)[:3]))
    if version < NEEDED_NODE:
        return _found("note" if build.is_current() else "problem", "cli.doctor.node_none")
    return _found("ok", "cli.doctor.node", version=".".join(map(str, version)))


def _build() -> Finding:
    if build.is_current():
        return _found("ok", "cli.doctor.build")
    return _found("note", "cli.doctor.build_old")


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir.absolute()
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(nearest).free
    shown = f"{free / (1 << 30):.1f} GiB"
    try:
        _try_to_write(nearest)
    except OSError as error:
        yield _found("problem", "cli.folder.not_writable", folder=folder, why=error.strerror)
        return
    if free < LITTLE_SPACE:
        yield _found("problem", "cli.doctor.folder_full", folder=folder, free=shown)
    elif folder.exists() and folder.stat().st_mode & 0o077:
        yield _found("note", "cli.doctor.folder_open", folder=folder)
    else:
        yield _found("ok", "cli.doctor.folder", folder=folder, free=shown)


def _try_to_write(folder: Path) -> None:
    import tempfile

    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"1")


def _instance(settings: Settings) -> Iterator[Finding]:
    from keepai.cli.holds import hold_port, holder_of

    if pid := holder_of(settings.data_dir):
        yield _found("ok", "cli.doctor.running", pid=pid)
        return
    try:
        hold_port(settings.host, settings.port).close()
    except Stop as reason:
        yield Finding("problem", "", whole=reason.sentences[0])
    else:
        yield _found("ok", "cli.doctor.not_running", port=settings.port)


def _database(settings: Settings) -> Iterator[Finding]:
    from sqlalchemy.exc import DBAPIError

    from keepai.cli import migrate
    from services import db
    from services.identity import accounts

    shown = migrate.shown(settings)
    if not settings.database_url and not Path(shown).exists():
        yield _found("note", "cli.doctor.database_none", database=shown)
        return
    try:
        revision, newest = migrate.revision(), migrate.newest()
    except DBAPIError as error:
        yield _found("problem", "cli.database.no_answer", database=shown, why=migrate.reason(error))
        return
    if revision != newest:
        yield _found(
            "note", "cli.doctor.database_old", database=shown, revision=revision or "—", newest=newest
        )
        return
    yield _found("ok", "cli.doctor.database", database=shown, revision=revision)
    admins = db.read_now(accounts.count_admins)
    if admins:
        yield _found("ok", "cli.doctor.admins", count=admins)
    else:
        yield _found("problem", "cli.doctor.no_admin")


def _redis(settings: Settings) -> Iterator[Finding]:
    url = settings.redis_url.get_secret_value()
    if not url:
        yield _found("ok", "cli.doctor.redis_none")
        return
    import redis

    try:
        redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3).ping()
    except (redis.RedisError, ValueError, OSError) as error:
        yield _found("problem", "cli.doctor.redis_silent", why=str(error).rstrip("."))
    else:
        yield _found("ok", "cli.doctor.redis")


def _scheduler(settings: Settings) -> Iterator[Finding]:
    address = settings.dask_scheduler
    if not address:
        yield _found("ok", "cli.doctor.scheduler_embedded")
        return
    host, _, port = address.partition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=3).close()
    except OSError as error:
        yield _found("problem", "cli.doctor.scheduler_silent", address=address, why=error.strerror or error)
    else:
        yield _found("ok", "cli.doctor.scheduler", address=address)


def _mail(settings: Settings) -> Iterator[Finding]:
    from services import probes

    if not settings.smtp_host:
        yield _found("ok", "cli.doctor.mail_none")
        return
    address = f"{settings.smtp_host}:{settings.smtp_port}"
    found = asyncio.run(probes.check("mail", probes.PROBES["mail"](settings)))
    if found.state == "down":
        yield _found(
            "problem", "cli.doctor.mail_down", address=address, why=say(found.reason, **found.params)
        )
    else:
        yield _found("ok", "cli.doctor.mail", address=address)


def _certificate(settings: Settings) -> Iterator[Finding]:
    if not settings.tls_cert:
        yield _found("ok", "cli.doctor.certificate_none")
        return
    from cryptography import x509

    ends = x509.load_pem_x509_certificate(Path(settings.tls_cert).read_bytes()).not_valid_after_utc
    date = f"{ends:%Y-%m-%d}"
    if ends - datetime.datetime.now(datetime.UTC) < ENDS_SOON:
        yield _found("problem", "cli.doctor.certificate_ends", date=date)
    else:
        yield _found("ok", "cli.doctor.certificate", date=date)
