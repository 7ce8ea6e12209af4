"""Messages that could not be delivered, on the system page of who may act there."""

from typing import Any, TypedDict

import reflex as rx

from services import db, format, outbox, vault
from services.clock import now
from services.i18n import translate
from services.outbox import Trouble
from services.settings import get_settings
from services.snapshot import Snapshot
from state.address import id_of
from state.guard import actor, principal, requires, tell
from state.live import Broadcast, broadcaster

SHOWN = 20
HIDDEN = "•••"


class TroubleView(TypedDict):
    """One message, in words. `at` is when it was put, `due_at` when it is tried next (0: never by itself)."""

    id: str
    template: str
    to: str
    at: float
    due_at: float
    why: str
    detail: str


class Pending(TypedDict):
    """The message that somebody was asked about; empty when nobody was."""

    id: str
    template: str
    to: str


NOTHING_PENDING = Pending(id="", template="", to="")


class Outbox(rx.State):
    """Dead and long waiting messages; written only by the broadcast, to those who may act on them."""

    rows: list[TroubleView] = []
    more: str = ""


def outbox_broadcast(locale: str) -> Broadcast:
    """What could not be delivered, every five seconds."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await db.read(outbox.troubled, vault.of(get_settings()), now(), SHOWN + 1)
        shown = found[:SHOWN]
        more = translate(locale, "outbox.more", shown=format.number(locale, SHOWN))
        return {"rows": [_view(one, locale) for one in shown], "more": more if len(found) > SHOWN else ""}

    return Broadcast(f"outbox|{locale}", Outbox, build, period=5.0, permission="system:act")


class OutboxState(rx.State):
    """Its buttons."""

    pending: Pending = NOTHING_PENDING

    @rx.event
    @requires("system:act")
    async def resend(self, message_id: str):
        """Try it now, and as often as a new one."""
        await db.write(outbox.resend, id_of(message_id), now(), by=actor())
        await broadcaster().renew(Outbox)
        await tell(self, "ok", translate(principal().locale, "outbox.resent"))

    @rx.event
    @requires("system:act")
    async def ask(self, message_id: str, template: str, to: str):
        """Ask before a message is given up for good."""
        self.pending = Pending(id=id_of(message_id).hex, template=template, to=to)

    @rx.event
    @requires("system:act")
    async def dismiss(self):
        """It is kept."""
        self.pending = NOTHING_PENDING

    @rx.event
    @requires("system:act")
    async def give_up(self, message_id: str):
        """Delete it unsent."""
        self.pending = NOTHING_PENDING
        await db.write(outbox.give_up, id_of(message_id), now(), by=actor())
        await broadcaster().renew(Outbox)
        await tell(self, "ok", translate(principal().locale, "outbox.given_up"))


def _view(one: Trouble, locale: str) -> TroubleView:
    return TroubleView(
        id=one.id.hex,
        template=translate(locale, f"outbox.template.{one.template}"),
        to=one.to or HIDDEN,
        at=one.created_at.timestamp(),
        due_at=0.0 if one.state == "dead" else one.due_at.timestamp(),
        why=translate(locale, one.error) if one.error else "",
        detail=one.detail,
    )
