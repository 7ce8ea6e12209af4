"""Long work: asked for by a person, written down as a row, run by the background role, told when it ends.

A kind (`kinds.py`) says what is done; `queue.py` keeps the rows; a `Context` is what a kind is given to work with. What
is CPU work goes to the compute by `context.compute`; what touches the database stays here.
"""

from services.jobs.context import Context, Lost
from services.jobs.kinds import KINDS, Kind, Result, kind_of
from services.jobs.queue import (
    ACTIVE,
    AGAIN,
    LOST_AFTER,
    STATES,
    TOPIC,
    TOPIC_PROGRESS,
    Ended,
    active,
    beat,
    cancel,
    claim,
    configure,
    enqueue,
    finish,
    get,
    is_due,
    listed,
    of_person,
    prune,
    release,
    remove,
    retry,
    run_again,
)

__all__ = [
    "ACTIVE",
    "AGAIN",
    "KINDS",
    "LOST_AFTER",
    "STATES",
    "TOPIC",
    "TOPIC_PROGRESS",
    "Context",
    "Ended",
    "Kind",
    "Lost",
    "Result",
    "active",
    "beat",
    "cancel",
    "claim",
    "configure",
    "enqueue",
    "finish",
    "get",
    "is_due",
    "kind_of",
    "listed",
    "of_person",
    "prune",
    "release",
    "remove",
    "retry",
    "run_again",
]
