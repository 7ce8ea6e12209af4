"""What the notes page shows, and what its buttons do.

The text of a note is no state: assets/keeper.js reads and saves it over HTTP, so that no key waits for the web socket
and no word is lost with it. Here is everything around it.
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import reflex as rx
from sqlmodel import Session

from services import db
from services.clock import now
from services.errors import KeepAIError, NotFound
from services.i18n import translate
from services.identity import people
from services.notes import desk, lists
from services.notes.book import Draft, Text
from services.sharing import EVERYBODY, Given, Reader
from services.snapshot import Snapshot
from state import note_views
from state import tasks as task_state
from state.address import id_of, named_by
from state.dashboard import live_broadcast
from state.guard import actor, offer_undo, principal, requires, tell
from state.live import Broadcast, broadcaster
from state.note_views import (
    NO_CLASH,
    NO_NOTE,
    Clash,
    DiffPiece,
    Filter,
    NoteFacts,
    NoteRow,
    SavedRow,
    VersionRow,
)
from state.session import enter

PAGE = 60
MOST = 600
EVERY = 20.0  # s; the bus brings what changes at once, this is for what it did not bring
MODES = ("read", "edit", "split")
PANELS = ("history", "share", "tasks")


@dataclass(frozen=True, slots=True)
class NoteView:
    """What the address says: what is looked for, which note is open, and how."""

    text: str = ""
    folder: str = ""
    tag: str = ""
    shelf: lists.Shelf = "active"
    shared: str = ""
    selected: str = ""
    mode: str = "read"

    @property
    def query(self) -> lists.Query:
        """What is looked for."""
        shared = {"yes": True, "no": False}.get(self.shared)
        return lists.Query(self.text, self.folder, (self.tag,) if self.tag else (), self.shelf, shared)

    @property
    def filter(self) -> str:
        """The part of an address that says what is looked for."""
        named = {
            "q": self.text,
            "folder": self.folder,
            "tag": self.tag,
            "shelf": "" if self.shelf == "active" else self.shelf,
            "shared": self.shared,
        }
        return urlencode({name: value for name, value in named.items() if value})

    def href(self, selected: str | None = None) -> str:
        """The address of this view, of this or of another note."""
        note = self.selected if selected is None else selected
        mode = f"mode={self.mode}" if note and self.mode != "read" else ""
        tail = "&".join(part for part in (self.filter, mode) if part)
        return f"/notes{f'/{note}' if note else ''}{f'?{tail}' if tail else ''}"


TASKS = "tasks"  # the view of the same page that shows tasks


class NoteRows(rx.State):
    """The list of notes of one person; written only by the broadcast."""

    ready: bool = False
    rows: list[NoteRow] = []
    found: int = 0
    folders: list[Filter] = []
    tags: list[Filter] = []


def rows_broadcast(view: NoteView, account_id: UUID, role: str, locale: str, limit: int) -> Broadcast:
    """The list of one person, the same in all of their tabs that look for the same."""
    reader = Reader(account_id, role)

    def read(session: Session) -> dict[str, Any]:
        at = now()
        found = lists.find(session, reader, view.query, at, limit=limit)
        shelves = lists.shelves(session, reader, at)
        return {
            "ready": True,
            "rows": [note_views.row(one, locale, account_id) for one in found],
            "found": lists.count(session, reader, view.query, at),
            "folders": note_views.filters(shelves.folders),
            "tags": note_views.filters(shelves.tags, tag=True),
        }

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        return await db.read(read)

    room = f"notes|{account_id.hex}|{role}|{view.filter}|{limit}|{locale}"
    return Broadcast(room, NoteRows, build, period=EVERY, permission="notes:read")


class NoteOpen(rx.State):
    """The note that is open; written only by the broadcast."""

    id: str = ""
    ready: bool = False
    found: bool = False
    note: NoteFacts = NO_NOTE
    clash: Clash = NO_CLASH


def note_broadcast(note_id: str, account_id: UUID, role: str, locale: str, zone: str) -> Broadcast:
    """One note as one person sees it."""
    reader = Reader(account_id, role)

    def read(session: Session) -> dict[str, Any]:
        at = now()
        try:
            found = lists.opened(session, reader, UUID(note_id), at)
        except (NotFound, ValueError):
            return {"id": note_id, "ready": True, "found": False, "note": NO_NOTE, "clash": NO_CLASH}
        return {
            "id": note_id,
            "ready": True,
            "found": True,
            "note": note_views.facts(found, locale, zone, at),
            "clash": note_views.clash(found, account_id),
        }

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        return await db.read(read)

    room = f"note|{note_id}|{account_id.hex}|{role}|{locale}|{zone}"
    return Broadcast(room, NoteOpen, build, period=EVERY, permission="notes:read")


async def renew() -> None:
    """Show at once what changed."""
    for state in (NoteOpen, NoteRows):
        await broadcaster().renew(state)


class NotesState(rx.State):
    """The view of this tab, and the buttons of the page."""

    text: str = ""
    folder: str = ""
    tag: str = ""
    shelf: str = "active"
    shared: str = ""
    narrowed: bool = False
    selected: str = ""
    mode: str = "read"
    base: str = "/notes/"  # of the links of the list
    tail: str = ""
    back: str = "/notes"
    fresh: bool = False
    limit: int = PAGE
    panel: str = ""
    asked: bool = False
    search_key: int = 0
    history: list[VersionRow] = []
    version: str = ""
    version_title: str = ""
    version_diff: list[DiffPiece] = []
    team: list[dict[str, str]] = []
    share_error: str = ""
    filing_error: str = ""
    saved: list[SavedRow] = []
    saved_error: str = ""
    saved_key: int = 0
    _typed: list[str] = []
    _thrown: str = ""

    @rx.event
    @requires("notes:read")
    async def load(self):
        """Show the view of the address. That of the tasks is another state's."""
        if self.router.url.query_parameters.get("view") == TASKS:
            return
        view = self._view()
        person = principal()
        limit = self.limit

        def looks(locale: str) -> list[Broadcast]:
            found = [
                live_broadcast(locale),
                rows_broadcast(view, person.account_id, person.role, locale, limit),
            ]
            if view.selected:
                found.append(
                    note_broadcast(view.selected, person.account_id, person.role, locale, person.zone)
                )
                found.append(
                    task_state.note_broadcast(_number(view.selected), person.account_id, locale, person.zone)
                )
            return found

        await enter(self, looks)
        self.saved = note_views.saved_rows(await db.read(lists.saved, person.account_id))

    @rx.event
    @requires("notes:read")
    async def search(self, text: str):
        """Only notes with these words."""
        view = replace(self._view(), text=text.strip()[:100])
        self._typed = [*self._typed, view.text][-10:]
        return _go(view)

    @rx.event
    @requires("notes:read")
    async def narrow(self, by: str, value: str):
        """Only a folder, a tag, a shelf, or what others share; the same again shows all."""
        view = self._view()
        if by not in {"folder", "tag", "shelf", "shared"}:
            return None
        if by == "shelf":
            wanted: dict[str, Any] = {"shelf": value if value in lists.SHELVES else "active"}
        else:
            wanted = {by: "" if getattr(view, by) == value else value[:200]}
        self.limit = PAGE
        return _go(replace(view, **wanted))

    @rx.event
    @requires("notes:read")
    async def clear(self):
        """All notes."""
        self._typed = []
        return _go(NoteView(selected=self._view().selected))

    @rx.event
    @requires("notes:read")
    async def more(self):
        """More of the list."""
        self.limit = min(self.limit + PAGE, MOST)
        return NotesState.load

    @rx.event
    @requires("notes:read")
    async def show(self, mode: str):
        """Read, write, or both beside each other."""
        return _go(replace(self._view(), mode=mode if mode in MODES else "read"))

    @rx.event
    @requires("notes:write")
    async def new(self):
        """A new, empty note in the folder that is shown."""
        view = self._view()
        draft = Draft(folder=view.folder, tags=[view.tag] if view.tag else [])
        note = await desk.create(_reader(), draft, actor())
        view = replace(view, text="", shelf="active", shared="", selected=note.id.hex, mode="edit")
        self.fresh = True
        return _go(view)

    @rx.event
    @requires("notes:write")
    async def pin(self):
        """First in one's own list, or no longer."""
        note = await self._opened()
        await desk.pin(_reader(), note.note.id, not note.pinned)
        await renew()

    @rx.event
    @requires("notes:write")
    async def archive(self):
        """Out of the list, or back into it."""
        note = (await self._opened()).note
        locale = principal().locale
        wanted = note.archived_at is None
        await desk.archive(_reader(), note.id, wanted)
        self._thrown = note.id.hex
        await renew()
        if wanted:
            await offer_undo(self, translate(locale, "notes.archived"), "note_unarchive")

    @rx.event
    @requires("notes:write")
    async def unarchive(self):
        """Undo it."""
        await desk.archive(_reader(), id_of(self._thrown), False)
        await renew()

    @rx.event
    @requires("notes:write")
    async def trash(self):
        """Into the trash; the message offers it back."""
        number = id_of(self.selected)
        await desk.trash(_reader(), number, actor())
        self._thrown = number.hex
        await renew()
        await offer_undo(self, translate(principal().locale, "notes.trashed"), "note_back")
        return _go(replace(self._view(), selected="", mode="read"))

    @rx.event
    @requires("notes:write")
    async def take_back(self):
        """Out of the trash: the note that is open, or the one that was thrown there last."""
        number = id_of(self.selected or self._thrown)
        await desk.take_back(_reader(), number, actor())
        await renew()
        return _go(replace(self._view(), shelf="active", selected=number.hex))

    @rx.event
    @requires("notes:write")
    async def ask_delete(self, asked: bool):
        """Ask before a note is deleted for good, or no longer."""
        self.asked = asked

    @rx.event
    @requires("notes:write")
    async def delete_for_good(self):
        """The open note, with all its versions."""
        self.asked = False
        await desk.delete_for_good(_reader(), id_of(self.selected), actor())
        await tell(self, "ok", translate(principal().locale, "notes.deleted"))
        return _go(replace(self._view(), selected=""))

    @rx.event
    @requires("notes:write")
    async def check_off(self, number: str):
        """Turn a box of the text."""
        if not number.isdecimal() or len(number) > 5:
            return
        note = (await self._opened()).note
        await desk.check_off(_reader(), note.id, int(number), note.version, actor())
        await renew()

    @rx.event
    @requires("notes:write")
    async def file_under(self, form: dict[str, Any]):
        """Folder and tags."""
        self.filing_error = ""
        tags = [part for part in str(form.get("tags") or "").replace("#", ",").split(",") if part.strip()]
        try:
            await desk.file_under(
                _reader(), id_of(self.selected), folder=str(form.get("folder") or ""), tags=tags
            )
        except KeepAIError as wrong:
            self.filing_error = _why(wrong)
            return
        await renew()

    @rx.event
    @requires("notes:write")
    async def untie(self, kind: str, about_id: str):
        """It is not about that any more."""
        await desk.untie(_reader(), id_of(self.selected), kind, id_of(about_id))
        await renew()

    # -- history and sharing --------------------------------------------------------------------------------------

    @rx.event
    @requires("notes:read")
    async def open_panel(self, panel: str):
        """History or sharing beside the note; the same again closes it."""
        self.panel = panel if panel in PANELS and panel != self.panel else ""
        self.version, self.version_diff, self.share_error = "", [], ""
        if self.panel == "history":
            await self._read_history()
        if self.panel == "share":
            await self._read_team()

    @rx.event
    @requires("notes:read")
    async def show_version(self, version_id: str):
        """What a version changed of the one before."""
        found = await db.read(lists.versions, _reader(), id_of(self.selected), now())
        one = next((row for row in found if row.id.hex == version_id), None)
        if one is None or version_id == self.version:
            self.version, self.version_diff = "", []
            return
        plain = [row for row in found if row.kind != "conflict" and row.at <= one.at and row.id != one.id]
        self.version, self.version_title = version_id, one.title
        self.version_diff = await db.read(
            lambda _session: note_views.changes(plain[0].body if plain else "", one.body)
        )

    @rx.event
    @requires("notes:write")
    async def restore(self, version_id: str):
        """The note as it was then."""
        await desk.restore_version(_reader(), id_of(version_id), actor())
        await renew()
        await self._read_history()
        await tell(self, "ok", translate(principal().locale, "notes.restored_version"))

    @rx.event
    @requires("notes:write")
    async def share_with(self, form: dict[str, Any]):
        """One more person or role."""
        whom = str(form.get("whom") or "")
        level = "write" if form.get("level") == "write" else "read"
        if not whom:
            self.share_error = translate(principal().locale, "notes.share.choose")
            return
        given = [one for one in await self._given() if _key(one) != whom]
        wanted = (
            Given(level, role=whom.removeprefix("role:"))
            if whom.startswith("role:")
            else Given(level, account_id=id_of(whom))
        )
        await self._share([*given, wanted])

    @rx.event
    @requires("notes:write")
    async def share_level(self, key: str, level: str):
        """What they may."""
        wanted = "write" if level == "write" else "read"
        await self._share(
            [replace(one, level=wanted) if _key(one) == key else one for one in await self._given()]
        )

    @rx.event
    @requires("notes:write")
    async def unshare(self, key: str):
        """No longer with them."""
        await self._share([one for one in await self._given() if _key(one) != key])

    # -- two texts ------------------------------------------------------------------------------------------------

    @rx.event
    @requires("notes:write")
    async def settle(self, choice: str):
        """What one typed oneself ("mine"), what the other wrote ("theirs"), or both below each other."""
        found = await self._opened()
        mine, note = found.conflict, found.note
        if mine is None:
            return
        text: Text | None = None
        if choice == "mine":
            text = Text(note.version, mine.title, mine.body)
        elif choice == "both":
            text = Text(note.version, note.title, f"{note.body.rstrip()}\n\n---\n\n{mine.body.lstrip()}")
        await desk.settle(_reader(), mine.id, text, actor())
        await renew()

    # -- searches that are kept -----------------------------------------------------------------------------------

    @rx.event
    @requires("notes:read")
    async def keep_search(self, form: dict[str, Any]):
        """Keep what is looked for under a name."""
        view = replace(self._view(), selected="")
        self.saved_error = ""
        try:
            await db.write(
                lists.keep_search,
                principal().account_id,
                str(form.get("name") or ""),
                {"href": view.href()},
                now(),
            )
        except KeepAIError as wrong:
            self.saved_error = _why(wrong)
            return
        self.saved_key += 1
        self.saved = note_views.saved_rows(await db.read(lists.saved, principal().account_id))

    @rx.event
    @requires("notes:read")
    async def forget_search(self, search_id: str):
        """Keep it no more."""
        await db.write(lists.forget_search, principal().account_id, id_of(search_id))
        self.saved = note_views.saved_rows(await db.read(lists.saved, principal().account_id))

    # -- parts ----------------------------------------------------------------------------------------------------

    def _view(self) -> NoteView:
        params = self.router.url.query_parameters
        named = named_by(self)
        shelf = params.get("shelf", "")
        mode = params.get("mode", "")
        view = NoteView(
            text=params.get("q", "")[:100],
            folder=params.get("folder", "")[:200],
            tag=params.get("tag", "")[:80],
            shelf=shelf if shelf in lists.SHELVES else "active",
            shared=params.get("shared", "") if params.get("shared") in {"yes", "no"} else "",
            selected="" if named == "notes" else named,
            mode=mode if mode in MODES else "read",
        )
        if view.text != self.text and view.text not in self._typed:
            self.search_key += 1  # the field follows the address where it was not the field that changed it
        if view.selected != self.selected:
            self.panel, self.history, self.version, self.version_diff = "", [], "", []
            self.filing_error = ""
            self.fresh = self.fresh and view.mode == "edit"
        self.text, self.folder, self.tag = view.text, view.folder, view.tag
        self.shelf, self.shared, self.selected, self.mode = view.shelf, view.shared, view.selected, view.mode
        self.narrowed = bool(view.text or view.folder or view.tag or view.shared or view.shelf != "active")
        self.tail = f"?{view.filter}" if view.filter else ""
        self.back = view.href("")
        return view

    async def _opened(self) -> lists.Opened:
        return await db.read(lists.opened, _reader(), id_of(self.selected), now())

    async def _read_history(self) -> None:
        person = principal()

        def read(session: Session) -> list[VersionRow]:
            found = lists.versions(session, Reader.of(person), id_of(self.selected), now())
            return note_views.versions(found, person.locale, person.zone, now())

        self.history = await db.read(read)

    async def _read_team(self) -> None:
        person = principal()

        def read(session: Session) -> list[dict[str, str]]:
            members = people.members(session, now())
            rows = [
                {"key": f"role:{name}", "name": note_views.role(name, person.locale)}
                for name in (EVERYBODY, "admin", "operator", "viewer")
            ]
            rows += [
                {"key": one.id.hex, "name": one.label}
                for one in members
                if one.state == "active" and one.id != person.account_id
            ]
            return rows

        self.team = await db.read(read)

    async def _given(self) -> list[Given]:
        found = await self._opened()
        return [
            Given("write" if one.level == "write" else "read", one.account_id, one.role, one.until)
            for one in found.shares
        ]

    async def _share(self, given: list[Given]) -> None:
        self.share_error = ""
        try:
            await desk.share(_reader(), id_of(self.selected), given, actor())
        except KeepAIError as wrong:
            self.share_error = _why(wrong)
            return
        await renew()


def _number(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _reader() -> Reader:
    return Reader.of(principal())


def _key(given: Given) -> str:
    return given.account_id.hex if given.account_id else f"role:{given.role}"


def _why(wrong: KeepAIError) -> str:
    """The first thing that is wrong, in the reader's words."""
    key = next(iter(wrong.fields.values()), wrong.key)
    return translate(principal().locale, key, **wrong.params)


def _go(view: NoteView) -> Any:
    return rx.redirect(view.href(), replace=True)
