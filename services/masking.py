"""What may be told to somebody who is not of the team: texts without secrets, addresses and names.

For what is written by machines, such as log lines. It errs on the side of hiding.
"""

import re
from collections.abc import Collection

MASK = "•••"
SHORTEST = 2  # of a word of a name

# In this order: what a later one would only hide in part comes first. Each is bounded, so that a long text takes time
# in proportion to its length.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        # A header or a field whose name says what it holds, to the end of what it holds.
        (
            r"(cookie|authorization|bearer|x-api-key)(['\"]?\s{0,4}[:=]\s{0,4}|\s{1,4})['\"]?[^\r\n'\"]+",
            rf"\1 {MASK}",
        ),
        (
            r"(password|passwd|pwd|secret|token|api_?key|totp|code)(['\"]?\s{0,4}[:=]\s{0,4})"
            r"(\"[^\"]*\"|'[^']*'|[^\s,;&)}\]]+)",
            rf"\1\2{MASK}",
        ),
        # Where something is on the network: all but the scheme and the path.
        (r"\b([a-z][a-z0-9+.-]{1,20}://)[^\s/'\"<>)\]]+", rf"\1{MASK}"),
        (r"[^\s@<>\"'(),;:=/\[\]]{1,64}@[^\s@<>\"'(),;:=\[\]]+", MASK),
        (r"\b(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}:\d{1,5}\b", MASK),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", MASK),
        (r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b", MASK),
        (r"(?<![\w:])(?:[0-9a-f]{0,4}:){1,7}:[0-9a-f:]*", MASK),
        # Whose folder it is.
        (r"(/home/|/users/|\\users\\)[^/\\\s'\"]+", rf"\1{MASK}"),
        # Keys, tokens, digests: what is longer than an id of ours.
        (r"(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*", MASK),
        (r"(?<![\w-])keepai_[\w-]{20,}", MASK),
        (r"(?<![\w+=-])[\w+=-]{40,}", MASK),
    )
)


def masked(text: str) -> str:
    """The text without what looks like a secret or an address."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def without(text: str, names: Collection[str]) -> str:
    """The text without these names, and without each word of theirs, in whatever case."""
    words = {word for name in names for word in (name.strip(), *re.split(r"[\s.@/:_+-]+", name))}
    wanted = sorted((word for word in words if len(word) >= SHORTEST), key=len, reverse=True)
    if not wanted:
        return text
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)", MASK, text, flags=re.IGNORECASE)
