"""Maintenance windows: the form of a new one, and what ends one."""

from datetime import date
from typing import Any, TypedDict
from uuid import UUID

import reflex as rx
from sqlmodel import Session, col, select

from models import AlertRule, Worker
from services import db, probes
from services.alerts import maintenance, rules, triage, words
from services.clock import now, zone_called
from services.errors import Invalid
from services.i18n import translate
from state.address import id_of
from state.alerts import renew
from state.appearance import zones
from state.guard import actor, principal, requires, tell

MOST_WORKERS = 200
FIELDS = ("what", "days", "begins", "ends", "zone", "until", "reason")
NO_MISTAKE = dict.fromkeys(FIELDS, "")
# What is not one thing alone: all of a kind.
KINDS = ("worker", "compute", "host")


class Choice(TypedDict):
    """Something that can be chosen."""

    value: str
    name: str


class MaintenanceState(rx.State):
    """The form for a new window."""

    asked: bool = False
    wrong: dict[str, str] = NO_MISTAKE
    what: list[Choice] = []
    zones: list[str] = []
    zone: str = ""
    today: str = ""

    @rx.event
    @requires("alerts:act")
    async def ask(self):
        """Open the form, or close it."""
        self.asked, self.wrong = not self.asked, NO_MISTAKE
        if not self.asked:
            return
        person = principal()
        self.what = await db.read(_choices, person.locale)
        self.zones, self.zone = sorted({*zones(), person.zone}), person.zone
        self.today = now().astimezone(zone_called(person.zone)).date().isoformat()

    @rx.event
    @requires("alerts:act")
    async def create(self, form: dict[str, Any]):
        """Nobody is told of what was chosen, each week at that time."""
        matchers, rule_id = _scope(str(form.get("what", "")))
        draft = maintenance.Draft(
            days="".join(day for day in maintenance.EVERY_DAY if form.get(f"day{day}")),
            begins=str(form.get("begins", "")),
            ends=str(form.get("ends", "")),
            zone=str(form.get("zone", "")),
            until=_date(str(form.get("until", ""))),
            reason=str(form.get("reason", "")),
            matchers=matchers,
            rule_id=rule_id,
        )
        locale = principal().locale
        try:
            await triage.create_window(draft, actor())
        except Invalid as wrong:
            said = {BESIDE.get(name, name): translate(locale, key) for name, key in wrong.fields.items()}
            self.wrong = NO_MISTAKE | said
            return
        self.asked, self.wrong = False, NO_MISTAKE
        await renew()
        await tell(self, "ok", translate(locale, "maintenance.made"))

    @rx.event
    @requires("alerts:act")
    async def end(self, window_id: str):
        """It does not come back."""
        await triage.end_window(id_of(window_id), actor())
        await renew()
        await tell(self, "ok", translate(principal().locale, "maintenance.ended_now"))


BESIDE = {"matchers": "what", "rule_id": "what"}  # beside which field it is said


def _choices(session: Session, locale: str) -> list[Choice]:
    """What a window may cover: everything of a kind, a service, a worker, a rule."""
    kinds = [Choice(value=f"kind:{one}", name=translate(locale, f"maintenance.kind.{one}")) for one in KINDS]
    services = [
        Choice(value=f"probe:{one}", name=translate(locale, f"probes.{one}"))
        for one in probes.PROBES
        if one != "scheduler"  # that is the compute
    ]
    found = session.exec(select(Worker).order_by(col(Worker.name)).limit(MOST_WORKERS))
    workers = [
        Choice(value=f"worker:{one.id.hex}", name=translate(locale, "maintenance.worker", name=one.name))
        for one in found
    ]
    named = [
        Choice(value=f"rule:{one.id.hex}", name=translate(locale, "silences.rule", name=_name(one, locale)))
        for one in rules.listed(session)
    ]
    return [*kinds, *services, *workers, *named]


def _name(rule: AlertRule, locale: str) -> str:
    return words.rule_name(locale, rule.builtin or "", rule.name)


def _scope(chosen: str) -> tuple[dict[str, str], UUID | None]:
    """What was chosen, as labels or a rule."""
    kind, _, value = chosen.partition(":")
    if kind == "rule":
        return {}, id_of(value)
    return ({kind: value}, None) if kind in ("kind", "probe", "worker") and value else ({}, None)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
