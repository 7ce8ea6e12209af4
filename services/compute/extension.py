"""How our part gets into a scheduler that is not ours: as the text of `scheduler_side.py`.

Text and not a pickled class, because a class pickled by value holds the bytecode of one Python version, and
because this process then needs no Dask. A scheduler runs what its clients send it in any case; that is how
every plugin gets there.
"""

import pickle
import zlib
from functools import cache
from pathlib import Path
from typing import Any

NAME = "keepai"
SINCE = (2024, 8)  # the Dask whose scheduler has all that it uses


@cache
def text() -> str:
    """The source of what runs inside the scheduler."""
    return Path(__file__).with_name("scheduler_side.py").read_text()


@cache
def version() -> int:
    """A number that changes with the text; a scheduler that has this one needs nothing."""
    return zlib.crc32(text().encode())


def as_plugin() -> bytes:
    """A pickle that is a plugin once the scheduler has loaded it."""
    return pickle.dumps(_Loaded(), protocol=4)


class _Loaded:
    def __reduce__(self) -> tuple[Any, ...]:
        space = {"text": text(), "version": version(), "space": {"__name__": "keepai_scheduler_side"}}
        return eval, ("exec(text, space) or space['Extension'](version)", space)
