"""The pieces of the workers page: the table, one worker, and what is asked before an action."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import ui
from components.dashboard import event_downloads, event_line, figure_of
from components.ui.base import Content, Text
from state.words import t, t_count

Row = rx.Var[Any]


@dataclass(frozen=True)
class Picks:
    """Rows that can be picked: who may, which are, whether all or some of what is found are, and what is called with
    (id, whether it is to be picked) for one and with (whether they are) for all that the filter shows."""

    may: Row
    picked: Row
    all: Row
    some: Row
    on_pick: Any
    on_pick_shown: Any


NUMBERS = ("threads", "tasks", "network", "disk", "gpu", "seen")
# Least width in pixels, and the share of what is left over.
WIDTHS = {
    "name": (120, "1.2fr"),
    "state": (132, ""),
    "cpu": (112, ""),
    "memory": (236, "1.2fr"),
    "threads": (68, ""),
    "tasks": (56, ""),
    "network": (92, ""),
    "disk": (92, ""),
    "gpu": (60, ""),
    "seen": (80, ""),
    "host": (96, "1fr"),
}
PICK_WIDTH = 40
# Beside an open worker the boxes take their room from the bar of the memory.
NARROW_MEMORY = WIDTHS["memory"][0] - PICK_WIDTH


def toolbar(
    *,
    text: Row,
    text_key: Row,
    filter_: Row,
    counts: Row,
    all_: Row,
    ready: Row,
    columns: Row,
    choices: Sequence[str],
    states: Sequence[str],
    on_search: Any,
    on_filter: Any,
    on_clear: Any,
    on_column: Any,
    downloads: tuple[Text, Text],
    scale: Content | None = None,
) -> rx.Component:
    """Search, state filters, column choice, downloads."""
    return rx.el.div(
        ui.search_field(label=t("workers.search"), value=text, on_change=on_search, key=text_key),
        rx.el.div(
            ui.chip(
                t("workers.all"),
                number=rx.cond(ready, all_, ""),
                pressed=(filter_ == "") & (text == ""),
                on_click=on_clear,
            ),
            *[
                rx.cond(
                    (counts[state] > 0) | (filter_ == state),
                    ui.chip(
                        t(f"states.{state}"),
                        number=counts[state],
                        state=state,
                        pressed=filter_ == state,
                        on_click=on_filter(state),
                    ),
                )
                for state in states
            ],
            role="group",
            aria_label=t("workers.filter.label"),
            class_name="k-row k-wrap",
        ),
        rx.el.span(class_name="k-grow"),
        *([scale] if scale is not None else []),
        ui.menu(
            *[
                ui.checkbox(
                    t(f"workers.column.{name}"),
                    checked=columns.contains(name),
                    on_change=lambda _, name=name: on_column(name),
                )
                for name in choices
            ],
            id="columns",
            label=t("common.columns"),
            trigger=ui.icon("columns-3"),
            role="dialog",
        ),
        ui.downloads((t("common.download_csv"), t("common.download_json")), downloads),
        class_name="k-toolbar",
    )


def table(
    rows: Row,
    *,
    found: Row,
    totals: Row,
    columns: Row,
    choices: Sequence[str],
    sort: Row,
    descending: Row,
    selected: Row,
    picks: Picks,
    on_sort: Any,
    on_open: Any,
    on_scroll: Any,
) -> rx.Component:
    """The table of workers: of any length, only what is in sight exists."""

    def shown(name: str, content: rx.Component) -> rx.Component:
        return rx.cond(columns.contains(name), content, rx.fragment())

    def pickable(content: rx.Component) -> rx.Component:
        return rx.cond(picks.may, content, rx.fragment())

    def head(name: str) -> rx.Component:
        way = rx.cond(sort == name, rx.cond(descending, "down", "up"), "")
        return ui.virtual_head(
            t(f"workers.column.{name}"), number=name in NUMBERS, sort=way, on_sort=on_sort(name)
        )

    def line(row: Row) -> rx.Component:
        picked = picks.picked.contains(row["id"])
        return ui.virtual_row(
            pickable(
                ui.virtual_cell(
                    ui.checkbox(
                        "",
                        checked=picked,
                        on_change=lambda _: picks.on_pick(row["id"], ~picked),
                        aria_label=t("workers.picks.one", name=row["name"]),
                        tab_index=-1,  # reached by the key X on its row
                    ),
                    class_name="k-pick",
                    on_click=rx.stop_propagation,  # the rest of the row opens the worker
                )
            ),
            ui.virtual_cell(_cut(row["name"]), main=True, class_name="k-medium main"),
            *[shown(name, _cell(name, row)) for name in choices],
            index=row["index"].to(int),
            selected=selected == row["id"],
            dim=row["dim"],
            data_picked=picks.may & picked,
            on_click=on_open(row["id"]),
            key=row["id"],
            data_testid="worker-row",
            data_worker=row["name"],
            data_state=row["look"],
            data_id=row["id"],
        )

    def total(name: str) -> rx.Component:
        known = ("cpu", "memory", "threads", "tasks", "network")
        return ui.virtual_cell(totals[name] if name in known else "", number=name in NUMBERS)

    pick_shown = ui.checkbox(
        "",
        checked=picks.all,
        on_change=lambda _: picks.on_pick_shown(~picks.all),
        aria_label=t("workers.picks.shown"),
        data_k_some=picks.some,
    )
    template = rx.cond(picks.may, f"{PICK_WIDTH}px ", "") + _track("name")
    least = rx.cond(picks.may, PICK_WIDTH, 0) + WIDTHS["name"][0]
    narrow = picks.may & (selected != "")
    for name in choices:
        track, width = _track(name), WIDTHS[name][0]
        if name == "memory":
            track = rx.cond(narrow, _track(name, NARROW_MEMORY), track)
            width = rx.cond(narrow, NARROW_MEMORY, width)
        template = template + rx.cond(columns.contains(name), f" {track}", "")
        least = least + rx.cond(columns.contains(name), width, 0)
    return ui.virtual_table(
        [
            pickable(ui.virtual_head(pick_shown, class_name="k-pick")),
            head("name"),
            *[shown(name, head(name)) for name in choices],
        ],
        rx.foreach(rows, line),
        total=found,
        on_scroll=on_scroll,
        label=t("workers.table"),
        columns=template,
        least=least,
        foot=[
            pickable(ui.virtual_cell()),
            ui.virtual_cell(_cut(totals["workers"])),
            *[shown(name, total(name)) for name in choices],
        ],
        id="workers",
        testid="workers-table",
    )


def _track(name: str, least: int | None = None) -> str:
    usual, share = WIDTHS[name]
    return f"minmax({least or usual}px, {share})" if share else f"{usual}px"


def _cell(name: str, row: Row) -> rx.Component:
    match name:
        case "state":
            return ui.virtual_cell(ui.state(row["word"], state=row["look"]), main=True)
        case "cpu":
            return ui.virtual_cell(ui.number_with_bar(row["cpu"], row["cpu_share"]))
        case "memory":
            return ui.virtual_cell(
                ui.memory_bar(row["managed_share"], row["unmanaged_share"], row["spilled_share"]),
                rx.el.span(
                    rx.el.span(row["memory"], class_name=rx.cond(row["memory_high"], "k-medium", "")),
                    rx.cond(
                        row["limit"] != "",
                        rx.el.span(" / ", row["limit"], class_name="k-second"),
                        rx.fragment(),
                    ),
                ),
                main=True,
                class_name="main k-row",
            )
        case "seen":
            return ui.virtual_cell(ui.age(row["seen"], short=True), number=True, second=True)
        case "host":
            return ui.virtual_cell(_cut(row["host"]), second=True)
        case _:
            return ui.virtual_cell(row[name], number=True)


def _cut(name: Row) -> rx.Component:
    """A name that may be longer than its cell: hovering shows all of it."""
    return rx.el.span(name, class_name="k-ellipsis", custom_attrs={"title": name})


def picks_bar(
    counts: Mapping[str, Row],
    *,
    busy: Row,
    run: Row,
    on_ask: Any,
    on_stop: Any,
    on_forget: Any,
    on_shown: Any,
    on_none: Any,
) -> rx.Component:
    """What can be done to all that are picked, `counts` says to how many of them; and how far it is meanwhile."""

    def act(kind: str, name: str, doing: str) -> rx.Component:
        button = ui.button(
            t(f"workers.picks.{kind}", number=counts[kind]),
            name=name,
            busy=busy["picks"] == kind,
            busy_label=t(doing),
            disabled=busy.contains("picks"),
            on_click=on_ask(kind),
        )
        return rx.cond(counts[kind] > 0, button, rx.fragment())

    def also(name: str) -> rx.Component:
        words = rx.el.span(t_count(f"workers.picks.{name}", counts[name], number=counts[name]))
        return rx.cond(counts[name] > 0, words, rx.fragment())

    how_far = rx.el.div(
        ui.progress(
            run["percent"],
            label=t("workers.picks.running"),
            figure=t("workers.picks.over", done=run["over"], all=run["all"]),
        ),
        class_name="k-grow",
    )
    stop = ui.button(
        rx.cond(run["stopping"], t("workers.picks.stopping"), t("workers.picks.stop")),
        disabled=run["stopping"],
        on_click=on_stop,
    )
    actions = rx.fragment(
        rx.el.div(
            rx.el.p(
                t_count("workers.picks.count", counts["count"], number=counts["count"]),
                class_name="k-medium",
                aria_live="polite",
            ),
            rx.el.p(also("outside"), also("no_nanny"), class_name="k-caption"),
            class_name="k-grow",
        ),
        act("retire", "log-out", "workers.retiring"),
        act("restart", "rotate-cw", "workers.restarting"),
        rx.cond(
            counts["forget"] > 0,
            ui.button(
                t("workers.picks.forget", number=counts["forget"]), name="x", busy=False, on_click=on_forget
            ),
            rx.fragment(),
        ),
        ui.button(
            t("workers.picks.shown"), variant="quiet", on_click=on_shown(True), class_name="k-phone-only"
        ),
        ui.button(t("workers.picks.clear"), variant="quiet", on_click=on_none),
    )
    return rx.el.div(
        rx.cond(run["all"] > 0, rx.fragment(how_far, stop), actions),
        role="group",
        aria_label=t("workers.picks.actions"),
        class_name="k-picks",
        data_testid="picks",
    )


def legend(*, may_pick: Row) -> rx.Component:
    """What the parts of the memory bar are, and the keys of the table."""
    return rx.el.div(
        ui.legend(
            (t("workers.legend.managed"), "c1"),
            (t("workers.legend.unmanaged"), "c6"),
            (t("workers.legend.spilled"), "c2"),
        ),
        rx.el.span(
            rx.el.kbd("↑"),
            rx.el.kbd("↓"),
            t("workers.keys.move"),
            " ",
            rx.el.kbd("Enter"),
            t("workers.keys.open"),
            rx.cond(may_pick, rx.fragment(" ", rx.el.kbd("X"), t("workers.keys.pick")), rx.fragment()),
            class_name="k-keys k-wide-only",
        ),
        class_name="k-row between k-wrap k-caption k-table-keys",
    )


def panel(
    worker: Row,
    *,
    found: Row,
    tab: Row,
    content: rx.Component,
    may_act: Row,
    busy: Row,
    on_ask: Any,
    on_forget: Any,
    on_tab: Any,
    tabs: Sequence[str],
    page_href: Text | None = None,
    close_href: Text | None = None,
    on_close: Any = None,
) -> rx.Component:
    """One worker beside the table, or without `page_href` as its own page."""
    return rx.cond(
        found,
        ui.side_panel(
            rx.cond(
                worker["callout"] != "", ui.callout(worker["callout"], state=worker["look"]), rx.fragment()
            ),
            ui.tabs(
                [(name, t(f"workers.tab.{name}")) for name in tabs],
                value=tab,
                label=t("workers.panel", name=worker["name"]),
                on_change=on_tab,
                id="worker",
            ),
            ui.tab_panel(content, value=tab, id="worker", class_name="k-fades"),
            title=worker["name"],
            label=t("workers.panel", name=worker["name"]),
            close_label=t("workers.panel.close"),
            badge=ui.badge(worker["word"], state=worker["look"]),
            caption=worker["caption"],
            actions=[
                rx.cond(
                    may_act, actions(worker, busy=busy, on_ask=on_ask, on_forget=on_forget), rx.fragment()
                )
            ],
            tools=[] if page_href is None else [_open_page(page_href)],
            **({"close_href": close_href} if close_href is not None else {"on_close": on_close}),
        ),
        ui.side_panel(
            gone(),
            title=t("workers.column.name"),
            label=t("workers.panel.gone"),
            close_label=t("workers.panel.close"),
            **({"close_href": close_href} if close_href is not None else {"on_close": on_close}),
        ),
    )


def _open_page(href: Text) -> rx.Component:
    return ui.link(
        ui.icon("maximize-2"),
        href=href,
        aria_label=t("workers.panel.open_page"),
        class_name="k-button quiet only",
    )


def gone() -> rx.Component:
    """The address names a worker that is not on the list."""
    return ui.empty(
        t("workers.panel.gone"),
        t("workers.panel.gone_text"),
        name="server-off",
        actions=[ui.link_button(t("workers.panel.back"), href="/workers")],
    )


def actions(worker: Row, *, busy: Row, on_ask: Any, on_forget: Any) -> rx.Component:
    """Retire and restart while the compute answers; a lost worker can only be taken off the list."""
    doing = busy[worker["id"]]

    def not_now(kind: str, name: str, reason: str) -> rx.Component:
        return ui.button(t(kind), name=name, disabled=True, reason=t(reason))

    return rx.cond(
        worker["lost"],
        ui.button(t("workers.forget"), name="x", on_click=on_forget(worker["id"])),
        rx.fragment(
            rx.cond(
                worker["away"],
                not_now("workers.retire", "log-out", "workers.actions.away"),
                ui.button(
                    t("workers.retire"),
                    name="log-out",
                    busy=doing == "retire",
                    busy_label=t("workers.retiring"),
                    on_click=on_ask("retire", worker["id"]),
                ),
            ),
            rx.cond(
                worker["away"],
                not_now("workers.restart", "rotate-cw", "workers.actions.away"),
                rx.cond(
                    worker["nanny"],
                    ui.button(
                        t("workers.restart"),
                        name="rotate-cw",
                        busy=doing == "restart",
                        busy_label=t("workers.restarting"),
                        on_click=on_ask("restart", worker["id"]),
                    ),
                    not_now("workers.restart", "rotate-cw", "workers.restart.no_nanny"),
                ),
            ),
        ),
    )


def confirm(pending: Row, *, on_confirm: Any, on_cancel: Any) -> rx.Component:
    """Asks before retiring, restarting or cancelling."""
    return rx.fragment(
        *[
            ui.confirm(
                t(f"workers.{kind}.title", name=pending["name"]),
                _consequence(kind, pending["memory"]),
                id=f"confirm-{kind}",
                open=pending["kind"] == kind,
                action=t(f"workers.{kind}"),
                cancel=t("common.cancel"),
                on_confirm=on_confirm(pending["kind"], pending["id"]),
                on_cancel=on_cancel,
                **({"note": t("workers.retire.note")} if kind == "retire" else {}),
            )
            for kind in ("retire", "restart", "cancel")
        ]
    )


def confirm_picked(question: Row, *, on_confirm: Any, on_cancel: Any) -> rx.Component:
    """Asks once before something is done to several; the words come with the question."""
    return ui.confirm(
        question["title"],
        rx.el.span(question["names"], class_name="k-medium"),
        question["text"],
        id="confirm-picked",
        open=question["kind"] != "",
        action=question["action"],
        cancel=t("common.cancel"),
        note=question["note"],
        on_confirm=on_confirm,
        on_cancel=on_cancel,
    )


def _consequence(kind: str, memory: Row) -> rx.Var[str]:
    if kind == "cancel":
        return t("workers.cancel.text")
    return rx.cond(memory != "", t(f"workers.{kind}.text", memory=memory), t(f"workers.{kind}.text_empty"))


def overview(
    worker: Row,
    *,
    plots_ready: Row,
    empty: Row,
    figures: Row,
    span: Row,
    zone: Row,
    range_: Row,
    ranges: Sequence[str],
    on_range: Any,
    downloads: tuple[Text, Text],
    tasks: rx.Component,
) -> rx.Component:
    """Present figures and their history, and the tasks about it."""
    options = [(name, t(f"dashboard.range.{name}")) for name in ranges]
    return rx.fragment(
        rx.el.dl(
            rx.foreach(
                worker["facts"],
                lambda fact: rx.el.div(rx.el.dt(fact["name"]), rx.el.dd(fact["value"]), key=fact["name"]),
            ),
            class_name="k-facts columns",
        ),
        rx.el.div(
            rx.el.h3(t("workers.history"), class_name="k-grow"),
            ui.segmented(
                options, value=range_, label=t("dashboard.range.label"), on_change=on_range, size="small"
            ),
            ui.downloads((t("workers.history.csv"), t("workers.history.json")), downloads),
            class_name="k-row k-wrap",
        ),
        rx.cond(
            plots_ready,
            rx.cond(
                empty,
                rx.el.p(t("dashboard.plot.nothing"), class_name="k-quiet"),
                rx.foreach(
                    figures,
                    lambda figure, place: figure_of(
                        figure, span=span, zone=zone, first=place == 0, last=place == figures.length() - 1
                    ),
                ),
            ),
            rx.fragment(ui.skeleton_box(height="188px"), ui.skeleton_box(height="188px")),
        ),
        tasks,
    )


def insight(state: Row, content: rx.Component) -> rx.Component:
    """What was asked of the worker: while asking, when it did not answer, and its answer."""
    return rx.match(
        state,
        ("answered", content),
        ("failed", rx.el.p(t("workers.insight.failed"), class_name="k-quiet")),
        rx.el.div(
            ui.skeleton_rows(6), role="status", aria_label=t("workers.insight.waiting"), aria_busy="true"
        ),
    )


def running(tasks: Row) -> rx.Component:
    """What the worker executes, and for how long."""
    return rx.cond(
        tasks.length() > 0,
        ui.table(
            [
                ui.head_cell(t("workers.running.task")),
                ui.head_cell(t("workers.running.group")),
                ui.head_cell(t("workers.running.for"), number=True),
            ],
            rx.foreach(
                tasks,
                lambda task: ui.row(
                    ui.name_cell(
                        rx.el.code(task["key"], class_name="k-ellipsis", custom_attrs={"title": task["key"]})
                    ),
                    ui.cell(_cut(task["group"]), second=True),
                    ui.cell(task["time"], number=True, main=True),
                    key=task["key"],
                ),
            ),
            label=t("workers.running"),
            compact=True,
            class_name="k-tasks",
        ),
        rx.el.p(t("workers.running.none"), class_name="k-quiet"),
    )


def stacks(tasks: Row) -> rx.Component:
    """The call stack of each executing task."""
    return rx.cond(
        tasks.length() > 0,
        rx.foreach(
            tasks,
            lambda task: rx.el.section(
                rx.el.h3(rx.el.code(task["key"])),
                rx.el.pre(task["stack"], tab_index=0, class_name="k-code"),
                key=task["key"],
            ),
        ),
        rx.el.p(t("workers.stack.none"), class_name="k-quiet"),
    )


def log(lines: Row, *, none: Text, label: Text) -> rx.Component:
    """Log lines, newest first."""
    return rx.cond(
        lines.length() > 0,
        rx.el.ol(
            rx.foreach(
                lines,
                lambda line: rx.el.li(
                    ui.clock(line["at"]),
                    rx.el.span(line["text"], class_name=f"k-log-text {line['level']}"),
                    key=line["key"],
                ),
            ),
            aria_label=label,
            tab_index=0,
            class_name="k-log",
        ),
        rx.el.p(none, class_name="k-quiet"),
    )


def profile(frames: Row, *, depth: Row, samples: Row, name: Row) -> rx.Component:
    """Where the worker's threads spent their time."""
    return rx.cond(
        frames.length() > 0,
        rx.fragment(
            rx.el.p(samples, class_name="k-caption"),
            ui.flame_graph(frames, depth=depth, label=t("workers.profile.label", name=name)),
        ),
        rx.el.p(t("workers.profile.none"), class_name="k-quiet"),
    )


def events(rows: Row, *, downloads: tuple[Text, Text]) -> rx.Component:
    """What happened to this worker."""
    return rx.cond(
        rows.length() > 0,
        rx.fragment(
            rx.el.div(
                rx.el.h3(t("workers.events"), class_name="k-grow"),
                event_downloads(downloads),
                class_name="k-row",
            ),
            rx.el.ul(rx.foreach(rows, event_line), class_name="k-list"),
        ),
        rx.el.p(t("workers.events.none"), class_name="k-quiet"),
    )


def scale(*, now: Row, error: Text, busy: Row, on_scale: Any) -> rx.Component:
    """How many workers the embedded compute has."""
    return ui.menu(
        ui.form(
            ui.field(
                ui.text_input(
                    id="scale",
                    name="workers",
                    type="number",
                    default_value=now.to_string(),
                    min=1,
                    max=64,
                    error=error,
                ),
                id="scale",
                label=t("workers.scale.title"),
                help=t("workers.scale.text"),
                error=error,
            ),
            ui.button(
                t("workers.scale"),
                variant="primary",
                type="submit",
                busy=busy["scale"] == "scale",
                busy_label=t("workers.scaling"),
            ),
            on_submit=on_scale,
            reset_on_submit=False,
        ),
        id="scale-menu",
        label=t("workers.scale"),
        trigger=rx.fragment(ui.icon("users"), rx.el.span(t("workers.scale"))),
        trigger_class="k-button",
        role="dialog",
    )
