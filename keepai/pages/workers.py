"""`/workers`: every worker, live; `/workers/[id]`: one of them as a page."""

import reflex as rx

from components import ui
from components import workers as parts
from components.dashboard import no_workers
from keepai.api.lists import MOST
from keepai.pages import notes, tasks
from keepai.pages.shell import shell
from services.worker_table import COLUMNS, STATES
from state import plots
from state.dashboard import Live
from state.session import SessionState
from state.words import t
from state.worker_insight import WorkerInsight
from state.worker_picks import COUNTS, WorkerPicks
from state.workers import TABS, WorkerPanel, WorkerPlots, WorkerRows, WorkersState

ON_LOAD = WorkersState.load
ON_LOAD_ONE = WorkersState.load_one


def page() -> rx.Component:
    """The table, with the open worker beside it."""
    return shell(
        rx.el.div(
            rx.el.div(
                _toolbar(),
                rx.cond(
                    WorkerRows.ready,
                    rx.cond(WorkerRows.all > 0, _table(), _empty()),
                    ui.card(ui.skeleton_rows(12), flush=True),
                ),
                rx.cond(
                    (WorkersState.picked.length() > 0) & (WorkerPicks.count > 0), _picks(), rx.fragment()
                ),
                rx.cond(WorkerRows.found > 0, parts.legend(may_pick=SessionState.may_act), rx.fragment()),
                class_name="k-left k-fades",
            ),
            rx.cond(WorkersState.selected != "", _panel(alone=False), rx.fragment()),
            _confirm(),
            parts.confirm_picked(
                WorkersState.question,
                on_confirm=WorkersState.confirm_picked,
                on_cancel=WorkersState.dismiss,
            ),
            class_name="k-split",
        ),
        title=t("workers.title"),
        place="workers",
        keys=[(("X",), t("workers.keys.pick_row"), SessionState.may_act)],
        flush=True,
    )


def one() -> rx.Component:
    """One worker as a page."""
    return shell(
        rx.el.div(_panel(alone=True), _confirm(), class_name="k-split alone"),
        title=WorkerPanel.worker["name"],
        crumb=ui.link(t("workers.title"), href="/workers"),
        place="workers",
        flush=True,
    )


def _toolbar() -> rx.Component:
    return parts.toolbar(
        text=WorkersState.text,
        text_key=WorkersState.search_key,
        filter_=WorkersState.filter,
        counts=WorkerRows.counts,
        all_=WorkerRows.all,
        ready=WorkerRows.ready,
        columns=WorkersState.columns,
        choices=COLUMNS,
        states=STATES,
        on_search=WorkersState.search,
        on_filter=WorkersState.filter_by,
        on_clear=WorkersState.clear_filter,
        on_column=WorkersState.toggle_column,
        downloads=(
            f"/api/v1/workers.csv?{WorkersState.file_query}",
            f"/api/v1/workers.json?{WorkersState.file_query}",
        ),
        scale=rx.cond(
            SessionState.may_scale & Live.compute["embedded"],
            parts.scale(
                now=WorkerRows.all - WorkerRows.counts["lost"],
                error=WorkersState.scale_error,
                busy=WorkersState.busy,
                on_scale=WorkersState.scale,
            ),
            rx.fragment(),
        ),
    )


def _table() -> rx.Component:
    return rx.cond(
        WorkerRows.found > 0,
        parts.table(
            WorkerRows.rows,
            found=WorkerRows.found,
            totals=WorkerRows.totals,
            columns=WorkersState.shown,
            choices=COLUMNS,
            sort=WorkersState.sort,
            descending=WorkersState.descending,
            selected=WorkersState.selected,
            picks=parts.Picks(
                may=SessionState.may_act,
                picked=WorkersState.picked,
                all=(WorkersState.picked.length() > 0) & WorkerPicks.all,
                some=(WorkersState.picked.length() > 0) & WorkerPicks.some,
                on_pick=WorkersState.pick,
                on_pick_shown=WorkersState.pick_shown,
            ),
            on_sort=WorkersState.sort_by,
            on_open=WorkersState.open,
            on_scroll=WorkersState.scroll,
        ),
        ui.card(
            ui.empty(
                t("workers.none"),
                t("workers.none_text"),
                name="list-filter",
                level=2,
                actions=[ui.button(t("workers.clear_filter"), on_click=WorkersState.clear_filter)],
            )
        ),
    )


def _picks() -> rx.Component:
    return parts.picks_bar(
        {name: getattr(WorkerPicks, name) for name in COUNTS},
        busy=WorkersState.busy,
        run=WorkersState.run,
        on_ask=WorkersState.ask_picked,
        on_stop=WorkersState.stop_picked,
        on_forget=WorkersState.forget_picked,
        on_shown=WorkersState.pick_shown,
        on_none=WorkersState.unpick,
    )


def _empty() -> rx.Component:
    return rx.cond(
        Live.compute["state"] == "empty",
        no_workers(Live.compute),
        ui.card(ui.empty(t("workers.empty"), t("workers.empty_text"), name="server", level=2)),
    )


def _panel(*, alone: bool) -> rx.Component:
    """Waits for the worker that the address names; then shows it, or says that it is gone."""
    is_it = WorkerPanel.ready & (WorkerPanel.id == WorkersState.selected)
    shown = parts.panel(
        WorkerPanel.worker,
        found=WorkerPanel.found,
        tab=WorkersState.tab,
        tabs=TABS,
        content=_content(),
        may_act=SessionState.may_act,
        busy=WorkersState.busy,
        on_ask=WorkersState.ask,
        on_forget=WorkersState.forget,
        on_tab=WorkersState.show_tab,
        **(
            {"close_href": "/workers"}
            if alone
            else {"on_close": WorkersState.close, "page_href": f"/workers/{WorkersState.selected}"}
        ),
    )
    return rx.cond(is_it, shown, rx.el.aside(ui.skeleton_rows(8), class_name="k-panel", aria_busy="true"))


def _content() -> rx.Component:
    asked = WorkerInsight.about == WorkersState.selected + "|" + WorkersState.tab
    state = rx.cond(asked, WorkerInsight.state, "asking")

    def tab(content: rx.Component) -> rx.Component:
        return parts.insight(state, content)

    return rx.match(
        WorkersState.tab,
        ("running", tab(parts.running(WorkerInsight.tasks))),
        ("stack", tab(parts.stacks(WorkerInsight.tasks))),
        (
            "logs",
            tab(parts.log(WorkerInsight.lines, none=t("workers.logs.none"), label=t("workers.tab.logs"))),
        ),
        (
            "profile",
            tab(
                parts.profile(
                    WorkerInsight.frames,
                    depth=WorkerInsight.depth,
                    samples=WorkerInsight.samples,
                    name=WorkerPanel.worker["name"],
                )
            ),
        ),
        (
            "events",
            tab(
                parts.events(
                    WorkerInsight.events,
                    downloads=_files(f"events?worker={WorkersState.selected}&limit={MOST}"),
                )
            ),
        ),
        parts.overview(
            WorkerPanel.worker,
            plots_ready=WorkerPlots.ready,
            empty=WorkerPlots.empty,
            figures=WorkerPlots.figures,
            span=WorkerPlots.span,
            zone=SessionState.zone,
            range_=WorkersState.range,
            ranges=list(plots.RANGES),
            on_range=WorkersState.show_range,
            downloads=_files(f"history?subject=worker:{WorkersState.selected}&range={WorkersState.range}"),
            tasks=rx.fragment(
                tasks.linked("worker", WorkersState.selected),
                notes.linked("worker", WorkersState.selected),
            ),
        ),
    )


def _files(address: str) -> tuple[str, str]:
    """The addresses of a file, as CSV and as JSON."""
    return f"/api/v1/{address}&format=csv", f"/api/v1/{address}&format=json"


def _confirm() -> rx.Component:
    return parts.confirm(
        WorkersState.pending, on_confirm=WorkersState.confirm, on_cancel=WorkersState.dismiss
    )
