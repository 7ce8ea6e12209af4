"""Figures about this installation for Prometheus, in the text format 0.0.4.

Counters are counted where things happen; everything else is read at the moment of asking, the compute from the
newest snapshot. With several web processes each answers for itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from services import live
from services.snapshot import Snapshot

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
WORKER_STATES = ("running", "paused", "retiring", "lost", "restarted", "unknown")
PROBE_STATES_UP = ("ok", "slow")

disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry()
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)
GCCollector(registry=_registry)
sign_ins = Counter("keepai_sign_ins", "Attempts to sign in, by outcome.", ["outcome"], registry=_registry)
answers = Counter("keepai_http_answers", "HTTP answers, by class of status.", ["status"], registry=_registry)
_readers: dict[str, Callable[[], float]] = {}
_READABLE = {
    "live_tabs": "Tabs that look at live data.",
    "events_pushed_total": "Live updates sent to rooms and tabs.",
}


def read_from(name: str, reader: Callable[[], float]) -> None:
    """Have `live_tabs` or `events_pushed_total` read by calling `reader` whenever somebody asks."""
    assert name in _READABLE, name
    _readers[name] = reader


def text(version: str, outbox: Mapping[str, int]) -> bytes:
    """Everything, as Prometheus reads it; `outbox` is how many messages there are by state, empty when unknown."""
    return bytes(generate_latest(_All(version, outbox)))


class _All:
    """What `generate_latest` asks of a collector."""

    def __init__(self, version: str, outbox: Mapping[str, int]) -> None:
        self._version, self._outbox = version, outbox

    def collect(self) -> Iterator[Metric]:
        """Our own figures after those of the process."""
        yield from _registry.collect()
        yield InfoMetricFamily("keepai_build", "What runs here.", {"version": self._version})
        for name, reader in sorted(_readers.items()):
            kind = "counter" if name.endswith("_total") else "gauge"
            family = Metric(f"keepai_{name.removesuffix('_total')}", _READABLE[name], kind)
            family.add_sample(f"keepai_{name}", {}, float(reader()))
            yield family
        messages = {(state,): float(count) for state, count in self._outbox.items()}
        yield _gauge("outbox_messages", "Messages that wait, and that were given up.", messages, "state")
        snapshot = live.latest()
        yield _gauge("compute_up", "Whether the scheduler answers.", {(): _is_up(snapshot)})
        if snapshot is not None:
            yield from _of_compute(snapshot)
            yield from _of_probes(snapshot)


def _of_compute(snapshot: Snapshot) -> Iterator[Metric]:
    total = snapshot["totals"]
    states = [worker["state"] for worker in snapshot["workers"]]
    workers = {(state,): states.count(state) for state in WORKER_STATES}
    yield _gauge("compute_snapshot_age_seconds", "Age of these figures.", {(): time.time() - snapshot["at"]})
    yield _gauge(
        "compute_read_seconds", "How long reading the scheduler took.", {(): snapshot["compute"]["took"]}
    )
    yield _gauge("compute_workers", "Workers by state.", workers, "state")
    yield _gauge("compute_threads", "Threads of the connected workers.", {(): total["threads"]})
    yield _gauge("compute_cpu_ratio", "Part of all threads that computes.", {(): total["cpu"] / 100})
    memory = {
        ("managed",): total["managed"],
        ("unmanaged",): total["unmanaged"],
        ("spilled",): total["spilled"],
    }
    yield _gauge("compute_memory_bytes", "Memory of the workers; spilled is on disk.", memory, "kind")
    yield _gauge("compute_memory_limit_bytes", "Memory the workers may use.", {(): total["limit"]})
    tasks = {("executing",): total["executing"], ("queued",): total["queued"], ("erred",): total["erred"]}
    yield _gauge("compute_tasks", "Tasks by state.", tasks, "state")


def _of_probes(snapshot: Snapshot) -> Iterator[Metric]:
    probes = [probe for probe in snapshot["probes"] if probe.get("state") != "not_configured"]
    up = {(str(probe["name"]),): float(probe.get("state") in PROBE_STATES_UP) for probe in probes}
    took = {
        (str(probe["name"]),): float(probe["latency"]) for probe in probes if probe.get("latency") is not None
    }
    yield _gauge("probe_up", "Whether the last probe succeeded.", up, "probe")
    yield _gauge("probe_latency_seconds", "How long the last probe took.", took, "probe")


def _is_up(snapshot: Snapshot | None) -> float:
    return float(snapshot is not None and snapshot["compute"]["state"] == "live")


def _gauge(
    name: str, what: str, values: Mapping[tuple[()], float] | Mapping[tuple[str], float], *labels: str
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"keepai_{name}", what, labels=labels)
    for given, value in values.items():
        family.add_metric(given, value)
    return family
