"""The one index over what people write: notes, tasks, chats, files. By words, on both databases the same.

Whoever keeps such things calls `put` in the transaction that changes them and `drop` in the one that deletes them; a
passage is found by its owner and by whom the thing is shared with.
"""

from services.index.folding import Snippet, fold, plain, snippet
from services.index.passages import Entry, drop, put
from services.index.search import Hit, find, passages_for, terms_of

__all__ = [
    "Entry",
    "Hit",
    "Snippet",
    "drop",
    "find",
    "fold",
    "passages_for",
    "plain",
    "put",
    "snippet",
    "terms_of",
]
