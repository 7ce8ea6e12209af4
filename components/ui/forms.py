"""Fields: label above, help below, and the error in place of the help."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components.ui.base import Content, Flag, Text, given, icon, look


def form(*content: Content, on_submit: Any, **props: Any) -> rx.Component:
    """A form whose mistakes are said by the server: in the reader's words, beside their fields, on leaving one and on
    sending. The browser's own bubbles speak the browser's language. After sending, pwa.js goes to the first wrong one.
    """
    return rx.el.form(
        *content,
        on_submit=on_submit,
        no_validate=True,
        data_k_form="",
        class_name=look(props, "k-form"),
        **props,
    )


def field(
    control: rx.Component,
    *,
    id: str,
    label: Content,
    help: Content | None = None,
    error: Text | None = None,
    optional: Content | None = None,
    **props: Any,
) -> rx.Component:
    """A control with its words; `id` is the control's id, and `error` is empty while there is none.

    The control finds its help and its error through aria-describedby="{id}-help" and "{id}-error", which
    `text_input` and its siblings set themselves.
    """
    return rx.el.div(
        rx.el.label(
            label,
            *([rx.el.span(optional, class_name="k-second")] if optional is not None else []),
            html_for=id,
        ),
        control,
        *([rx.el.p(help, id=f"{id}-help", class_name="k-help")] if help is not None else []),
        *([field_error(error, id=id)] if error is not None else []),
        class_name=look(props, "k-field"),
        **props,
    )


def field_error(error: Text, *, id: str) -> rx.Component:
    """What is wrong with the control of that id; nothing while `error` is empty."""
    return rx.el.p(
        rx.cond(rx.Var.create(error) != "", rx.fragment(icon("circle-alert", size=14), error)),
        id=f"{id}-error",
        class_name="k-error",
        aria_live="polite",
    )


def text_input(
    *,
    id: str,
    name: str,
    type: str = "text",
    error: Text | None = None,
    unit: Content | None = None,
    **props: Any,
) -> rx.Component:
    """One line of text, sent under `name`; `error` marks it as wrong, `unit` stands inside at the right."""
    control = rx.el.input(id=id, name=name, type=type, **_described(id, error), **props)
    return rx.el.span(
        control, *([rx.el.span(unit, class_name="k-unit")] if unit is not None else []), class_name="k-input"
    )


def copyable(text: Text, *, id: str, label: Text, copy: Text, copied: Text) -> rx.Component:
    """A text to be taken elsewhere: the field selects itself, the button copies it and says so."""
    field = rx.el.input(id=id, name=id, value=text, read_only=True, aria_label=label, data_k_select="")
    return rx.el.div(
        rx.el.span(field, class_name="k-input k-grow"),
        rx.el.button(
            icon("copy"),
            rx.el.span(copy, class_name="k-copy"),
            rx.el.span(copied, class_name="k-copied", role="status"),
            type="button",
            data_k_copies=id,
            class_name="k-button",
        ),
        class_name="k-row",
    )


def text_area(*, id: str, name: str, error: Text | None = None, **props: Any) -> rx.Component:
    return rx.el.span(
        rx.el.textarea(id=id, name=name, **_described(id, error), **props), class_name="k-input area"
    )


def select(
    options: Sequence[tuple[str, Content]], *, id: str, name: str, error: Text | None = None, **props: Any
) -> rx.Component:
    """The browser's own list: a phone shows its own wheel, and a long list costs nothing."""
    return choice(
        *[rx.el.option(words, value=value) for value, words in options],
        id=id,
        name=name,
        error=error,
        **props,
    )


def choice(*options: Content, id: str, name: str, error: Text | None = None, **props: Any) -> rx.Component:
    """The same with options of its own making: those that only the server knows."""
    return rx.el.span(
        rx.el.select(*options, id=id, name=name, **_described(id, error), **props),
        icon("chevron-down"),
        class_name="k-input k-select",
    )


def switch(
    label: Content, *, checked: Flag | None = None, on_change: Any = None, **props: Any
) -> rx.Component:
    """On or off, at once."""
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            role="switch",
            class_name="k-switch",
            **given(checked=checked, on_change=on_change),
            **props,
        ),
        rx.el.span(label),
        class_name="k-check-row",
    )


def checkbox(
    label: Content, *, checked: Flag | None = None, on_change: Any = None, **props: Any
) -> rx.Component:
    """One of several that may be on; an empty `label` needs an aria_label."""
    return rx.el.label(
        rx.el.input(
            type="checkbox", class_name="k-check", **given(checked=checked, on_change=on_change), **props
        ),
        rx.el.span(label),
        class_name="k-check-row",
    )


def search_field(
    *, label: Text, value: Text | None = None, on_change: Any = None, shortcut: bool = True, **props: Any
) -> rx.Component:
    """A field that filters what is below it; the key "/" puts the cursor into the first one of a page.

    Without `value` it keeps its own text, and `on_change` is sent 250 ms after the last key.
    """
    return rx.el.label(
        icon("search"),
        rx.el.input(
            type="search",
            placeholder=label,
            aria_label=label,
            **given(default_value=value, on_change=_calm(on_change), data_k_search="" if shortcut else None),
            **props,
        ),
        *([rx.el.kbd("/", aria_hidden="true")] if shortcut else []),
        class_name="k-input k-find",
    )


def _calm(handler: Any) -> Any:
    return handler.debounce(250) if handler is not None else None


def _described(id: str, error: Text | None) -> dict[str, Any]:
    described = {"aria_describedby": f"{id}-help {id}-error"}
    return described if error is None else {**described, "aria_invalid": rx.Var.create(error) != ""}
