"""What a line of the log belongs to: the request, the trace it is part of, and who acts.

Kept in a context variable, so that everything below a request, and what it starts, knows without being told.
"""

import re
import secrets
from contextvars import ContextVar
from dataclasses import dataclass, replace
from uuid import UUID

# W3C Trace Context, section 3.2: version, trace id, parent id, flags; an id of zeros is none.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """`actor` is the kind and the id of who acts (`person:…`, `key:…`), never a name or an address."""

    request_id: str
    trace_id: str
    actor: str = ""


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def begin(request_id: str, traceparent: str = "") -> None:
    """From here on everything belongs to this request; to the caller's trace where it sent a sound `traceparent`."""
    found = TRACEPARENT.fullmatch(traceparent)
    _current.set(Trace(request_id, found[1] if found else secrets.token_hex(16)))


def acting(kind: str, account_id: UUID) -> None:
    """It is known who acts."""
    if trace := _current.get():
        _current.set(replace(trace, actor=f"{kind}:{account_id.hex}"))


def current() -> Trace | None:
    """What this belongs to; None outside of any request."""
    return _current.get()
