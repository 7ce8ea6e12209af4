"""What a browser is sent to draw a plot."""

import json
import time

from services import db, history, workers
from services.clock import now
from state import plots

METRICS = ("managed", "unmanaged", "spilled", "limit", "queued")


async def test_an_hour_of_plots_is_small_enough_to_be_sent_to_every_tab(database: str) -> None:
    compute = str(db.write_now(workers.ensure_compute, "embedded", now()))
    recorder, end = history.Recorder(), int(time.time()) // 60 * 60
    for at in range(end - 3600, end):
        values = {**dict.fromkeys(METRICS, 1e9 + at % 97), "cpu": 40.0 + at % 7, "executing": 2.0}
        recorder.add(float(at), plots.labels(compute), values)
        if at % 60 == 59:
            await recorder.flush(at + 3.0)
    await recorder.flush(end + 3.0, everything=True)
    sent = await plots.of_compute(compute, "1h", "pt-BR")
    lines = [line for figure in sent["figures"] for line in figure["series"]]
    assert len(lines) == 6
    assert all(sum(value is not None for value in line["y"]) > 150 for line in lines)
    assert len(json.dumps(sent, separators=(",", ":"))) < 12_000
    assert all(line["start"] + line["every"] * len(line["y"]) >= end for line in lines)
