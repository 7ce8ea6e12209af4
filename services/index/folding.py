"""How text is compared: without accents, case and punctuation, word by word. One function for both databases, so that
they find the same."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WORD = re.compile(r"[^\W_]+")
SNIPPET = 180  # characters


def fold(text: str) -> str:
    """The words of a text, lower-case, without accents, with one space between them: fold("Ação, já!") == "acao ja"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(WORD.findall("".join(char for char in plain if not unicodedata.combining(char))))


# Marks of Markdown: of lines, of links, and around words.
LINES = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|(?:[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?|`{3,}.*$|[-*_=|: \t]{3,}$)",
    re.MULTILINE,
)
LINKED = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)|\[\[([^\[\]]+)\]\]")
AROUND = re.compile(r"(\*\*|__|~~|`+)(?=\S)(.+?)(?<=\S)\1")


def plain(text: str) -> str:
    """A text without the marks of Markdown, as a list shows it."""
    text = LINKED.sub(lambda found: found.group(1) or found.group(2) or "", LINES.sub("", text))
    return AROUND.sub(r"\2", text).replace("|", " ")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text, as pieces of which every second one is a word that was searched for: ("a ", "Ação", " b")."""

    pieces: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, without marks."""
        return "".join(self.pieces)


def snippet(text: str, terms: Sequence[str], longest: int = SNIPPET) -> Snippet:
    """What stands around the first words that begin as these folded terms do; without any, how the text begins."""
    flat = " ".join(text.split())
    spans = list(_found(flat, terms))
    start = max(0, spans[0][0] - longest // 3) if spans else 0
    if start:
        start = flat.find(" ", start) + 1 or start
    end = min(len(flat), start + longest)
    if end < len(flat):
        end = max(flat.rfind(" ", start, end), start + longest // 2)
    pieces, at = [], start
    for begins, ends in spans:
        if begins < at or ends > end:
            continue
        pieces += [flat[at:begins], flat[begins:ends]]
        at = ends
    pieces.append(flat[at:end])
    pieces[0] = f"…{pieces[0]}" if start else pieces[0]
    pieces[-1] = f"{pieces[-1]}…" if end < len(flat) else pieces[-1]
    return Snippet(tuple(pieces))


def _found(text: str, terms: Sequence[str]) -> Iterator[tuple[int, int]]:
    if not terms:
        return
    starts = tuple(terms)
    for match in re.finditer(r"\w[\w'’-]*", text):
        if any(word.startswith(starts) for word in fold(match.group()).split()):
            yield match.span()
