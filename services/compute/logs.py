"""Lines of a log as they are fit to be shown: cut to size, with what looks like a secret masked. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.compute.readings import number, text

MAX_LINES = 1000  # lines of a log
MAX_LINE = 4000  # characters of one
MAX_LOG = 400_000  # characters of all

_DASK_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d+ - (\S+) - [A-Z]+ - ")
_SECRETS = (
    (re.compile(r"(://[^\s:/@]{0,100}:)[^\s/@]{1,200}@"), r"\1…@"),
    (re.compile(r"(?i)\b(authorization\W{1,4}(?:bearer|basic)\s+)\S+"), r"\1…"),
    (
        re.compile(
            r"(?i)((?:password|passwd|secret|token|api[_-]?key|credential)s?['\"]?\s*[=:]\s*['\"]?)[^\s'\",;)]+"
        ),
        r"\1…",
    ),
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """`at` is unix seconds by the clock over there, 0 when it was not told."""

    at: float
    level: str
    logger: str
    text: str


def log_lines(rows: Iterable[object]) -> tuple[LogLine, ...]:
    """(time, level, text) or (level, text) rows, cut, masked and without what the text repeats of them.

    Newest first, which Dask of some versions gives the other way round.
    """
    lines: list[LogLine] = []
    left = MAX_LOG
    for row in rows:
        if len(lines) == MAX_LINES or left <= 0:
            break
        if not isinstance(row, (list, tuple)) or len(row) not in (2, 3):
            continue
        at = number(row[0]) if len(row) == 3 else 0.0
        said = str(row[-1])[: MAX_LINE + 200]
        match = _DASK_LINE.match(said)
        shown = clean(said[match.end() :] if match else said)
        left -= len(shown)
        lines.append(LogLine(at, text(row[-2], 16), text(match[1], 100) if match else "", shown))
    return tuple(sorted(lines, key=lambda line: -line.at))


def masked(said: str) -> str:
    """The text without passwords, tokens and keys, as far as they can be told."""
    for pattern, replacement in _SECRETS:
        said = pattern.sub(replacement, said)
    return said


def clean(said: str) -> str:
    """Masked, cut, and without control characters other than line ends and tabs."""
    said = masked(said)[:MAX_LINE]
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in said)
