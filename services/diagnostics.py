"""What whoever helps needs to know of an installation, and nothing that is secret or of people.

Everything here is chosen piece by piece, so that what is added elsewhere is not in it until somebody puts it in.
"""

import io
import platform
import re
import socket
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from sqlmodel import Session, SQLModel, func, select

from models import Account, ApiKey, ExternalIdentity, OneTimeLink, ProbeStatus, Worker
from services import about, health
from services.clock import rfc3339
from services.masking import MASK, masked, without
from services.settings import PREFIX, Settings

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
HERE = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::")  # noqa: S104 (compared with, not bound to)
VERSION = re.compile(r"\d[\w.+~() -]{0,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Beside:
    """What runs beside KeepAI. `redis` is its version as it was last seen, empty while it does not answer, None where
    none is configured."""

    kind: str
    database: str
    redis: str | None


def beside(db: Session) -> Beside:
    """The kind and version of the database, and the version of Redis."""
    kind = db.get_bind().dialect.name
    asked = "SELECT sqlite_version()" if kind == "sqlite" else "SHOW server_version"
    version = str(db.connection().exec_driver_sql(asked).scalar_one())
    found = db.get(ProbeStatus, "redis")
    configured = found is not None and found.state != "not_configured"
    redis = str(found.detail.get("version", "")) if found is not None and configured else None
    return Beside(DATABASES.get(kind, kind), version, redis)


def versions(seen: Beside) -> dict[str, Any]:
    """What runs here. Reads files of packages."""
    return {
        "keepai": about.VERSION,
        "commit": about.commit(),
        "python": about.python(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "database": {"kind": seen.kind, "version": _version(seen.database)},
        "redis": seen.redis and _version(seen.redis),
        "uptime_seconds": round(about.uptime()),
        "packages": {one.name: one.version for one in about.packages()},
    }


def settings(given: Settings) -> dict[str, dict[str, Any]]:
    """Every setting by name, and whether it was changed. Numbers and choices are told; of everything else only that
    there is something."""
    return {
        PREFIX + name.upper(): {
            "value": _told(name, getattr(given, name)),
            "changed": getattr(given, name) != field.default,
        }
        for name, field in Settings.model_fields.items()
    }


def in_database(db: Session) -> dict[str, Any]:
    """The migration, what the probes found, and how many rows each table has."""
    tables = SQLModel.metadata.sorted_tables
    counts = {
        table.name: db.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
    }
    return {
        "revision": health.revision(db),
        "newest": health.newest(),
        "probes": [_probe(one) for one in db.exec(select(ProbeStatus))],
        "tables": dict(sorted(counts.items())),
    }


def names(db: Session) -> set[str]:
    """What people and machines are called here, to be taken out of log lines."""
    queries = (
        select(Account.name),
        select(Account.email),
        select(Account.password_set_by),
        select(ExternalIdentity.email),
        select(ExternalIdentity.subject),
        select(OneTimeLink.email),
        select(OneTimeLink.by),
        select(ApiKey.name),
        select(Worker.host),
    )
    return {name for query in queries for name in db.exec(query) if name} | {socket.gethostname()}


def values(given: Settings) -> list[str]:
    """What was set and is not told, the longest first."""
    found = set()
    for name in Settings.model_fields:
        value = getattr(given, name)
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(plain, str | Path) and _told(name, value) == MASK:
            found |= {str(plain), str(Path(plain).absolute())} if isinstance(plain, Path) else {plain}
    return sorted((one for one in found if len(one) > 1), key=len, reverse=True)


def cleaned(lines: Sequence[str], known: set[str], secret: Sequence[str]) -> str:
    """Log lines without what was set, what people are called, and what looks like a secret or an address."""
    text = "\n".join(lines)
    for value in secret:
        text = text.replace(value, MASK)
    return "\n".join(without(masked(line), known) for line in text.splitlines())


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _told(name: str, value: Any) -> Any:
    """A setting's value where it can be of nobody, else that there is one."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    choices = get_args(Settings.model_fields[name].annotation)
    if isinstance(plain, int) or plain in choices or plain == "" or (name == "host" and plain in HERE):
        return plain
    return MASK


def _probe(one: ProbeStatus) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state,
        "reason": one.reason,
        "latency": one.latency,
        "version": _version(str(one.detail.get("version", ""))),
        "since": rfc3339(one.since),
        "checked_at": rfc3339(one.checked_at),
        "succeeded_at": rfc3339(one.succeeded_at),
    }


def _version(said: str) -> str:
    """What the other side calls its version, where it looks like one: it could say anything."""
    return said if VERSION.fullmatch(said) else ""
