"""What becomes of a message after it was tried. Nothing here looks at a clock, a database or a network."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["waiting", "sending", "sent", "dead"]

TRIES = 12
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)
# Whoever sends a message has this long; then it is taken for gone, and the message is sent by somebody else.
# One try takes less (`ATTEMPT` of services/outbox/mail.py).
CLAIM = timedelta(minutes=1)
LONG = timedelta(minutes=15)  # what waits longer than this is worth a look
KEEP_SENT = timedelta(days=30)
GONE = "outbox.error.gone"  # the device is no more: nothing that anybody could put right


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it; `detail` is what it said, `outside_id` its own name for it."""

    detail: str = ""
    outside_id: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not taken, or nobody knows. `error` is a message key, `detail` what the other side said; where
    `permanent`, another try would end the same way. `wait` is how long the other side asked to be left alone."""

    error: str
    detail: str = ""
    permanent: bool = False
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Next:
    """The state a message goes into, and when it is due again (None: never by itself)."""

    state: State
    due_at: datetime | None = None
    error: str = ""


def pause(tries: int, chance: float) -> timedelta:
    """How long to wait after so many tries: twice as long each time, and up to a quarter more or less by `chance`
    (0 to 1), so that what failed together is not tried together."""
    longer: int = 2 ** (tries - 1)
    return min(LONGEST_PAUSE, FIRST_PAUSE * longer) * (0.75 + chance / 2)


def after(
    outcome: Sent | Failed, tries: int, now: datetime, expires_at: datetime | None, chance: float
) -> Next:
    """What comes after a try, of which this was number `tries`."""
    if isinstance(outcome, Sent):
        return Next("sent")
    due_at = now + max(pause(tries, chance), min(outcome.wait, LONGEST_PAUSE))
    if outcome.permanent or tries >= TRIES:
        return Next("dead", error=outcome.error)
    if expires_at and due_at >= expires_at:
        return Next("dead", error="outbox.error.expired")
    return Next("waiting", due_at, outcome.error)
