"""Short messages at the edge of the screen, fed by state (a string to evaluate would break the content policy)."""

from typing import TypedDict

import reflex as rx

from models.base import new_id

MOST = 3


class Toast(TypedDict):
    """One message in words. `state` is a state's name; `percent` below 0 means no bar.

    `action` is what it offers: a link to `href`, or an event that the page knows by the name `event`.
    """

    id: str
    state: str
    title: str
    text: str
    action: str
    href: str
    event: str
    percent: float
    stays: bool


class Toasts(rx.State):
    """The messages of one tab, the newest last. Errors stay until closed; the rest leave by themselves."""

    items: list[Toast] = []

    def _add(self, state: str, title: str, text: str = "", *, action: str = "", event: str = "") -> str:
        """Show a message and return its id."""
        toast = Toast(
            id=new_id().hex,
            state=state,
            title=title,
            text=text,
            action=action,
            href="",
            event=event,
            percent=-1.0,
            stays=state in ("warning", "critical"),
        )
        items = [*self.items, toast]
        while len(items) > MOST:  # what offers something stays longest
            items.pop(next((at for at, one in enumerate(items[:-1]) if not one["event"]), 0))
        self.items = items
        return toast["id"]

    def _drop(self, toast_id: str) -> None:
        self.items = [item for item in self.items if item["id"] != toast_id]
