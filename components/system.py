"""The pieces of the system page."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import ui
from components.dashboard import no_groups
from components.ui.base import Text
from components.workers import insight, log
from state.words import t

Row = rx.Var[Any]


def services(probes: Row, sparks: Row, *, may_check: Row, on_check: Any) -> rx.Component:
    """Every probe: state, latency, its last hour, what it says."""
    head = [
        ui.head_cell(t("system.services.service")),
        ui.head_cell(t("system.services.state")),
        ui.head_cell(t("system.services.latency"), number=True),
        ui.head_cell(t("system.services.hour")),
        ui.head_cell(t("system.services.detail")),
    ]
    check = ui.button(t("system.services.now"), name="refresh-cw", size="small", on_click=on_check)
    return ui.card(
        rx.cond(
            probes.length() > 0,
            ui.table(
                head, rx.foreach(probes, lambda probe: _probe(probe, sparks)), label=t("system.services")
            ),
            ui.skeleton_rows(6),
        ),
        title=t("system.services"),
        caption=t("system.services.caption"),
        tools=[rx.cond(may_check, check, rx.fragment())],
        flush=True,
    )


def _probe(probe: Row, sparks: Row) -> rx.Component:
    return ui.row(
        ui.name_cell(probe["label"]),
        ui.cell(ui.state(probe["word"], state=probe["look"]), main=True),
        ui.cell(probe["latency"], number=True, main=True),
        ui.cell(ui.sparkline(sparks[probe["name"]].to(str), line_only=True, class_name="k-spark-cell")),
        ui.cell(
            rx.el.span(probe["detail"], class_name="k-ellipsis"),
            second=True,
            class_name="k-rest",
            custom_attrs={"title": probe["detail"]},
        ),
        key=probe["name"],
    )


def host(rows: Row, *, name: Row, ready: Row) -> rx.Component:
    """The machine KeepAI runs on."""
    facts = rx.el.dl(
        rx.foreach(
            rows, lambda row: rx.el.div(rx.el.dt(row["name"]), rx.el.dd(row["value"]), key=row["name"])
        ),
        class_name="k-facts",
    )
    return ui.card(
        rx.cond(ready, facts, ui.skeleton_rows(5)),
        title=t("system.host"),
        tools=[rx.el.span(name, class_name="k-caption")],
    )


def storage(rows: Row, *, total: Row) -> rx.Component:
    """How much the history takes, by resolution."""
    bar = rx.el.div(
        rx.foreach(
            rows,
            lambda row: rx.el.b(
                key=row["name"], class_name=row["colour"], **ui.inline(width=f"{row['share']}%")
            ),
        ),
        class_name="k-bar large",
        aria_hidden="true",
    )
    entries = rx.el.ul(
        rx.foreach(
            rows,
            lambda row: rx.el.li(
                rx.el.span(class_name=f"k-swatch {row['colour']}"),
                rx.el.span(row["name"], class_name="k-grow"),
                row["value"],
                key=row["name"],
                class_name="k-row",
            ),
        ),
        class_name="k-kept",
    )
    body = rx.cond(rows.length() > 0, rx.fragment(bar, entries), ui.skeleton_rows(3))
    return ui.card(
        body,
        title=t("system.history"),
        tools=[
            rx.cond(
                total != "",
                rx.el.span(total, " · ", t("system.history.database"), class_name="k-caption"),
                rx.fragment(),
            )
        ],
    )


def stream(
    *,
    state: Row,
    lanes: Row,
    ticks: Row,
    legend: Row,
    window: Row,
    windows: Sequence[tuple[str, str]],
    on_window: Any,
    downloads: tuple[Text, Text],
) -> rx.Component:
    """Who ran what, and when."""
    body = rx.cond(
        legend.length() > 0,
        rx.fragment(
            rx.el.div(
                _legend(legend),
                rx.el.span(t("system.stream.empty"), class_name="k-caption"),
                class_name="k-row between k-wrap",
            ),
            ui.task_stream(lanes, ticks, label=t("system.stream.label"), busy_label=t("system.stream.busy")),
        ),
        ui.empty(t("system.stream.none"), t("system.stream.none_text"), name="activity"),
    )
    return ui.card(
        _asked(state, body),
        title=t("system.stream"),
        tools=[
            ui.segmented(
                [(name, t(words)) for name, words in windows],
                value=window,
                label=t("system.stream.window"),
                on_change=on_window,
            ),
            ui.downloads((t("system.stream.csv"), t("system.stream.json")), downloads),
        ],
    )


def _legend(entries: Row) -> rx.Component:
    return rx.el.ul(
        rx.foreach(
            entries,
            lambda entry: rx.el.li(
                rx.el.span(class_name=f"k-swatch {entry['series']}"), entry["name"], key=entry["name"]
            ),
        ),
        rx.el.li(rx.el.span(class_name="k-swatch transfer"), t("system.stream.transfer")),
        rx.el.li(rx.el.span(class_name="k-swatch error"), t("system.stream.error")),
        class_name="k-legend",
    )


def groups(rows: Row, *, ready: Row, downloads: tuple[Text, Text]) -> rx.Component:
    """Task groups that ended in the last day."""
    head = [
        ui.head_cell(t("system.groups.name")),
        *[
            ui.head_cell(t(f"system.groups.{name}"), number=True)
            for name in ("tasks", "typical", "total", "bytes", "errors", "ended")
        ],
    ]
    table = ui.table(head, rx.foreach(rows, _group), label=t("system.groups"), compact=True, scrolls=True)
    none = rx.el.p(t("system.groups.none"), class_name="k-quiet")
    return ui.card(
        rx.cond(ready, rx.cond(rows.length() > 0, table, none), ui.skeleton_rows(5)),
        title=t("system.groups"),
        class_name="k-scroll",
        caption=t("system.groups.caption"),
        tools=[
            ui.downloads((t("common.download_csv"), t("common.download_json")), downloads),
        ],
        flush=True,
    )


def _group(row: Row) -> rx.Component:
    return ui.row(
        ui.name_cell(
            rx.el.span(row["name"], class_name="k-ellipsis k-detail"),
            rx.el.span(row["short"], class_name="k-caption k-phone-only"),
        ),
        ui.cell(row["tasks"], number=True),
        ui.cell(row["typical"], number=True),
        ui.cell(row["total"], number=True),
        ui.cell(row["bytes"], number=True),
        ui.cell(
            rx.cond(
                row["failed"],
                ui.coloured(row["errors"], state="critical"),
                rx.el.span(row["errors"], class_name="k-second"),
            ),
            number=True,
        ),
        ui.cell(ui.age(row["at"], short=True), number=True, main=True, second=True),
        key=row["key"],
    )


def running_groups(rows: Row, *, compute: Row, may_act: Row, busy: Row, on_cancel: Any) -> rx.Component:
    """Groups at work, each with a way to give it up."""
    return ui.card(
        rx.cond(
            rows.length() > 0,
            rx.el.ul(
                rx.foreach(rows, lambda row: _running(row, may_act, busy, on_cancel)), class_name="k-list"
            ),
            no_groups(compute),
        ),
        title=t("dashboard.groups"),
        flush=True,
    )


def _running(row: Row, may_act: Row, busy: Row, on_cancel: Any) -> rx.Component:
    cancel = ui.button(
        t("workers.cancel"),
        name="x",
        size="small",
        busy=busy[row["name"]] == "cancel",
        busy_label=t("workers.cancelling"),
        on_click=on_cancel(row["name"]),
    )
    return rx.el.li(
        rx.el.div(
            ui.progress(row["percent"], label=row["name"], detail=row["text"], figure=row["share"]),
            class_name="k-grow",
        ),
        rx.cond(may_act, cancel, rx.fragment()),
        key=row["name"],
        class_name="k-row",
    )


def versions(*, state: Row, differences: Row, mismatch: Row, same: Row) -> rx.Component:
    """Packages that are not the same everywhere."""
    body = rx.fragment(
        rx.cond(
            differences.length() > 0,
            rx.el.dl(
                rx.foreach(
                    differences,
                    lambda one: rx.el.div(rx.el.dt(one["name"]), rx.el.dd(one["value"]), key=one["name"]),
                ),
                class_name="k-facts",
            ),
            ui.state(t("system.versions.none"), state="ok"),
        ),
        rx.el.p(same, class_name="k-caption"),
    )
    badge = rx.cond(mismatch != "", ui.badge(mismatch, state="warning"), rx.fragment())
    return ui.card(_asked(state, body), title=t("system.versions"), tools=[badge])


def scheduler_log(*, state: Row, lines: Row) -> rx.Component:
    """What the scheduler wrote."""
    return ui.card(
        _asked(state, log(lines, none=t("system.log.none"), label=t("system.log"))), title=t("system.log")
    )


def _asked(state: Row, content: rx.Component) -> rx.Component:
    return rx.cond(
        state == "failed",
        rx.el.p(t("system.away_text"), class_name="k-quiet"),
        insight(state, content),
    )
