"""The head of the chain, in a file outside the database."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = "audit-head.json"


@dataclass(frozen=True, slots=True)
class Head:
    """The number of the newest linked event, and its link."""

    number: int
    link: str


def read_head(data_dir: Path) -> Head | None:
    """The head as it was kept last, or None when there is no file. Raises ValueError for a broken one."""
    try:
        told = json.loads((data_dir / FILE).read_text())
    except FileNotFoundError:
        return None
    try:
        return Head(int(told["number"]), str(told["link"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{data_dir / FILE} is broken") from error


def write_head(data_dir: Path, head: Head) -> None:
    """Keep it, whole or not at all."""
    path = data_dir / FILE
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"number": head.number, "link": head.link}) + "\n")
    new.chmod(0o600)
    new.replace(path)
