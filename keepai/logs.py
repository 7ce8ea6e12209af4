"""What the log of a process says, and what it must never say."""

import logging
import re

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
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


def begin(level: str) -> None:
    """Log to the terminal from `level` on. Once per process."""
    logging.basicConfig(level=level.upper(), format=FORMAT)
    for handler in logging.getLogger().handlers:
        handler.addFilter(EventsByName())
