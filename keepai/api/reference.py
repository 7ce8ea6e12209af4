"""The description of the API itself."""

from typing import Any

from fastapi import APIRouter, Request

from keepai.api.access import signed_in

router = APIRouter()


@router.get(
    "/api/v1/openapi.json",
    include_in_schema=False,
    dependencies=[signed_in("it describes what every person may find out by trying")],
)
async def openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document."""
    document: dict[str, Any] = request.app.openapi()
    return document
