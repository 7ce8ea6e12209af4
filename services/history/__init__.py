"""Measurements over time: recorded every second, kept in ever coarser steps, read back as plots.

A series is a metric and the labels of its subject. Samples are kept raw for two hours, as one-minute points
for 200 hours and as one-hour points for 400 days. Instants are aware datetimes; only samples as they come
in, and the time axis of a plot, are unix seconds.
"""

from services.history.export import to_csv, to_json
from services.history.plot import Band, Plot, query, query_many
from services.history.recorder import Recorder, write
from services.history.rollup import prune, roll_up
from services.history.series import HOUR, KEEP, MINUTE, RAW, Labels, find_labels
from services.history.sizes import LevelSize, Sizes, sizes

__all__ = [
    "HOUR",
    "KEEP",
    "MINUTE",
    "RAW",
    "Band",
    "Labels",
    "LevelSize",
    "Plot",
    "Recorder",
    "Sizes",
    "find_labels",
    "prune",
    "query",
    "query_many",
    "roll_up",
    "sizes",
    "to_csv",
    "to_json",
    "write",
]
