"""What the address of a page names."""

from typing import Any
from uuid import UUID

from services.errors import NotFound

NEW = "new"  # in place of an id: what is not kept yet
LONGEST = 64


def named_by(state: Any) -> str:
    """The last part of the address a tab is at: an id, or `NEW`."""
    return str(state.router.url.path.rstrip("/").rpartition("/")[2][:LONGEST])


def id_of(text: str) -> UUID:
    """An id as it stands in an address. Raises NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
