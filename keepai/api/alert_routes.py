"""Routes of alerts, for programs."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of
from models import AlertRoute
from services import db
from services.alerts import routes
from services.clock import now, rfc3339

router = APIRouter(prefix="/api/v1", tags=["alert routes"])

COLUMNS = (
    *("id", "position", "name", "enabled", "severity", "matchers", "hours", "steps"),
    *("created_at", "updated_at"),
)
RouteId = Annotated[str, Path(max_length=64, description="`id` of the route, as the list has it.")]
Clock = Annotated[str, Field(max_length=5, examples=["08:00"])]


class Target(BaseModel):
    """A person or a channel by its id, or all who hold a role (admin, operator, viewer)."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["person", "role", "channel"]
    id: Annotated[str, Field(max_length=64, examples=["operator"])]


class Step(BaseModel):
    """Who is told, so many seconds after the first were told and nobody acknowledged."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[float, Field(description="Seconds; 0 for the first.", allow_inf_nan=False)] = 0
    targets: Annotated[list[Target], Field(max_length=50)]


class Hours(BaseModel):
    """On these days (Monday is 0), between these times there; past midnight where it ends before it begins."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    days: Annotated[list[int], Field(max_length=7, examples=[[0, 1, 2, 3, 4]])]
    begin: Clock = Field(alias="from")
    end: Clock = Field(alias="to")
    zone: Annotated[str, Field(max_length=64, pattern=NO_NUL, examples=["America/Sao_Paulo"])]


class Change(BaseModel):
    """A route, or what is to change of one."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200, pattern=NO_NUL)] | None = None
    enabled: bool | None = None
    severity: Literal["warning", "critical"] | None = Field(None, description="At least as bad as this.")
    matchers: (
        Annotated[
            dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=260, pattern=NO_NUL)]],
            Field(max_length=8, description="Labels that an alert must have."),
        ]
        | None
    ) = None
    hours: Hours | None = Field(None, description="Only then; null: always.")
    steps: Annotated[list[Step], Field(max_length=20)] | None = None
    place: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        None, description="From 0: as which of all it is tried."
    )


@router.get(
    "/alert-routes", dependencies=[requires("alerts:read")], **shapes.told(shapes.Page[shapes.AlertRoute])
)
async def listed(limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = "") -> Response:
    """All of them in the order in which they are tried: the first that an alert fits says who is told. Where none does,
    the first admin is told by mail of what is critical."""
    wanted = chosen(fields, COLUMNS)
    some, more = cut(await db.read(routes.listed), limit, cursor, lambda one: one.id.hex)
    return page(map(_row, some), wanted, more)


@router.post(
    "/alert-routes",
    status_code=201,
    dependencies=[requires("alerts:manage")],
    response_model=shapes.AlertRoute,
)
async def create(request: Request, given: Change) -> dict[str, Any]:
    """A new route, tried after all others or at its `place`."""
    by = actor_of(request.scope)
    draft = _draft(given, routes.Draft(name="", steps=()))

    def write(session: Session) -> AlertRoute:
        made = routes.create(session, now(), draft, by)
        return (
            made
            if given.place is None
            else routes.update(session, now(), made.id, draft, by, place=given.place)
        )

    return _row(await db.write(write))


@router.patch(
    "/alert-routes/{id}", dependencies=[requires("alerts:manage")], response_model=shapes.AlertRoute
)
async def change(request: Request, id: RouteId, given: Change) -> dict[str, Any]:
    """Change what is given."""
    by, number = actor_of(request.scope), id_of(id)

    def write(session: Session) -> AlertRoute:
        draft = _draft(given, routes.draft_of(routes.get(session, number)))
        return routes.update(session, now(), number, draft, by, place=given.place)

    return _row(await db.write(write))


@router.delete("/alert-routes/{id}", status_code=204, dependencies=[requires("alerts:manage")])
async def remove(request: Request, id: RouteId) -> None:
    """Take it away."""
    await db.write(routes.remove, now(), id_of(id), actor_of(request.scope))


def _draft(given: Change, was: routes.Draft) -> routes.Draft:
    sent = given.model_dump(exclude_unset=True, exclude={"place"}, by_alias=True)
    usual = {name: value for name, value in sent.items() if value is not None or name == "hours"}
    return routes.Draft(
        **{**{name: getattr(was, name) for name in routes.Draft.__dataclass_fields__}, **usual}
    )


def _row(route: AlertRoute) -> dict[str, Any]:
    return {
        "id": route.id.hex,
        "position": route.position,
        "name": route.name,
        "enabled": route.enabled,
        "severity": route.severity,
        "matchers": route.matchers,
        "hours": route.hours,
        "steps": route.steps,
        "created_at": rfc3339(route.created_at),
        "updated_at": rfc3339(route.updated_at),
    }
