"""The baseline of the API: the same rows from the same table with nothing around them, and a constant.

FastAPI and SQLAlchemy Core as their documents show them, served as our own app is. No session, no permission, no
limit, no security header, no validation of what was asked, no ETag.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Response
from sqlalchemy import create_engine, select

from benchmarks.figures import ROOT
from benchmarks.installation import answers, free_port, until
from models import Account, ApiKey

DATABASE, CONSTANT = "BENCH_DATABASE", "BENCH_CONSTANT"
KEYS, ACCOUNTS = ApiKey.__table__, Account.__table__  # type: ignore[attr-defined]
PAGE = 50


def app() -> FastAPI:
    """The app of one process."""
    bare = FastAPI()
    engine = create_engine(os.environ[DATABASE], pool_size=16, max_overflow=0)
    constant = b"x" * int(os.environ[CONSTANT])
    columns = [KEYS.c[name] for name in ("id", "name", "prefix", "permissions")]
    columns += [ACCOUNTS.c.email]
    columns += [
        KEYS.c[name] for name in ("created_at", "expires_at", "last_used_at", "per_minute", "per_hour")
    ]
    wanted = select(*columns).join(ACCOUNTS, ACCOUNTS.c.id == KEYS.c.account_id)
    newest = wanted.order_by(KEYS.c.id.desc()).limit(PAGE)

    @bare.get("/keys/{account}")
    def keys(account: UUID) -> Response:
        """The keys of an account that were not revoked."""
        of_account = newest.where(KEYS.c.account_id == account, KEYS.c.revoked_at.is_(None))
        with engine.connect() as connection:
            rows = connection.execute(of_account).all()
        body = json.dumps(
            {"items": [_shown(row) for row in rows], "next_cursor": None}, separators=(",", ":")
        )
        return Response(body, media_type="application/json")

    @bare.get("/constant")
    async def unchanging() -> Response:
        """The same for everybody."""
        return Response(constant, media_type="application/json")

    return bare


def _shown(row: Any) -> dict[str, Any]:
    key, name, prefix, scopes, owner, created, expires, used, per_minute, per_hour = row
    return {
        "id": key.hex,
        "name": name,
        "prefix": prefix,
        "scopes": scopes,
        "owner": owner,
        "created_at": created.isoformat(),
        "expires_at": expires and expires.isoformat(),
        "last_used_at": used and used.isoformat(),
        "per_minute": per_minute,
        "per_hour": per_hour,
    }


@contextlib.contextmanager
def serve(database: str, constant: int, processes: int) -> Iterator[int]:
    """Its port, while it runs. `constant` is how many bytes the constant has."""
    port = free_port()
    server = ["granian", "--interface", "asgi", "--factory", "--workers", str(processes)]
    # As roles.web starts ours.
    server += ["--backlog", "4096", "--backpressure", "16384", "--log-level", "warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", *server, "--port", str(port), "benchmarks.bare_api:app"],
        cwd=ROOT,
        env={**os.environ, DATABASE: database, CONSTANT: str(constant)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/constant"), 60, "the bare API")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
