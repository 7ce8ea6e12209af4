"""What content stands on: cards, tiles, callouts, facts, timelines, panels."""

from collections.abc import Sequence
from typing import Any, Literal

import reflex as rx

from components.ui.base import Content, Flag, Number, StateName, Text, given, icon, link, look
from components.ui.draw import sparkline


def card(
    *content: Content,
    title: Content | None = None,
    caption: Content | None = None,
    tools: Sequence[Content] = (),
    flush: bool = False,
    level: Literal[2, 3] = 2,
    tone: Literal["plain", "critical", "warning"] = "plain",
    **props: Any,
) -> rx.Component:
    """A surface with a head and a body; `flush` lets the content (a table, a list) touch the edges."""
    body = content if flush or not content else [rx.el.div(*content, class_name="k-card-body")]
    return rx.el.section(
        *([_head(title, caption, tools, level)] if title is not None or tools else []),
        *body,
        class_name=look(props, "k-card", None if tone == "plain" else tone),
        **props,
    )


def _head(
    title: Content | None, caption: Content | None, tools: Sequence[Content], level: int
) -> rx.Component:
    heading = rx.el.h2 if level == 2 else rx.el.h3
    return rx.el.div(
        *([heading(title)] if title is not None else []),
        *([rx.el.span(caption, class_name="k-caption")] if caption is not None else []),
        *([rx.el.div(*tools, class_name="k-tools")] if tools else []),
        class_name="k-card-head",
    )


def tile(
    label: Content,
    figure: Content,
    *,
    unit: Content = "",
    context: Content = "",
    spark: Text = "",
    href: Text | None = None,
    exact: Text | None = None,
    testid: str | None = None,
    **props: Any,
) -> rx.Component:
    """One figure with its unit, one line of context, and its last stretch as a sparkline.

    `spark` is a path as services.format.spark_path makes it. With `href` the whole tile is one link.
    `exact` is what hovering or focusing shows: the exact value and its time. What a tile shows is also what
    the offline page keeps.
    """
    body = (
        rx.el.span(label, class_name="k-tile-label"),
        rx.el.span(rx.el.span(figure), rx.el.small(unit), class_name="k-tile-figure"),
        rx.el.span(context, class_name="k-tile-context"),
        sparkline(spark, class_name="k-tile-spark"),
    )
    marks = given(data_testid=testid, data_tip=exact, data_k_keep="")
    if href is None:
        return rx.el.div(*body, class_name=look(props, "k-card k-tile"), **marks, **props)
    return link(*body, href=href, class_name=look(props, "k-card k-tile"), **marks, **props)


def callout(
    *content: Content,
    state: StateName = "info",
    action: Content | None = None,
    **props: Any,
) -> rx.Component:
    """A tinted note inside a page; bold text in it is its title."""
    return rx.el.div(
        icon(f"s-{state}"),
        rx.el.div(*content, class_name="k-grow"),
        *([action] if action is not None else []),
        class_name=look(props, "k-callout", f"s-{state}"),
        **props,
    )


def key_values(*pairs: tuple[Content, Content], columns: bool = False, **props: Any) -> rx.Component:
    """Facts by name: one below the other, or with `columns` side by side with the name on top."""
    return rx.el.dl(
        *[rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in pairs],
        class_name=look(props, "k-facts columns" if columns else "k-facts"),
        **props,
    )


def age(at: Number, *, short: bool = False, **props: Any) -> rx.Component:
    """How long ago `at` (unix seconds) was: "há 4 min", or `short` "4 min". The browser counts on by itself, and
    hovering shows the exact time."""
    return rx.el.time(data_at=at, data_age="short" if short else "relative", **props)


def clock(at: Number, **props: Any) -> rx.Component:
    """The time of day of `at` (unix seconds) in the reader's zone, written by the browser; empty for 0."""
    return rx.el.time(data_at=at, data_age="clock", **props)


def timeline(*items: Content, **props: Any) -> rx.Component:
    """Events one after the other, joined by a line; give it `timeline_item`s or a foreach of them."""
    return rx.el.ol(*items, class_name=look(props, "k-timeline"), **props)


def timeline_item(
    *content: Content,
    time: Content,
    state: StateName = "unknown",
    name: Text | None = None,
    planned: Flag = False,
    **props: Any,
) -> rx.Component:
    """One event: its state as a node, what happened, and when; `planned` is dashed (not yet happened)."""
    return rx.el.li(
        rx.el.span(icon(name if name is not None else f"s-{state}"), class_name=f"k-node s-{state}"),
        rx.el.div(*content, class_name="k-grow"),
        rx.el.span(time, class_name="k-caption"),
        **({"data_planned": planned} if planned is not False else {}),
        **props,
    )


def side_panel(
    *content: Content,
    title: Content,
    label: Text,
    close_label: Text,
    badge: Content | None = None,
    caption: Content | None = None,
    actions: Sequence[Content] = (),
    tools: Sequence[Content] = (),
    on_close: Any = None,
    close_href: Text | None = None,
    **props: Any,
) -> rx.Component:
    """Details beside a list, from 1024 px on; below that they cover the page. Esc closes it.

    It is not modal: the list stays usable.
    """
    close = (
        link(
            icon("x"),
            href=close_href,
            aria_label=close_label,
            class_name="k-button quiet only",
            data_k_escape="",
        )
        if close_href is not None
        else rx.el.button(
            icon("x"),
            type="button",
            aria_label=close_label,
            on_click=on_close,
            class_name="k-button quiet only",
            data_k_escape="",
        )
    )
    return rx.el.aside(
        rx.el.div(
            rx.el.div(
                rx.el.div(rx.el.h2(title), *([badge] if badge is not None else []), class_name="k-row"),
                *([rx.el.p(caption, class_name="k-caption")] if caption is not None else []),
                class_name="k-grow",
            ),
            *tools,
            close,
            class_name="k-panel-head",
        ),
        *([rx.el.div(*actions, class_name="k-row k-wrap k-panel-actions")] if actions else []),
        *content,
        aria_label=label,
        class_name=look(props, "k-panel"),
        **props,
    )
