"""The editor of an alert rule: what its fields say, what is wrong with them, and when the rule would have fired.

What is typed is sent as it is typed and kept here, so that the preview follows it; the fields themselves keep their
texts. The preview is made when nothing has changed for half a second, one at a time in a tab; what was asked for
meanwhile takes the place of what is found.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, TypedDict

import reflex as rx

from services import db, format, measures
from services.alerts import advice, board, rules, triage, typed, words
from services.alerts.advice import Advice
from services.alerts.preview import RANGES, Episode, Preview
from services.alerts.rules import UNUSUAL, Draft
from services.alerts.typed import FIELDS, Texts
from services.clock import now
from services.errors import Invalid, NotFound
from services.history.series import key_of
from services.i18n import translate, translate_count
from services.identity.permissions import Principal
from state import plots
from state.address import NEW, id_of, named_by
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter

RULES = "/alerts?tab=rules"
SETTLED = 0.5  # s without a change
SHOWN, MOST = 8, 200  # rows of the table: at first, and at most
LOUD, QUIET = 3.0, 1.0  # alerts a day
MANY = 10.0  # of which no fraction is said
LITTLE = 0.05  # of a range, that may be without measures before it is said
Span = Literal["2h", "24h", "7d"]
# Where what is wrong with these is said.
BESIDE = {"of": "hits"}
SAID = tuple(name for name in FIELDS if name not in BESIDE)
NO_FIGURE = plots.Figure(
    key="",
    title="",
    caption="",
    unit="",
    digits=0,
    label="",
    series=[],
    marks=[],
    limits=[],
    top=0.0,
    heads=[],
    table=[],
)


class EpisodeRow(TypedDict):
    """One alert that there would have been; `lasted` is empty while it would still be open."""

    id: str
    began: str
    subject: str
    severity: str
    peak: str
    lasted: str


class Found(TypedDict):
    """What the preview shows. `status` is waiting (for valid fields), empty (nothing is stored), never or fired;
    `noise` is low, medium or high, `since` when the first measure is where there is none of a part of the range."""

    status: str
    span: str
    count: int
    number: str
    kind: str
    subjects: int
    warnings: str
    criticals: str
    typical: str
    per_day: str
    noise: str
    drawn: str
    since: str


class Calmer(TypedDict):
    """Waiting longer would spare some; `short` is empty where nothing is proposed."""

    short: str
    text: str
    take: str
    minutes: int


NOTHING = Found(
    status="",
    span="7d",
    count=0,
    number="0",
    kind="worker",
    subjects=0,
    warnings="0",
    criticals="0",
    typical="",
    per_day="0",
    noise="low",
    drawn="",
    since="",
)
NO_PROPOSAL = Calmer(short="", text="", take="", minutes=0)
NO_TEXTS = typed.texts(typed.NEW, "pt-BR")


class AlertRuleState(rx.State):
    """One rule in its fields. `texts` is what they say when they are made; `there` is off where the address names no
    rule."""

    rule_id: str = ""
    ready: bool = False
    there: bool = True
    title: str = ""
    usual: str = ""
    builtin: bool = False
    owner: str = ""
    form_key: int = 0
    pending_key: int = 0
    texts: Texts = NO_TEXTS
    unit: str = "percent"
    errors: dict[str, str] = dict.fromkeys(SAID, "")
    changed: bool = False
    asking: bool = False
    span: str = "7d"
    looking: bool = True
    found: Found = NOTHING
    figure: plots.Figure = NO_FIGURE
    stretches: list[plots.Stretch] = []
    axis: list[float] = [0.0, 0.0]
    episodes: list[EpisodeRow] = []
    more: int = 0
    calmer: Calmer = NO_PROPOSAL
    _now: Texts = NO_TEXTS
    _base: Draft = typed.NEW
    _left: list[str] = []
    _rest: list[EpisodeRow] = []
    _round: int = 0
    _busy: bool = False
    _at_once: bool = True

    @rx.event
    @requires("alerts:read")
    async def load(self):
        """Show the rule of the address; what was typed into it and not kept is still there."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        wanted = named_by(self)
        self.asking = False
        if wanted != self.rule_id or not self.changed:
            await self._show(wanted, person)
        elif self.texts != self._now:
            self.texts = dict(self.get_value("_now"))
        if not self.there:
            return None
        self._busy, self._at_once = False, True
        self._ask_again()
        return AlertRuleState.look

    async def _show(self, wanted: str, person: Principal) -> None:
        self.rule_id, self.errors, self._left = wanted, dict.fromkeys(SAID, ""), []
        self.found, self.calmer, self.episodes, self.more = NOTHING, NO_PROPOSAL, [], 0
        self.ready = self.changed = False
        base, title, usual, owner = typed.NEW, "", "", person.label
        try:
            if wanted != NEW:
                rule = await db.read(rules.get, id_of(wanted))
                base = rules.draft_of(rule)
                title = words.rule_name(person.locale, rule.builtin or "", rule.name)
                usual = words.rule_name(person.locale, rule.builtin, "") if rule.builtin else ""
                owners = await db.read(board.owners, [rule])
                owner = owners.get(rule.owner_id, "") if rule.owner_id else ""
        except NotFound:
            self.there, self.ready = False, True
            return
        self.title, self.usual, self.builtin, self.owner = title, usual, bool(usual), owner
        self._base = base
        self._now = typed.texts(base, person.locale)
        self.texts = dict(self._now)
        self.unit = typed.unit_of(base.measure, base.summary)
        self.form_key += 1
        self.there = self.ready = True

    @rx.event
    @requires("alerts:manage")
    async def change(self, name: str, text: str):
        """A field says something else."""
        if name not in FIELDS or text == self._now[name]:
            return None
        self._keep(name, text)
        if any(self.errors.values()):
            self._say_what_is_wrong()
        return AlertRuleState.look

    @rx.event
    @requires("alerts:manage")
    async def choose(self, name: str, text: str):
        """The same for what is chosen rather than typed: other fields may follow from it."""
        if name not in FIELDS or text == self._now[name]:
            return None
        self._keep(name, text)
        if name == "measure":
            summary = self._now["summary"]
            self.unit = typed.unit_of(text, summary)
            if self.unit == "flag":  # what is there by rights, or is not: being there is no alert
                self._keep("above", typed.NO if text.endswith(".up") else typed.YES)
            self._keep("size", typed.usual_size(text, self._now["size"], summary))
        if name == "summary":
            self._summarise(text)
        self.texts = dict(self.get_value("_now"))
        self._say_what_is_wrong()
        return AlertRuleState.look

    def _summarise(self, summary: str) -> None:
        """Percent of what is usual are other thresholds than those of the measure: the fields begin anew."""
        unit = typed.unit_of(self._now["measure"], summary)
        if summary == UNUSUAL and unit != "flag":
            for name, text in typed.UNUSUAL_TEXTS.items():
                self._keep(name, text)
            self.form_key += 1
        elif unit != self.unit:
            for name in typed.THRESHOLDS:
                self._keep(name, "")
            self.form_key += 1
        self.unit = unit
        self._keep("size", typed.usual_size(self._now["measure"], self._now["size"], summary))

    @rx.event
    @requires("alerts:manage")
    async def leave(self, name: str, text: str):
        """Say what is wrong with a field as soon as it is left."""
        if name not in FIELDS:
            return None
        if name not in self._left:
            self._left = [*self._left, name]
        moved = text != self._now[name]
        if moved:
            self._keep(name, text)
        self._say_what_is_wrong()
        return AlertRuleState.look if moved else None

    @rx.event
    @requires("alerts:manage")
    async def take(self):
        """Wait as long as is proposed."""
        if not self.calmer["minutes"]:
            return None
        self._keep("pending", str(self.calmer["minutes"]))
        self._keep("pending_unit", "min")
        self.texts = dict(self.get_value("_now"))
        self.pending_key += 1
        self._at_once = True
        return AlertRuleState.look

    @rx.event
    @requires("alerts:read")
    async def show_range(self, span: Span):
        """Look further back, or less far."""
        self.span, self._at_once = span, True
        self._ask_again()
        return AlertRuleState.look

    @rx.event
    @requires("alerts:read")
    async def show_more(self):
        """All that it would have fired."""
        self.episodes, self.more = list(self.get_value("_rest")), 0

    @rx.event
    @requires("alerts:read")
    async def cancel(self):
        """Leave it as it was."""
        self.rule_id, self.changed = "", False
        return rx.redirect(RULES)

    @rx.event
    @requires("alerts:manage")
    async def save(self, form: dict[str, Any]):
        """Keep it. What is wrong is said beside its field, and all stays as it was typed."""
        person = principal()
        for name, text in form.items():
            if name in FIELDS and str(text) != self._now[name]:
                self._keep(name, str(text))
        self._left = list(FIELDS)
        draft, wrong = self._draft(person.locale)
        if wrong:
            self._say_what_is_wrong()
            return None
        try:
            if self.rule_id == NEW:
                await triage.create_rule(draft, actor())
            else:
                await triage.change_rule(
                    id_of(self.rule_id), lambda old: replace(draft, matchers=old.matchers), actor()
                )
        except Invalid as error:
            self._say(error.fields, person.locale)
            return None
        await tell(self, "ok", translate(person.locale, "alert_rule.saved"))
        self.rule_id, self.changed = "", False
        return rx.redirect(RULES)

    @rx.event
    @requires("alerts:manage")
    async def ask(self):
        """Ask before it is taken away."""
        self.asking = True

    @rx.event
    @requires("alerts:manage")
    async def dismiss(self):
        """No."""
        self.asking = False

    @rx.event
    @requires("alerts:manage")
    async def remove(self):
        """Yes: take it away, with what is open of it."""
        self.asking = False
        await triage.remove_rule(id_of(self.rule_id), actor())
        await tell(self, "ok", translate(principal().locale, "alert_rule.removed"))
        self.rule_id, self.changed = "", False
        return rx.redirect(RULES)

    @rx.event(background=True)
    @requires("alerts:read")
    async def look(self):
        """Make the preview anew once nothing has changed for a while, until it is of what the fields say."""
        person = principal()
        async with self:
            if self._busy:
                return
            self._busy = True
        try:
            while not await self._look_once(person):
                pass
        finally:
            async with self:
                self._busy = self.looking = False

    async def _look_once(self, person: Principal) -> bool:
        """Whether what is shown now is of what the fields say."""
        async with self:
            asked, wait, self._at_once = self._round, not self._at_once, False
        if wait:
            await asyncio.sleep(SETTLED)
        async with self:
            if self._round != asked:
                return False
            draft, wrong = self._draft(person.locale)
            builtin, span = self.builtin, self.span
            # A rule without a name yet can be tried already.
            if wrong.keys() - {"name"}:
                self.found, self.calmer = Found(**{**NOTHING, "status": "waiting", "span": span}), NO_PROPOSAL
                return True
        at = now()
        tried = await db.read(
            advice.advise,
            replace(draft, name=draft.name or "-"),
            RANGES[span],
            at,
            person.locale,
            builtin=builtin,
        )
        figure = NO_FIGURE
        if tried.drawn:
            about = translate(person.locale, f"alert_rule.range.{span}")
            figure = await plots.of_rule(
                draft, tried.drawn, _began(tried.found), tried.found.end, person.locale, about
            )
        async with self:
            if self._round != asked:
                return False
            self._put(tried, figure, draft, span, person, at)
        return True

    def _put(
        self, tried: Advice, figure: plots.Figure, draft: Draft, span: str, person: Principal, at: datetime
    ) -> None:
        locale, unit = person.locale, typed.unit_of(draft.measure, draft.summary)
        found = tried.found
        rows = [
            _row(number, one, tried.names[key_of(one.labels)], unit, person)
            for number, one in enumerate(reversed(found.episodes[-MOST:]))
        ]
        self._rest, self.episodes = rows, rows[:SHOWN]
        self.more = len(rows) - SHOWN if len(rows) > SHOWN else 0
        self.found = _found(tried, span, draft, person)
        self.calmer = _calmer(tried, draft, locale)
        self.figure, self.axis = figure, [_began(found), found.end]
        drawn = key_of(tried.drawn) if tried.drawn else ""
        self.stretches = [
            plots.Stretch(x=one.began, to=one.ended or found.end, state=one.severity)
            for one in found.episodes[-MOST:]
            if key_of(one.labels) == drawn
        ]

    def _draft(self, locale: str) -> tuple[Draft, Texts]:
        return typed.read(self.get_value("_now"), locale, self.get_value("_base"), builtin=self.builtin)

    def _keep(self, name: str, text: str) -> None:
        self._now = {**self.get_value("_now"), name: text}
        self.changed = True
        self._ask_again()

    def _ask_again(self) -> None:
        self._round += 1
        if not self.looking:
            self.looking = True

    def _say_what_is_wrong(self) -> None:
        """Of the fields that somebody has left."""
        locale = principal().locale
        left = {BESIDE.get(name, name) for name in self._left}
        wrong = self._draft(locale)[1]
        self._say({name: why for name, why in wrong.items() if name in left}, locale)

    def _say(self, wrong: dict[str, str], locale: str) -> None:
        said = {name: translate(locale, wrong[name]) if name in wrong else "" for name in SAID}
        if said != self.errors:
            self.errors = said


def _row(number: int, one: Episode, subject: str, unit: str, person: Principal) -> EpisodeRow:
    return EpisodeRow(
        id=f"{number}",
        began=format.day_and_clock(person.locale, one.began, person.zone),
        subject=subject,
        severity=one.severity,
        peak="" if unit in words.STATE_UNITS else words.value(person.locale, unit, one.peak),
        lasted="" if one.lasted is None else format.duration(person.locale, one.lasted),
    )


def _began(found: Preview) -> float:
    """Where the plot begins: with the range, or with what is stored where that is clearly less."""
    since = found.start if found.since is None else found.since
    return since if since - found.start > LITTLE * (found.end - found.start) else found.start


def _found(tried: Advice, span: str, draft: Draft, person: Principal) -> Found:
    locale = person.locale
    found, count = tried.found, len(tried.found.episodes)
    noise = "low" if found.per_day < QUIET else "medium" if found.per_day <= LOUD else "high"
    measure = measures.by_key()[draft.measure]
    began = _began(found)
    return Found(
        status="empty" if not found.subjects else "fired" if count else "never",
        span=span,
        count=count,
        number=format.number(locale, count),
        kind=measure.kind,
        subjects=found.subjects,
        warnings=format.number(locale, found.count("warning")),
        criticals=format.number(locale, found.count("critical")),
        typical="" if found.typical is None else format.duration(locale, found.typical),
        per_day=format.number(locale, found.per_day, 1 if found.per_day < MANY else 0),
        noise=noise,
        drawn=tried.names[key_of(tried.drawn)] if tried.drawn else "",
        since=format.day_and_clock(locale, began, person.zone) if began > found.start else "",
    )


def _calmer(tried: Advice, draft: Draft, locale: str) -> Calmer:
    found = tried.proposal
    if found is None:
        return NO_PROPOSAL
    time = waiting = format.duration(locale, found.pending)
    if draft.pending:
        before = format.duration(locale, draft.pending)
        waiting = translate(locale, "alert_rule.calmer.instead", time=time, before=before)
    within = format.duration(locale, found.within)
    total = format.number(locale, len(tried.found.episodes))
    key = "alert_rule.calmer.text" if found.critical else "alert_rule.calmer.text_warnings"
    params: dict[str, object] = {"time": waiting, "remain": format.number(locale, found.remain)}
    if found.critical:
        params["kept"] = translate_count(locale, "alert_rule.calmer.critical", found.critical)
    text = translate_count(locale, key, found.remain, **params)
    return Calmer(
        short=translate_count(locale, "alert_rule.calmer.short", found.short, total=total, within=within),
        text=text,
        take=translate(locale, "alert_rule.calmer.take", time=time),
        minutes=round(found.pending / typed.MINUTE),
    )
