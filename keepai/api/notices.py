"""Plain pages with an address of their own."""

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from keepai.api.access import public
from keepai.web import pages
from keepai.web.scope import locale_of, theme_of

router = APIRouter(include_in_schema=False)


@router.get("/new-version", dependencies=[public("says only that there is a newer version")])
async def new_version(request: Request) -> Response:
    """Where a page goes that was built for another version and cannot reload by itself."""
    return HTMLResponse(
        pages.notice(pages.Look(locale_of(request.scope), theme_of(request.scope)), "new_version")
    )
