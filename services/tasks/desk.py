"""What people do about tasks, from the API or a page: written down, then told to every screen.

The database keeps it; the bus only makes it quick.
"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlmodel import Session

from models import Task
from services import db
from services.alerts import triage
from services.audit import Actor
from services.bus import Bus
from services.clock import now
from services.errors import Forbidden
from services.identity.permissions import Principal
from services.sharing import Reader
from services.tasks import book
from services.tasks.book import Draft

TOPIC = "tasks"  # something about tasks changed
TOLD_TOPIC = "tasks_told"  # somebody was reminded
ABOUT_NEEDS = {"alert": "alerts:read", "worker": "compute:read"}

P = ParamSpec("P")
R = TypeVar("R")
_bus: Bus | None = None


def configure(bus: Bus) -> None:
    """Say where to tell. Once per process."""
    global _bus
    _bus = bus


async def create(person: Principal, draft: Draft, by: Actor) -> Task:
    """A new task of theirs. Raises what `book.create` raises, and Forbidden for what they may not see."""
    needed = ABOUT_NEEDS.get(draft.about_kind)
    if needed and not person.may(needed):
        raise Forbidden
    task = await act(book.create, person, draft, by)
    if draft.about_kind == "alert":
        _tell(triage.TOPIC)
    return task


async def act(
    fn: Callable[Concatenate[Session, Any, Reader, P], R],
    person: Principal,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """Do one of the things of `services.tasks` in one transaction, as that person. Raises what it raises."""
    done = await db.write(fn, now(), Reader.of(person), *args, **kwargs)
    _tell(TOPIC)
    return done


def _tell(topic: str) -> None:
    assert _bus is not None, "tasks were not configured"
    _bus.publish(topic, {})
