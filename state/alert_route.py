"""The editor of a route of alerts: which alerts, when, and who is told step by step."""

import re
from typing import Any, TypedDict

import reflex as rx
from sqlmodel import Session

from models import Account, Channel
from services import channels, db
from services.alerts import board, routes
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.i18n import translate
from services.identity.permissions import ROLES
from state import channel_views
from state.address import NEW, id_of, named_by
from state.channels import LIST
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter

MOST_STEPS = 3  # that the page offers; over HTTP there may be five
NEXT_AFTER = 15  # minutes
TYPED = ("name", "labels", "from", "to")
SAID = ("name", "labels", "hours", "steps")
# Where what is wrong with a field of the route is said.
BESIDE = {"matchers": "labels", "severity": "name"}
WORK_DAYS = [0, 1, 2, 3, 4]


class Offer(TypedDict):
    """Somebody who can be told. `key` is kind and id."""

    key: str
    kind: str
    name: str


class StepFields(TypedDict):
    """One step: after how many minutes, and the keys of who is told."""

    number: int
    after: str
    chosen: list[str]


FIRST = StepFields(number=0, after="0", chosen=[])


class AlertRouteState(rx.State):
    """One route in its fields. `there` is off where the address names none."""

    route_id: str = ""
    ready: bool = False
    there: bool = True
    title: str = ""
    form_key: int = 0
    texts: dict[str, str] = dict.fromkeys(TYPED, "")
    errors: dict[str, str] = dict.fromkeys(SAID, "")
    severity: str = "warning"
    enabled: bool = True
    timed: bool = False
    days: list[int] = WORK_DAYS
    steps: list[StepFields] = [FIRST]
    offers: list[Offer] = []
    asking: bool = False
    problem: str = ""
    _now: dict[str, str] = {}
    _zone: str = ""

    @rx.event
    @requires("alerts:read")
    async def load(self):
        """Show the route of the address."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        self.route_id = named_by(self)
        self.asking, self.problem, self.errors = False, "", dict.fromkeys(SAID, "")
        draft = routes.Draft("", [{"after": 0.0, "targets": []}])
        try:
            if self.route_id != NEW:
                draft = routes.draft_of(await db.read(routes.get, id_of(self.route_id)))
        except NotFound:
            self.there, self.ready = False, True
            return
        people, found = await db.read(_offered)
        self.offers = _offers(people, found, person.locale)
        hours: dict[str, Any] = dict(draft.hours or {"from": "08:00", "to": "18:00", "days": WORK_DAYS})
        self._zone = hours.get("zone", person.zone)
        self.title, self.severity, self.enabled = draft.name, draft.severity, draft.enabled
        self.timed, self.days = draft.hours is not None, list(hours["days"])
        self.texts = {
            "name": draft.name,
            "labels": ", ".join(f"{name}={value}" for name, value in sorted(draft.matchers.items())),
            "from": hours["from"],
            "to": hours["to"],
        }
        self._now = dict(self.texts)
        self.steps = [
            StepFields(
                number=number,
                after=f"{step['after'] / 60:g}",
                chosen=[f"{one['kind']}:{one['id']}" for one in step["targets"]],
            )
            for number, step in enumerate(draft.steps)
        ]
        self.form_key += 1
        self.there = self.ready = True

    @rx.event
    @requires("alerts:manage")
    async def leave(self, name: str, text: str):
        """Keep what a field says, and say what is wrong with it."""
        if name in TYPED:
            self._now = {**self.get_value("_now"), name: text}
            await self._check({"from": "hours", "to": "hours"}.get(name, name))

    @rx.event
    @requires("alerts:manage")
    async def choose_severity(self, severity: str):
        """From which severity on."""
        self.severity = severity if severity in routes.SEVERITIES else "warning"

    @rx.event
    @requires("alerts:manage")
    async def switch(self, enabled: bool):
        """Whether it is gone by, once it is saved."""
        self.enabled = enabled

    @rx.event
    @requires("alerts:manage")
    async def time(self, timed: bool):
        """Only at certain times, or always."""
        self.timed = timed
        self.errors = {**self.errors, "hours": ""}

    @rx.event
    @requires("alerts:manage")
    async def choose_day(self, day: int, chosen: bool):
        """On this day of the week, or not."""
        others = [one for one in self.get_value("days") if one != day]
        self.days = sorted([*others, day] if chosen and day in range(7) else others)
        await self._check("hours")

    @rx.event
    @requires("alerts:manage")
    async def choose_target(self, step: int, key: str, chosen: bool):
        """Somebody is told in this step, or not."""
        if key not in {one["key"] for one in self.get_value("offers")}:
            return
        self._step(step, key, chosen)
        if self.errors["steps"]:
            await self._check("steps")

    @rx.event
    @requires("alerts:manage")
    async def choose_wait(self, step: int, text: str):
        """After how many minutes."""
        self.steps = [
            StepFields(**{**one, "after": text[:8]}) if one["number"] == step and step else one
            for one in self.get_value("steps")
        ]
        await self._check("steps")

    @rx.event
    @requires("alerts:manage")
    async def add_step(self):
        """Somebody else, while nobody acknowledges."""
        steps = self.get_value("steps")
        if len(steps) < MOST_STEPS:
            last = _minutes(steps[-1]["after"]) or 0.0
            self.steps = [
                *steps,
                StepFields(number=len(steps), after=f"{last + NEXT_AFTER:g}", chosen=[]),
            ]

    @rx.event
    @requires("alerts:manage")
    async def remove_step(self):
        """The last one goes."""
        steps = self.get_value("steps")
        if len(steps) > 1:
            self.steps = steps[:-1]
            await self._check("steps")

    @rx.event
    @requires("alerts:manage")
    async def save(self, form: dict[str, Any]):
        """Keep it. What is wrong is said beside its field, and all stays as it was typed."""
        self._now = {
            **self.get_value("_now"),
            **{n: str(v) for n, v in form.items() if n in TYPED and v is not None},
        }
        draft, wrong = self._draft()
        try:
            if wrong:
                raise Invalid(fields={**await db.read(routes.check, draft), **wrong})
            if self.route_id == NEW:
                await db.write(routes.create, now(), draft, actor())
            else:
                await db.write(routes.update, now(), id_of(self.route_id), draft, actor())
        except Invalid as error:
            self._say(error.fields, SAID)
            return None
        except Conflict as error:
            self.problem = translate(principal().locale, error.key, **error.params)
            return None
        await tell(self, "ok", translate(principal().locale, "routes.saved"))
        return rx.redirect(LIST)

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
        """Yes: take it away."""
        self.asking = False
        await db.write(routes.remove, now(), id_of(self.route_id), actor())
        await tell(self, "ok", translate(principal().locale, "routes.removed"))
        return rx.redirect(LIST)

    def _step(self, number: int, key: str, chosen: bool) -> None:
        steps = []
        for one in self.get_value("steps"):
            if one["number"] == number:
                others = [other for other in one["chosen"] if other != key]
                one = StepFields(**{**one, "chosen": [*others, key] if chosen else others})
            steps.append(one)
        self.steps = steps

    def _draft(self) -> tuple[routes.Draft, dict[str, str]]:
        """The route of the fields, and what of them cannot be read."""
        texts, wrong = self.get_value("_now"), {}
        matchers = _matchers(texts.get("labels", ""))
        if matchers is None:
            wrong["matchers"] = "routes.error.matchers"
        steps = []
        for one in self.get_value("steps"):
            wait = _minutes(one["after"]) if one["number"] else 0.0
            if wait is None:
                wrong["steps"] = "routes.error.wait"
            targets = [dict(zip(("kind", "id"), key.split(":", 1), strict=True)) for key in one["chosen"]]
            steps.append({"after": (wait or 0.0) * 60, "targets": targets})
        hours = None
        if self.timed:
            begin, end = routes.clock(texts.get("from", "")), routes.clock(texts.get("to", ""))
            days = list(self.get_value("days"))
            hours = {"days": days, "from": begin, "to": end, "zone": self._zone or principal().zone}
        draft = routes.Draft(texts.get("name", ""), steps, self.severity, matchers or {}, hours, self.enabled)
        return draft, wrong

    async def _check(self, field: str) -> None:
        draft, wrong = self._draft()
        self._say({**await db.read(routes.check, draft), **wrong}, (field,))

    def _say(self, wrong: dict[str, str], fields: tuple[str, ...]) -> None:
        locale = principal().locale
        said = {BESIDE.get(name, name): translate(locale, key) for name, key in wrong.items()}
        self.errors = {**self.errors, **{name: said.get(name, "") for name in fields}}


def _matchers(text: str) -> dict[str, str] | None:
    """Labels as they are typed, "worker=ipe-1, compute=embedded"; None where they are none."""
    found = {}
    for part in filter(None, (part.strip() for part in re.split(r"[,\n]", text))):
        name, sign, value = part.partition("=")
        if not sign or not name.strip() or not value.strip():
            return None
        found[name.strip()] = value.strip()
    return found


def _minutes(text: str) -> float | None:
    try:
        wait = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return wait if 0 <= wait <= 24 * 60 else None


def _offers(people: list[Account], found: list[Channel], locale: str) -> list[Offer]:
    roles = [
        Offer(key=f"role:{role}", kind="role", name=translate(locale, f"routes.role.{role}"))
        for role in ROLES
    ]
    names = channel_views.names_of(people, found)
    persons = [Offer(key=f"person:{one.id.hex}", kind="person", name=names[one.id.hex]) for one in people]
    rooms = [Offer(key=f"channel:{one.id.hex}", kind="channel", name=one.name) for one in found]
    return [*rooms, *roles, *persons]


def _offered(session: Session) -> tuple[list[Account], list[Channel]]:
    return board.team(session), channels.listed(session)
