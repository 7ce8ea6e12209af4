"""What is downloaded opens in a spreadsheet and says the same as the plot."""

import csv
import io
import json

from services.history import Band, Plot, to_csv, to_json

LABELS = {"kind": "worker", "worker": "w1"}


def plot(labels: dict[str, str] = LABELS, metric: str = "cpu") -> Plot:
    band = Band([1.0, None], [2.50004, None], [13_418_000_384.0, None])
    return Plot(labels, 1795176000.0, 1795176120.0, 60, 60, [1795176000, 1795176060], {metric: band})


def read(plots: list[Plot]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(to_csv(plots)), newline="")))


def test_csv_has_a_line_per_bucket_and_empty_cells_for_gaps() -> None:
    assert read([plot()]) == [
        ["time", "kind", "worker", "cpu", "cpu_min", "cpu_max"],
        ["2026-11-20T12:00:00Z", "worker", "w1", "2.5", "1", "13418000384"],
        ["2026-11-20T12:01:00Z", "worker", "w1", "", "", ""],
    ]


def test_csv_of_several_plots_has_the_columns_of_all() -> None:
    head, *lines = read([plot(), plot({"kind": "probe", "probe": "redis"}, "latency")])
    assert head[:4] == ["time", "kind", "worker", "probe"]
    assert [line[1:4] for line in lines] == [["worker", "w1", ""]] * 2 + [["probe", "", "redis"]] * 2
    assert lines[0][4:] == ["2.5", "1", "13418000384", "", "", ""]
    assert lines[2][4:] == ["", "", "", "2.5", "1", "13418000384"]


def test_csv_of_nothing_is_a_head() -> None:
    assert read([]) == [["time"]]


def test_names_from_outside_are_no_formulas() -> None:
    head, line, _ = read([plot({"worker": '=HYPERLINK("http://x";"y")'}, '@SUM(A1)\n,"')])
    assert head[2] == "'@SUM(A1)\n,\""
    assert line[1] == '\'=HYPERLINK("http://x";"y")'


def test_negative_numbers_stay_numbers() -> None:
    band = Band([-1.5], [-1.5], [-1e-9])
    shown = Plot({}, 0.0, 1.0, 1, 1, [0], {"drift": band})
    assert read([shown])[1] == ["1970-01-01T00:00:00Z", "-1.5", "-1.5", "-1e-09"]


def test_json_says_null_for_gaps() -> None:
    (found,) = json.loads(to_json([plot()]))["plots"]
    assert found == {
        "labels": LABELS,
        "step_seconds": 60,
        "times": [1795176000, 1795176060],
        "metrics": {"cpu": {"mean": [2.5, None], "min": [1, None], "max": [13418000384, None]}},
    }
