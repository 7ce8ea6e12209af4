"""Whether KeepAI works, for people, proxies and orchestrators."""

from typing import Any

from fastapi import APIRouter, Request, Response

import keepai
from keepai.api import shapes
from keepai.api.access import public
from keepai.web.scope import principal_of
from services import health as of_keepai

router = APIRouter(prefix="/api/v1/health", tags=["health"])
WORD = public("one word; the rest only with a session")
LIVE = public("says only that the process answers")
READY = public("says only whether it can serve")
DOWN: dict[int | str, dict[str, Any]] = {503: {"model": shapes.Health, "description": "No database."}}


@router.head("", include_in_schema=False, dependencies=[WORD])
@router.get(
    "", dependencies=[WORD], response_model=shapes.Health, response_model_exclude_unset=True, responses=DOWN
)
async def health(request: Request, response: Response) -> dict[str, Any]:
    """ok, degraded (something beside the database is not as it should be) or down (no database)."""
    components = await of_keepai.parts()
    status = of_keepai.overall(components)
    response.status_code = 503 if status == "down" else 200
    if principal_of(request.scope) is None:
        return {"status": status}
    return {"status": status, "version": keepai.__version__, "components": components}


@router.head("/live", include_in_schema=False, dependencies=[LIVE])
@router.get("/live", dependencies=[LIVE], response_model=shapes.Alive)
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.head("/ready", include_in_schema=False, dependencies=[READY])
@router.get("/ready", dependencies=[READY], response_model=shapes.Alive, responses=DOWN)
async def ready(response: Response) -> dict[str, str]:
    """The database answers and has every migration."""
    database = (await of_keepai.database())["status"]
    response.status_code = 200 if database == "ok" else 503
    return {"status": "ok" if database == "ok" else "down"}
