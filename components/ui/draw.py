"""Drawings: sparklines, flame graphs, task streams, plots."""

from typing import Any, TypedDict

import reflex as rx
from reflex_base.style import resolved_color_mode

from components.ui.base import Content, Flag, Number, Text, given, inline, look


def sparkline(
    path: Text, *, state: Text | None = None, line_only: bool = False, **props: Any
) -> rx.Component:
    """A line without axes in a box of 100 by 40 that its CSS size stretches; a figure always stands beside it.

    `path` is an SVG path whose gaps begin a new "M", as services.format.spark_path makes it. The area below
    it is drawn from the same text, so that only one path travels.
    """
    shape = rx.Var.create(path)
    area = rx.Var(
        f'({shape}).replace(/M([^ ]+) ([^M]*)/g, "M$1 $2V40H$1Z")', _var_data=shape._get_all_var_data()
    ).to(str)
    return rx.el.svg(
        *([] if line_only else [rx.el.svg.path(d=area, class_name="area")]),
        rx.el.svg.path(d=shape, class_name="line"),
        view_box="0 0 100 40",
        preserve_aspect_ratio="none",
        class_name=look(props, "k-spark", None if state is None else f"s-{state}"),
        custom_attrs={"aria-hidden": "true"},
        **props,
    )


class Frame(TypedDict):
    """One box of a flame graph: left edge and width in percent, depth from 0, and what hovering says."""

    id: str
    x: float
    width: float
    depth: int
    name: str
    tone: int  # 0 to 2, by name, only to tell neighbours apart
    title: str


def flame_graph(
    rows: rx.Var[list[Frame]], *, depth: rx.Var[int], label: Text, on_pick: Any = None
) -> rx.Component:
    """A profile from the root down; `depth` is how many rows there are, `on_pick` receives a box's id."""

    def box(frame: rx.Var[Frame]) -> rx.Component:
        return rx.el.li(
            frame["name"],
            key=frame["id"],
            class_name=f"k-frame tone{frame['tone']}",
            custom_attrs={
                "style": rx.Var.create(
                    {"left": f"{frame['x']}%", "width": f"{frame['width']}%", "--depth": frame["depth"]}
                ),
                "data-tip": frame["title"],
                **({"tabIndex": 0} if on_pick is not None else {}),
            },
            **given(on_click=on_pick(frame["id"]) if on_pick is not None else None),
        )

    return rx.el.ol(
        rx.foreach(rows, box),
        aria_label=label,
        class_name="k-flame",
        **inline(__depth=depth),
    )


class Lane(TypedDict):
    """One worker of a task stream; `gone` is a sentence when it vanished ("" otherwise), from `gone_x` percent on."""

    id: str
    name: str
    state: str
    busy: str
    gone: str
    gone_x: float
    boxes: "list[Box]"


class Box(TypedDict):
    """One stretch of work: left edge and width in percent; `series` is "c1" to "c6", "transfer" or "error"."""

    id: str
    x: float
    width: float
    series: str
    title: str


class Tick(TypedDict):
    """A mark on the time axis."""

    x: float
    text: str


def task_stream(
    lanes: rx.Var[list[Lane]], ticks: rx.Var[list[Tick]], *, label: Text, busy_label: Content
) -> rx.Component:
    """Who ran what and when: a lane per worker, a box per stretch of work, gaps left empty."""

    def box(one: rx.Var[Box]) -> rx.Component:
        return rx.el.i(
            key=one["id"],
            class_name=f"k-box {one['series']}",
            custom_attrs={
                "style": rx.Var.create({"left": f"{one['x']}%", "width": f"{one['width']}%"}),
                "data-tip": one["title"],
            },
        )

    def lane(one: rx.Var[Lane]) -> rx.Component:
        return rx.el.li(
            rx.el.span(one["name"], class_name=f"k-lane-name s-{one['state']}"),
            rx.el.div(
                rx.foreach(one["boxes"], box),
                rx.cond(
                    one["gone"] != "",
                    rx.el.span(
                        rx.el.span(one["gone"]), class_name="k-gone", **inline(left=f"{one['gone_x']}%")
                    ),
                ),
                class_name="k-lane",
            ),
            rx.el.span(one["busy"], class_name="k-caption k-number"),
            key=one["id"],
        )

    def tick(one: rx.Var[Tick]) -> rx.Component:
        return rx.el.span(one["text"], **inline(left=f"{one['x']}%"))

    return rx.el.div(
        rx.el.div(busy_label, class_name="k-caption k-stream-head"),
        rx.el.ol(rx.foreach(lanes, lane)),
        rx.el.div(rx.foreach(ticks, tick), class_name="k-ticks", aria_hidden="true"),
        role="group",
        aria_label=label,
        class_name="k-stream",
    )


class Series(TypedDict):
    """A line of a plot: `y` has a value every `every` seconds from `start` (unix seconds) on, None where there is no
    sample; `color` is a token ("--k-c1").

    `fill` draws the area down to zero, `stack` puts it on the stacked ones before it, `step` keeps a value until the
    next.
    """

    name: str
    color: str
    start: float
    every: float
    y: list[float | None]
    fill: bool
    stack: bool
    step: bool


class Mark(TypedDict):
    """An event on a plot: a thin line with a word."""

    x: float
    label: str
    state: str


class Limit(TypedDict):
    """A threshold: a dashed line with a word."""

    y: float
    label: str
    state: str


class Stretch(TypedDict):
    """A stretch of time that is shaded, in unix seconds."""

    x: float
    to: float
    state: str


class Plot(rx.Component):
    """Plotly's basic bundle in our wrapper, assets/plot.js."""

    library = "$/public/plot.js"
    tag = "Plot"
    lib_dependencies: list[str] = ["plotly.js-basic-dist-min@3.7.0"]

    series: rx.Var[list[dict[str, Any]]]
    label: rx.Var[str]
    height: rx.Var[int]
    language: rx.Var[str]
    zone: rx.Var[str]
    mode: rx.Var[str]
    unit: rx.Var[str]
    digits: rx.Var[int]
    now: rx.Var[str]
    axis: rx.Var[bool]
    no_data: rx.Var[str]
    marks: rx.Var[list[dict[str, Any]]]
    named_marks: rx.Var[bool]
    limits: rx.Var[list[dict[str, Any]]]
    stretches: rx.Var[list[dict[str, Any]]]
    span: rx.Var[list[float]]
    top: rx.Var[float]


def plot(
    series: rx.Var[list[Series]],
    *,
    title: Content,
    label: Text,
    language: Text,
    zone: Text,
    unit: Text = "",
    caption: Content = "",
    digits: int = 0,
    height: Number = 148,
    axis: Flag = True,
    now: Text = "",
    no_data: Text = "",
    marks: rx.Var[list[Mark]] | None = None,
    named_marks: Flag = True,
    limits: rx.Var[list[Limit]] | None = None,
    stretches: rx.Var[list[Stretch]] | None = None,
    span: rx.Var[list[float]] | None = None,
    top: Number | None = None,
    table: Content | None = None,
    as_table: Flag = False,
    **props: Any,
) -> rx.Component:
    """Lines over time: title and unit above, the value under the crosshair at the right of the same line.

    `span` is the stretch of time shown ([from, to], unix seconds), `top` the upper end of the axis (0 or None: by the
    data), `now` the word at the right end of the axis, `no_data` the word in a hatched stretch without samples;
    `stretches` are shaded.
    Without `axis` it leaves the times to the plot below in a stack, without `named_marks` the words of events to the
    plot above.
    All plots of a page share one crosshair, moved by the pointer or by left and right. `table` is what those see who
    cannot see the plot, in its place while `as_table`. Nothing is drawn before the first numbers are on the page; the
    box has its final height from the start.
    """
    drawing = Plot.create(
        series=series,
        label=label,
        height=height,
        language=language,
        zone=zone,
        mode=resolved_color_mode,
        unit=unit,
        digits=digits,
        now=now,
        axis=axis,
        no_data=no_data,
        named_marks=named_marks,
        **given(marks=marks, limits=limits, stretches=stretches, span=span, top=top),
    )
    return rx.el.figure(
        rx.el.figcaption(
            rx.el.b(title),
            rx.el.span(
                unit if isinstance(caption, str) and not caption else caption,
                class_name="k-caption",
            ),
            rx.el.output(class_name="k-readout"),
        ),
        drawing if table is None else rx.cond(as_table, table, drawing),
        class_name=look(props, "k-plot"),
        **props,
    )
