"""What a file is called and what it is: by its first bytes, never by what whoever sent it says."""

import codecs
import re
import unicodedata

LONGEST_NAME = 150
HEAD = 1024  # bytes that say what it is
UNKNOWN = "application/octet-stream"
NAMELESS = "file"
# Pictures that a browser may show: they are drawn and run nothing.
RASTER = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)
# Texts that a browser would run or style if it were told what they are.
ACTIVE = re.compile(r"\s*(<!doctype|<html|<head|<body|<script|<svg|<\?xml|<!--)", re.IGNORECASE)
ENDINGS = {".md": "text/markdown", ".csv": "text/csv", ".json": "application/json"}


def sniff(head: bytes, name: str) -> str:
    """The type of a file that begins like this; the name only says which kind of plain text it is."""
    for start, kind in STARTS:
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    text = _text(head[:HEAD])
    if text is None:
        return UNKNOWN
    if ACTIVE.match(text):
        return "image/svg+xml" if "<svg" in text.lower() else "text/html"
    ending = re.search(r"\.\w+$", name.lower())
    return ENDINGS.get(ending[0], "text/plain") if ending else "text/plain"


def served_as(kind: str) -> str:
    """What a browser is told that it is: nothing that it would run."""
    if kind in RASTER or kind in (
        "application/pdf",
        "application/zip",
        "application/gzip",
        "application/json",
    ):
        return kind
    return f"{kind}; charset=utf-8" if kind in ("text/plain", "text/markdown", "text/csv") else UNKNOWN


def tidy_name(name: str) -> str:
    """The name without folders and without what cannot be seen (line breaks, marks that turn the direction of writing),
    short enough, its ending kept."""
    known = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode())
    last = re.split(r"[/\\]", known)[-1]
    seen = "".join(
        " " if c.isspace() else c for c in last if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    plain = " ".join(seen.split()).strip(". ")
    if len(plain) > LONGEST_NAME:
        stem, dot, ending = plain.rpartition(".")
        short = dot and 0 < len(ending) <= 16
        plain = (
            f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip()}.{ending}" if short else plain[:LONGEST_NAME]
        )
    return plain or NAMELESS


def _text(head: bytes) -> str | None:
    """It as text, None for what is none. Where there is more of it, it may end within a letter."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return None
    odd = any(unicodedata.category(c) == "Cc" and c not in "\t\r\n\f" for c in text)
    return None if odd else text
