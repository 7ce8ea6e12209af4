"""Short messages at the edge of the screen, fed by state (a string to evaluate would break the content policy)."""

from typing import TypedDict

import reflex as rx

MOST = 3


class Toast(TypedDict):
    """One message. `tone` is ok, info, warning or critical; `title` and `text` are ready to read."""

    id: int
    tone: str
    title: str
    text: str
    stays: bool


class Toasts(rx.State):
    """The messages of one tab, the newest last. Errors stay until closed; the rest leave by themselves."""

    items: list[Toast] = []
    _next: int = 1

    def _add(self, tone: str, title: str, text: str = "") -> None:
        stays = tone in ("warning", "critical")
        toast = Toast(id=self._next, tone=tone, title=title, text=text, stays=stays)
        self._next += 1
        self.items = [*self.items, toast][-MOST:]

    def _drop(self, toast_id: int) -> None:
        self.items = [item for item in self.items if item["id"] != toast_id]
