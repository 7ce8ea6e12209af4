"""Rows as files to download: CSV (RFC 4180) or JSON."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse

Format = Literal["json", "csv"]
# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CHUNK = 500


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], name: str, form: Format) -> Response:
    """The rows under a file name, `name` without its ending."""
    if form == "json":
        picked = [{column: row.get(column) for column in columns} for row in rows]
        return Response(
            encode({"items": picked}), media_type="application/json", headers=attachment(f"{name}.json")
        )
    return csv_file(_lines(rows, columns), name)


def csv_file(lines: Iterator[str], name: str) -> Response:
    """CSV lines under a file name, sent as they are made."""
    return StreamingResponse(
        _chunks(lines), media_type="text/csv; charset=utf-8", headers=attachment(f"{name}.csv")
    )


def attachment(name: str) -> dict[str, str]:
    """Headers that make a browser save the answer."""
    return {"content-disposition": f'attachment; filename="{name}"'}


def encode(value: Any) -> bytes:
    """JSON; figures that JSON cannot write (no number, infinite) become null, instants RFC 3339 in their own zone."""
    return to_json(value, inf_nan_mode="null")


def _lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    yield _line(columns)
    for row in rows:
        yield _line([_cell(row.get(column)) for column in columns])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return str(value)


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    """Some lines at a time: each piece that is sent costs a turn of the event loop."""
    some: list[str] = []
    for line in lines:
        some.append(line)
        if len(some) == CHUNK:
            yield "".join(some)
            some.clear()
    yield "".join(some)
