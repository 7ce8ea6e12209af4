"""What whoever helps needs to know of this installation, as a file: without secrets, addresses, names or texts of
people."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from keepai import logs
from keepai.api.access import requires
from keepai.api.files import attachment
from keepai.cli import doctor
from keepai.web.scope import actor_of
from services import audit, db, diagnostics, health
from services.clock import now
from services.i18n import translate
from services.masking import MASK
from services.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["health"], dependencies=[requires("system:act")])

# What the doctor fills its sentences with and may be told; paths, addresses and the words of others may not.
TOLD = frozenset({"version", "free", "pid", "port", "revision", "newest", "count", "date"})
ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The zip.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/diagnostics", response_class=Response, responses=ZIP)
async def bundle(request: Request) -> Response:
    """A zip with versions, settings without what is secret, what the doctor says, health, probes, row counts and recent
    log lines. That it was taken is noted in the audit log."""
    at = now()
    await db.write(audit.record, at, actor_of(request.scope), "diagnostics.downloaded")
    found, told = await db.read(diagnostics.in_database), get_settings()
    known = await db.read(diagnostics.names)
    seen = await db.read(diagnostics.beside)
    parts = await health.parts()
    checked = await asyncio.to_thread(doctor.findings)
    lines = logs.RECENT.lines()

    def packed() -> bytes:
        return diagnostics.pack(
            {
                "versions.json": _json(diagnostics.versions(seen)),
                "settings.json": _json(diagnostics.settings(told)),
                "doctor.json": _json([_finding(one) for one in checked]),
                "health.json": _json({"status": health.overall(parts), "parts": parts}),
                "database.json": _json(found),
                "log.txt": diagnostics.cleaned(lines, known, diagnostics.values(told)).encode(),
            }
        )

    name = f"keepai-diagnostics-{at:%Y%m%d-%H%M%S}.zip"
    content = await asyncio.to_thread(packed)
    return Response(content, media_type="application/zip", headers=attachment(name))


def _finding(one: doctor.Finding) -> Mapping[str, str]:
    """In English, whatever the language of the terminal; a sentence without a key quotes settings and is left out."""
    safe = {name: value if name in TOLD else MASK for name, value in one.params.items()}
    return {"verdict": one.verdict, "says": translate("en", one.key, **safe) if one.key else MASK}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
