"""What the dashboard shows. `Live` and `Trends` are written only by the broadcast."""

import time
from typing import Any

import reflex as rx

from services import db
from services.i18n import translate
from services.identity import accounts, principals
from services.snapshot import Snapshot
from state import plots, views
from state.attention import attention_broadcast
from state.guard import offer_undo, principal, requires, untell
from state.live import Broadcast, Looks
from state.session import enter
from state.views import ComputeView, EventView, GroupView, ProbeView, Tile

DEFAULT_RANGE = "1h"


class Live(rx.State):
    """The compute now. `at` is when it was read (unix seconds), `age_ms` how old that was when it was sent."""

    at: float = 0.0
    age_ms: int = 0
    compute: ComputeView = views.EMPTY_COMPUTE
    tiles: dict[str, Tile] = dict.fromkeys(views.TILES, views.EMPTY_TILE)
    groups: list[GroupView] = []
    events: list[EventView] = []
    probes: list[ProbeView] = []
    has_model: bool = False
    has_mail: bool = False


def live_broadcast(locale: str) -> Broadcast:
    """Everything of `Live` in one language; every page looks at it for the frame."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        if snapshot is None:
            return {"at": 0.0, "age_ms": 0}
        return {
            "at": snapshot["at"],
            "age_ms": max(0, round((time.time() - snapshot["at"]) * 1000)),
            "compute": views.compute(snapshot, locale),
            "tiles": views.tiles(snapshot, locale),
            "groups": views.groups(snapshot["groups"], locale),
            "events": views.events(snapshot["events"], locale),
            "probes": views.probes(snapshot["probes"], locale),
            "has_model": any(
                probe["name"] in (*views.AI_PROBES, *views.VENDORS) and probe["state"] != "not_configured"
                for probe in snapshot["probes"]
            ),
            "has_mail": any(
                probe["name"] == "mail" and probe["state"] in ("ok", "slow") for probe in snapshot["probes"]
            ),
        }

    return Broadcast(f"live|{locale}", Live, build)


class Trends(rx.State):
    """The sparklines of the tiles: a path for each, over the last hour."""

    sparks: dict[str, str] = dict.fromkeys(views.TILES, "")


def trends_broadcast(_locale: str) -> Broadcast:
    """The sparklines, every fifteen seconds."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        if snapshot is None:
            return {"sparks": dict.fromkeys(views.TILES, "")}
        return {"sparks": await plots.sparks(snapshot["compute"]["id"])}

    return Broadcast("trends", Trends, build, period=15.0)


class DashboardPlots(rx.State):
    """The plots of the range in the address."""

    range: str = DEFAULT_RANGE
    ready: bool = False
    empty: bool = False
    span: list[float] = [0.0, 0.0]
    figures: list[plots.Figure] = []


def plots_broadcast(span: str, locale: str) -> Broadcast:
    """The plots of one range; all tabs that look at this range share them."""

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        if snapshot is None:
            return {"range": span, "ready": False}
        return {"range": span, **await plots.of_compute(snapshot["compute"]["id"], span, locale)}

    return Broadcast(f"plots|{span}|{locale}", DashboardPlots, build, period=plots.REFRESH[span])


class DashboardState(rx.State):
    """The buttons of the dashboard, and its checklist for the first days."""

    checklist_shown: bool = False
    has_second_admin: bool = False
    as_table: bool = False

    @rx.event
    @requires("compute:read")
    async def show_range(self, span: str):
        """Another range; it stands in the address, so that it can be sent to a colleague."""
        return rx.redirect(f"/?range={span}" if span in plots.RANGES else "/", replace=True)

    @rx.event
    @requires("compute:read")
    async def show_frame(self):
        """Load a page that has nothing of its own but the frame."""
        await enter(self, lambda locale: [live_broadcast(locale)])

    @rx.event
    @requires("compute:read")
    async def toggle_table(self):
        """The figures as tables, or as plots again."""
        self.as_table = not self.as_table

    @rx.event
    @requires("compute:read")
    async def load(self):
        """Look at the dashboard in the range of the address."""
        span = self.router.url.query_parameters.get("range", DEFAULT_RANGE)
        looks = _looks(span if span in plots.RANGES else DEFAULT_RANGE, principal().zone)
        person = await enter(self, looks)
        shown, admins = False, 0
        if person.may("people:manage"):
            shown, admins = await db.read(_checklist, person.account_id)
        self.checklist_shown = shown
        self.has_second_admin = admins > 1

    @rx.event
    @requires("profile:write")
    async def hide_checklist(self):
        """The list of first steps is not shown to this person again."""
        person = principal()
        await db.write(accounts.update_profile, person.account_id, checklist_hidden=True)
        principals.forget(account_id=person.account_id)
        self.checklist_shown = False
        await offer_undo(self, translate(person.locale, "dashboard.checklist.hidden"), "checklist")

    @rx.event
    @requires("profile:write")
    async def show_checklist(self, toast_id: str):
        """Undo: the list of first steps is shown again."""
        person = principal()
        await db.write(accounts.update_profile, person.account_id, checklist_hidden=False)
        principals.forget(account_id=person.account_id)
        self.checklist_shown = person.may("people:manage")
        await untell(self, toast_id)


def _looks(span: str, zone: str) -> Looks:
    return lambda locale: [
        live_broadcast(locale),
        attention_broadcast(locale, zone),
        trends_broadcast(locale),
        plots_broadcast(span, locale),
    ]


def _checklist(database: Any, account_id: Any) -> tuple[bool, int]:
    return not accounts.get(database, account_id).checklist_hidden, accounts.count_admins(database)
