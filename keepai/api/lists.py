"""Lists as programs read them: `limit`, `cursor` and `fields` in, `items` and `next_cursor` out."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from keepai.api.files import encode
from services.errors import Invalid

USUAL, MOST = 50, 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")]
Cursor = Annotated[str, Query(max_length=200, description="`next_cursor` of the answer before.")]
Fields = Annotated[str, Query(max_length=400, description="Only these fields, joined by commas.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list that is ordered by time goes on: after the row with this time and id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.at.isoformat()}|{self.id.hex}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, UUID] | None:
    """The place a cursor stands for, None for an empty one. Raises Invalid for one that we did not make."""
    if not cursor:
        return None
    try:
        at, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(number)
    except (ValueError, OverflowError, binascii.Error):
        raise Invalid(fields={"cursor": "errors.field.wrong"}) from None


def moment(field: str, text: str) -> datetime:
    """The instant a parameter names: ISO 8601 (UTC where no zone is named) or seconds since 1970. Raises Invalid."""
    try:
        if re.fullmatch(r"\d{1,11}(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        read = datetime.fromisoformat(text)
        found = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Invalid(fields={field: "errors.field.moment"}) from None
    if not 1970 <= found.year < 2200:
        raise Invalid(fields={field: "errors.field.range"})
    return found


def chosen(fields: str, columns: Sequence[str]) -> Sequence[str]:
    """The columns asked for, all of them by default. Raises Invalid for one there is not."""
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    if unknown := set(wanted) - set(columns):
        raise Invalid(
            "errors.unknown_fields",
            fields={"fields": "errors.unknown_fields"},
            names=", ".join(sorted(unknown)),
        )
    return wanted or columns


def page(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], place: Place | None) -> Response:
    """One answer; `place` is where the next one begins, None at the end."""
    items = [{name: row[name] for name in columns} for row in rows]
    return Response(
        encode({"items": items, "next_cursor": str(place) if place else None}), media_type="application/json"
    )
