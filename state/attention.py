"""What needs a person first: the first block of the dashboard. What an alert says, the alert says; beside that stands
what no rule watches for."""

import contextlib
from collections.abc import Mapping
from typing import Any, TypedDict

import reflex as rx

from models import Alert
from services import alerts, db, format
from services.alerts import board, triage, words
from services.alerts.board import Urgent
from services.clock import now
from services.errors import Conflict
from services.i18n import translate, translate_count
from services.snapshot import Snapshot
from state import alert_views, views
from state.address import id_of
from state.alert_counts import AlertCounts
from state.guard import actor, requires
from state.live import Broadcast, broadcaster
from state.session import initials
from state.views import AttentionView

SHOWN = 5
EVERY = 2.0


class UrgentRow(TypedDict):
    """An alert that somebody has to look at. `at` (unix seconds) is since when; `see` leads to the worker, if any."""

    id: str
    look: str
    icon: str
    word: str
    title: str
    text: str
    at: float
    owner: str
    initials: str
    acknowledged: bool
    see: str


class Attention(rx.State):
    """The first alerts of so many as `count`, and what else needs attention; written only by the broadcast."""

    alerts: list[UrgentRow] = []
    others: list[AttentionView] = []
    count: int = 0
    said: str = ""


class AttentionState(rx.State):
    """What can be done about it in place."""

    @rx.event
    @requires("alerts:act")
    async def acknowledge(self, alert_id: str):
        """Say "mine"."""
        with contextlib.suppress(Conflict):  # it was over meanwhile: the list says so
            await triage.acknowledge(id_of(alert_id), actor())
        for shown in (Attention, AlertCounts):
            await broadcaster().renew(shown)


def attention_broadcast(locale: str, zone: str) -> Broadcast:
    """The same for everybody with this language and zone."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        at = now()
        found = await db.read(board.urgent, at, SHOWN)
        covered = {key for labels in found.labels for key in _keys(labels)}
        others = [] if snapshot is None else views.attention(snapshot, locale)
        others = [one for one in others if one["key"] not in covered]
        return {
            "alerts": [_row(alert, found, locale, zone) for alert in found.alerts],
            "others": others[: max(1, SHOWN - len(found.alerts))],
            "count": found.count,
            "said": _said(found, locale),
        }

    return Broadcast(f"attention|{locale}|{zone}", Attention, build, period=EVERY, permission="alerts:read")


def _keys(labels: Mapping[str, Any]) -> list[str]:
    """What the dashboard would say by itself of the same thing."""
    kind = labels.get("kind")
    if kind == "worker":
        return [f"worker-{labels.get('worker', '')}"]
    if kind == "probe":
        return [f"probe-{labels.get('probe', '')}"]
    return ["compute"] if kind == "compute" else []


def _row(alert: Alert, found: Urgent, locale: str, zone: str) -> UrgentRow:
    icon, look = alert_views.look(alert)
    owner = found.names.get(alert.assignee_id, "") if alert.assignee_id else ""
    worker = str(alert.labels.get("worker", "")) if alert.labels.get("kind") == "worker" else ""
    return UrgentRow(
        id=alert.id.hex,
        look=look,
        icon=icon,
        word=translate(locale, f"alerts.severity.{alert.severity}"),
        title=words.title(locale, alert),
        text=alert.last_note or words.known(locale, alert, now(), zone),
        at=(alert.fired_at or alert.started_at).timestamp(),
        owner=owner,
        initials=initials(owner) if owner else "",
        acknowledged=alerts.is_acknowledged(alert, now()),
        see=f"/workers?worker={worker}" if worker else "",
    )


def _said(found: Urgent, locale: str) -> str:
    """How many there are, and how many are nobody's."""
    if not found.count:
        return ""
    shown = format.number(locale, found.count)
    said = translate_count(locale, "alerts.count", found.count, shown=shown)
    if found.unowned:
        unowned = format.number(locale, found.unowned)
        said += ", " + translate(locale, "dashboard.attention.unowned", number=unowned)
    return said
