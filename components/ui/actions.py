"""What can be pressed: buttons, links, chips, segmented controls, tabs, menus."""

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx

from components.ui.base import Content, Flag, StateName, Text, given, icon, link, look

Variant = Literal["normal", "primary", "quiet", "danger", "danger_solid"]
Size = Literal["small", "normal", "large"]

_SIZES: dict[Size, str] = {"small": "small", "normal": "", "large": "large"}
_VARIANTS: dict[Variant, str] = {
    "normal": "",
    "primary": "primary",
    "quiet": "quiet",
    "danger": "danger",
    "danger_solid": "danger solid",
}


def button(
    label: Content,
    *,
    name: Text | None = None,
    variant: Variant = "normal",
    size: Size = "normal",
    busy: Flag | None = None,
    busy_label: Text | None = None,
    disabled: Flag | None = None,
    reason: Text | None = None,
    on_click: Any = None,
    type: Literal["button", "submit", "reset"] = "button",
    **props: Any,
) -> rx.Component:
    """A button; `name` is its icon, `reason` says in a tooltip why it is disabled (it keeps the focus, so that the
    reason can be read by keyboard and touch as well).

    With `busy` (a Var) it shows at once that it works, in the browser, and cannot be pressed twice: until `busy`
    has come and gone, or a second if it never comes. `busy_label` ("Salvando") replaces the label meanwhile.
    """
    words = label if busy is None or busy_label is None else rx.cond(busy, busy_label, label)
    return rx.el.button(
        *([icon(name)] if name is not None else []),
        rx.el.span(words),
        *([icon("loader-circle")] if busy is not None else []),
        type=type,
        class_name=look(props, "k-button", _VARIANTS[variant], _SIZES[size]),
        **given(
            on_click=on_click if reason is None else None,
            **({"disabled": disabled} if reason is None else {"aria_disabled": disabled, "data_tip": reason}),
            aria_busy=busy,
            data_k_once="" if busy is not None else None,
        ),
        **props,
    )


def icon_button(
    label: Text,
    name: Text,
    *,
    variant: Variant = "quiet",
    size: Size = "normal",
    on_click: Any = None,
    pressed: Flag | None = None,
    disabled: Flag | None = None,
    tip: bool = True,
    **props: Any,
) -> rx.Component:
    """A button that shows only an icon; `label` is what it is called, and what its tooltip says."""
    return rx.el.button(
        icon(name),
        type="button",
        aria_label=label,
        class_name=look(props, "k-button only", _VARIANTS[variant], _SIZES[size]),
        **given(on_click=on_click, aria_pressed=pressed, disabled=disabled, data_tip=label if tip else None),
        **props,
    )


def link_button(
    label: Content,
    *,
    href: Text,
    name: Text | None = None,
    variant: Variant = "normal",
    size: Size = "normal",
    **props: Any,
) -> rx.Component:
    """A link that looks like a button, for going somewhere as the main action."""
    return link(
        *([icon(name)] if name is not None else []),
        rx.el.span(label),
        href=href,
        class_name=look(props, "k-button", _VARIANTS[variant], _SIZES[size]),
        **props,
    )


def download(label: Text, *, href: Text, name: Text = "download", **props: Any) -> rx.Component:
    """An icon that downloads `href` from our own server, past the router."""
    return rx.el.A.create(
        icon(name),
        href=href,
        download="",
        aria_label=label,
        data_tip=label,
        class_name=look(props, "k-button quiet only"),
        **props,
    )


def downloads(labels: tuple[Text, Text], hrefs: tuple[Text, Text]) -> rx.Component:
    """The same as CSV and as JSON; where there is little room only the first."""
    return rx.fragment(
        download(labels[0], href=hrefs[0]),
        download(labels[1], href=hrefs[1], name="file-text", class_name="k-wide-only"),
    )


def text_link(label: Content, *, href: Text, arrow: bool = False, **props: Any) -> rx.Component:
    """A link in a text or at the end of a card's head; `arrow` for "Todos →"."""
    tail = [icon("arrow-right")] if arrow else []
    return link(label, *tail, href=href, class_name=look(props, "k-link"), **props)


def chip(
    label: Content,
    *,
    pressed: Flag = False,
    number: Content | None = None,
    state: StateName | None = None,
    name: Text | None = None,
    on_click: Any = None,
    large: bool = True,
    **props: Any,
) -> rx.Component:
    """A filter or a choice that is on or off; `number` is how many it would leave, `state` puts its icon before."""
    mark = icon(f"s-{state}") if state is not None else icon(name) if name is not None else None
    return rx.el.button(
        *([rx.el.span(mark, class_name=f"k-word s-{state}")] if mark is not None else []),
        label,
        *([rx.el.b(number)] if number is not None else []),
        type="button",
        aria_pressed=pressed,
        class_name=look(props, "k-chip large" if large else "k-chip"),
        **given(on_click=on_click),
        **props,
    )


def segmented(
    options: Sequence[tuple[str, Content]],
    *,
    value: Text,
    label: Text,
    on_change: Any,
    size: Literal["small", "normal"] = "normal",
    **props: Any,
) -> rx.Component:
    """Two to four views of the same thing; `on_change` receives the chosen option's value."""
    return rx.el.div(
        *[
            rx.el.button(
                words,
                type="button",
                aria_pressed=rx.Var.create(value) == option,
                on_click=on_change(option),
                data_value=option,
            )
            for option, words in options
        ],
        role="group",
        aria_label=label,
        class_name=look(props, "k-segmented small" if size == "small" else "k-segmented"),
        **props,
    )


def tabs(
    options: Sequence[tuple[str, Content]],
    *,
    value: Text,
    label: Text,
    on_change: Any,
    id: str,
    counts: dict[str, Content] | None = None,
    **props: Any,
) -> rx.Component:
    """Tabs over `tab_panel`s of the same `id`; arrow keys move between them."""
    return rx.el.div(
        *[
            rx.el.button(
                words,
                *([rx.el.span(counts[option], class_name="k-second")] if counts and option in counts else []),
                type="button",
                role="tab",
                id=f"{id}-{option}",
                aria_selected=rx.Var.create(value) == option,
                aria_controls=f"{id}-panel",
                on_click=on_change(option),
            )
            for option, words in options
        ],
        role="tablist",
        aria_label=label,
        class_name=look(props, "k-tabs"),
        data_k_arrows="",
        **props,
    )


def tab_panel(*content: Content, value: Text, id: str, **props: Any) -> rx.Component:
    """What the chosen tab shows."""
    return rx.el.div(
        *content,
        role="tabpanel",
        id=f"{id}-panel",
        aria_labelledby=f"{id}-{value}",
        class_name=look(props, "k-tab-panel"),
        **props,
    )


def menu(
    *items: Content,
    id: str,
    label: Text,
    trigger: Content,
    trigger_class: Text = "k-button quiet only",
    role: Literal["menu", "dialog"] = "menu",
    trigger_props: dict[str, Any] | None = None,
    **props: Any,
) -> rx.Component:
    """A button with a list of actions (`menu_item`) or, with role="dialog", a few choices that stay open.

    It is the browser's own popover: it closes on Esc and on a click elsewhere, and its place under the
    button is found by pwa.js.
    """
    return rx.fragment(
        rx.el.button(
            trigger,
            type="button",
            aria_haspopup=role,
            aria_label=label,
            class_name=trigger_class,
            custom_attrs={"popoverTarget": id, "id": f"{id}-button"},
            **(trigger_props or {}),
        ),
        rx.el.div(
            *items,
            id=id,
            role=role,
            aria_label=label,
            class_name=look(props, "k-menu"),
            custom_attrs={"popover": "auto", **({"data-k-arrows": "vertical"} if role == "menu" else {})},
            **props,
        ),
    )


def menu_item(
    label: Content,
    *,
    name: Text | None = None,
    href: Text | None = None,
    on_click: Any = None,
    danger: bool = False,
    role: str | None = "menuitem",
    **props: Any,
) -> rx.Component:
    """One action of a menu: a link when it has an address, else a button. `role=None` outside of a role="menu"."""
    content = (*([icon(name)] if name is not None else []), rx.el.span(label))
    props["class_name"] = look(props, "k-menu-item", "danger" if danger else None)
    if href is not None:
        return link(*content, href=href, data_k_closes="", **given(role=role), **props)
    return rx.el.button(
        *content, type="button", data_k_closes="", **given(on_click=on_click, role=role), **props
    )
