"""Notes, for programs and for the editor of the page."""

import json
import re
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.files import encode
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, Place, chosen, cut, id_of, page, place_of
from keepai.web.problems import problem_of
from keepai.web.scope import actor_of
from models import Note, NoteVersion, Share
from services import db, sharing
from services.clock import now, rfc3339
from services.errors import Invalid
from services.notes import KIND, book, desk, lists, transfer
from services.notes.book import LONGEST_BODY, Draft, Stale, Text
from services.sharing import Given, Reader

router = APIRouter(prefix="/api/v1", tags=["notes"])

COLUMNS = (
    *("id", "title", "body", "folder", "tags", "version", "owner_id", "owner", "pinned"),
    *("created_at", "updated_at", "archived_at", "deleted_at"),
)
VERSION_COLUMNS = ("id", "number", "kind", "title", "body", "author", "began_at", "at")
ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')

NoteId = Annotated[str, Path(max_length=64, description="`id` of the note, as the list has it.")]
Title = Annotated[str, Field(max_length=400, pattern=NO_NUL, examples=["When a worker is lost"])]
Body = Annotated[str, Field(max_length=LONGEST_BODY, description="Markdown.")]
Folder = Annotated[str, Field(max_length=400, pattern=NO_NUL, examples=["Operations/Runbooks"])]
Tags = Annotated[list[Annotated[str, Field(max_length=100, pattern=NO_NUL)]], Field(max_length=100)]
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": shapes.NoteConflict, "description": "Changed meanwhile; both texts."}
}


class Wanted(BaseModel):
    """A note. Without a title it is called as its first line says. With an `id` of the caller's own it is made once,
    however often it is sent."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    title: Title = ""
    body: Body = ""
    folder: Folder = ""
    tags: Tags = []


class Changes(BaseModel):
    """What is to be changed. For `title` and `body` the version that they follow must be named: here, or as `If-Match`.
    `editor` names a tab that saves as one types: what it saved itself is no conflict. With `keep`, what comes too late
    is kept until its writer has chosen."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    title: Title | None = None
    body: Body | None = None
    folder: Folder | None = None
    tags: Tags | None = None
    pinned: bool | None = None
    archived: bool | None = None
    deleted: Annotated[bool | None, Field(description="False: out of the trash.")] = None
    editor: Annotated[str, Field(max_length=64, pattern=NO_NUL)] = ""
    keep: bool = False


class GivenTo(BaseModel):
    """A person, or all of a role (`*` is everybody), and what they may."""

    model_config = ConfigDict(extra="forbid")

    user_id: UUID | None = None
    role: Annotated[str, Field(max_length=16, examples=["operator"])] = ""
    level: Literal["read", "write"] = "read"


class Shares(BaseModel):
    """With whom a note is shared: with these, and with nobody else."""

    model_config = ConfigDict(extra="forbid")

    shares: Annotated[list[GivenTo], Field(max_length=sharing.MOST)]


@router.get("/notes", dependencies=[requires("notes:read")], **shapes.told(shapes.Page[shapes.Note]))
async def listed(
    request: Request,
    q: Annotated[str, Query(max_length=200, pattern=NO_NUL, description="Words, the best first.")] = "",
    folder: Annotated[str, Query(max_length=400, pattern=NO_NUL, description="With all below it.")] = "",
    tag: Annotated[list[Annotated[str, Field(max_length=100, pattern=NO_NUL)]], Query(max_length=20)] = [],  # noqa: B006
    shelf: lists.Shelf = "active",
    shared: Annotated[bool | None, Query(description="Those of others, or only one's own.")] = None,
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
) -> Response:
    """One's own notes and those that are shared with one, the last changed first; by words the best first."""
    wanted = chosen(fields, COLUMNS)
    query = lists.Query(q, folder, tuple(tag), shelf, shared)
    reader = _reader(request)
    if q.strip():
        found = await db.read(lists.find, reader, query, now(), limit=lists.FOUND)
        some, spot = cut(found, limit, cursor, lambda one: one.note.id.hex)
        return page((_row(one) for one in some), wanted, spot)
    place = place_of(cursor)
    found = await db.read(lists.after, reader, query, now(), limit=limit + 1, place=place)
    last = found[limit - 1].note if len(found) > limit else None
    return page(
        (_row(one) for one in found[:limit]), wanted, Place(last.updated_at, last.id) if last else None
    )


@router.post("/notes", status_code=201, dependencies=[requires("notes:write")], response_model=shapes.Note)
async def create(request: Request, given: Wanted) -> Response:
    """A new note of one's own."""
    draft = Draft(given.title, given.body, given.folder, given.tags)
    note = await desk.create(_reader(request), draft, actor_of(request.scope), given.id)
    return await _answer(request, note, status=201)


@router.get("/notes/{id}", dependencies=[requires("notes:read")], response_model=shapes.Note)
async def one(request: Request, id: NoteId) -> Response:
    """One note; its version is its `ETag`."""
    return await _answer(request, await db.read(book.get, _reader(request), id_of(id), now()))


@router.patch(
    "/notes/{id}",
    dependencies=[requires("notes:write")],
    response_model=shapes.Note,
    responses=CONFLICT,
)
async def change(
    request: Request,
    id: NoteId,
    given: Changes,
    if_match: Annotated[
        str | None, Header(max_length=100, description="The version, as `ETag` had it.")
    ] = None,
) -> Response:
    """Change what is given. A text that follows an older version is refused, and both texts are in the answer."""
    reader, actor, number = _reader(request), actor_of(request.scope), id_of(id)
    note = await db.read(book.get, reader, number, now())
    if given.deleted is False:
        note = await desk.take_back(reader, number, actor)
    if given.title is not None or given.body is not None:
        text = Text(_version(given.version, if_match), given.title, given.body, given.editor)
        try:
            note = await desk.save(reader, number, text, actor, keep=given.keep)
        except Stale as error:
            return await _both(request, error, text)
    if given.folder is not None or given.tags is not None:
        note = await desk.file_under(reader, number, folder=given.folder, tags=given.tags)
    if given.pinned is not None:
        note = await desk.pin(reader, number, given.pinned)
    if given.archived is not None:
        note = await desk.archive(reader, number, given.archived)
    if given.deleted:
        note = await desk.trash(reader, number, actor)
    return await _answer(request, note)


@router.delete("/notes/{id}", status_code=204, dependencies=[requires("notes:write")])
async def remove(
    request: Request,
    id: NoteId,
    for_good: Annotated[bool, Query(description="Out of the trash, with all its versions.")] = False,
) -> Response:
    """Into the trash, from where it can be taken back for 30 days."""
    if for_good:
        await desk.delete_for_good(_reader(request), id_of(id), actor_of(request.scope))
    else:
        await desk.trash(_reader(request), id_of(id), actor_of(request.scope))
    return Response(status_code=204)


@router.get(
    "/notes/{id}/file",
    dependencies=[requires("notes:read")],
    response_class=Response,
    responses={200: {"content": {"text/markdown": {"schema": {"type": "string"}}}}},
)
async def download(request: Request, id: NoteId) -> Response:
    """The note as a file: Markdown with front matter."""
    found = await db.read(lists.opened, _reader(request), id_of(id), now())
    name = quote(transfer.file_name(found.note))
    return Response(
        transfer.written(found.note, pinned=found.pinned).encode(),
        media_type="text/markdown; charset=utf-8",
        headers={"content-disposition": f"attachment; filename=\"note.md\"; filename*=UTF-8''{name}"},
    )


@router.get(
    "/notes/{id}/versions",
    dependencies=[requires("notes:read")],
    **shapes.told(shapes.Page[shapes.NoteVersion]),
)
async def versions(
    request: Request, id: NoteId, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """Its history, the newest first. What one person writes within ten minutes is one version."""
    wanted = chosen(fields, VERSION_COLUMNS)
    found = await db.read(lists.versions, _reader(request), id_of(id), now())
    some, spot = cut(found, limit, cursor, lambda row: row.id.hex)
    return page((_version_row(row) for row in some), wanted, spot)


@router.post(
    "/notes/{id}/versions/{version_id}/restore",
    dependencies=[requires("notes:write")],
    response_model=shapes.Note,
)
async def restore(request: Request, id: NoteId, version_id: Annotated[str, Path(max_length=64)]) -> Response:
    """The note as it was then; that is a new version."""
    reader = _reader(request)
    await db.read(book.get, reader, id_of(id), now())
    return await _answer(
        request, await desk.restore_version(reader, id_of(version_id), actor_of(request.scope))
    )


@router.get("/notes/{id}/shares", dependencies=[requires("notes:read")], response_model=shapes.Shares)
async def shares(request: Request, id: NoteId) -> dict[str, Any]:
    """With whom it is shared; its owner may know."""
    return await db.read(_shares, _reader(request), id)


@router.put("/notes/{id}/shares", dependencies=[requires("notes:write")], response_model=shapes.Shares)
async def share(request: Request, id: NoteId, given: Shares) -> dict[str, Any]:
    """Share it with these, and with nobody else; its owner may."""
    reader = _reader(request)
    wanted = [Given(one.level, one.user_id, one.role) for one in given.shares]
    await desk.share(reader, id_of(id), wanted, actor_of(request.scope))
    return await db.read(_shares, reader, id)


def _shares(session: Session, reader: Reader, id: str) -> dict[str, Any]:
    note = book.own(session, reader, id_of(id), now())
    rows = sharing.of(session, KIND, note.id)
    names = sharing.names(session, rows)
    return {
        "items": [_share_row(row, names.get(row.account_id, "") if row.account_id else "") for row in rows]
    }


def _share_row(row: Share, name: str) -> dict[str, Any]:
    return {
        "user_id": row.account_id.hex if row.account_id else None,
        "name": name,
        "role": row.role or None,
        "level": row.level,
    }


def _reader(request: Request) -> Reader:
    return Reader.of(person_of(request))


def _version(given: int | None, if_match: str | None) -> int:
    if given is not None:
        return given
    found = ETAG.fullmatch(if_match.strip()) if if_match else None
    if found is None:
        raise Invalid("notes.error.version", fields={"version": "notes.error.version"})
    return int(found.group(1))


async def _answer(request: Request, note: Note, status: int = 200) -> Response:
    found = await db.read(lists.shown, _reader(request), note)
    return Response(
        encode(_row(found)), status, media_type="application/json", headers={"etag": f'"{note.version}"'}
    )


async def _both(request: Request, error: Stale, text: Text) -> Response:
    """The refusal, with what was sent beside what the note says."""
    theirs = await db.read(lists.opened, _reader(request), error.note.id, now())
    answer = problem_of(request.scope, error)
    body = json.loads(answer.body)
    note = theirs.note
    body["mine"] = {
        "title": note.title if text.title is None else text.title,
        "body": note.body if text.body is None else text.body,
        "version": text.version,
        "by": person_of(request).label,
    }
    body["theirs"] = {"title": note.title, "body": note.body, "version": note.version, "by": theirs.writer}
    return Response(encode(body), answer.status, media_type=answer.content_type)


def _row(found: lists.Found) -> dict[str, Any]:
    note = found.note
    return {
        "id": note.id.hex,
        "title": note.title,
        "body": note.body,
        "folder": note.folder,
        "tags": note.tags,
        "version": note.version,
        "owner_id": note.owner_id.hex,
        "owner": found.owner,
        "pinned": found.pinned,
        "created_at": rfc3339(note.created_at),
        "updated_at": rfc3339(note.updated_at),
        "archived_at": rfc3339(note.archived_at),
        "deleted_at": rfc3339(note.deleted_at),
    }


def _version_row(row: NoteVersion) -> dict[str, Any]:
    return {
        "id": row.id.hex,
        "number": row.number,
        "kind": row.kind,
        "title": row.title,
        "body": row.body,
        "author": row.author,
        "began_at": rfc3339(row.began_at),
        "at": rfc3339(row.at),
    }
