"""What is different between two texts, word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
FINE = 6000  # characters of a changed stretch that are compared word by word; more is shown as a whole
AROUND = 160  # characters that are left of what is the same

Kind = Literal["same", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both have, or only the newer (added), or only the older (removed)."""

    kind: Kind
    text: str


def compare(old: str, new: str) -> list[Piece]:
    """The pieces in order: without the added ones they are the old text, without the removed ones the new."""
    pieces: list[Piece] = []
    for piece in _by_line(old.splitlines(keepends=True), new.splitlines(keepends=True)):
        if pieces and pieces[-1].kind == piece.kind:
            pieces[-1] = Piece(piece.kind, pieces[-1].text + piece.text)
        elif piece.text:
            pieces.append(piece)
    return pieces


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """The same with little of what did not change: its beginning and its end around a "…"."""
    last = len(pieces) - 1
    return [
        piece if piece.kind != "same" else Piece("same", _cut(piece.text, first=at > 0, last=at < last))
        for at, piece in enumerate(pieces)
    ]


def amounts(pieces: Sequence[Piece]) -> tuple[int, int]:
    """How many words were added and removed."""
    count = {
        kind: sum(len(re.findall(r"\w+", one.text)) for one in pieces if one.kind == kind) for kind in KINDS
    }
    return count["added"], count["removed"]


KINDS: tuple[Kind, ...] = ("added", "removed")


def _by_line(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        before, after = "".join(old[a:b]), "".join(new[c:d])
        if tag == "equal":
            yield Piece("same", before)
        elif tag == "replace" and len(before) + len(after) <= FINE:
            yield from _by_word(before, after)
        else:
            yield Piece("removed", before)
            yield Piece("added", after)


def _by_word(before: str, after: str) -> Iterator[Piece]:
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[a:b]))
        else:
            yield Piece("removed", "".join(old[a:b]))
            yield Piece("added", "".join(new[c:d]))


def _cut(text: str, *, first: bool, last: bool) -> str:
    """`first` and `last` say whether something stands before and after it."""
    if len(text) <= 2 * AROUND + 40:
        return text
    head, tail = text[:AROUND] if first else "", text[-AROUND:] if last else ""
    return f"{head}\n…\n{tail}" if head and tail else f"…{tail}" if tail else f"{head}…"
