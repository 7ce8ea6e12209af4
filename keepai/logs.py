"""What the log of a process says, and what it must never say."""

import logging
import re
import time
import traceback
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from services import tracing
from services.clock import rfc3339
from services.masking import masked
from services.settings import Settings

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s%(belongs)s"
# For programs: these, the fields that `Traced` adds where there are any, and the error with its traceback.
FIELDS = ("asctime", "levelname", "name", "message", "process")
NAMES = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "error"}
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


class Traced(logging.Filter):
    """Says of each record which request it belongs to, which trace, and who acts."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with what it belongs to."""
        trace = tracing.current()
        record.belongs = ""
        if trace is not None:
            found = {"request_id": trace.request_id, "trace_id": trace.trace_id, "actor": trace.actor}
            found = {name: value for name, value in found.items() if value}
            record.__dict__.update(found)
            record.belongs = f" [{' '.join(f'{name}={value}' for name, value in found.items())}]"
        return True


class Objects(JsonFormatter):
    """One JSON object a line, with times in UTC (RFC 3339)."""

    def __init__(self) -> None:
        super().__init__(
            list(FIELDS),
            rename_fields=NAMES,
            reserved_attrs=[*RESERVED_ATTRS, "belongs"],
            json_ensure_ascii=False,
        )

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        """The moment of the record."""
        return rfc3339(datetime.fromtimestamp(record.created, UTC))


class Recent(logging.Handler):
    """Keeps the latest records of this process, for whoever helps: without addresses, and of an error only its kind
    and where it arose, because its words may quote what somebody wrote."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=KEPT)
        self.addFilter(EventsByName())
        self.addFilter(Traced())

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


def begin(settings: Settings) -> None:
    """Log to the terminal as the settings say, and keep the latest. Once per process."""
    logging.basicConfig(level=settings.log_level.upper())
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Objects() if settings.log_format == "json" else logging.Formatter(FORMAT))
        handler.addFilter(EventsByName())
        handler.addFilter(Traced())
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
    where = f" [{_where(error)}]" if error else ""
    return f"{at} {record.levelname} {record.name}: {said}{where}{getattr(record, 'belongs', '')}"


def _where(error: BaseException) -> str:
    """The kind of an error, and the last places it came through."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{'/'.join(Path(one.filename).parts[-3:])}:{one.lineno} {one.name}" for one in frames]
    return " < ".join([_kind(error), *reversed(places)])


def _kind(error: BaseException) -> str:
    return type(error).__name__
