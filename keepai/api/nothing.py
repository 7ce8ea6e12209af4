"""Every address under /api that is none: an answer for programs, not the app's page."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from keepai.api.access import public
from services.errors import NotFound

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
router = APIRouter(dependencies=[public("says only that there is nothing")], include_in_schema=False)


@router.api_route("/api", methods=METHODS)
@router.api_route("/api/{rest:path}", methods=METHODS)
async def no_such_address(request: Request) -> None:
    """404 in words; 405 where the address exists for another method."""
    if allowed := _methods(request):
        raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
    raise NotFound("errors.no_such_address")


def _methods(request: Request) -> set[str]:
    """The methods that this address does take."""
    path = request.scope["path"]
    found: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        other = (
            context.path and context.endpoint is not None and context.path not in ("/api", "/api/{rest:path}")
        )
        if other and compile_path(context.path)[0].fullmatch(path):
            found |= context.methods or set()
    return found
