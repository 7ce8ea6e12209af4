"""What the workers page shows, and what its buttons do.

The view (sort, filter, columns, selected worker, tab) is in the address: buttons change the address, and loading it
shows it. Only the window that is scrolled to is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypedDict
from urllib.parse import urlencode

import reflex as rx

from services import format, live, operations
from services.compute.inventory import WorkerEntry
from services.errors import Conflict, Invalid
from services.i18n import translate, translate_count
from services.snapshot import Snapshot, WorkerRow
from services.worker_table import STATES, WorkerView, counts, parse, scrolled, select, window
from state import note_links, plots, views, worker_insight
from state.alert_counts import framed
from state.dashboard import DEFAULT_RANGE, live_broadcast
from state.guard import actor, offer_undo, principal, requires, tell, untell
from state.live import Broadcast, Looks, broadcaster
from state.session import enter
from state.task_links import linked_broadcast
from state.toasts import MOST as MOST_TOASTS
from state.views import WorkerCell
from state.worker_picks import MOST as MOST_PICKED
from state.worker_picks import (
    NOTHING_ASKED,
    NOTHING_RUNS,
    Kind,
    Question,
    Run,
    able,
    picks_broadcast,
    question,
    report,
)

TABS = ("overview", "running", "logs", "stack", "profile", "events")
# What there is room for beside an open worker; the panel itself shows the rest.
BESIDE_PANEL = ("state", "cpu", "memory", "seen")
TOTALS = ("workers", "cpu", "memory", "threads", "tasks", "network")


class WorkerRows(rx.State):
    """The visible window of the table; written only by the broadcast."""

    ready: bool = False
    rows: list[WorkerCell] = []
    found: int = 0
    all: int = 0
    counts: dict[str, int] = dict.fromkeys(STATES, 0)
    totals: dict[str, str] = dict.fromkeys(TOTALS, "")


def rows_broadcast(view: WorkerView, locale: str) -> Broadcast:
    """One window of the table; tabs that look at the same window share it."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        if snapshot is None:
            return {"ready": False}
        found = select(snapshot["workers"], view)
        offset, visible = window(found, view)
        return {
            "ready": True,
            "rows": [views.worker_cell(row, offset + place, locale) for place, row in enumerate(visible)],
            "found": len(found),
            "all": len(snapshot["workers"]),
            "counts": counts(snapshot["workers"]),
            **views.table_totals(snapshot, locale),
        }

    return Broadcast(f"rows|{view.key}|{locale}", WorkerRows, build)


class WorkerPanel(rx.State):
    """The worker that is open; written only by the broadcast."""

    id: str = ""
    found: bool = False
    ready: bool = False
    worker: views.WorkerFacts = views.NO_WORKER


def panel_broadcast(worker_id: str, locale: str) -> Broadcast:
    """What is known of one worker now."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        row = find(snapshot, worker_id)
        return {
            "id": worker_id,
            "ready": snapshot is not None,
            "found": row is not None,
            "worker": views.worker_facts(row, locale) if row else views.NO_WORKER,
        }

    return Broadcast(f"panel|{worker_id}|{locale}", WorkerPanel, build)


class WorkerPlots(rx.State):
    """The history of the open worker."""

    ready: bool = False
    empty: bool = False
    span: list[float] = [0.0, 0.0]
    figures: list[plots.Figure] = []


def worker_plots_broadcast(worker_id: str, span: str, locale: str) -> Broadcast:
    """Memory and CPU of one worker over a range."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        row = find(snapshot, worker_id)
        if snapshot is None or row is None:
            return {"ready": False}
        return await plots.of_worker(snapshot["compute"]["id"], worker_id, span, locale, row["threads"])

    return Broadcast(f"plots|{worker_id}|{span}|{locale}", WorkerPlots, build, period=plots.REFRESH[span])


class Pending(TypedDict):
    """An action that waits for a yes. `kind` is empty while none does."""

    kind: str
    id: str
    name: str
    memory: str


PICKS = "picks"  # what `busy` calls an action on all that are picked
NOTHING_PENDING = Pending(kind="", id="", name="", memory="")


class WorkersState(rx.State):
    """The view of this tab, and the buttons of the page."""

    sort: str = "name"
    descending: bool = False
    text: str = ""
    filter: str = ""
    columns: list[str] = list(WorkerView().columns)
    shown: list[str] = list(WorkerView().columns)
    file_query: str = WorkerView().file_query
    selected: str = ""
    tab: str = TABS[0]
    range: str = DEFAULT_RANGE
    pending: Pending = NOTHING_PENDING
    picked: list[str] = []
    question: Question = NOTHING_ASKED
    run: Run = NOTHING_RUNS
    busy: dict[str, str] = {}
    search_key: int = 0
    scale_error: str = ""
    _asked: tuple[str, ...] = ()
    _taken_off: dict[str, tuple[WorkerEntry, ...]] = {}
    _typed: list[str] = []
    _in_sight: tuple[int, int] = (0, 0)
    _toward: int = 0

    @rx.event
    @requires("compute:read")
    async def load(self):
        """Show the view of the address."""
        await enter(self, self._looks(self._view()))

    @rx.event
    @requires("compute:read")
    async def load_one(self):
        """Show one worker as a page of its own."""
        await enter(self, self._looks(self._view(), table=False))

    @rx.event
    @requires("compute:read")
    async def scroll(self, first: int, visible: int):
        """Send the rows around those in sight."""
        before = self._in_sight[0]
        if first != before:  # at rest the same is told once more
            self._toward = 1 if first > before else -1
        self._in_sight = (first, visible)
        await self._attend(self._view(), anew=False)

    @rx.event
    @requires("compute:read")
    async def sort_by(self, column: str):
        """Sort by a column, or the other way round."""
        return self._go(self._view().sorted_by(column))

    @rx.event
    @requires("compute:read")
    async def search(self, text: str):
        """Only workers whose name or host has this text."""
        view = replace(self._view(), text=text[:100])
        self._typed = [*self._typed, view.text][-10:]
        return self._go(view)

    @rx.event
    @requires("compute:read")
    async def filter_by(self, state: str):
        """Only workers in this state; the same again shows all."""
        view = self._view()
        wanted = "" if state == view.state or state not in STATES else state
        return self._go(replace(view, state=wanted))

    @rx.event
    @requires("compute:read")
    async def clear_filter(self):
        """All workers."""
        self._typed = []
        return self._go(replace(self._view(), state="", text=""))

    @rx.event
    @requires("compute:read")
    async def toggle_column(self, column: str):
        """Show or hide a column."""
        view = self._view()
        shown = [name for name in view.columns if name != column]
        if column not in view.columns:
            shown.append(column)
        return self._go(replace(view, columns=parse({"columns": ",".join(shown)}).columns))

    @rx.event
    @requires("compute:read")
    async def open(self, worker_id: str):
        """Open a worker beside the table; going back closes it again."""
        view = self._view()
        return self._go(replace(view, selected=worker_id[:64]), replaces=bool(view.selected))

    @rx.event
    @requires("compute:read")
    async def close(self):
        """Close the panel."""
        return self._go(replace(self._view(), selected=""))

    @rx.event
    @requires("compute:read")
    async def show_tab(self, tab: str):
        """Another part of the open worker."""
        view = self._view()
        self.tab = tab if tab in TABS else TABS[0]
        return self._go(view)

    @rx.event
    @requires("compute:read")
    async def show_range(self, span: str):
        """Another range of the open worker's history."""
        view = self._view()
        self.range = span if span in plots.RANGES else DEFAULT_RANGE
        return self._go(view)

    @rx.event
    @requires("compute:act")
    async def ask(self, kind: str, worker_id: str):
        """Ask before an action that cannot be undone."""
        if kind not in ("retire", "restart"):
            return
        row = operations.worker(worker_id)
        memory = views.memory_words(row, principal().locale) if row["managed"] else ""
        self.pending = Pending(kind=kind, id=row["id"], name=row["name"], memory=memory)

    @rx.event
    @requires("compute:act")
    async def ask_cancel(self, group: str):
        """Ask before the rest of a task group is given up."""
        self.pending = Pending(kind="cancel", id=group[:300], name=group[:300], memory="")

    @rx.event
    @requires("compute:read")
    async def dismiss(self):
        """No."""
        self.pending = NOTHING_PENDING
        self.question = NOTHING_ASKED
        self._asked = ()

    @rx.event(background=True)
    @requires("compute:act")
    async def confirm(self, kind: str, target: str):
        """Yes: do it, and say what the scheduler then shows."""
        person = principal()
        async with self:
            self.pending = NOTHING_PENDING
            if target in self.busy:
                return
            self.busy = {**self.busy, target: kind}
        try:
            done = await operations.run(kind, target, by=actor())
            text = translate(person.locale, done.text, **done.params)
            await tell(self, done.state, text, done.detail)
        finally:
            async with self:
                self.busy = {name: what for name, what in self.busy.items() if name != target}

    @rx.event
    @requires("compute:act")
    async def forget(self, worker_id: str):
        """Take a lost worker off the list; the message about it offers to undo that."""
        row = operations.worker(worker_id)
        await self._forget([row["id"]])
        return self._go(replace(self._view(), selected=""))

    async def _forget(self, worker_ids: Sequence[str]) -> set[str]:
        taken = await operations.forget(worker_ids, by=actor())
        toast_id = await offer_undo(self, _about("workers.forget.done", taken), "forget")
        newest = list(self._taken_off.items())[1 - MOST_TOASTS :]
        self._taken_off = {**dict(newest), toast_id: taken}
        return {entry.id for entry in taken}

    @rx.event
    @requires("compute:act")
    async def put_back(self, toast_id: str):
        """Undo: what a message says was taken off the list is on it again, as it was."""
        taken = self._taken_off.get(toast_id, ())
        if not taken:
            raise Conflict("common.undo.too_late")
        await operations.restore(taken, by=actor())
        self._taken_off = {name: rest for name, rest in self._taken_off.items() if name != toast_id}
        await untell(self, toast_id)
        await tell(self, "ok", _about("workers.forget.undone", taken))

    @rx.event
    @requires("compute:act")
    async def pick(self, worker_id: str, picked: bool):
        """Pick a worker, to act on several at once, or leave it out again."""
        others = [one for one in self.get_value("picked") if one != worker_id]
        await self._pick([*others, operations.worker(worker_id)["id"]] if picked else others)

    @rx.event
    @requires("compute:act")
    async def pick_shown(self, picked: bool):
        """Pick all that the filter shows, in sight or not; or none of them."""
        snapshot = live.latest()
        found = select(snapshot["workers"] if snapshot else [], self._view())
        shown = {row["id"]: row for row in found}
        others = [one for one in self.get_value("picked") if one not in shown]
        await self._pick([*others, *shown] if picked else others)

    @rx.event
    @requires("compute:act")
    async def unpick(self):
        """Pick none."""
        await self._pick([])

    @rx.event
    @requires("compute:act")
    async def ask_picked(self, kind: Kind):
        """Ask once before it is done to all that are picked."""
        snapshot = live.latest()
        rows = snapshot["workers"] if snapshot else []
        picked = self._there()
        chosen = able(kind, picked)
        if not chosen:
            raise Conflict("workers.picks.none")
        self._asked = tuple(row["id"] for row in chosen)
        self.question = question(kind, picked, rows, principal().locale)

    @rx.event(background=True)
    @requires("compute:act")
    async def confirm_picked(self):
        """Yes: do it to those that the question named, and say once what came of all of them."""
        person = principal()
        async with self:
            kind, asked = self.question["kind"], [one for one in self._asked if one not in self.busy]
            self.question, self._asked = NOTHING_ASKED, ()
            if not asked or PICKS in self.busy:
                return
            self.busy = {**self.busy, **dict.fromkeys([*asked, PICKS], kind)}
            self.run = Run(over=0, all=len(asked), percent=0, stopping=False)

        async def go_on(over: int) -> bool:
            async with self:
                stopping = self.run["stopping"]
                self.run = Run(over=over, all=len(asked), percent=100 * over // len(asked), stopping=stopping)
            return not stopping

        done: list[operations.Done] = []
        try:
            done = await operations.run_all(kind, asked, by=actor(), go_on=go_on)
            await tell(self, *report(kind, done, person.locale))
        finally:
            over = {*asked, PICKS}
            well = {target for target, one in zip(asked, done, strict=False) if one.state == "ok"}
            async with self:
                self.busy = {name: what for name, what in self.busy.items() if name not in over}
                self.run = NOTHING_RUNS
                # Where it did not work they stay picked, to be tried again.
                await self._pick([one for one in self.get_value("picked") if one not in well])

    @rx.event
    @requires("compute:act")
    async def stop_picked(self):
        """Let those that have begun come to their end, and begin no others."""
        if self.run["all"]:
            self.run = Run(
                over=self.run["over"], all=self.run["all"], percent=self.run["percent"], stopping=True
            )

    @rx.event
    @requires("compute:act")
    async def forget_picked(self):
        """Take those of the picked off the list that are lost; the message about it offers to undo that."""
        gone = await self._forget([row["id"] for row in self._there() if row["state"] == "lost"])
        await self._pick([one for one in self.get_value("picked") if one not in gone])

    async def _pick(self, worker_ids: Sequence[str]) -> None:
        """These are picked now, as far as they are there."""
        snapshot = live.latest()
        there = {row["id"] for row in snapshot["workers"]} if snapshot else set()
        picked = [one for one in dict.fromkeys(worker_ids) if one in there]
        if len(picked) > MOST_PICKED:
            most = format.number(principal().locale, MOST_PICKED)
            await tell(self, "warning", translate(principal().locale, "workers.picks.most", most=most))
        if picked[:MOST_PICKED] != self.get_value("picked"):
            self.picked = picked[:MOST_PICKED]
        if self.router.url.path.rstrip("/") == "/workers":
            await self._attend(self._view())

    def _there(self) -> list[WorkerRow]:
        """The picked workers that are on the list, in the order of the table."""
        snapshot = live.latest()
        picked = set(self.get_value("picked"))
        rows = select(snapshot["workers"] if snapshot else [], replace(self._view(), text="", state=""))
        return [row for row in rows if row["id"] in picked]

    @rx.event(background=True)
    @requires("compute:scale")
    async def scale(self, form: dict[str, str]):
        """Give the embedded compute another number of workers."""
        person = principal()
        try:
            wanted = operations.wanted_workers(form.get("workers", ""))
        except Invalid as error:
            async with self:
                self.scale_error = translate(person.locale, error.key, **error.params)
            return
        async with self:
            self.scale_error = ""
            if "scale" in self.busy:
                return
            self.busy = {**self.busy, "scale": "scale"}
        try:
            done = await operations.scale(wanted, by=actor())
            await tell(self, done.state, translate(person.locale, done.text, **done.params), done.detail)
        finally:
            async with self:
                self.busy = {name: what for name, what in self.busy.items() if name != "scale"}

    async def _attend(self, view: WorkerView, *, anew: bool = True) -> None:
        """Look at what this view shows."""
        person = principal()
        sid, session = self.router.session.session_id, str(person.session_id)
        looks = framed(self._looks(view), person.account_id)
        await broadcaster().attend(sid, session, person.may, person.locale, looks, anew=anew)

    def _show(self, view: WorkerView, query: Mapping[str, str]) -> None:
        """Take over what the address says. Only what changed is set, since setting is sending.

        The search field keeps its own text; where the address says what was not typed there, a new key makes it anew.
        """
        if view.text != self.text and view.text not in self._typed:
            self.search_key += 1
        tab, span = query.get("tab", ""), query.get("range", "")
        shown = {
            "sort": view.sort,
            "descending": view.descending,
            "text": view.text,
            "filter": view.state,
            "columns": list(view.columns),
            "shown": [name for name in view.columns if not view.selected or name in BESIDE_PANEL],
            "file_query": view.file_query,
            "selected": view.selected,
            "tab": tab if tab in TABS else TABS[0],
            "range": span if span in plots.RANGES else DEFAULT_RANGE,
        }
        for name, value in shown.items():
            if getattr(self, name) != value:
                setattr(self, name, value)

    def _view(self) -> WorkerView:
        """The view of the address. After an hour without a click the server has forgotten the tab; the address
        has not, so the first click does what it says."""
        query = self.router.url.query_parameters
        view = parse(query)
        path = self.router.url.path.rstrip("/")
        if path.startswith("/workers/"):
            view = replace(view, selected=path.rsplit("/", 1)[-1][:64])
        self._show(view, query)
        first, visible = self._in_sight
        return scrolled(view, first, visible, self._toward) if visible else view

    def _go(self, view: WorkerView, *, replaces: bool = True):
        alone = self.router.url.path.startswith("/workers/")
        rest = {"tab": (self.tab, TABS[0]), "range": (self.range, DEFAULT_RANGE)} if view.selected else {}
        more = urlencode({name: value for name, (value, usual) in rest.items() if value != usual})
        query = more if alone else "&".join(part for part in (view.query, more) if part)
        address = f"/workers/{view.selected}" if alone else "/workers"
        return rx.redirect(f"{address}?{query}" if query else address, replace=replaces)

    def _looks(self, view: WorkerView, *, table: bool = True) -> Looks:
        worker, tab, span = view.selected, self.tab, self.range
        picked = tuple(self.get_value("picked"))
        person = principal()

        def looks(locale: str) -> list[Broadcast]:
            broadcasts = [live_broadcast(locale)]
            if table:
                broadcasts.append(rows_broadcast(view, locale))
                if picked:
                    broadcasts.append(picks_broadcast(picked, view))
            if worker:
                broadcasts.append(panel_broadcast(worker, locale))
                if tab == "overview":
                    broadcasts.append(worker_plots_broadcast(worker, span, locale))
                    broadcasts.append(
                        linked_broadcast("worker", worker, person.account_id, locale, person.zone)
                    )
                    broadcasts.append(
                        note_links.linked_broadcast("worker", worker, person.account_id, person.role, locale)
                    )
                else:
                    broadcasts.append(worker_insight.broadcast(tab, worker, locale))
            return broadcasts

        return looks


def find(snapshot: Snapshot | None, worker_id: str) -> WorkerRow | None:
    """The row of a worker in a snapshot."""
    rows = snapshot["workers"] if snapshot else []
    return next((row for row in rows if row["id"] == worker_id), None)


def _about(key: str, workers: Sequence[WorkerEntry]) -> str:
    """A message about one worker by its name, or about several by their number."""
    count = len(workers)
    number = format.number(principal().locale, count)
    return translate_count(principal().locale, key, count, name=workers[0].name, number=number)
