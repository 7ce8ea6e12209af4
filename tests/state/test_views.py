"""What pages say of a compute: its last values while it is out of reach, and words that fit the count."""

import pytest

from services.compute.inventory import WorkerEntry
from services.snapshot import ComputeInfo, Snapshot, WorkerRow, totals, worker_row
from state import views


def row(number: int, state: str, **values: object) -> WorkerRow:
    entry = WorkerEntry(f"{number:032x}", f"node-{number}", "host", "", None, state, 0.0, None, 0.0, 0)
    return {**worker_row(entry), "threads": 2, "executing": 1, "memory": 2**30, "limit": 2**31, **values}


def snapshot(state: str, rows: list[WorkerRow], probes: tuple[str, ...] = ()) -> Snapshot:
    info = ComputeInfo(
        id="", embedded=False, address="tcp://there:8786", state=state, since=0.0, reason="", via="rpc",
        scheduler_id="", took=0.0,
    )  # fmt: skip
    services = [{"name": name, "state": what} for name, what in zip(views.AI_PROBES, probes, strict=False)]
    return Snapshot(
        at=0.0, compute=info, workers=rows, totals=totals(rows, {}), groups=[], events=[], probes=services
    )


def test_out_of_reach_the_tiles_keep_the_last_values_and_do_not_guess_what_waits():
    away = snapshot("out_of_reach", [row(1, "unknown"), row(2, "unknown"), row(3, "lost")])
    shown = views.tiles(away, "en")
    assert (shown["workers"]["figure"], shown["workers"]["unit"]) == ("2", "of 3")
    assert shown["workers"]["context"] == "1 lost"
    assert (shown["threads"]["figure"], shown["threads"]["unit"]) == ("2", "of 4 busy")
    assert (shown["memory"]["figure"], shown["memory"]["unit"]) == ("2", "GiB")
    assert shown["tasks"]["figure"] == "–"
    assert views.table_totals(away, "en")["totals"]["workers"] == "Last values"


def test_what_was_never_seen_is_not_a_zero():
    shown = views.tiles(snapshot("out_of_reach", [row(1, "lost")]), "en")
    assert [shown[name]["figure"] for name in views.TILES[:5]] == ["0", "–", "–", "–", "–"]


@pytest.mark.parametrize(
    ("probes", "figure", "unit", "context"),
    [
        (("not_configured", "not_configured"), "–", "", "nenhum configurado"),
        (("not_configured", "ok"), "1", "de 1 no ar", "1 não configurado"),
        (("slow", "slow"), "2", "de 2 no ar", "2 lentos"),
        (("ok", "down"), "1", "de 2 no ar", ""),
    ],
)
def test_the_words_of_the_ai_services_fit_their_count(probes, figure, unit, context):
    tile = views.tiles(snapshot("live", [], probes), "pt-BR")["services"]
    assert (tile["figure"], tile["unit"], tile["context"]) == (figure, unit, context)
