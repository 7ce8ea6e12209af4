"""A note as a file, and back: Markdown with front matter (YAML between two lines of ---), as Obsidian, Hugo and Joplin
write it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import yaml

from models import Note
from services.clock import rfc3339
from services.errors import Invalid
from services.index import fold
from services.notes.book import LONGEST_BODY, LONGEST_TAG, LONGEST_TITLE, MOST_TAGS, Draft, first_line

FRONT = re.compile(r"\A---[ \t]*\r?\n(.*?)(?:\r?\n)---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
FORBIDDEN = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
LONGEST_FRONT = 20_000
# What other programs call the same.
CREATED = ("created", "date", "created_at")
UPDATED = ("updated", "modified", "lastmod", "updated_at")


@dataclass(frozen=True, slots=True)
class Page:
    """What a file says. `front` is what stood in the front matter and is not ours."""

    draft: Draft
    created_at: datetime | None = None
    updated_at: datetime | None = None
    pinned: bool = False
    archived: bool = False
    front: Mapping[str, Any] = field(default_factory=dict)


def written(note: Note, *, pinned: bool = False) -> str:
    """The note as the text of a file."""
    front: dict[str, Any] = {"title": note.title}
    if note.tags:
        front["tags"] = list(note.tags)
    if note.folder:
        front["folder"] = note.folder
    front["created"] = rfc3339(note.created_at)
    front["updated"] = rfc3339(note.updated_at)
    if pinned:
        front["pinned"] = True
    if note.archived_at:
        front["archived"] = True
    head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=10_000)
    return f"---\n{head}---\n{note.body}"


def read(text: str, name: str, folder: str = "") -> Page:
    """What a file says; `name` is its name without the ending, which is its title where it says none, `folder` the one
    it lies in. Raises Invalid for a text that is no note."""
    if len(text) > LONGEST_BODY + LONGEST_FRONT:
        raise Invalid(fields={"body": "notes.error.body"})
    text = text.removeprefix("\ufeff")  # the mark with which some editors begin a file
    found = FRONT.match(text)
    front = _front(found.group(1)) if found else None
    body = text[found.end() :] if found and front is not None else text
    known = dict(front or {})
    title = str(known.pop("title", "") or "").strip()[:LONGEST_TITLE] or name.strip()[:LONGEST_TITLE]
    draft = Draft(
        title=title or first_line(body),
        body=body.replace("\x00", ""),
        folder=str(known.pop("folder", "") or folder)[:LONGEST_TITLE],
        tags=_tags(known.pop("tags", None)),
    )
    created = _moment(next((known.pop(key) for key in CREATED if key in known), None))
    updated = _moment(next((known.pop(key) for key in UPDATED if key in known), None))
    pinned, archived = known.pop("pinned", None) is True, known.pop("archived", None) is True
    return Page(draft, created, updated, pinned, archived, known)


def file_name(note: Note) -> str:
    """What its file is called, without what a file system refuses."""
    name = FORBIDDEN.sub(" ", note.title or first_line(note.body)).strip(" .")[:100].strip(" .")
    return f"{name or note.id.hex}.md"


def _front(text: str) -> dict[str, Any] | None:
    """The front matter; None where it is none, and belongs to the text."""
    if len(text) > LONGEST_FRONT or ("&" in text and "*" in text and text.count("*") > 20):
        return None  # aliases of aliases
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else None


def _tags(given: Any) -> list[str]:
    """Tags as they are kept. What is no tag is left out: an old file is worth more than a strict rule."""
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list) else []
    names = [" ".join(str(one).replace("#", " ").split())[:LONGEST_TAG] for one in parts]
    return [one for one in names if fold(one)][:MOST_TAGS]


def _moment(given: Any) -> datetime | None:
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            return None
    if isinstance(given, datetime):
        found = given if given.tzinfo else given.replace(tzinfo=UTC)
        return found.astimezone(UTC) if 1970 <= found.year < 2200 else None
    if isinstance(given, date) and 1970 <= given.year < 2200:
        return datetime(given.year, given.month, given.day, tzinfo=UTC)
    return None
