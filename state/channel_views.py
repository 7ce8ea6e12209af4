"""Channels and routes as the pages show them, in the reader's words."""

from collections.abc import Mapping, Sequence
from typing import TypedDict
from uuid import UUID

from babel.dates import get_day_names

from models import Account, AlertRoute, Channel, OutboxMessage
from services import channels, format
from services.alerts import words
from services.i18n import translate
from services.settings import Settings

ICONS: Mapping[str, str] = {
    "mail": "mail",
    "sms": "smartphone",
    "push": "bell",
    "chat": "message-square",
    "webhook": "globe",
    "bell": "bell",
}
LOOKS: Mapping[str, str] = {"sent": "ok", "waiting": "pending", "sending": "pending", "dead": "critical"}
FAILED = frozenset({"undelivered", "failed"})


class ChannelRow(TypedDict):
    """A channel in the list. `look` and `said` are of its last message, `at` (unix seconds) when that was put."""

    id: str
    kind: str
    icon: str
    name: str
    where: str
    enabled: bool
    look: str
    said: str
    at: float


class DeliveryRow(TypedDict):
    """A message to a channel; `why` is empty where all is well."""

    id: str
    look: str
    what: str
    said: str
    why: str
    at: float


class StepRow(TypedDict):
    """When a route tells whom."""

    at: str
    who: str


class RouteRow(TypedDict):
    """A route in the list. `about` are the labels and times for which it is."""

    id: str
    number: str
    name: str
    enabled: bool
    severity: str
    about: list[str]
    steps: list[StepRow]


def channel_row(channel: Channel, last: OutboxMessage | None, settings: Settings, locale: str) -> ChannelRow:
    """One channel, and what came of the last message."""
    config = channels.draft_of(settings, channel).config
    look, said = outcome(last, locale) if last else ("unknown", translate(locale, "channels.never"))
    return ChannelRow(
        id=channel.id.hex,
        kind=channel.kind,
        icon=ICONS[channel.kind],
        name=channel.name,
        where=channels.shown(channel.kind, config) if config else translate(locale, "channels.unreadable"),
        enabled=channel.enabled,
        look=look,
        said=said,
        at=last.created_at.timestamp() if last else 0.0,
    )


def delivery_row(message: OutboxMessage, locale: str) -> DeliveryRow:
    """One message to a channel."""
    look, said = outcome(message, locale)
    why = translate(locale, message.error) if message.error else ""
    return DeliveryRow(
        id=message.id.hex,
        look=look,
        what=translate(locale, f"outbox.template.{message.template}"),
        said=said,
        why=" ".join(part for part in (why, message.detail) if part) if look != "ok" else message.detail,
        at=message.created_at.timestamp(),
    )


def outcome(message: OutboxMessage, locale: str) -> tuple[str, str]:
    """What came of a message: a look and a word."""
    if message.state == "sent" and message.delivery:
        look = "critical" if message.delivery in FAILED else "ok"
        return look, translate(locale, f"channels.delivery.{message.delivery}")
    if message.state == "waiting" and message.error:
        return "warning", translate(locale, "channels.state.again")
    return LOOKS[message.state], translate(locale, f"channels.state.{message.state}")


def route_row(route: AlertRoute, number: int, names: Mapping[str, str], locale: str) -> RouteRow:
    """One route. `names` are names of people and channels by their ids."""
    about = [words.label(name, str(value)) for name, value in sorted(route.matchers.items())]
    if route.hours:
        about.append(hours(route.hours, locale))
    return RouteRow(
        id=route.id.hex,
        number=format.number(locale, number),
        name=route.name,
        enabled=route.enabled,
        severity=route.severity,
        about=about,
        steps=[step_row(step, names, locale) for step in route.steps],
    )


def step_row(step: Mapping[str, object], names: Mapping[str, str], locale: str) -> StepRow:
    """One step of a route."""
    after = float(step["after"])  # type: ignore[arg-type]
    at = translate(locale, "routes.after", time=format.duration(locale, after)) if after else ""
    who = [target_name(one, names, locale) for one in step["targets"]]  # type: ignore[attr-defined]
    return StepRow(at=at or translate(locale, "routes.at_once"), who=", ".join(who))


def target_name(target: Mapping[str, str], names: Mapping[str, str], locale: str) -> str:
    """Who is told, as people call it."""
    if target["kind"] == "role":
        return translate(locale, f"routes.role.{target['id']}")
    return names.get(target["id"], translate(locale, "routes.gone"))


def hours(hours: Mapping[str, object], locale: str) -> str:
    """Days and times: "seg, ter 08:00–18:00"."""
    days = sorted(hours["days"])  # type: ignore[call-overload]
    span = f"{hours['from']}–{hours['to']}"
    if len(days) == 7:
        return span
    return f"{', '.join(day_names(locale, days))} {span}"


def day_names(locale: str, days: Sequence[int], width: str = "abbreviated") -> list[str]:
    """Days of the week, Monday being 0."""
    names = get_day_names(width, context="stand-alone", locale=locale.replace("-", "_"))  # type: ignore[arg-type]
    return [names[day].rstrip(".") for day in days]


def names_of(people: Sequence[Account], found: Sequence[Channel]) -> dict[str, str]:
    """What people and channels are called, by their ids."""
    called = {one.id.hex: one.name or one.email for one in people}
    return called | {one.id.hex: one.name for one in found}


def uuids(ids: Sequence[str]) -> list[UUID]:
    """The ids that are some."""
    found = []
    for one in ids:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found
