"""The rules that KeepAI comes with. They are right on the first day; people may change them or switch them off.

The thresholds of memory are those at which Dask itself acts (https://distributed.dask.org/en/stable/worker-memory.html):
from 60 % of its limit a worker moves data to disk, from 70 % by what the process really takes, at 80 % it starts no
more tasks, at 95 % its nanny ends it.
"""

from datetime import datetime

from sqlmodel import Session, select

from models import AlertRule
from services.alerts.rules import Draft

MINUTE, DAY = 60.0, 86_400.0


BUILTIN: dict[str, Draft] = {
    # Whoever is told of this first loses the fewest results: no pending time.
    "worker_lost": Draft("", "worker.up", above=False, critical_fire=0.5, critical_clear=0.5),
    "compute_out_of_reach": Draft(
        "", "compute.up", above=False, pending=10.0, critical_fire=0.5, critical_clear=0.5
    ),
    "service_down": Draft("", "probe.up", above=False, hits=2, of=2, critical_fire=0.5, critical_clear=0.5),
    "worker_memory": Draft(
        "",
        "worker.memory_share",
        summary="mean",
        window=30.0,
        pending=30.0,
        keep=MINUTE,
        warning_fire=80.0,
        warning_clear=70.0,
        critical_fire=95.0,
        critical_clear=80.0,
    ),
    "worker_paused": Draft("", "worker.paused", pending=5 * MINUTE, warning_fire=0.5, warning_clear=0.5),
    # Of what ended in five minutes, for five minutes: a burst of errors that is over is none.
    "error_rate": Draft(
        "",
        "compute.error_share",
        pending=5 * MINUTE,
        keep=MINUTE,
        warning_fire=10.0,
        warning_clear=5.0,
        critical_fire=50.0,
        critical_clear=25.0,
        no_data="ok",
    ),
    "worker_stuck": Draft("", "worker.stalled", warning_fire=15 * MINUTE, warning_clear=MINUTE, no_data="ok"),
    "event_loop_blocked": Draft(
        "",
        "worker.event_loop",
        summary="mean",
        window=30.0,
        pending=30.0,
        keep=MINUTE,
        warning_fire=1.0,
        warning_clear=0.5,
        critical_fire=5.0,
        critical_clear=1.0,
    ),
    "disk_full": Draft(
        "",
        "host.disk_share",
        pending=MINUTE,
        keep=5 * MINUTE,
        warning_fire=85.0,
        warning_clear=80.0,
        critical_fire=95.0,
        critical_clear=90.0,
    ),
    "disk_filling": Draft(
        "",
        "host.disk_lasts",
        above=False,
        pending=5 * MINUTE,
        keep=10 * MINUTE,
        warning_fire=DAY,
        warning_clear=2 * DAY,
        critical_fire=DAY / 12,
        critical_clear=DAY / 6,
    ),
    "host_memory": Draft(
        "",
        "host.memory_share",
        summary="mean",
        window=2 * MINUTE,
        pending=MINUTE,
        keep=5 * MINUTE,
        warning_fire=90.0,
        warning_clear=85.0,
        critical_fire=97.0,
        critical_clear=92.0,
    ),
    # Off as it comes: what is usual for a machine is not known in its first days, so each first time would be news.
    "host_memory_unusual": Draft(
        "",
        "host.memory_share",
        summary="unusual",
        window=120 * MINUTE,
        keep=60 * MINUTE,
        warning_fire=10.0,
        warning_clear=5.0,
        enabled=False,
    ),
    "outbox_behind": Draft(
        "",
        "host.outbox_lag",
        pending=MINUTE,
        keep=MINUTE,
        warning_fire=5 * MINUTE,
        warning_clear=MINUTE,
        critical_fire=30 * MINUTE,
        critical_clear=5 * MINUTE,
    ),
    "database_slow": Draft(
        "",
        "host.database_seconds",
        summary="mean",
        window=MINUTE,
        pending=MINUTE,
        keep=2 * MINUTE,
        warning_fire=0.5,
        warning_clear=0.25,
        critical_fire=2.0,
        critical_clear=0.5,
    ),
}


def ensure(db: Session, now: datetime) -> None:
    """Make those that are not there yet; one that people changed stays as they left it."""
    known = set(db.exec(select(AlertRule.builtin)))
    for name, draft in BUILTIN.items():
        if name not in known:
            columns = {field: getattr(draft, field) for field in Draft.__dataclass_fields__}
            row = {**columns, "matchers": dict(draft.matchers)}
            db.add(AlertRule(**row, builtin=name, created_at=now, updated_at=now))
            db.flush()
