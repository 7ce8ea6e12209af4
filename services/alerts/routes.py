"""Routes: who is told of which alerts, when, and who next while nobody acknowledges.

The first route that an alert fits says who is told. Where no route fits, the first admin is told of what is critical,
by mail or at least in the bell: so that an installation that nobody has set up yet is not silent.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, func, select

from models import Account, AlertRoute, Channel, RoleGrant
from models.base import new_id
from services import audit
from services.alerts import silences
from services.audit import Actor
from services.clock import zone_called
from services.errors import Conflict, Invalid, NotFound
from services.identity.accounts import FIRST_ADMIN_EMAIL
from services.identity.permissions import PLATFORM, ROLES

SEVERITIES = ("warning", "critical")
TARGETS = ("person", "role", "channel")
LONGEST_NAME = 120
MOST, MOST_STEPS, MOST_TARGETS = 50, 5, 20
LONGEST_WAIT = 24 * 3600.0  # s until a later step
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Draft:
    """A route as somebody wants it; the fields are those of `AlertRoute`."""

    name: str
    steps: Sequence[Mapping[str, Any]]
    severity: str = "warning"
    matchers: Mapping[str, str] = field(default_factory=dict)
    hours: Mapping[str, Any] | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told `after` seconds in which nobody acknowledged."""

    after: float
    people: tuple[Account, ...]
    channels: tuple[Channel, ...]


# -- decided ----------------------------------------------------------------------------------------------------


def fits(route: AlertRoute, labels: Mapping[str, Any], severity: str, now: datetime) -> bool:
    """Whether a route is for such an alert at this moment."""
    if not route.enabled or (route.severity == "critical" and severity != "critical"):
        return False
    if not all(str(labels.get(name, "")) == value for name, value in route.matchers.items()):
        return False
    return route.hours is None or is_within(route.hours, now)


def is_within(hours: Mapping[str, Any], now: datetime) -> bool:
    """Whether it is one of these days and between these times there. A span that ends before it begins goes on past
    midnight, and belongs to the day on which it began."""
    here = now.astimezone(zone_called(hours["zone"]))
    begin, end = time.fromisoformat(hours["from"]), time.fromisoformat(hours["to"])
    clock = here.time()
    if begin < end:
        return here.weekday() in hours["days"] and begin <= clock < end
    if clock >= begin:
        return here.weekday() in hours["days"]
    return clock < end and (here.weekday() - 1) % 7 in hours["days"]


def until(hours_from: str, hours_to: str, zone: str, now: datetime) -> datetime | None:
    """When a span of every day ends in which this moment lies; None outside of it, or where there is no span."""
    if not hours_from or not hours_to:
        return None
    every_day = {"days": range(7), "from": hours_from, "to": hours_to, "zone": zone}
    if not is_within(every_day, now):
        return None
    here = now.astimezone(zone_called(zone))
    end = datetime.combine(here.date(), time.fromisoformat(hours_to), here.tzinfo)
    if end <= here:
        end = datetime.combine(here.date() + timedelta(days=1), time.fromisoformat(hours_to), here.tzinfo)
    return end.astimezone(now.tzinfo)


# -- found ------------------------------------------------------------------------------------------------------


def clock(text: str) -> str:
    """A time of day as it is kept, "08:00", from what people type: "8", "8h", "8:30"."""
    text = text.strip().lower().replace("h", ":").removesuffix(":")
    if re.fullmatch(r"\d{1,2}", text):
        text += ":00"
    return text.zfill(5) if text else ""


def listed(db: Session) -> list[AlertRoute]:
    """All of them in the order in which they are tried."""
    return list(db.exec(select(AlertRoute).order_by(col(AlertRoute.position), col(AlertRoute.id))))


def get(db: Session, route_id: UUID) -> AlertRoute:
    """One route. Raises NotFound."""
    route = db.get(AlertRoute, route_id)
    if route is None:
        raise NotFound
    return route


def fitting(
    routes: Sequence[AlertRoute], labels: Mapping[str, Any], severity: str, now: datetime
) -> AlertRoute | None:
    """The first route that such an alert fits."""
    return next((one for one in routes if fits(one, labels, severity, now)), None)


def steps_of(db: Session, route: AlertRoute | None, severity: str) -> list[Step]:
    """Who is told by a route, step by step; without one, the first admin of what is critical."""
    if route is None:
        person = first_admin(db) or next(iter(holders(db, "admin")), None) if severity == "critical" else None
        return [Step(0.0, (person,), ())] if person else []
    return [step_of(db, step) for step in route.steps]


def step_of(db: Session, step: Mapping[str, Any]) -> Step:
    """A step with those it names, each once, in the order in which they are named; who is gone is left out."""
    people: dict[UUID, Account] = {}
    channels: dict[UUID, Channel] = {}
    for target in step["targets"]:
        if target["kind"] == "role":
            people |= {one.id: one for one in holders(db, target["id"])}
        elif target["kind"] == "person":
            account = db.get(Account, UUID(target["id"]))
            if account is not None and account.deactivated_at is None:
                people[account.id] = account
        else:
            channel = db.get(Channel, UUID(target["id"]))
            if channel is not None and channel.enabled:
                channels[channel.id] = channel
    return Step(float(step["after"]), tuple(people.values()), tuple(channels.values()))


def holders(db: Session, role: str) -> list[Account]:
    """Who holds a role on the platform: the longest here first."""
    query = (
        select(Account)
        .join(RoleGrant, col(RoleGrant.account_id) == Account.id)
        .where(RoleGrant.role == role, RoleGrant.scope == PLATFORM, col(Account.deactivated_at).is_(None))
        .order_by(col(Account.created_at), col(Account.id))
    )
    return list(db.exec(query))


def first_admin(db: Session) -> Account | None:
    """Whoever is told without anybody having said so: the admin who has been here longest, and has a real address."""
    return next((one for one in holders(db, "admin") if one.email != FIRST_ADMIN_EMAIL), None)


# -- done -------------------------------------------------------------------------------------------------------


def check(db: Session, draft: Draft) -> dict[str, str]:
    """What is wrong with it: field -> message key. Empty when it can be used."""
    wrong: dict[str, str] = {}
    if not 1 <= len(draft.name.strip()) <= LONGEST_NAME:
        wrong["name"] = "routes.error.name"
    if draft.severity not in SEVERITIES:
        wrong["severity"] = "routes.error.choice"
    if len(draft.matchers) > silences.MOST_MATCHERS or not all(
        silences.LABEL.fullmatch(name) and 0 < len(value) <= silences.LONGEST_VALUE
        for name, value in draft.matchers.items()
    ):
        wrong["matchers"] = "routes.error.matchers"
    if draft.hours is not None and not _is_hours(draft.hours):
        wrong["hours"] = "routes.error.hours"
    if problem := _check_steps(db, draft.steps):
        wrong["steps"] = problem
    return wrong


def _is_hours(hours: Mapping[str, Any]) -> bool:
    days = hours.get("days")
    return (
        set(hours) == {"days", "from", "to", "zone"}
        and isinstance(days, list)
        and 1 <= len(days) == len(set(days))
        and all(day in range(7) for day in days)
        and all(isinstance(hours[name], str) and CLOCK.fullmatch(hours[name]) for name in ("from", "to"))
        and hours["from"] != hours["to"]
        and isinstance(hours["zone"], str)
        and zone_called(hours["zone"]).key == hours["zone"]
    )


def _check_steps(db: Session, steps: Sequence[Mapping[str, Any]]) -> str:
    if not 1 <= len(steps) <= MOST_STEPS:
        return "routes.error.steps"
    waits = [step.get("after") for step in steps]
    if not all(isinstance(wait, int | float) and 0 <= wait <= LONGEST_WAIT for wait in waits):
        return "routes.error.wait"
    if waits[0] != 0 or any(one >= two for one, two in pairwise(waits)):  # type: ignore[operator]
        return "routes.error.order"
    for step in steps:
        targets = step.get("targets") or []
        if not 1 <= len(targets) <= MOST_TARGETS:
            return "routes.error.nobody"
        if not all(_is_there(db, target) for target in targets):
            return "routes.error.gone"
    return ""


def _is_there(db: Session, target: Mapping[str, Any]) -> bool:
    kind, number = target.get("kind"), str(target.get("id", ""))
    if kind == "role":
        return number in ROLES
    try:
        found = UUID(number)
    except ValueError:
        return False
    if kind == "person":
        account = db.get(Account, found)
        return account is not None and account.deactivated_at is None
    return kind == "channel" and db.get(Channel, found) is not None


def create(db: Session, now: datetime, draft: Draft, by: Actor) -> AlertRoute:
    """A new route, tried after all others. Raises Invalid, Conflict when there are very many."""
    if wrong := check(db, draft):
        raise Invalid(fields=wrong)
    if len(listed(db)) >= MOST:
        raise Conflict("routes.error.many")
    last = db.exec(select(func.max(AlertRoute.position))).one()
    route = AlertRoute(
        id=new_id(), position=(last or 0) + 1, created_at=now, updated_at=now, **_columns(draft)
    )
    db.add(route)
    db.flush()
    _note(db, now, by, "alert_route.created", route, after=_said(route))
    return route


def update(
    db: Session, now: datetime, route_id: UUID, draft: Draft, by: Actor, *, place: int | None = None
) -> AlertRoute:
    """The route as it is wanted now, as number `place` (from 0) of those there are. Raises NotFound, Invalid."""
    route = get(db, route_id)
    if wrong := check(db, draft):
        raise Invalid(fields=wrong)
    before = _said(route)
    for name, value in _columns(draft).items():
        setattr(route, name, value)
    route.updated_at = now
    if place is not None:
        others = [one for one in listed(db) if one.id != route.id]
        others.insert(max(0, min(place, len(others))), route)
        for number, one in enumerate(others, 1):
            one.position = number
            db.add(one)
    db.add(route)
    db.flush()
    after = _said(route)
    changed = {name for name in after if after[name] != before[name]}
    if changed:
        told = ({name: said[name] for name in changed} for said in (before, after))
        _note(db, now, by, "alert_route.changed", route, before=next(told), after=next(told))
    return route


def remove(db: Session, now: datetime, route_id: UUID, by: Actor) -> None:
    """Take it away. Raises NotFound."""
    route = get(db, route_id)
    _note(db, now, by, "alert_route.removed", route, before=_said(route))
    db.delete(route)
    db.flush()


def draft_of(route: AlertRoute) -> Draft:
    """The route as it is, to be changed."""
    return Draft(**{name: getattr(route, name) for name in Draft.__dataclass_fields__})


def _columns(draft: Draft) -> dict[str, Any]:
    steps = [
        {
            "after": float(step["after"]),
            "targets": [{"kind": one["kind"], "id": _same(one)} for one in step["targets"]],
        }
        for step in draft.steps
    ]
    return {
        "name": draft.name.strip(),
        "enabled": draft.enabled,
        "severity": draft.severity,
        "matchers": dict(draft.matchers),
        "hours": dict(draft.hours) if draft.hours is not None else None,
        "steps": steps,
    }


def _same(target: Mapping[str, Any]) -> str:
    return target["id"] if target["kind"] == "role" else UUID(str(target["id"])).hex


def _said(route: AlertRoute) -> dict[str, Any]:
    names = ("position", *Draft.__dataclass_fields__)
    return {name: getattr(route, name) for name in names}


def _note(db: Session, now: datetime, by: Actor, action: str, route: AlertRoute, **more: Any) -> None:
    audit.record(
        db, now, by, action, object_kind="alert_route", object_id=route.id.hex, object=route.name, **more
    )
