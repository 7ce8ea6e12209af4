"""Workers for programs: the list, one of them, and what can be done to it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from keepai.api import shapes, snapshots
from keepai.api.access import requires
from keepai.api.files import Format, encode, table
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, page
from keepai.web.scope import actor_of, locale_of
from services import live, operations
from services.errors import Conflict, Invalid
from services.i18n import translate
from services.snapshot import WorkerRow
from services.worker_table import SORTS, STATES, WorkerView, matching, select

router = APIRouter(prefix="/api/v1", tags=["workers"])

COLUMNS = [name for name in WorkerRow.__annotations__ if name != "tasks"]

Text = Annotated[
    str,
    Query(max_length=100, pattern=NO_NUL, description="Only workers whose name or host has this text."),
]
State = Annotated[str, Query(max_length=20, description="Only workers in this state.")]
Sort = Annotated[
    str, Query(max_length=20, description="A column of the table; - before it: the other way round.")
]
WorkerId = Annotated[str, Path(max_length=64, description="`id` of the worker, as the list has it.")]
As = Annotated[Format, Query(alias="format")]


@router.get(
    "/workers", dependencies=[requires("compute:read")], **shapes.told(shapes.Page[shapes.Worker], csv=True)
)
async def workers(
    q: Text = "",
    state: State = "",
    sort: Sort = "",
    limit: Limit = USUAL,
    cursor: Cursor = "",
    fields: Fields = "",
    form: As = "json",
) -> Response:
    """The workers, by name where nothing else is asked for. As CSV all of them at once."""
    wanted = chosen(fields, COLUMNS)
    found = _found(q, state, sort)
    if form == "csv":
        return table(map(snapshots.worker, found), wanted, "workers", form)
    some, more = cut(found, limit, cursor, lambda row: row["id"])
    return page(map(snapshots.worker, some), wanted, more)


@router.get("/workers.{form}", dependencies=[requires("compute:read")], include_in_schema=False)
async def workers_file(
    form: Format, q: Text = "", state: State = "", sort: Sort = "", fields: Fields = ""
) -> Response:
    """All of them, as a file."""
    return table(map(snapshots.worker, _found(q, state, sort)), chosen(fields, COLUMNS), "workers", form)


@router.get("/workers/{id}", dependencies=[requires("compute:read")], **shapes.told(shapes.Worker))
async def worker(id: WorkerId) -> Response:
    """One worker with all that is known of it."""
    return Response(encode(snapshots.worker(operations.worker(id))), media_type="application/json")


@router.post("/workers/{id}/retire", dependencies=[requires("compute:act")], response_model=shapes.Done)
async def retire(request: Request, id: WorkerId) -> dict[str, Any]:
    """Move its data to others, then end it for good. Answers when that is done, which may take minutes; 409 says in
    words why it was not."""
    return await _done(request, "retire", id)


@router.post("/workers/{id}/restart", dependencies=[requires("compute:act")], response_model=shapes.Done)
async def restart(request: Request, id: WorkerId) -> dict[str, Any]:
    """End its process, so that its nanny starts a new one. Answers when that is done; 409 says in words why it was
    not."""
    return await _done(request, "restart", id)


async def _done(request: Request, kind: str, worker_id: str) -> dict[str, Any]:
    done = await operations.run(kind, worker_id, by=actor_of(request.scope))
    if done.state != "ok":
        raise Conflict(done.text, **done.params)
    return {"id": worker_id, "detail": translate(locale_of(request.scope), done.text, **done.params)}


def _found(q: str, state: str, sort: str) -> list[WorkerRow]:
    """The rows asked for, in order. Raises Invalid."""
    column = sort.removeprefix("-")
    wrong = {"state": state not in ("", *STATES), "sort": column not in ("", *SORTS) or sort == "-"}
    if any(wrong.values()):
        raise Invalid(fields={name: "errors.field.choice" for name, is_wrong in wrong.items() if is_wrong})
    snapshot = live.latest()
    rows = matching(snapshot["workers"] if snapshot else [], q, state)
    return select(rows, WorkerView(sort=column or "name", descending=sort != column))
