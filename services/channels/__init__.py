"""Channels: where notifications go that several people read.

`kinds` says what each kind of channel is made of and checks it, `book` keeps them, `test` and what came of each message
included. What is sent there goes through the outbox like everything else.
"""

from services.channels.book import (
    Draft,
    check,
    create,
    deliveries,
    draft_of,
    get,
    listed,
    newest,
    opened,
    recipients,
    remove,
    test,
    update,
)
from services.channels.kinds import FIELDS, KINDS, SECRETS, Kind, shown

__all__ = [
    "FIELDS",
    "KINDS",
    "SECRETS",
    "Draft",
    "Kind",
    "check",
    "create",
    "deliveries",
    "draft_of",
    "get",
    "listed",
    "newest",
    "opened",
    "recipients",
    "remove",
    "shown",
    "test",
    "update",
]
