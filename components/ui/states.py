"""State is an icon, a word and a colour, the same three everywhere."""

from typing import Any

import reflex as rx

from components.ui.base import Content, StateName, Text, icon, look


def state(word: Content, *, state: StateName, **props: Any) -> rx.Component:
    """A state in a row: what is well is an icon and a word in plain text, the rest is tinted, critical is filled."""
    return rx.el.span(icon(f"s-{state}"), word, class_name=look(props, "k-state", f"s-{state}"), **props)


def badge(
    word: Content, *, state: StateName = "unknown", name: Text | None = None, **props: Any
) -> rx.Component:
    """A tinted word with its icon; critical and lost are filled. `name` is another icon than the state's own."""
    return rx.el.span(
        icon(name if name is not None else f"s-{state}"),
        word,
        class_name=look(props, "k-badge", f"s-{state}"),
        **props,
    )


def fact(word: Content, *, name: Text | None = None, **props: Any) -> rx.Component:
    """An outlined badge for a fact that is not a state (draft, from cache, read-only)."""
    return rx.el.span(
        *([icon(name)] if name is not None else []), word, class_name=look(props, "k-badge k-fact"), **props
    )


def coloured(word: Content, *, state: StateName, **props: Any) -> rx.Component:
    """Words in the colour of a state, for a line where the words themselves name it ("1 perdido")."""
    return rx.el.span(word, class_name=look(props, "k-word", f"s-{state}"), **props)


def count(number: Content, *, critical: bool = False, **props: Any) -> rx.Component:
    """A counter at the end of a menu entry; red only for what is critical and not yet answered."""
    return rx.el.span(number, class_name=look(props, "k-count", "critical" if critical else None), **props)
