"""Lists as programs read them: `limit`, `cursor` and `fields` in, `items` and `next_cursor` out."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from keepai.api.files import encode
from services.errors import Invalid, NotFound

T = TypeVar("T")

USUAL, MOST = 50, 200
NO_NUL = r"^[^\x00]*$"  # a character that PostgreSQL keeps in no text

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items at most.")]
Cursor = Annotated[str, Query(max_length=200, description="`next_cursor` of the answer before.")]
Fields = Annotated[str, Query(max_length=400, description="Only these fields, joined by commas.")]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list that is ordered by time goes on: after the row with this time and id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return _packed(f"{self.at.isoformat()}|{self.id.hex}")


def place_of(cursor: str) -> tuple[datetime, UUID] | None:
    """The place a cursor stands for, None for an empty one. Raises Invalid for one that we did not make."""
    if not cursor:
        return None
    at, _, number = _unpacked(cursor).partition("|")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(number)
    except (ValueError, OverflowError):
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


def page(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], place: object = None) -> Response:
    """One answer; `place` is where the next one begins, None at the end."""
    items = [row if len(row) == len(columns) else {name: row[name] for name in columns} for row in rows]
    return Response(
        encode({"items": items, "next_cursor": str(place) if place else None}), media_type="application/json"
    )


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a list goes on that is known as a whole: after the row with this id, or where that row was."""

    index: int
    id: str

    def __str__(self) -> str:
        return _packed(f"{self.index}|{self.id}")


def cut(
    rows: Sequence[T], limit: int, cursor: str, id_of: Callable[[T], str]
) -> tuple[Sequence[T], Spot | None]:
    """The part of a whole list that a page shows, and where the next one begins. Raises Invalid."""
    first = _first(rows, cursor, id_of) if cursor else 0
    some = rows[first : first + limit]
    end = first + len(some)
    return some, Spot(end, id_of(some[-1])) if some and end < len(rows) else None


def id_of(text: str) -> UUID:
    """The id an address names. Raises NotFound for a text that is none: there is no such thing."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def number_of(cursor: str) -> int:
    """The number a `Spot` stands for, 0 for an empty cursor. Raises Invalid."""
    return _spot(cursor)[0] if cursor else 0


def _first(rows: Sequence[T], cursor: str, id_of: Callable[[T], str]) -> int:
    index, after = _spot(cursor)
    return next((place + 1 for place, row in enumerate(rows) if id_of(row) == after), index)


def _spot(cursor: str) -> tuple[int, str]:
    index, _, after = _unpacked(cursor).partition("|")
    if not index.isdecimal() or len(index) > 9:
        raise Invalid(fields={"cursor": "errors.field.wrong"})
    return int(index), after


def _packed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpacked(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, binascii.Error):
        raise Invalid(fields={"cursor": "errors.field.wrong"}) from None
