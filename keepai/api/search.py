"""One search over what people write, for programs and for the palette."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import NO_NUL
from services import db, index
from services.clock import now, rfc3339
from services.errors import Invalid
from services.sharing import Reader

router = APIRouter(prefix="/api/v1", tags=["search"])

KINDS = {"notes": "note"}  # as the address names them, and as the index does


@router.get("/search", dependencies=[requires("notes:read")], response_model=shapes.SearchHits)
async def search(
    request: Request,
    q: Annotated[
        str, Query(max_length=200, pattern=NO_NUL, description="Words; the last may be a beginning.")
    ],
    within: Annotated[
        str, Query(alias="in", max_length=100, pattern=NO_NUL, description="`notes`; all by default.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """What holds all of these words, of what the caller may read, the best first."""
    names = [name.strip() for name in within.split(",") if name.strip()]
    if set(names) - set(KINDS):
        raise Invalid(fields={"in": "errors.field.choice"})
    kinds = [KINDS[name] for name in names or KINDS]

    def read(session: Session) -> list[index.Hit]:
        return index.find(session, Reader.of(person_of(request)), q, now(), kinds=kinds, limit=limit)

    return {"items": [_row(hit) for hit in await db.read(read)]}


def _row(hit: index.Hit) -> dict[str, Any]:
    return {
        "kind": hit.kind,
        "id": hit.object_id.hex,
        "title": hit.title,
        "snippet": list(hit.snippet.pieces),
        "score": round(hit.score, 4),
        "updated_at": rfc3339(hit.updated_at),
    }
