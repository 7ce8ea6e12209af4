"""Files of people: put away, listed, handed out to whoever may read them, and deleted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of
from models import StoredFile
from services import db, files
from services.clock import now, rfc3339
from services.errors import Invalid
from services.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["files"])

COLUMNS = ("id", "name", "type", "size", "digest", "encrypted", "created_at", "expires_at")
FileId = Annotated[str, Path(max_length=64, description="`id` of the file.")]
# Even where a browser shows it as a page of its own, nothing in it runs, loads or is ours.
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
BINARY = {"schema": {"type": "string", "format": "binary"}}
TAKES = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": BINARY,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
        },
    }
}


@router.get("/files", dependencies=[requires("files:read")], **shapes.told(shapes.Page[shapes.StoredFile]))
async def listed(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """The caller's own files, the newest first."""
    wanted = chosen(fields, COLUMNS)
    found = await db.read(files.listed, person_of(request).account_id)
    some, more = cut(found, limit, cursor, lambda one: one.id.hex)
    return page(map(_row, some), wanted, more)


@router.post(
    "/files",
    status_code=201,
    dependencies=[requires("files:write")],
    response_model=shapes.StoredFile,
    openapi_extra=TAKES,
)
async def add(
    request: Request,
    name: Annotated[
        str,
        Query(max_length=1000, pattern=NO_NUL, description="What it is called, where the body is the file."),
    ] = "",
) -> dict[str, Any]:
    """Put a file away, of at most 50 MB: as the body, or as the part `file` of a form. Its type is what its content
    says; what was sent of it is only what it is called."""
    settings, owner = get_settings(), person_of(request).account_id
    try:
        async with _sent(request, name) as (given, pieces):
            content = await files.receive(settings, owner, given, pieces)
    except ClientDisconnect:
        raise Invalid("files.error.cut") from None
    file = None
    try:
        file = await db.write(files.add, now(), owner, content, by=actor_of(request.scope))
    finally:
        if file is None or file.place != content.place:
            await files.take_away(settings, [content.place])
    return _row(file)


@router.get(
    "/files/{id}",
    dependencies=[requires("files:read")],
    response_class=StreamingResponse,
    responses={200: {"description": "The file.", "content": {"application/octet-stream": BINARY}}},
)
async def get(request: Request, id: FileId) -> Response:
    """The content of a file that the caller may read: one's own, or one that is attached to what one may read. Only
    pictures are shown by a browser; everything else it saves."""
    file = await db.read(files.readable, person_of(request), id_of(id), now())
    content = await asyncio.to_thread(files.chunks, get_settings(), file)
    shown = "inline" if file.type in files.RASTER else "attachment"
    return StreamingResponse(
        content,
        media_type=files.served_as(file.type),
        headers={
            "content-disposition": f"{shown}; {_named(file.name)}",
            "content-length": str(file.size),
            "content-security-policy": SANDBOX,
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        },
    )


@router.delete("/files/{id}", status_code=204, dependencies=[requires("files:write")])
async def delete(request: Request, id: FileId) -> Response:
    """Delete one of the caller's own files."""
    owner, by = person_of(request).account_id, actor_of(request.scope)
    place = await db.write(
        lambda session: files.delete(session, now(), files.mine(session, owner, id_of(id)), by=by)
    )
    await files.take_away(get_settings(), [place])
    return Response(status_code=204)


@asynccontextmanager
async def _sent(request: Request, name: str) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
    """What it is called and what is in it, whichever way it was sent. Raises Invalid for a form without a file."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        yield name, request.stream()
        return
    async with request.form(max_files=1, max_fields=4) as form:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise Invalid(fields={"file": "errors.field.missing"})
        yield sent.filename or name, _read(sent)


async def _read(sent: UploadFile) -> AsyncIterator[bytes]:
    while piece := await sent.read(256 * 1024):
        yield piece


def _named(name: str) -> str:
    """The name for all browsers (RFC 6266): in plain letters, and as it is."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _row(file: StoredFile) -> dict[str, Any]:
    return {
        "id": file.id.hex,
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "digest": file.digest,
        "encrypted": file.encrypted,
        "created_at": rfc3339(file.created_at),
        "expires_at": rfc3339(file.expires_at),
    }
