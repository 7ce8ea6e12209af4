"""Notes as the page shows them, in the reader's words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from models import Note, NoteVersion, SavedSearch, Share
from services import format, markdown
from services.alerts import words
from services.i18n import translate
from services.index import Snippet
from services.notes import lists
from services.notes.diff import Piece, amounts, compare, shortened
from state.silence_views import moment


class Words(TypedDict):
    """A stretch of text that is marked or not."""

    text: str
    mark: bool


class NoteRow(TypedDict):
    """One note of the list. `at` is unix seconds; `by` names its owner where that is another person."""

    id: str
    title: str
    snippet: list[Words]
    folder: str
    by: str
    pinned: bool
    shared: bool
    at: float


class Filter(TypedDict):
    """A folder or a tag, with how many notes; `value` is what the address has."""

    value: str
    label: str
    count: int


class NoteLine(TypedDict):
    """A note that points at another."""

    id: str
    title: str


class ShareRow(TypedDict):
    """A person or a role with whom a note is shared."""

    key: str
    name: str
    kind: str
    level: str


class DiffPiece(TypedDict):
    """A stretch of text: "same", "added" or "removed"."""

    kind: str
    text: str


class Clash(TypedDict):
    """Two texts of a note: `mine` is what this person typed, `theirs` what the note says, as pieces of the difference
    between the two. `id` is empty where there is none."""

    id: str
    by: str
    mine_title: str
    theirs_title: str
    mine: list[DiffPiece]
    theirs: list[DiffPiece]


class VersionRow(TypedDict):
    """One version of the history. `at` is unix seconds."""

    id: str
    kind: str
    author: str
    at: float
    when: str
    amount: str


class Subject(TypedDict):
    """A rule or a worker that a note is about."""

    kind: str
    id: str
    label: str
    href: str


class NoteFacts(TypedDict):
    """One note as its page shows it."""

    title: str
    version: int
    html: str
    folder: str
    tags: list[str]
    owner: str
    written: str
    may_write: bool
    is_own: bool
    pinned: bool
    archived: bool
    trashed: bool
    trashed_until: str
    empty: bool
    versions: int
    shares: list[ShareRow]
    shared: str
    backlinks: list[NoteLine]
    subjects: list[Subject]


NO_CLASH = Clash(id="", by="", mine_title="", theirs_title="", mine=[], theirs=[])
NO_NOTE = NoteFacts(
    title="",
    version=0,
    html="",
    folder="",
    tags=[],
    owner="",
    written="",
    may_write=False,
    is_own=False,
    pinned=False,
    archived=False,
    trashed=False,
    trashed_until="",
    empty=True,
    versions=0,
    shares=[],
    shared="",
    backlinks=[],
    subjects=[],
)


def row(found: lists.Found, locale: str, me: UUID) -> NoteRow:
    """One note of the list."""
    note = found.note
    return NoteRow(
        id=note.id.hex,
        title=title(note, locale),
        snippet=marked(found.snippet),
        folder=note.folder,
        by="" if note.owner_id == me else found.owner,
        pinned=found.pinned,
        shared=found.shared,
        at=note.updated_at.timestamp(),
    )


def title(note: Note, locale: str) -> str:
    """What it is called, also where it has no title."""
    return note.title or translate(locale, "notes.untitled")


def marked(snippet: Snippet) -> list[Words]:
    """A snippet as stretches; every second one was searched for."""
    return [Words(text=text, mark=at % 2 == 1) for at, text in enumerate(snippet.pieces) if text]


def filters(found: Sequence[tuple[str, int]], *, tag: bool = False) -> list[Filter]:
    """Folders or tags to choose from."""
    return [Filter(value=name, label=f"#{name}" if tag else name, count=count) for name, count in found]


def facts(found: lists.Opened, locale: str, zone: str, now: datetime) -> NoteFacts:
    """One note. Its text is rendered here: call it in a thread."""
    note = found.note
    targets = {folded: f"/notes/{number.hex}" for folded, number in found.targets.items()}
    until = note.deleted_at + lists.book.TRASH if note.deleted_at else None
    return NoteFacts(
        title=note.title,
        version=note.version,
        html=markdown.render(
            note.body, links=targets, copy=translate(locale, "common.copy"), checkable=found.may_write
        ),
        folder=note.folder,
        tags=note.tags,
        owner="" if found.is_own else found.owner,
        written=translate(
            locale,
            "notes.written",
            at=moment(locale, note.updated_at, zone, now),
            who=found.writer or found.owner,
        ),
        may_write=found.may_write,
        is_own=found.is_own,
        pinned=found.pinned,
        archived=note.archived_at is not None,
        trashed=note.deleted_at is not None,
        trashed_until=format.day(locale, until, zone) if until else "",
        empty=not note.body.strip(),
        versions=found.versions,
        shares=share_rows(found.shares, found.names, locale),
        shared=_shared(found, locale),
        backlinks=[NoteLine(id=one.id.hex, title=title(one, locale)) for one in found.backlinks],
        subjects=_subjects(found, locale),
    )


def _subjects(found: lists.Opened, locale: str) -> list[Subject]:
    return [
        *(
            Subject(
                kind="rule",
                id=one.id.hex,
                label=words.rule_name(locale, one.builtin or "", one.name),
                href=f"/alerts/rules/{one.id.hex}",
            )
            for one in found.rules
        ),
        *(
            Subject(kind="worker", id=one.id.hex, label=one.name, href=f"/workers/{one.id.hex}")
            for one in found.workers
        ),
    ]


def share_rows(shares: Sequence[Share], names: Mapping[UUID, str], locale: str) -> list[ShareRow]:
    """With whom it is shared."""
    return [
        ShareRow(
            key=one.account_id.hex if one.account_id else f"role:{one.role}",
            name=names.get(one.account_id, "") if one.account_id else role(one.role, locale),
            kind="person" if one.account_id else "role",
            level=one.level,
        )
        for one in shares
    ]


def role(name: str, locale: str) -> str:
    """All of a role, in words."""
    return translate(locale, "notes.share.everybody" if name == "*" else f"notes.share.role.{name}")


def _shared(found: lists.Opened, locale: str) -> str:
    """One line on who reads it."""
    if not found.is_own:
        return translate(locale, "notes.share.by", who=found.owner)
    if not found.shares:
        return ""
    return ", ".join(one["name"] for one in share_rows(found.shares, found.names, locale))


def clash(found: lists.Opened, me: UUID) -> Clash:
    """What somebody typed beside what the note says. Nobody is named where it was they themselves, in another tab."""
    mine, note = found.conflict, found.note
    if mine is None:
        return NO_CLASH
    pieces = compare(note.body, mine.body)
    return Clash(
        id=mine.id.hex,
        by="" if note.updated_by == me else found.writer,
        mine_title=mine.title,
        theirs_title=note.title,
        mine=_pieces(shortened([one for one in pieces if one.kind != "removed"])),
        theirs=_pieces(shortened([one for one in pieces if one.kind != "added"])),
    )


def versions(found: Sequence[NoteVersion], locale: str, zone: str, now: datetime) -> list[VersionRow]:
    """The history, each with how much it changed of the one before."""
    rows = []
    plain = [one for one in found if one.kind != "conflict"]
    before = dict(zip([one.id for one in plain], [*plain[1:], None], strict=True))
    for one in found:
        last = before.get(one.id)
        added, removed = amounts(compare(last.body, one.body)) if last else (0, 0)
        rows.append(
            VersionRow(
                id=one.id.hex,
                kind=one.kind,
                author=one.author,
                at=one.at.timestamp(),
                when=moment(locale, one.at, zone, now),
                amount=f"+{added} −{removed}" if last else "",
            )
        )
    return rows


def changes(old: str, new: str) -> list[DiffPiece]:
    """The difference between two texts, without most of what is the same."""
    return _pieces(shortened(compare(old, new)))


def _pieces(pieces: Sequence[Piece]) -> list[DiffPiece]:
    return [DiffPiece(kind=one.kind, text=one.text) for one in pieces]


class SavedRow(TypedDict):
    """A search that somebody keeps."""

    id: str
    name: str
    href: str


def saved_rows(found: Sequence[SavedSearch]) -> list[SavedRow]:
    """Kept searches as links."""
    return [
        SavedRow(id=one.id.hex, name=one.name, href=str(one.query.get("href", "/notes"))) for one in found
    ]
