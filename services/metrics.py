"""Figures about this installation for Prometheus, in the text format 0.0.4.

Counters are counted where things happen; everything else is read at the moment of asking, the compute from the
newest snapshot. With several web processes each answers for itself.
"""

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
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
MODEL = ["provider", "model"]
_model_calls = Counter(
    "keepai_model_calls", "Calls of models, by outcome.", [*MODEL, "outcome"], registry=_registry
)
_model_tokens = Counter(
    "keepai_model_tokens", "Tokens that models read and wrote.", [*MODEL, "direction"], registry=_registry
)
_model_cost = Counter(
    "keepai_model_cost_dollars", "What calls cost whose price is known.", MODEL, registry=_registry
)
_model_first = Histogram(
    "keepai_model_first_token_seconds",
    "Time until a model's first token.",
    MODEL,
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300),
    registry=_registry,
)
_model_pace = Histogram(
    "keepai_model_tokens_per_second",
    "Tokens a second, from the first one on.",
    MODEL,
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
    registry=_registry,
)
_readers: dict[str, Callable[[], float]] = {}
_READABLE = {
    "live_tabs": "Tabs that look at live data.",
    "events_pushed_total": "Live updates sent to rooms and tabs.",
}


def read_from(name: str, reader: Callable[[], float]) -> None:
    """Have `live_tabs` or `events_pushed_total` read by calling `reader` whenever somebody asks."""
    assert name in _READABLE, name
    _readers[name] = reader


def model_called(
    provider: str,
    model: str,
    outcome: str,
    *,
    read: int,
    written: int,
    first_token: float | None,
    duration: float,
    cost: int | None,
) -> None:
    """Count one call of a model: tokens, seconds, and millionths of a dollar where what it cost is known."""
    _model_calls.labels(provider, model, outcome).inc()
    _model_tokens.labels(provider, model, "read").inc(read)
    _model_tokens.labels(provider, model, "written").inc(written)
    if cost:
        _model_cost.labels(provider, model).inc(cost / 1_000_000)
    if first_token is not None:
        _model_first.labels(provider, model).observe(first_token)
        if outcome == "ok" and written > 1 and duration > first_token:
            _model_pace.labels(provider, model).observe((written - 1) / (duration - first_token))


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
