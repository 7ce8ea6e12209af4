"""Workers that a tab has picked, to act on several at once: what can be done to them, what is asked first, and what is
said afterwards. Pure but for the broadcast."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

import reflex as rx

from services import format, operations
from services.i18n import translate, translate_count
from services.operations import Done
from services.snapshot import Snapshot, WorkerRow
from services.worker_table import WorkerView, matching
from state.live import Broadcast

Kind = Literal["retire", "restart"]

MOST = 1000
NAMED = 5  # workers that a question calls by their names
COUNTS = ("count", "retire", "restart", "forget", "no_nanny", "outside")
REASONS = 3  # failures that a message gives the reason of
LONGEST_NAME = 60
TAKES_TASKS = ("running", "restarted")
HERE = (*TAKES_TASKS, "paused")


class WorkerPicks(rx.State):
    """How many of the picked workers are there now, and what can be done to how many; written only by the broadcast."""

    count: int = 0
    retire: int = 0
    restart: int = 0
    forget: int = 0
    no_nanny: int = 0
    outside: int = 0
    all: bool = False
    some: bool = False


def picks_broadcast(picked: Iterable[str], view: WorkerView) -> Broadcast:
    """What became of the picked workers, and how many the filter shows. A room for everybody with the same picks."""
    wanted = frozenset(picked)
    name = hashlib.sha256("".join(sorted(wanted)).encode()).hexdigest()

    async def build(snapshot: Snapshot | None) -> dict[str, Any]:
        return figures(snapshot["workers"] if snapshot else [], wanted, view)

    return Broadcast(f"picks|{name}|{view.state}|{view.text}", WorkerPicks, build)


def figures(rows: Sequence[WorkerRow], picked: frozenset[str], view: WorkerView) -> dict[str, Any]:
    """The values of `WorkerPicks`. Whoever left the list counts no more."""
    found = [row for row in rows if row["id"] in picked]
    shown = matching(rows, view.text, view.state)
    seen = sum(row["id"] in picked for row in shown)
    return {
        "count": len(found),
        "retire": len(able("retire", found)),
        "restart": len(able("restart", found)),
        "forget": sum(row["state"] == "lost" for row in found),
        "no_nanny": len(able("retire", found)) - len(able("restart", found)),
        "outside": len(found) - seen,
        "all": 0 < seen == len(shown),
        "some": 0 < seen < len(shown),
    }


def able(kind: Kind, rows: Iterable[WorkerRow]) -> list[WorkerRow]:
    """Those to whom it can be done: they are connected and not leaving, and to be restarted they need a nanny."""
    return [row for row in rows if row["state"] in HERE and (kind == "retire" or row["nanny"])]


class Question(TypedDict):
    """What is asked before it is done to several. `kind` is empty while nothing is asked."""

    kind: str
    title: str
    names: str
    text: str
    note: str
    action: str


class Run(TypedDict):
    """How far an action on several is: how many are over, of how many; `all` is 0 while there is none."""

    over: int
    all: int
    percent: int
    stopping: bool


NOTHING_RUNS = Run(over=0, all=0, percent=0, stopping=False)
NOTHING_ASKED = Question(kind="", title="", names="", text="", note="", action="")


def question(kind: Kind, picked: Sequence[WorkerRow], rows: Sequence[WorkerRow], locale: str) -> Question:
    """How many and which, and what it means: for their memory, for those left out, and for the compute."""
    chosen = able(kind, picked)
    count = len(chosen)
    number = format.number(locale, count)
    managed = sum(row["managed"] for row in chosen)
    text = f"workers.picks.{kind}.text" if managed else f"workers.picks.{kind}.text_empty"
    return Question(
        kind=kind,
        title=translate_count(locale, f"workers.picks.{kind}.title", count, number=number),
        names=_names(chosen, locale),
        text=translate_count(locale, text, count, memory=format.bytes_binary(locale, managed)),
        note=" ".join(_notes(kind, picked, chosen, rows, locale)),
        action=translate(locale, f"workers.picks.{kind}", number=number),
    )


def report(kind: Kind, done: Sequence[Done], locale: str) -> tuple[str, str, str]:
    """What came of it: a state's name, to how many it was done and to how many not, and the reasons of some."""
    stopped = sum(one.state == operations.NOT_BEGUN for one in done)
    failed = [one for one in done if one.state not in ("ok", operations.NOT_BEGUN)]
    fine = len(done) - len(failed) - stopped
    parts = [_counted(locale, f"workers.picks.{kind}.done", fine)]
    if failed:
        parts.append(_counted(locale, "workers.picks.failed", len(failed)))
    if stopped:
        parts.append(_counted(locale, "workers.picks.not_begun", stopped))
    reasons = [translate(locale, one.text, **one.params) for one in failed[:REASONS]]
    if len(failed) > REASONS:
        reasons.append("…")
    state = "ok" if not failed else "warning" if fine or stopped else "critical"
    return state, ", ".join(parts), "; ".join(reasons)


def _notes(
    kind: Kind,
    picked: Sequence[WorkerRow],
    chosen: Sequence[WorkerRow],
    rows: Sequence[WorkerRow],
    locale: str,
) -> Iterable[str]:
    without = len(able("retire", picked)) - len(chosen)
    if without:
        yield _counted(locale, "workers.picks.no_nanny", without) + "."
    if away := len(picked) - len(chosen) - without:
        yield _counted(locale, "workers.picks.away", away)
    if kind == "retire":
        leaving = {row["id"] for row in chosen}
        stays = any(row["state"] in TAKES_TASKS and row["id"] not in leaving for row in rows)
        yield translate(locale, "workers.retire.note" if stays else "workers.picks.retire.all")


def _counted(locale: str, key: str, count: int) -> str:
    return translate_count(locale, key, count, number=format.number(locale, count))


def _names(rows: Sequence[Mapping[str, Any]], locale: str) -> str:
    """The first names, and how many more."""
    names = [
        name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
        for name in (row["name"] for row in rows[:NAMED])
    ]
    more = len(rows) - len(names)
    said = ", ".join(names)
    if not more:
        return said
    return translate(locale, "workers.picks.more", names=said, number=format.number(locale, more))
