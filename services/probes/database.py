"""The database KeepAI itself uses."""

import asyncio
import time

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from models import ProbeStatus
from services import db
from services.probes.base import Failure, ProbeResult, answered
from services.settings import Settings

_asking: asyncio.Future[str] | None = None


class Database:
    """Reads one row. Detail: `kind` (sqlite or postgresql) and `version`."""

    def __init__(self, _settings: Settings) -> None: ...

    async def check(self) -> ProbeResult:
        """See Probe."""
        began = time.perf_counter()
        try:
            version = await _version()
        except (SQLAlchemyError, OSError) as error:
            raise Failure("probes.reason.database") from error
        latency = time.perf_counter() - began
        return answered(latency, kind=db.engine().dialect.name, version=version)


async def _version() -> str:
    """One question at a time: a database that hangs must not take one thread more with every check."""
    global _asking
    loop = asyncio.get_running_loop()
    if _asking is None or _asking.done() or _asking.get_loop() is not loop:
        _asking = asyncio.ensure_future(db.read(_ask))
        # An answer that nobody waits for any more is nobody's error.
        _asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
    return await asyncio.shield(_asking)


def _ask(session: Session) -> str:
    """The version of the database, after something was really read from it."""
    session.execute(select(func.count()).select_from(ProbeStatus)).scalar_one()
    sqlite = session.get_bind().dialect.name == "sqlite"
    return str(
        session.execute(text("SELECT sqlite_version()" if sqlite else "SHOW server_version")).scalar_one()
    )
