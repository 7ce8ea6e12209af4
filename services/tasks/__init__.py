"""Tasks of people: what is to be done, by whom and when; reminded of, repeated, and shared as notes are."""

from services.tasks.access import is_for_team
from services.tasks.book import (
    PRIORITIES,
    STATES,
    Draft,
    add_item,
    arrange,
    change,
    check_item,
    comment,
    create,
    delete,
    forget,
    get,
    history,
    of_person,
    prune,
    remove_item,
    restore,
    snooze,
    writable,
)
from services.tasks.lists import Wanted, find, names
from services.tasks.quick import Quick, parse
from services.tasks.when import Due, due_of, moment_of

__all__ = [
    "PRIORITIES",
    "STATES",
    "Draft",
    "Due",
    "Quick",
    "Wanted",
    "add_item",
    "arrange",
    "change",
    "check_item",
    "comment",
    "create",
    "delete",
    "due_of",
    "find",
    "forget",
    "get",
    "history",
    "is_for_team",
    "moment_of",
    "names",
    "of_person",
    "parse",
    "prune",
    "remove_item",
    "restore",
    "snooze",
    "writable",
]
