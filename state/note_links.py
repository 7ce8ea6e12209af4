"""Notes about the rule of an alert, or about a worker, in the panel of that: which there are, and one more."""

from typing import Any, Literal
from uuid import UUID

import reflex as rx
from sqlmodel import Session

from services import db
from services.alerts import book as alerts_book
from services.clock import now
from services.errors import KeepAIError, NotFound
from services.i18n import translate
from services.notes import desk, lists
from services.sharing import Reader
from services.snapshot import Snapshot
from state import note_views
from state.address import id_of
from state.guard import actor, principal, requires
from state.live import Broadcast, broadcaster
from state.note_views import NoteLine

Kind = Literal["alert", "worker"]
EVERY = 15.0


class LinkedNotes(rx.State):
    """The notes about what is open; written only by the broadcast. `can` says whether there is something that a note
    can be about: an alert that others sent has no rule."""

    about: str = ""
    ready: bool = False
    can: bool = False
    rows: list[NoteLine] = []


def linked_broadcast(kind: Kind, object_id: str, account_id: UUID, role: str, locale: str) -> Broadcast:
    """The notes about one alert's rule, or one worker, that one person may read."""

    def read(session: Session) -> tuple[bool, list[NoteLine]]:
        try:
            tied, number = about(session, kind, id_of(object_id))
        except NotFound:
            return False, []
        found = lists.about(session, Reader(account_id, role), tied, number, now())
        return True, [NoteLine(id=one.id.hex, title=note_views.title(one, locale)) for one in found]

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        can, rows = await db.read(read)
        return {"about": object_id, "ready": True, "can": can, "rows": rows}

    room = f"notes-about|{account_id.hex}|{role}|{kind}|{object_id}|{locale}"
    return Broadcast(room, LinkedNotes, build, period=EVERY, permission="notes:read")


def about(session: Session, kind: Kind, number: UUID) -> tuple[str, UUID]:
    """What a note is tied to: of an alert its rule, which is there the next time as well. Raises NotFound."""
    if kind == "worker":
        return "worker", number
    rule_id = alerts_book.get(session, number).rule_id
    if rule_id is None:
        raise NotFound
    return "rule", rule_id


class NoteLinksState(rx.State):
    """The line that ties a note to what is open."""

    error: str = ""
    key: int = 0

    @rx.event
    @requires("notes:write")
    async def tie(self, kind: Kind, object_id: str, form: dict[str, Any]):
        """A note of that title is about it; there is one afterwards."""
        person = principal()
        if not person.may("alerts:read" if kind == "alert" else "compute:read"):
            raise NotFound
        self.error = ""
        try:
            tied, number = await db.read(about, kind, id_of(object_id))
            title = str(form.get("title") or "")
            await desk.tie(Reader.of(person), title, tied, number, actor())
        except KeepAIError as wrong:
            key = next(iter(wrong.fields.values()), wrong.key)
            self.error = translate(person.locale, key, **wrong.params)
            return
        self.key += 1
        await broadcaster().renew(LinkedNotes)
