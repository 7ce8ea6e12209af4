"""The one place for files: what is known of each is a row, its content lies in a store (fsspec; a folder by default).

First the content is written, then the row; first the row goes, then the content. So whatever ends the process in
between leaves at most a content that no row names, which a loop takes away.
"""

from services.files.book import (
    MOST_OF_ONE,
    READERS,
    add,
    attach,
    delete,
    listed,
    mine,
    of_object,
    of_person,
    places_of,
    prune,
    readable,
)
from services.files.kinds import RASTER, served_as, sniff, tidy_name
from services.files.store import MOST, Content, Writer, chunks, receive, sweep, take_away

__all__ = [
    "MOST",
    "MOST_OF_ONE",
    "RASTER",
    "READERS",
    "Content",
    "Writer",
    "add",
    "attach",
    "chunks",
    "delete",
    "listed",
    "mine",
    "of_object",
    "of_person",
    "places_of",
    "prune",
    "readable",
    "receive",
    "served_as",
    "sniff",
    "sweep",
    "take_away",
    "tidy_name",
]
