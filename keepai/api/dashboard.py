"""What is known of the compute right now, for programs."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from keepai.api.access import person_of, requires, signed_in
from keepai.api.files import Format, encode, table
from keepai.api.lists import Fields, chosen
from services import live
from services.errors import Invalid
from services.snapshot import WorkerRow
from services.worker_table import SORTS, STATES, WorkerView, matching, select

router = APIRouter(prefix="/api/v1", tags=["compute"])

EMPTY: dict[str, Any] = {"at": None, "age": None, "compute": None, "totals": None} | {
    name: [] for name in ("workers", "groups", "events", "probes")
}
WORKER_COLUMNS = [name for name in WorkerRow.__annotations__ if name != "tasks"]


@router.get("/dashboard", dependencies=[requires("compute:read")])
async def dashboard() -> Response:
    """The newest snapshot and its age in seconds; every value null or empty before the first one."""
    snapshot = live.latest()
    age = {} if snapshot is None else {"age": round(max(0.0, time.time() - snapshot["at"]), 3)}
    return Response(encode({**EMPTY, **(snapshot or {}), **age}), media_type="application/json")


Text = Annotated[str, Query(max_length=100, description="Only workers whose name or host has this text.")]
State = Annotated[str, Query(max_length=20, description="Only workers in this state.")]
Sort = Annotated[
    str, Query(max_length=20, description="A column of the table; - before it: the other way round.")
]
As = Annotated[Format, Query(alias="format")]


@router.get("/workers", dependencies=[requires("compute:read")])
async def workers(
    q: Text = "", state: State = "", sort: Sort = "", fields: Fields = "", form: As = "json"
) -> Response:
    """Every worker with all that is known of it, as a file; or the rows and fields asked for."""
    wanted = chosen(fields, WORKER_COLUMNS)
    column = sort.removeprefix("-")
    wrong = {"state": state not in ("", *STATES), "sort": column not in ("", *SORTS) or sort == "-"}
    if any(wrong.values()):
        raise Invalid(fields={name: "errors.field.choice" for name, is_wrong in wrong.items() if is_wrong})
    snapshot = live.latest()
    found = matching(snapshot["workers"] if snapshot else [], q, state)
    if column:
        found = select(found, WorkerView(sort=column, descending=sort != column))
    return table(found, wanted, "workers", form)


@router.get("/workers.{form}", dependencies=[requires("compute:read")], include_in_schema=False)
async def workers_file(
    form: Format, q: Text = "", state: State = "", sort: Sort = "", fields: Fields = ""
) -> Response:
    """The same under an address that ends like a file."""
    return await workers(q, state, sort, fields, form)


@router.get("/session", dependencies=[signed_in("it tells people about themselves")])
async def session(request: Request) -> dict[str, Any]:
    """Who the caller is. 401 tells a page that was left open that its sign-in is over."""
    person = person_of(request)
    return {
        "id": str(person.session_id),
        "account": str(person.account_id),
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "locale": person.locale,
        "zone": person.zone,
        "theme": person.theme,
    }
