"""Tables: plain ones, and one whose rows are drawn only where they are seen."""

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx
from reflex.event import EventSpec

from components.ui.base import Content, Flag, Number, StateName, Text, given, icon, inline, look

SortName = Literal["up", "down", ""] | rx.Var[str]


def table(
    head: Sequence[rx.Component],
    *rows: Content,
    label: Text,
    foot: Sequence[rx.Component] = (),
    compact: bool = False,
    cards: bool = True,
    scrolls: bool = False,
    testid: str | None = None,
    **props: Any,
) -> rx.Component:
    """A table of up to a hundred rows; `rows` are `row`s or a foreach of them, `foot` the cells of a total.

    `scrolls` says that its box scrolls, which the keyboard must be able to do as well. On a phone every row becomes a
    card unless `cards` is off: cells marked `main` stay, the others go.
    """
    return rx.el.div(
        rx.el.table(
            rx.el.thead(rx.el.tr(*head)),
            rx.el.tbody(*rows, data_k_rows=""),
            *([rx.el.tfoot(rx.el.tr(*foot))] if foot else []),
            aria_label=label,
            class_name=look(props, "k-table", "compact" if compact else None, "cards" if cards else None),
            **given(data_testid=testid),
            **props,
        ),
        class_name="k-table-box",
        **({"tab_index": 0, "role": "group", "aria_label": label} if scrolls else {}),
    )


def head_cell(
    label: Content = "",
    *,
    number: bool = False,
    sort: SortName | None = None,
    on_sort: Any = None,
    **props: Any,
) -> rx.Component:
    """The head of a column; with `on_sort` it is a button, and `sort` says which way the column is sorted."""
    kind = {"class_name": "k-number"} if number else {}
    if on_sort is None:
        return rx.el.th(label, scope="col", **kind, **props)
    direction, arrows = _sorted(sort)
    return rx.el.th(
        rx.el.button(label, arrows, type="button", on_click=on_sort, class_name="k-sort"),
        scope="col",
        aria_sort=direction,
        **kind,
        **props,
    )


def _sorted(sort: SortName | None) -> tuple[Any, Any]:
    """The aria-sort word and the arrow of a column that is sorted up, down or not."""
    way = rx.Var.create("" if sort is None else sort)
    arrow = rx.match(
        way, ("up", icon("arrow-up", size=12)), ("down", icon("arrow-down", size=12)), rx.fragment()
    )
    return rx.match(way, ("up", "ascending"), ("down", "descending"), "none"), arrow


def row(
    *cells: Content, selected: Flag | None = None, dim: Flag | None = None, on_click: Any = None, **props: Any
) -> rx.Component:
    """A row of cells; with `on_click` Enter opens it as well, and up and down move along the rows."""
    return rx.el.tr(
        *cells,
        **given(
            aria_current=selected,
            data_dim=dim,
            on_click=on_click,
            tab_index=-1 if on_click is not None else None,
            data_k_row="" if on_click is not None else None,
        ),
        **props,
    )


def cell(
    *content: Content, number: bool = False, main: bool = False, second: bool = False, **props: Any
) -> rx.Component:
    """A cell; numbers stand at the right, `main` stays on a phone, `second` is the quieter voice."""
    return rx.el.td(*content, **_voice(props, number, main, second), **props)


def _voice(props: dict[str, Any], number: bool, main: bool, second: bool) -> dict[str, Any]:
    names = look(
        props, "k-number" if number else None, "main" if main else None, "k-second" if second else None
    )
    return {"class_name": names} if names else {}


def name_cell(*content: Content, **props: Any) -> rx.Component:
    """The cell that names its row, and heads its card on a phone."""
    return rx.el.th(*content, scope="row", class_name=look(props, "main name"), **props)


def bar(percent: Number, *, state: StateName | None = None, **props: Any) -> rx.Component:
    """A thin bar from 0 to 100; it never stands alone, its number is beside it."""
    return rx.el.span(
        rx.el.b(**inline(width=f"{percent}%")),
        class_name=look(props, "k-bar", None if state is None else f"s-{state}"),
        aria_hidden="true",
        **props,
    )


def number_with_bar(number: Content, percent: Number, **props: Any) -> rx.Component:
    """A number with a bar beside it, for a cell."""
    return rx.el.span(
        rx.el.span(number, class_name="k-number"), bar(percent, **props), class_name="k-with-bar"
    )


def memory_bar(managed: Number, unmanaged: Number, spilled: Number, **props: Any) -> rx.Component:
    """Memory in three parts, in percent of the limit: what Dask manages, the rest of the process, what is on disk."""
    return rx.el.span(
        rx.el.b(**inline(width=f"{managed}%")),
        rx.el.b(**inline(width=f"{unmanaged}%")),
        rx.el.b(**inline(width=f"{spilled}%")),
        class_name=look(props, "k-bar k-memory"),
        aria_hidden="true",
        **props,
    )


def legend(*entries: tuple[Content, str], **props: Any) -> rx.Component:
    """What the colours mean: (words, series) with a series from "c1" to "c6", "transfer" or "error"."""
    return rx.el.ul(
        *[rx.el.li(rx.el.span(class_name=f"k-swatch {series}"), words) for words, series in entries],
        class_name=look(props, "k-legend"),
        **props,
    )


def _seen(event: rx.Var[Any]) -> tuple[rx.Var[int], rx.Var[int]]:
    """The first row in sight and how many fit, from a scroll event (the row's height is a CSS variable)."""
    rows = 'parseFloat(getComputedStyle(_e.target).getPropertyValue("--row"))'
    return (
        rx.Var(f"(_e => Math.floor(_e.target.scrollTop / {rows}))({event})").to(int),
        rx.Var(f"(_e => Math.ceil(_e.target.clientHeight / {rows}))({event})").to(int),
    )


class ScrollBox(rx.el.Div):  # type: ignore[misc]
    """A box that tells which rows are in sight, while it scrolls and when it comes to rest."""

    on_scroll: rx.EventHandler[_seen]
    on_scroll_end: rx.EventHandler[_seen]


def virtual_table(
    head: Sequence[rx.Component],
    rows: Content,
    *,
    total: Number,
    on_scroll: Any,
    label: Text,
    columns: Text,
    least: Number = 0,
    foot: Sequence[rx.Component] = (),
    throttle: int = 100,
    id: str,
    testid: str | None = None,
    **props: Any,
) -> rx.Component:
    """A table of any length of which only the rows in sight exist.

    `rows` is a foreach of `virtual_row`s, `total` how many there are in all, `columns` a CSS grid template whose
    columns need `least` pixels; a narrower box scrolls sideways.
    `on_scroll(first, visible)` is called at most every `throttle` ms while scrolling and once at rest; answer
    with rows around that window (some to spare on both sides). Heights come from `--row`, which a phone
    changes, so the server never needs to know them.
    """
    calm = on_scroll.throttle(throttle) if isinstance(on_scroll, rx.EventHandler | EventSpec) else on_scroll
    return ScrollBox.create(
        rx.el.div(*head, role="row", class_name="k-vhead"),
        rx.el.div(rows, role="rowgroup", class_name="k-vbody", data_k_rows="", **inline(__total=total)),
        *([rx.el.div(*foot, role="row", class_name="k-vhead k-vfoot")] if foot else []),
        id=id,
        role="table",
        aria_label=label,
        aria_rowcount=total,
        tab_index=0,
        on_scroll=calm,
        on_scroll_end=on_scroll,
        class_name=look(props, "k-virtual"),
        custom_attrs={
            "style": rx.Var.create({"--columns": columns, "--least": f"{least}px"}),
            "data-k-virtual": "",
            **({"data-testid": testid} if testid is not None else {}),
        },
        **props,
    )


def virtual_row(
    *cells: Content,
    index: Number,
    selected: Flag | None = None,
    dim: Flag | None = None,
    on_click: Any = None,
    **props: Any,
) -> rx.Component:
    """A row of `virtual_table` at its place; give it key=..., so that a moving row keeps its element and focus."""
    return rx.el.div(
        *cells,
        role="row",
        class_name=look(props, "k-vrow"),
        tab_index=-1,
        data_k_row="",
        aria_rowindex=index + 1,
        **inline(__index=index),
        **given(aria_current=selected, data_dim=dim, on_click=on_click),
        **props,
    )


def virtual_cell(
    *content: Content, number: bool = False, main: bool = False, second: bool = False, **props: Any
) -> rx.Component:
    """A cell of a virtual row; the options are those of `cell`."""
    return rx.el.div(*content, role="cell", **_voice(props, number, main, second), **props)


def virtual_head(
    label: Content = "",
    *,
    number: bool = False,
    sort: SortName | None = None,
    on_sort: Any = None,
    **props: Any,
) -> rx.Component:
    """The head of a virtual column; the options are those of `head_cell`."""
    kind = {"class_name": "k-number"} if number else {}
    if on_sort is None:
        return rx.el.div(label, role="columnheader", **kind, **props)
    direction, arrows = _sorted(sort)
    return rx.el.div(
        rx.el.button(label, arrows, type="button", on_click=on_sort, class_name="k-sort"),
        role="columnheader",
        aria_sort=direction,
        **kind,
        **props,
    )
