"""Short messages at the edge of the screen, fed by state (a string to evaluate would break the content policy)."""

from typing import TypedDict

import reflex as rx

from models.base import new_id

MOST = 3


class Toast(TypedDict):
    """One message in words. `state` is a state's name; `percent` below 0 means no bar."""

    id: str
    state: str
    title: str
    text: str
    action: str
    href: str
    percent: float
    stays: bool


class Toasts(rx.State):
    """The messages of one tab, the newest last. Errors stay until closed; the rest leave by themselves."""

    items: list[Toast] = []

    def _add(self, state: str, title: str, text: str = "") -> None:
        toast = Toast(
            id=new_id().hex,
            state=state,
            title=title,
            text=text,
            action="",
            href="",
            percent=-1.0,
            stays=state in ("warning", "critical"),
        )
        self.items = [*self.items, toast][-MOST:]

    def _drop(self, toast_id: str) -> None:
        self.items = [item for item in self.items if item["id"] != toast_id]
