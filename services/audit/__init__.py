"""Who did what: written with each action, searched by admins, and linked so that a change is noticed."""

from services.audit.chain import PURPOSE, Finding, Verdict, link_new, prune, verify
from services.audit.events import ACTIONS, MACHINE, MOST, OUTCOMES, Actor, as_row, erase, find, record
from services.audit.head import read_head, write_head

__all__ = [
    "ACTIONS",
    "MACHINE",
    "MOST",
    "OUTCOMES",
    "PURPOSE",
    "Actor",
    "Finding",
    "Verdict",
    "as_row",
    "erase",
    "find",
    "link_new",
    "prune",
    "read_head",
    "record",
    "verify",
    "write_head",
]
