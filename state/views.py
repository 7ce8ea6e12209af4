"""From a snapshot to what pages show: texts in one language, ready to read. Pure.

Times stay unix seconds: the browser writes them in the reader's zone and lets them grow older.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from services import format
from services.i18n import translate, translate_count
from services.snapshot import GroupRow, Snapshot, Totals, WorkerRow, totals

EVENT_LOOKS: Mapping[str, str] = {
    "joined": "ok",
    "lost": "lost",
    "paused": "paused",
    "resumed": "ok",
    "retired": "retiring",
    "restarted": "restarted",
    "removed": "unknown",
    "restored": "unknown",
}
PROBE_LOOKS: Mapping[str, str] = {
    "ok": "ok",
    "slow": "warning",
    "down": "critical",
    "not_configured": "not_configured",
}


class Tile(TypedDict):
    """One figure: the number, its unit, a line of context and the exact value."""

    figure: str
    unit: str
    context: str
    exact: str


class ComputeView(TypedDict):
    """The compute in words. `state` is live, out_of_reach, empty (live, but without workers) or waiting; `command`
    starts a worker of it."""

    state: str
    since: float
    address: str
    command: str
    embedded: bool
    reason: str
    readonly: bool


class EventView(TypedDict):
    """One event of a worker."""

    key: str
    at: float
    look: str
    worker: str
    text: str
    href: str


class GroupView(TypedDict):
    """A task group at work."""

    name: str
    percent: int
    share: str
    text: str


class ProbeView(TypedDict):
    """One probe."""

    name: str
    label: str
    look: str
    word: str
    latency: str
    detail: str
    checked_at: float
    since: float


class AttentionView(TypedDict):
    """Something a person should look at first."""

    key: str
    look: str
    title: str
    text: str
    since: float
    href: str
    action: str


class WorkerCell(TypedDict):
    """One row of the worker table, in words, with the shares of its bars in percent."""

    id: str
    index: int
    name: str
    host: str
    look: str
    word: str
    since: float
    cpu: str
    cpu_share: float
    memory: str
    limit: str
    managed_share: float
    unmanaged_share: float
    spilled_share: float
    memory_high: bool
    threads: str
    tasks: str
    network: str
    disk: str
    gpu: str
    seen: float
    dim: bool
    nanny: bool


TILES = ("workers", "threads", "memory", "cpu", "tasks", "services")
EMPTY_TILE = Tile(figure="", unit="", context="", exact="")
EMPTY_COMPUTE = ComputeView(
    state="waiting", since=0.0, address="", command="", embedded=True, reason="", readonly=False
)


def compute(snapshot: Snapshot, locale: str) -> ComputeView:
    """The state of the compute."""
    info = snapshot["compute"]
    state: str = info["state"]
    if state == "live" and not snapshot["totals"]["workers"]:
        state = "empty"
    return ComputeView(
        state=state,
        since=info["since"],
        address=info["address"],
        command=f"dask worker {info['address']}",
        embedded=info["embedded"],
        reason=translate(locale, info["reason"]) if info["reason"] else "",
        readonly=info["via"] == "http",
    )


def tiles(snapshot: Snapshot, locale: str) -> dict[str, Tile]:
    """The tiles of the dashboard."""
    total = totals_shown(snapshot)
    shown = {
        "workers": _workers_tile(total, locale),
        **_load_tiles(total, locale),
        "services": _services_tile(snapshot["probes"], locale),
    }
    if snapshot["compute"]["state"] == "live":
        return shown
    # How many tasks wait only the scheduler knows.
    gone = ("tasks",) if total["workers"] else ("threads", "memory", "cpu", "tasks")
    return {**shown, **dict.fromkeys(gone, Tile(figure=format.NOTHING, unit="", context="", exact=""))}


def _load_tiles(total: Totals, locale: str) -> dict[str, Tile]:
    memory, unit = format.bytes_parts(locale, total["memory"])
    number = format.number
    free = max(0, total["threads"] - total["executing"])
    return {
        "threads": _tile(
            number(locale, total["executing"]),
            translate(locale, "dashboard.of_busy", total=number(locale, total["threads"])),
            translate_count(locale, "dashboard.free_threads", free, number=number(locale, free)),
        ),
        "memory": _tile(
            memory, unit, _memory_context(total, locale), format.bytes_binary(locale, total["memory"], 3)
        ),
        "cpu": _tile(
            number(locale, total["cpu"]),
            "%",
            translate_count(locale, "dashboard.of_threads", total["threads"]),
            format.percent(locale, total["cpu"], 2),
        ),
        "tasks": _tile(number(locale, total["queued"]), "", _tasks_context(total, locale)),
    }


def _tile(figure: str, unit: str, context: str, exact: str = "") -> Tile:
    """A tile whose figure is exact as it stands, unless a more exact one is given. Hovering tells all of it, since its
    words may have been cut."""
    told = " · ".join(part for part in (exact or f"{figure} {unit}".strip(), context) if part)
    return Tile(figure=figure, unit=unit, context=context, exact=told)


def totals_shown(snapshot: Snapshot) -> Totals:
    """The sums; while the compute is out of reach, those of the last values of the workers it had."""
    if snapshot["compute"]["state"] == "live":
        return snapshot["totals"]
    rows: list[WorkerRow] = [
        {**row, "state": "running"} if row["state"] == "unknown" else row for row in snapshot["workers"]
    ]
    return totals(rows, {})


def _workers_tile(total: Totals, locale: str) -> Tile:
    known = format.number(locale, total["known"])
    return _tile(
        format.number(locale, total["workers"]),
        translate(locale, "dashboard.of", total=known) if total["known"] != total["workers"] else "",
        _workers_context(total, locale),
    )


def _workers_context(total: Totals, locale: str) -> str:
    parts = [
        translate_count(
            locale, f"dashboard.count_{state}", total[state], number=format.number(locale, total[state])
        )  # type: ignore[literal-required]
        for state in ("lost", "paused", "restarted")
        if total[state]  # type: ignore[literal-required]
    ]
    return " · ".join(parts) or translate(
        locale, "dashboard.all_running" if total["workers"] else "dashboard.no_workers"
    )


def _memory_context(total: Totals, locale: str) -> str:
    if not total["limit"]:
        return translate(locale, "dashboard.no_limit")
    share = format.percent(locale, 100 * total["memory"] / total["limit"])
    return translate(
        locale, "dashboard.share_of", share=share, total=format.bytes_binary(locale, total["limit"])
    )


def _tasks_context(total: Totals, locale: str) -> str:
    running = translate(locale, "dashboard.executing", count=format.number(locale, total["executing"]))
    if not total["erred"]:
        return running
    return f"{running} · " + translate(locale, "dashboard.erred", count=format.number(locale, total["erred"]))


DATABASES: Mapping[str, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
AI_PROBES = ("ollama", "openwebui")
# Those of vendors count where they have a key: that one has no need of them all is nothing that is missing.
VENDORS = ("openai", "anthropic", "google")


def _services_tile(probes: Sequence[Mapping[str, Any]], locale: str) -> Tile:
    services = [
        probe
        for probe in probes
        if probe["name"] in AI_PROBES or (probe["name"] in VENDORS and probe["state"] != "not_configured")
    ]
    configured = [probe for probe in services if probe["state"] != "not_configured"]
    if not configured:
        words = translate(locale, "dashboard.none_configured")
        return Tile(figure=format.NOTHING, unit="", context=words, exact="")
    up = sum(probe["state"] in ("ok", "slow") for probe in configured)
    slow = sum(probe["state"] == "slow" for probe in configured)
    absent = len(services) - len(configured)
    parts = []
    if slow:
        parts.append(translate_count(locale, "dashboard.count_slow", slow))
    if absent:
        parts.append(translate_count(locale, "dashboard.count_absent", absent))
    return _tile(
        format.number(locale, up),
        translate(locale, "dashboard.of_up", total=format.number(locale, len(configured))),
        " · ".join(parts),
    )


def groups(rows: Sequence[GroupRow], locale: str, most: int = 5) -> list[GroupView]:
    """The groups at work, with what is done and what is left."""
    return [_group(row, locale) for row in rows[:most]]


def _group(row: GroupRow, locale: str) -> GroupView:
    percent = int(100 * row["done"] / row["total"]) if row["total"] else 0
    text = translate(
        locale,
        "dashboard.done_of",
        done=format.number(locale, row["done"]),
        total=format.number(locale, row["total"]),
    )
    if row["left"] is not None:
        text += " · " + translate(locale, "dashboard.left", time=format.duration(locale, row["left"]))
    if row["erred"]:
        text += " · " + translate(locale, "dashboard.erred", count=format.number(locale, row["erred"]))
    return GroupView(name=row["name"], percent=percent, share=format.percent(locale, percent), text=text)


def events(rows: Sequence[Mapping[str, Any]], locale: str, most: int = 8) -> list[EventView]:
    """The newest events of workers, newest first."""
    return [event(row, locale) for row in rows[:most]]


def event(row: Mapping[str, Any], locale: str) -> EventView:
    """One event in words, with who did it if a person did."""
    text = translate(locale, f"events.{row['kind']}")
    if row["by"]:
        text += " " + translate(locale, "events.by", person=row["by"])
    return EventView(
        key=f"{row['at']}-{row['worker_id']}-{row['kind']}",
        at=row["at"],
        look=EVENT_LOOKS.get(row["kind"], "unknown"),
        worker=row["worker"],
        text=text,
        href=f"/workers?worker={row['worker_id']}" if row["worker_id"] else "/workers",
    )


def probes(rows: Sequence[Mapping[str, Any]], locale: str) -> list[ProbeView]:
    """Every probe in words."""
    return [
        ProbeView(
            name=row["name"],
            label=translate(locale, f"probes.{row['name']}"),
            look=PROBE_LOOKS.get(row["state"], "unknown"),
            word=translate(locale, f"probes.state.{row['state']}"),
            latency=format.duration(locale, row["latency"]) if row["latency"] is not None else "",
            detail=_probe_detail(row, locale),
            checked_at=row["checked_at"],
            since=row["since"],
        )
        for row in rows
    ]


def _probe_detail(row: Mapping[str, Any], locale: str) -> str:
    if row["reason"]:
        return translate(locale, row["reason"], **row.get("reason_params", {}))
    detail = row["detail"]
    if row["state"] == "not_configured":
        return translate(locale, "probes.set", name=row["detail"].get("setting", ""))
    if row["name"] == "ollama":
        loaded = [str(model["name"]) for model in detail.get("loaded", [])]
        vram = sum(int(model.get("vram") or 0) for model in detail.get("loaded", []))
        if not loaded:
            return translate_count(locale, "probes.models", len(detail.get("models", [])))
        words = ", ".join(loaded[:2])
        return f"{words} · {format.bytes_binary(locale, vram)} VRAM" if vram else words
    if row["name"] in VENDORS:
        return translate_count(locale, "probes.models", int(detail.get("models", 0)))
    if row["name"] == "mail":
        return str(detail.get("server", ""))
    version = str(detail.get("version", "")) if isinstance(detail, Mapping) else ""
    return f"{DATABASES.get(detail.get('kind'), '')} {version}".strip() if version else ""


def attention(snapshot: Snapshot, locale: str) -> list[AttentionView]:
    """What needs a person first, the worst first."""
    found: list[AttentionView] = []
    info = snapshot["compute"]
    if info["state"] == "out_of_reach":
        found.append(
            AttentionView(
                key="compute",
                look="critical",
                title=translate(locale, "attention.compute"),
                text=translate(locale, info["reason"]) if info["reason"] else info["address"],
                since=info["since"],
                href="/system",
                action=translate(locale, "attention.see_system"),
            )
        )
    for state, look in (("lost", "critical"), ("paused", "warning")):
        found += [
            _worker_attention(row, look, locale) for row in snapshot["workers"] if row["state"] == state
        ]
    for probe in snapshot["probes"]:
        if probe["state"] == "down" and probe["name"] != "scheduler":
            found.append(
                AttentionView(
                    key=f"probe-{probe['name']}",
                    look="critical",
                    title=translate(
                        locale, "attention.probe", name=translate(locale, f"probes.{probe['name']}")
                    ),
                    text=_probe_detail(probe, locale),
                    since=probe["since"],
                    href="/system",
                    action=translate(locale, "attention.see_system"),
                )
            )
    return found


def _worker_attention(row: WorkerRow, look: str, locale: str) -> AttentionView:
    share = format.percent(locale, 100 * row["memory"] / row["limit"]) if row["limit"] else ""
    text = translate(locale, "attention.memory", share=share) if row["state"] == "paused" and share else ""
    return AttentionView(
        key=f"worker-{row['id']}",
        look=look,
        title=translate(locale, f"attention.{row['state']}", name=row["name"]),
        text=text,
        since=row["since"],
        href=f"/workers?worker={row['id']}",
        action=translate(locale, "attention.see_worker"),
    )


def worker_cell(row: WorkerRow, index: int, locale: str) -> WorkerCell:
    """One row of the worker table."""
    threads, limit = row["threads"] or 1, row["limit"]
    share = (lambda part: min(100.0, round(100 * part / limit, 1))) if limit else (lambda part: 0.0)
    return WorkerCell(
        id=row["id"],
        index=index,
        name=row["name"],
        host=row["host"],
        look=row["state"],
        word=translate(locale, f"states.{row['state']}"),
        since=row["since"],
        cpu=format.percent(locale, row["cpu"] / threads),
        cpu_share=min(100.0, round(row["cpu"] / threads, 1)),
        memory=format.bytes_binary(locale, row["memory"]),
        limit=format.bytes_binary(locale, limit) if limit else "",
        managed_share=share(row["managed"]),
        unmanaged_share=share(row["unmanaged"]),
        spilled_share=share(row["spilled"]),
        memory_high=bool(limit) and row["memory"] > 0.8 * limit,
        threads=f"{row['executing']}/{row['threads']}",
        tasks=format.number(locale, row["ready"]),
        network=format.bytes_rate(locale, row["net_read"] + row["net_write"]),
        disk=format.bytes_rate(locale, row["disk_read"] + row["disk_write"]),
        gpu="" if row["gpu"] is None else format.percent(locale, row["gpu"]),
        seen=row["last_seen"],
        dim=row["state"] in ("lost", "unknown"),
        nanny=row["nanny"],
    )


def table_totals(snapshot: Snapshot, locale: str) -> dict[str, dict[str, str]]:
    """The last row of the worker table: sums over the connected ones."""
    total, live = totals_shown(snapshot), snapshot["compute"]["state"] == "live"
    count = translate_count(
        locale, "workers.connected", total["workers"], number=format.number(locale, total["workers"])
    )
    limit = translate(locale, "dashboard.of", total=format.bytes_binary(locale, total["limit"]))
    return {
        "totals": {
            "workers": count if live else translate(locale, "workers.last_values"),
            "cpu": format.percent(locale, total["cpu"]),
            "memory": format.bytes_binary(locale, total["memory"]) + (f" {limit}" if total["limit"] else ""),
            "threads": f"{total['executing']}/{total['threads']}",
            "tasks": format.number(locale, total["queued"]),
            "network": format.bytes_rate(locale, total["net"]),
        }
    }


class Fact(TypedDict):
    """A named value of a worker."""

    name: str
    value: str


class WorkerFacts(TypedDict):
    """The open worker in words."""

    id: str
    name: str
    look: str
    word: str
    since: float
    seen: float
    caption: str
    callout: str
    nanny: bool
    lost: bool
    away: bool
    facts: list[Fact]
    memory: str


NO_WORKER = WorkerFacts(
    id="",
    name="",
    look="unknown",
    word="",
    since=0.0,
    seen=0.0,
    caption="",
    callout="",
    nanny=False,
    lost=False,
    away=False,
    facts=[],
    memory="",
)


def worker_facts(row: WorkerRow, locale: str) -> WorkerFacts:
    """What the head of the panel and its overview say."""
    words = "workers.with_nanny" if row["nanny"] else "workers.without_nanny"
    said = row["state"] in ("paused", "lost", "restarted", "retiring", "unknown")
    return WorkerFacts(
        id=row["id"],
        name=row["name"],
        look=row["state"],
        word=translate(locale, f"states.{row['state']}"),
        since=row["since"],
        seen=row["last_seen"],
        caption=f"{row['address']} · {translate(locale, words)}",
        callout=translate(locale, f"workers.callout.{row['state']}") if said else "",
        nanny=row["nanny"],
        lost=row["state"] == "lost",
        away=row["state"] == "unknown",
        facts=_facts(row, locale),
        memory=memory_words(row, locale),
    )


def _facts(row: WorkerRow, locale: str) -> list[Fact]:
    share = format.percent(locale, 100 * row["memory"] / row["limit"]) if row["limit"] else ""
    pairs = [
        ("memory", f"{format.bytes_binary(locale, row['memory'])} {share}".strip()),
        ("cpu", format.percent(locale, row["cpu"] / (row["threads"] or 1))),
        ("spilled", format.bytes_binary(locale, row["spilled"])),
        ("loop", format.duration(locale, row["event_loop"])),
        ("threads", f"{row['executing']}/{row['threads']}"),
        ("tasks", format.number(locale, row["ready"])),
        ("files", format.number(locale, row["fds"])),
        ("restarts", format.number(locale, row["restarts"])),
    ]
    return [Fact(name=translate(locale, f"workers.fact.{name}"), value=value) for name, value in pairs]


def memory_words(row: WorkerRow, locale: str) -> str:
    """What a worker would have to move or lose."""
    return format.bytes_binary(locale, row["managed"])
