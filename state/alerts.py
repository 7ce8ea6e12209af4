"""What the alerts page shows, and what its buttons do.

The view (tab, filter, open alert) is in the address, as on the workers page. The list and the open alert are live; what
is over and the rules are read when they are opened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypedDict
from uuid import UUID

import reflex as rx

from services import db, format
from services.alerts import board, book, rules, silences, triage
from services.alerts.board import TABS, AlertView
from services.clock import now, zone_called
from services.errors import Conflict, Invalid, KeepAIError, NotFound
from services.i18n import translate, translate_count
from services.snapshot import Snapshot
from state import alert_views, note_links, plots, silence_views
from state.address import id_of
from state.alert_counts import EVERY, AlertCounts, BellCount
from state.alert_views import NO_ALERT, AlertFacts, AlertRow, Person, RuleRow, StoryLine
from state.attention import Attention
from state.channels import ChannelsState
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.live import Broadcast, Looks, broadcaster
from state.session import enter
from state.silence_views import SilenceRow, WindowRow
from state.task_links import linked_broadcast

Kind = Literal["acknowledge", "resolve"]
FORMS = ("acknowledge", "assign", "silence", "resolve")
UNTIL: dict[str, timedelta | None] = {
    "": None,
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
}
SPANS = {"30m": timedelta(minutes=30), "1h": timedelta(hours=1), "4h": timedelta(hours=4)}
AT = "at"  # a moment that somebody picks
TOMORROW = "tomorrow"  # at eight in the morning, where the reader is
USUAL_SPAN = "1h"
PAGE = 50
TODAY = 10  # of those that were over today; the rest is in the other tab
TRENDS, TRENDS_EVERY = 40, 15.0  # rows with a sparkline, and after how many seconds it is drawn anew
MOST_PICKED = 200
CALM = 0.25  # s between two looks when much happens
CALMER = 2.0  # s, at what is another thing for each person


class AlertRows(rx.State):
    """The open alerts that the filter lets through; written only by the broadcast."""

    ready: bool = False
    rows: list[AlertRow] = []
    open: int = 0
    found: int = 0
    unowned: int = 0
    watching: int = 0
    silences: int = 0
    today: list[AlertRow] = []
    today_count: int = 0


def rows_broadcast(view: AlertView, locale: str, zone: str) -> Broadcast:
    """The list; tabs with the same filter in the same language and zone share it."""
    view = AlertView(text=view.text, severity=view.severity, unowned=view.unowned)

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        found = await db.read(board.board, view, at)
        midnight = at.astimezone(zone_called(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        over, today, names, writers = await db.read(
            board.over_today, view, midnight.astimezone(at.tzinfo), TODAY
        )
        return {
            "ready": True,
            "rows": alert_views.rows(found, locale, zone, at),
            "open": found.open,
            "found": found.found,
            "unowned": found.unowned,
            "watching": found.watching,
            "silences": found.silences,
            "today": [alert_views.row(one, locale, zone, at, names, writers) for one in today],
            "today_count": over,
        }

    return Broadcast(
        f"alerts|{view.filter}|{locale}|{zone}", AlertRows, build, period=EVERY, permission="alerts:read"
    )


class AlertTrends(rx.State):
    """What was measured of the first alerts of the list in the last hour, by their ids; written only by the
    broadcast."""

    trends: dict[str, plots.Trend] = {}


def trends_broadcast(view: AlertView, locale: str) -> Broadcast:
    """The sparklines of the list, each quarter of a minute."""
    view = AlertView(text=view.text, severity=view.severity, unowned=view.unowned)

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await db.read(board.with_rules, view, now(), TRENDS)
        return {"trends": await plots.trends(found, locale)}

    return Broadcast(
        f"alert-trends|{view.filter}|{locale}",
        AlertTrends,
        build,
        period=TRENDS_EVERY,
        permission="alerts:read",
    )


class SilenceRows(rx.State):
    """The silences that run, are to come, or were over a while ago; written only by the broadcast."""

    ready: bool = False
    rows: list[SilenceRow] = []
    windows: list[WindowRow] = []


def silences_broadcast(locale: str, zone: str) -> Broadcast:
    """The same for everybody with this language and zone."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        found = await db.read(silences.shown, at)
        rows = [
            silence_views.row(one, locale, zone, at, found.subjects, found.rules) for one in found.silences
        ]
        windows = [
            silence_views.window_row(one, locale, zone, at, found.subjects, found.rules)
            for one in found.windows
        ]
        return {"ready": True, "rows": rows, "windows": windows}

    return Broadcast(f"silences|{locale}|{zone}", SilenceRows, build, period=EVERY, permission="alerts:read")


class AlertPanel(rx.State):
    """The alert that is open; written only by the broadcast."""

    id: str = ""
    ready: bool = False
    found: bool = False
    alert: AlertFacts = NO_ALERT
    story: list[StoryLine] = []


def panel_broadcast(alert_id: str, locale: str, zone: str) -> Broadcast:
    """One alert with its story."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        try:
            found = await db.read(board.opened, UUID(alert_id), at)
        except NotFound:
            return {"id": alert_id, "ready": True, "found": False, "alert": NO_ALERT, "story": []}
        return {
            "id": alert_id,
            "ready": True,
            "found": True,
            "alert": alert_views.facts(found, locale, zone, at),
            "story": alert_views.story(found, locale, zone),
        }

    return Broadcast(
        f"alert|{alert_id}|{locale}|{zone}", AlertPanel, build, period=EVERY, permission="alerts:read"
    )


class AlertPlot(rx.State):
    """What was measured around the open alert; written only by the broadcast."""

    id: str = ""
    ready: bool = False
    empty: bool = True
    span: list[float] = [0.0, 0.0]
    figures: list[plots.Figure] = []


def plot_broadcast(alert_id: str, locale: str) -> Broadcast:
    """The measure of one alert over half an hour, or around an alert that is over."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        try:
            found = await db.read(board.opened, UUID(alert_id), now())
        except NotFound:
            return {"id": alert_id, "ready": True, "empty": True, "figures": []}
        return {"id": alert_id, **await plots.of_alert(found.alert, found.rule, locale)}

    return Broadcast(
        f"alert-plot|{alert_id}|{locale}", AlertPlot, build, period=10.0, permission="alerts:read"
    )


async def renew() -> None:
    """Show at once what changed."""
    for state in (AlertRows, AlertPanel, SilenceRows, AlertCounts, Attention):
        await broadcaster().renew(state)


async def renew_bells() -> None:
    """Count at once what people were told of."""
    await broadcaster().renew(BellCount)


class Renewals:
    """Shows what changed, a few times a second at most however much that is."""

    def __init__(self, look: Callable[[], Awaitable[None]] = renew, calm: float = CALM) -> None:
        self._look, self._calm = look, calm
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def soon(self) -> None:
        """Something changed. Called on the event loop."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            await self._look()
            await asyncio.sleep(self._calm)


class Question(TypedDict):
    """What is asked before it is done to several. `kind` is empty while nothing is asked."""

    kind: str
    title: str


NOTHING_ASKED = Question(kind="", title="")


class AlertsState(rx.State):
    """The view of this tab, and the buttons of the page."""

    tab: str = TABS[0]
    text: str = ""
    severity: str = ""
    unowned: bool = False
    narrowed: bool = False
    selected: str = ""
    rule: str = ""
    link: str = "/alerts?alert="
    search_key: int = 0
    form: str = ""
    form_error: str = ""
    comment_error: str = ""
    comment_key: int = 0
    team: list[Person] = []
    silence_span: str = USUAL_SPAN
    silence_until: str = ""
    silence_covers: list[str] = []
    silence_count: str = ""
    picks_form: bool = False
    today_open: bool = False
    until_first: str = ""
    until_usual: str = ""
    picked: list[str] = []
    question: Question = NOTHING_ASKED
    busy: bool = False
    over: list[AlertRow] = []
    over_ready: bool = False
    over_more: bool = False
    rules: list[RuleRow] = []
    rules_ready: bool = False
    _typed: list[str] = []
    _over_for: str | None = None
    _before: tuple[datetime, UUID] | None = None

    @rx.event
    @requires("alerts:read")
    async def load(self):
        """Show the view of the address."""
        view = self._view()
        await enter(self, self._looks(view))
        if view.tab == "resolved" and self._over_for != view.filter:
            self._over_for, self._before = view.filter, None
            await self._read_over(view, [])
        if view.tab == "rules":
            await self._read_rules()
        if view.tab == "channels":
            await (await self.get_state(ChannelsState))._read()

    @rx.event
    @requires("alerts:read")
    async def show_tab(self, tab: str):
        """Another part of the page."""
        view = self._view()
        self._over_for = None
        self.picked = []
        if tab in board.LISTS:
            return _go(AlertView(tab=tab))
        return _go(replace(view, tab=tab if tab in TABS else TABS[0], selected=""))

    @rx.event
    @requires("alerts:read")
    async def search(self, text: str):
        """Only alerts whose title has this text."""
        view = replace(self._view(), text=text.strip()[:100])
        self._typed = [*self._typed, view.text][-10:]
        return _go(view)

    @rx.event
    @requires("alerts:read")
    async def narrow(self, severity: str):
        """Only alerts of this severity; the same again shows all."""
        view = self._view()
        return _go(replace(view, severity="" if severity == view.severity else severity))

    @rx.event
    @requires("alerts:read")
    async def narrow_to_unowned(self):
        """Only alerts that are nobody's; the same again shows all."""
        view = self._view()
        return _go(replace(view, unowned=not view.unowned))

    @rx.event
    @requires("alerts:read")
    async def clear(self):
        """All alerts."""
        self._typed = []
        return _go(replace(self._view(), text="", severity="", unowned=False))

    @rx.event
    @requires("alerts:read")
    async def open_today(self):
        """Show what was over today, or no longer."""
        self.today_open = not self.today_open

    @rx.event
    @requires("alerts:read")
    async def close(self):
        """Close the open alert."""
        return _go(replace(self._view(), selected=""))

    @rx.event
    @requires("alerts:read")
    async def step(self, by: int):
        """The alert after the open one in the list, or before it."""
        view = self._view()
        if view.tab == "resolved":
            ids = [one["id"] for one in self.get_value("over")]
        else:
            ids = [alert.id.hex for alert in (await db.read(board.board, view, now())).alerts]
        if not ids:
            return None
        at = ids.index(view.selected) if view.selected in ids else -1 if by > 0 else 0
        return _go(replace(view, selected=ids[(at + (1 if by > 0 else -1)) % len(ids)]))

    @rx.event
    @requires("alerts:read")
    async def more(self):
        """The alerts that were over before those that are shown."""
        if self._before:
            await self._read_over(self._view(), self.get_value("over"))

    @rx.event
    @requires("alerts:act")
    async def ask(self, form: str):
        """Open one of the forms below the buttons; the same again closes it."""
        self.form_error = ""
        self.picks_form = False
        self.form = form if form in FORMS and form != self.form else ""
        self._offer_moments()
        if self.form == "assign":
            self.team = [alert_views.person(one) for one in await db.read(board.team)]
        if self.form == "silence":
            await self._ask_silence()

    @rx.event
    @requires("alerts:act")
    async def choose_silence(self, span: str):
        """For how long it is to be silent."""
        self._choose(span)

    @rx.event
    @requires("alerts:act")
    async def silence(self, form: dict[str, Any]):
        """Nobody is told of it for a time."""
        reason = str(form.get("reason", ""))
        try:
            until = self._until(self.silence_span, form)
        except Invalid as wrong:
            self.form_error = _why(wrong)
            return
        await self._act(lambda one: triage.silence(one, actor(), until=until, reason=reason))

    @rx.event
    @requires("alerts:act")
    async def end_silence(self, silence_id: str):
        """It is over before its time."""
        await triage.end_silence(id_of(silence_id), actor())
        await renew()
        await tell(self, "ok", translate(principal().locale, "silences.ended_now"))

    @rx.event
    @requires("alerts:act")
    async def acknowledge(self, form: dict[str, Any]):
        """Somebody says "mine"."""
        chosen = str(form.get("until", ""))
        lasts = UNTIL.get(chosen)
        until = now() + lasts if lasts else None
        if chosen == AT:
            try:
                until = silences.moment_there(str(form.get("at", "")), principal().zone)
            except Invalid as wrong:
                self.form_error = _why(wrong)
                return
        note = str(form.get("note", ""))
        await self._act(lambda one: triage.acknowledge(one, actor(), note=note, until=until))

    @rx.event
    @requires("alerts:act")
    async def assign(self, form: dict[str, Any]):
        """It is somebody's, or nobody's."""
        wanted = str(form.get("person", ""))
        person = id_of(wanted) if wanted else None
        await self._act(lambda one: triage.assign(one, actor(), person))

    @rx.event
    @requires("alerts:act")
    async def take(self):
        """It is one's own."""
        mine = principal().account_id
        await self._act(lambda one: triage.assign(one, actor(), mine))

    @rx.event
    @requires("alerts:act")
    async def resolve(self, form: dict[str, Any]):
        """Somebody says that it is over."""
        note = str(form.get("note", ""))
        await self._act(lambda one: triage.resolve(one, actor(), note=note))
        self._over_for = None

    @rx.event
    @requires("alerts:act")
    async def comment(self, form: dict[str, Any]):
        """Write something about it. What was typed stays in the field until it is kept."""
        try:
            await triage.comment(id_of(self._view().selected), actor(), str(form.get("text", "")))
        except Invalid as wrong:
            self.comment_error = _why(wrong)
            return
        self.comment_error = ""
        self.comment_key += 1
        await renew()

    @rx.event
    @requires("alerts:act")
    async def pick(self, alert_id: str, picked: bool):
        """Pick an alert, to act on several at once, or leave it out again."""
        others = [one for one in self.get_value("picked") if one != alert_id]
        if picked and len(others) < MOST_PICKED:
            others.append(id_of(alert_id).hex)
        self.picked = others

    @rx.event
    @requires("alerts:act")
    async def pick_shown(self):
        """Pick all that the list shows."""
        found = await db.read(board.board, self._view(), now())
        self.picked = [alert.id.hex for alert in found.alerts][:MOST_PICKED]

    @rx.event
    @requires("alerts:act")
    async def unpick(self):
        """Pick none."""
        self.picked = []

    @rx.event
    @requires("alerts:act")
    async def ask_picked(self):
        """Ask once before all that are picked are resolved."""
        count = len(self.get_value("picked"))
        if count:
            locale = principal().locale
            shown = format.number(locale, count)
            title = translate_count(locale, "alerts.picks.ask", count, number=shown)
            self.question = Question(kind="resolve", title=title)

    @rx.event
    @requires("alerts:act")
    async def ask_silence_picked(self, form: str):
        """For how long all that are picked are to be silent, and why; the same again closes it."""
        count = len(self.get_value("picked"))
        wanted = form == "silence" and not self.picks_form and count > 0
        self.form_error = ""
        if wanted:
            locale = principal().locale
            shown = format.number(locale, count)
            self.form, self.silence_covers = "", []
            self.silence_count = translate_count(locale, "silences.picked", count, number=shown)
            self._offer_moments()
            self._choose(USUAL_SPAN)
        self.picks_form = wanted

    @rx.event(background=True)
    @requires("alerts:act")
    async def silence_picked(self, form: dict[str, Any]):
        """Nobody is told of any that is picked for a time."""
        person, reason = principal(), str(form.get("reason", ""))
        async with self:
            if self.busy:
                return
            try:
                until = self._until(self.silence_span, form)
                check = silences.check(silences.Draft(until, reason, {"x": "x"}), now())
                if check:
                    raise Invalid(fields=check)
            except Invalid as wrong:
                self.form_error = _why(wrong)
                return
            picked, self.busy = list(self.get_value("picked")), True
        try:
            done = await _silence_all(picked, until, reason)
            shown = format.number(person.locale, done)
            text = translate_count(person.locale, "alerts.picks.silenced", done, number=shown)
            await tell(self, "ok" if done else "warning", text)
        finally:
            async with self:
                self.busy, self.picked, self.picks_form, self.form_error = False, [], False, ""
            await renew()

    @rx.event
    @requires("alerts:act")
    async def dismiss(self):
        """No."""
        self.question = NOTHING_ASKED

    @rx.event(background=True)
    @requires("alerts:act")
    async def do_picked(self, kind: Kind):
        """Do it to all that are picked, and say once what came of it."""
        person = principal()
        async with self:
            self.question = NOTHING_ASKED
            if self.busy:
                return
            picked = list(self.get_value("picked"))
            self.busy = True
        try:
            done = await _do_all(kind, picked)
            shown = format.number(person.locale, done)
            text = translate_count(person.locale, f"alerts.picks.{kind}d", done, number=shown)
            await tell(self, "ok" if done else "warning", text)
        finally:
            async with self:
                self.busy, self.picked = False, []
            await renew()

    @rx.event
    @requires("alerts:manage")
    async def switch_rule(self, rule_id: str, enabled: bool):
        """Watch for this rule, or no longer; what is open of one that is switched off is over."""
        await triage.change_rule(id_of(rule_id), lambda draft: replace(draft, enabled=enabled), actor())
        await self._read_rules()
        await renew()
        if not enabled:
            await tell(self, "ok", translate(principal().locale, "alerts.rules.switched_off"))

    async def _act(self, work: Callable[[UUID], Awaitable[object]]) -> None:
        """Do it to the open alert; where something about it is wrong, say so below the field."""
        try:
            await work(id_of(self._view().selected))
        except Invalid as wrong:
            self.form_error = _why(wrong)
            return
        self.form, self.form_error = "", ""
        await renew()

    async def _ask_silence(self) -> None:
        """What a silence of the open alert would cover, for the usual time."""
        locale = principal().locale
        alert = await db.read(book.get, id_of(self._view().selected))
        count = await db.read(silences.count_covered, *silences.around(alert))
        self.silence_covers = silence_views.covers_of(alert, locale)
        shown = format.number(locale, count)
        self.silence_count = translate_count(locale, "silences.count", count, number=shown)
        self._choose(USUAL_SPAN)

    def _choose(self, span: str) -> None:
        person = principal()
        self.silence_span = span if span in SPANS or span in (TOMORROW, AT) else USUAL_SPAN
        if self.silence_span == AT:
            self.silence_until = translate(person.locale, "silences.in_zone", zone=person.zone)
            return
        at = silence_views.moment(person.locale, self._until(self.silence_span), person.zone, now())
        self.silence_until = translate(person.locale, "silences.until_chosen", until=at)

    def _offer_moments(self) -> None:
        """The first moment that can be picked, and the one that is picked at first: the next hour but one."""
        here = now().astimezone(zone_called(principal().zone))
        usual = (here + timedelta(hours=2)).replace(minute=0)
        self.until_first, self.until_usual = f"{here:%Y-%m-%dT%H:%M}", f"{usual:%Y-%m-%dT%H:%M}"

    def _until(self, span: str, form: dict[str, Any] | None = None) -> datetime:
        if span == AT:
            return silences.moment_there(str((form or {}).get("at", "")), principal().zone)
        lasts = SPANS.get(span)
        return now() + lasts if lasts else silences.tomorrow_morning(now(), principal().zone)

    async def _read_over(self, view: AlertView, shown: list[AlertRow]) -> None:
        person = principal()
        found, names, writers = await db.read(board.over, view, self._before, PAGE + 1)
        last = found[PAGE - 1] if len(found) > PAGE else None
        self._before = (last.resolved_at, last.id) if last and last.resolved_at else None
        at = now()
        more = [
            alert_views.row(alert, person.locale, person.zone, at, names, writers) for alert in found[:PAGE]
        ]
        self.over, self.over_more, self.over_ready = [*shown, *more], self._before is not None, True

    async def _read_rules(self) -> None:
        found = await db.read(rules.listed)
        owners = await db.read(board.owners, found)
        self.rules = [alert_views.rule_row(rule, owners, principal().locale) for rule in found]
        self.rules_ready = True

    def _view(self) -> AlertView:
        """The view of the address; only what changed is set, since setting is sending.

        The search field keeps its own text; where the address says what was not typed there, a new key makes it anew.
        """
        view = board.parse(self.router.url.query_parameters)
        if view.text != self.text and view.text not in self._typed:
            self.search_key += 1
        shown = {
            "tab": view.tab,
            "text": view.text,
            "severity": view.severity,
            "unowned": view.unowned,
            "narrowed": view.narrowed,
            "rule": view.rule,
            "link": f"/alerts?{view.filter}{'&' if view.filter else ''}alert=",
        }
        if view.selected != self.selected:
            shown |= {"selected": view.selected, "form": "", "form_error": "", "comment_error": ""}
        for name, value in shown.items():
            if getattr(self, name) != value:
                setattr(self, name, value)
        return view

    def _looks(self, view: AlertView) -> Looks:
        zone, account_id, role = principal().zone, principal().account_id, principal().role

        def looks(locale: str) -> list[Broadcast]:
            broadcasts = [live_broadcast(locale), rows_broadcast(view, locale, zone)]
            if view.tab == "open":
                broadcasts.append(trends_broadcast(view, locale))
            if view.tab == "silences":
                broadcasts.append(silences_broadcast(locale, zone))
            if view.selected:
                broadcasts.append(panel_broadcast(view.selected, locale, zone))
                broadcasts.append(plot_broadcast(view.selected, locale))
                broadcasts.append(linked_broadcast("alert", view.selected, account_id, locale, zone))
                broadcasts.append(
                    note_links.linked_broadcast("alert", view.selected, account_id, role, locale)
                )
            return broadcasts

        return looks


async def _do_all(kind: Kind, alert_ids: Sequence[str]) -> int:
    """Do it to each; those that are over meanwhile are left out. Returns to how many it was done."""
    done = 0
    for alert_id in alert_ids:
        try:
            if kind == "acknowledge":
                await triage.acknowledge(id_of(alert_id), actor())
            else:
                await triage.resolve(id_of(alert_id), actor())
        except (Conflict, NotFound):
            continue
        done += 1
    return done


async def _silence_all(alert_ids: Sequence[str], until: datetime, reason: str) -> int:
    """Silence each; where one silence covers several of them, it is made once. Returns how many are silent."""
    done, made = 0, set()
    for alert_id in alert_ids:
        try:
            alert = await db.read(book.get, id_of(alert_id))
            matchers, rule_id = silences.around(alert)
            scope = (tuple(sorted(matchers.items())), rule_id)
            if scope not in made:
                await triage.silence(alert.id, actor(), until=until, reason=reason)
                made.add(scope)
        except (Conflict, NotFound):
            continue
        done += 1
    return done


def _why(wrong: KeepAIError) -> str:
    """What is wrong, in the reader's words."""
    fields = wrong.fields if isinstance(wrong, Invalid) else {}
    key = next(iter(fields.values()), wrong.key)
    return translate(principal().locale, key, **wrong.params)


def _go(view: AlertView):
    return rx.redirect(f"/alerts?{view.query}" if view.query else "/alerts", replace=True)
