"""Which workers a tab looks at: sorting, filtering and the visible window. Pure, and the same for every tab that
looks at the same thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from services.snapshot import WorkerRow

# Rows sent beyond the visible ones on either side, so that scrolling shows rows and not blanks.
OVERSCAN = 12
VISIBLE = 20
MOST_VISIBLE = 60
# The window moves in steps, so that tabs that look at nearly the same rows share one room.
STEP = 6
# Of the rows beyond the visible ones, so many move to the side to which somebody scrolls.
LEAN = 6

STATES = ("running", "paused", "retiring", "restarted", "lost", "unknown")
# Trouble first: the order in which people look for it.
STATE_ORDER = {
    state: place
    for place, state in enumerate(("lost", "paused", "restarted", "unknown", "retiring", "running"))
}
COLUMNS = (
    "state",
    "cpu",
    "memory",
    "threads",
    "tasks",
    "network",
    "disk",
    "gpu",
    "seen",
    "host",
)
DEFAULT_COLUMNS = ("state", "cpu", "memory", "threads", "tasks", "network", "seen")
# The exact values behind a column, as a file has them.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "state": ("state", "since"),
    "cpu": ("cpu",),
    "memory": ("memory", "managed", "unmanaged", "spilled", "limit"),
    "threads": ("executing", "threads"),
    "tasks": ("ready",),
    "network": ("net_read", "net_write"),
    "disk": ("disk_read", "disk_write"),
    "gpu": ("gpu",),
    "seen": ("last_seen",),
    "host": ("host",),
}

SORTS: Mapping[str, Callable[[WorkerRow], Any]] = {
    "name": lambda row: _natural(row["name"]),
    "state": lambda row: STATE_ORDER.get(row["state"], 9),
    "cpu": lambda row: row["cpu"] / (row["threads"] or 1),
    "memory": lambda row: row["memory"] / row["limit"] if row["limit"] else 0.0,
    "threads": lambda row: row["threads"],
    "tasks": lambda row: row["executing"] + row["ready"],
    "network": lambda row: row["net_read"] + row["net_write"],
    "disk": lambda row: row["disk_read"] + row["disk_write"],
    "gpu": lambda row: row["gpu"] if row["gpu"] is not None else -1.0,
    "seen": lambda row: -row["last_seen"],
    "host": lambda row: row["host"],
}


@dataclass(frozen=True, slots=True)
class WorkerView:
    """What one tab wants to see. Equal views are one room."""

    sort: str = "name"
    descending: bool = False
    text: str = ""
    state: str = ""
    columns: tuple[str, ...] = DEFAULT_COLUMNS
    selected: str = ""
    offset: int = 0
    size: int = VISIBLE + 2 * OVERSCAN

    @property
    def key(self) -> str:
        """The name of the room of tabs that see the same rows (columns and selection make no difference)."""
        return urlencode(
            {
                "s": self.sort,
                "d": int(self.descending),
                "q": self.text,
                "f": self.state,
                "o": self.offset,
                "n": self.size,
            }
        )

    @property
    def query(self) -> str:
        """The view as the query of an address, without what is the default."""
        plain = WorkerView()
        given = {
            "sort": ("-" if self.descending else "") + self.sort,
            "q": self.text,
            "state": self.state,
            "columns": ",".join(self.columns),
            "worker": self.selected,
        }
        usual = {"sort": plain.sort, "q": "", "state": "", "columns": ",".join(plain.columns), "worker": ""}
        return urlencode({name: value for name, value in given.items() if value != usual[name]}, safe=",-")

    @property
    def file_query(self) -> str:
        """What /api/v1/workers is asked for the same rows in the same order, with the values of the columns."""
        fields = ["name", *(field for column in self.columns for field in FIELDS[column])]
        asked = {
            "sort": ("-" if self.descending else "") + self.sort,
            "q": self.text,
            "state": self.state,
            "fields": ",".join(fields),
        }
        return urlencode({name: value for name, value in asked.items() if value}, safe=",-")

    def sorted_by(self, column: str) -> "WorkerView":
        """The view after a click on a column head: that column, or the other direction. Unknown: unchanged."""
        if column not in SORTS:
            return self
        return replace(
            self, sort=column, descending=not self.descending if column == self.sort else False, offset=0
        )


def parse(query: Mapping[str, str]) -> WorkerView:
    """The view of an address. What makes no sense is left at its default, never an error."""
    sort = query.get("sort", "")[:32]
    column = sort.removeprefix("-")
    asked = [name for name in query.get("columns", "")[:200].split(",") if name in COLUMNS]
    return WorkerView(
        sort=column if column in SORTS else "name",
        descending=sort.startswith("-") and column in SORTS,
        text=query.get("q", "")[:100],
        state=query.get("state", "") if query.get("state", "") in STATES else "",
        columns=tuple(name for name in COLUMNS if name in asked) or DEFAULT_COLUMNS,
        selected=query.get("worker", "")[:64],
    )


def scrolled(view: WorkerView, first: int, visible: int, toward: int = 0) -> WorkerView:
    """The view when the row `first` is the topmost in sight and `visible` rows fit; `toward` is 1 for somebody who
    scrolls down and -1 for up: more rows are sent of those that come next."""
    fits = -(-min(max(1, visible), MOST_VISIBLE) // STEP) * STEP
    offset = max(0, first - OVERSCAN + LEAN * toward) // STEP * STEP
    return replace(view, offset=offset, size=fits + 2 * OVERSCAN)


def matching(rows: Sequence[WorkerRow], text: str, state: str) -> list[WorkerRow]:
    """The rows in this state (empty: in any) whose name or host has this text, in the order they come."""
    text = text.casefold()
    return [
        row
        for row in rows
        if (not state or row["state"] == state)
        and (not text or text in row["name"].casefold() or text in row["host"].casefold())
    ]


def select(rows: Sequence[WorkerRow], view: WorkerView) -> list[WorkerRow]:
    """All rows of the view in order. Lost workers stay where their last values put them."""
    found = matching(rows, view.text, view.state)
    # Two stable sorts: names keep their order among equals in either direction.
    found.sort(key=SORTS["name"])
    if view.sort != "name" or view.descending:
        found.sort(key=SORTS[view.sort], reverse=view.descending)
    return found


def window(rows: Sequence[WorkerRow], view: WorkerView) -> tuple[int, Sequence[WorkerRow]]:
    """The offset and the rows that are sent: those in sight and some on either side."""
    offset = min(view.offset, max(0, len(rows) - view.size))
    return offset, rows[offset : offset + view.size]


def counts(rows: Sequence[WorkerRow]) -> dict[str, int]:
    """How many workers are in each state; every state is there."""
    result = dict.fromkeys(STATES, 0)
    for row in rows:
        result[row["state"]] = result.get(row["state"], 0) + 1
    return result


def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """worker-2 before worker-10."""
    parts: list[tuple[int, int, str]] = []
    digits = text = ""
    for char in name:
        if char.isascii() and char.isdigit():
            if text:
                parts.append((1, 0, text))
                text = ""
            digits += char
        else:
            if digits:
                parts.append((0, int(digits), ""))
                digits = ""
            text += char.casefold()
    if digits:
        parts.append((0, int(digits), ""))
    if text:
        parts.append((1, 0, text))
    return tuple(parts)
