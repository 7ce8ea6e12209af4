"""Plots as files to download."""

import csv
import io
import json
from collections.abc import Iterator, Sequence

from services.clock import rfc3339
from services.history.plot import Band, Plot, Values
from services.history.series import moment

# A spreadsheet takes a cell that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(plots: Sequence[Plot]) -> Iterator[str]:
    """Lines of a CSV file (RFC 4180): time, the labels, then each metric as mean, min and max per bucket.

    Times are ISO 8601 in UTC; an empty cell is a bucket without a measurement. Metrics and labels are those
    of all plots together.
    """
    labels = list(dict.fromkeys(name for plot in plots for name in plot.labels))
    metrics = list(dict.fromkeys(metric for plot in plots for metric in plot.bands))
    header = [f"{metric}{suffix}" for metric in metrics for suffix in ("", "_min", "_max")]
    yield _line(["time", *labels, *header])
    for plot in plots:
        marks = [plot.labels.get(name, "") for name in labels]
        nothing: Values = [None] * len(plot.times)
        missing = Band(nothing, nothing, nothing)
        bands = [plot.bands.get(metric, missing) for metric in metrics]
        for index, time in enumerate(plot.times):
            cells = [_number(v[index]) for band in bands for v in (band.mean, band.min, band.max)]
            yield _line([rfc3339(moment(time)), *marks, *cells])


def to_json(plots: Sequence[Plot]) -> str:
    """The plots as one JSON text; null is a bucket without a measurement."""
    return json.dumps({"plots": [_plain(plot) for plot in plots]}, ensure_ascii=False, allow_nan=False)


def _plain(plot: Plot) -> dict[str, object]:
    return {
        "labels": plot.labels,
        "step_seconds": plot.step,
        "times": plot.times,
        "metrics": {
            metric: {name: [_rounded(v) for v in getattr(band, name)] for name in ("mean", "min", "max")}
            for metric, band in plot.bands.items()
        },
    }


def _line(cells: Sequence[str]) -> str:
    """One line with its end; cells that a spreadsheet would run are disarmed."""
    text = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(FORMULA) and not _is_number(cell) else cell for cell in cells]
    csv.writer(text).writerow(safe)
    return text.getvalue()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _rounded(value: float | None) -> float | int | None:
    """As many digits as are stored: whole numbers whole, others with five significant digits."""
    if value is None:
        return None
    return int(value) if value.is_integer() else float(f"{value:.5g}")


def _number(value: float | None) -> str:
    return "" if value is None else str(_rounded(value))
