"""What the log of a process says, and what it must never say."""

import logging
import re
import time
import traceback
from collections import deque
from pathlib import Path

from services.masking import masked

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
KEPT = 500  # records
READ, LONGEST = 4000, 600  # characters of what is said: looked at, and kept
FRAMES = 8
_NAME = re.compile(r"Event\(.*?name='([\w.]{1,200})'", re.DOTALL)


class EventsByName(logging.Filter):
    """Reflex logs an event that it cannot process whole, with the cookies of its tab and what was typed into its form.
    Here only its name is left."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the event."""
        if record.name.startswith("reflex") and "Event(" in (said := record.getMessage()):
            name = _NAME.search(said)
            record.msg, record.args = "event %s could not be processed", (name[1] if name else "?",)
        return True


class Recent(logging.Handler):
    """Keeps the latest records of this process, for whoever helps: without addresses, and of an error only its kind
    and where it arose, because its words may quote what somebody wrote."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=KEPT)
        self.addFilter(EventsByName())

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record; it takes microseconds."""
        try:
            self._lines.append(line(record))
        except Exception:
            self.handleError(record)

    def lines(self) -> list[str]:
        """The lines, the oldest first."""
        return list(self._lines)


RECENT = Recent()


def begin(level: str) -> None:
    """Log to the terminal from `level` on, and keep the latest. Once per process."""
    logging.basicConfig(level=level.upper(), format=FORMAT)
    for handler in logging.getLogger().handlers:
        handler.addFilter(EventsByName())
    logging.getLogger().addHandler(RECENT)


def line(record: logging.LogRecord) -> str:
    """A record on one line."""
    args = record.args
    if isinstance(args, tuple):
        args = tuple(_kind(arg) if isinstance(arg, BaseException) else arg for arg in args)
    said = str(record.msg) if not isinstance(record.msg, BaseException) else _kind(record.msg)
    first = (said % args if args else said)[:READ].split("\n", 1)[0]
    said = masked(first)[:LONGEST]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
    error = record.exc_info[1] if record.exc_info else None
    return f"{at} {record.levelname} {record.name}: {said}{f' [{_where(error)}]' if error else ''}"


def _where(error: BaseException) -> str:
    """The kind of an error, and the last places it came through."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{'/'.join(Path(one.filename).parts[-3:])}:{one.lineno} {one.name}" for one in frames]
    return " < ".join([_kind(error), *reversed(places)])


def _kind(error: BaseException) -> str:
    return type(error).__name__
