"""The pieces of the dashboard. They take values and events, and know no state."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Text
from state.words import Words, t

Row = rx.Var[Any]

TILE_LINKS = {
    "workers": "/workers",
    "threads": "/workers?sort=-threads",
    "memory": "/workers?sort=-memory",
    "cpu": "/workers?sort=-cpu",
    "tasks": "/workers?sort=-tasks",
    "services": "/system",
}


def tiles(values: Row, sparks: Row, *, ready: Any) -> rx.Component:
    """The six figures, each a link to where it comes from."""
    return rx.el.section(
        *[_tile(name, values, sparks, ready) for name in TILE_LINKS],
        aria_label=t("dashboard.now"),
        class_name="k-tiles k-fades",
    )


def _tile(name: str, values: Row, sparks: Row, ready: Any) -> rx.Component:
    tile = values[name]
    shown = ui.tile(
        t(f"dashboard.tile.{name}"),
        tile["figure"],
        unit=tile["unit"],
        context=tile["context"],
        spark=sparks[name],
        href=TILE_LINKS[name],
        exact=tile["exact"],
        testid=f"tile-{name}",
    )
    return rx.cond(ready, shown, ui.skeleton_tile())


def attention(
    alerts: Row, others: Row, *, count: Row, said: Row, may_act: Row, on_acknowledge: Any
) -> rx.Component:
    """What needs a person first: alerts, `count` in all, then what no rule watches for; absent when nothing does."""
    every = ui.text_link(t("dashboard.attention.all", count=count), href="/alerts", arrow=True)
    return rx.cond(
        (alerts.length() > 0) | (others.length() > 0),
        ui.card(
            rx.el.ul(
                rx.foreach(
                    alerts, lambda row: _urgent_row(row, may_act=may_act, on_acknowledge=on_acknowledge)
                ),
                rx.foreach(others, _attention_row),
                class_name="k-attention",
            ),
            title=t("dashboard.attention"),
            caption=said,
            tools=[rx.cond(count > alerts.length(), every, rx.fragment())],
            flush=True,
            tone="critical",
            data_testid="attention",
        ),
    )


def _urgent_row(row: Row, *, may_act: Row, on_acknowledge: Any) -> rx.Component:
    owner = rx.cond(
        row["owner"] != "",
        rx.fragment(rx.el.span(row["initials"], class_name="k-avatar small"), rx.el.span(row["owner"])),
        rx.fragment(ui.icon("user"), rx.el.span(t("dashboard.attention.nobody"))),
    )
    mine = rx.cond(
        row["acknowledged"],
        rx.el.span(ui.icon("check", size=14), t("alerts.acknowledged"), class_name="k-row k-attention-mine"),
        rx.cond(
            may_act,
            ui.button(
                t("alerts.acknowledge"),
                variant="primary",
                size="small",
                busy=False,
                on_click=on_acknowledge(row["id"]),
                aria_label=t("dashboard.attention.acknowledge", name=row["title"]),
            ),
            rx.fragment(),
        ),
    )
    return rx.el.li(
        ui.badge(row["word"], state=row["look"], name=row["icon"]),
        rx.el.span(
            ui.link(row["title"], href=f"/alerts?alert={row['id']}", class_name="k-plain k-medium"),
            " ",
            ui.age(row["at"]),
            rx.cond(row["text"] != "", rx.el.span(" · ", row["text"], class_name="k-second"), rx.fragment()),
            class_name="k-grow",
        ),
        rx.el.span(owner, class_name="k-row k-attention-owner"),
        rx.el.span(
            mine,
            rx.cond(
                row["see"] != "",
                ui.link_button(t("attention.see_worker"), href=row["see"], size="small"),
                rx.fragment(),
            ),
            class_name="k-row k-attention-do",
        ),
        key=row["id"],
        data_look=row["look"],
        data_testid="attention-row",
    )


def _attention_row(row: Row) -> rx.Component:
    return rx.el.li(
        ui.badge(
            rx.cond(row["look"] == "critical", t("states.critical"), t("states.warning")), state=row["look"]
        ),
        rx.el.span(
            rx.el.b(row["title"]),
            " ",
            ui.age(row["since"]),
            " ",
            rx.el.span(row["text"], class_name="k-second"),
            class_name="k-grow",
        ),
        rx.el.span(
            ui.link_button(row["action"], href=row["href"], size="small"), class_name="k-row k-attention-do"
        ),
        key=row["key"],
        data_look=row["look"],
    )


def groups(rows: Row, *, compute: Row) -> rx.Component:
    """Task groups at work, each with its progress."""
    return ui.card(
        rx.cond(
            rows.length() > 0, rx.el.ul(rx.foreach(rows, _group), class_name="k-list"), no_groups(compute)
        ),
        title=t("dashboard.groups"),
        flush=True,
        class_name="k-fades",
    )


def no_groups(compute: Row) -> rx.Component:
    """Nothing runs, or nobody knows what runs."""
    return rx.match(
        compute["state"],
        ("waiting", ui.skeleton_rows(2, ("50%", "12%"))),
        ("out_of_reach", rx.el.p(t("system.away_text"), class_name="k-quiet")),
        rx.el.p(t("dashboard.groups.none"), class_name="k-quiet"),
    )


def _group(row: Row) -> rx.Component:
    return rx.el.li(
        ui.progress(row["percent"], label=row["name"], detail=row["text"], figure=row["share"]),
        key=row["name"],
    )


def events(rows: Row, *, ready: Any, downloads: tuple[Text, Text]) -> rx.Component:
    """The newest events of workers."""
    none = rx.el.p(t("dashboard.events.none"), class_name="k-quiet")
    return ui.card(
        rx.cond(
            rows.length() > 0,
            rx.el.ul(rx.foreach(rows, event_line), class_name="k-list"),
            rx.cond(ready, none, ui.skeleton_rows(5, ("60%", "16%"))),
        ),
        title=t("dashboard.events"),
        tools=[event_downloads(downloads)],
        flush=True,
        class_name="k-grow",
    )


def event_downloads(hrefs: tuple[Text, Text]) -> rx.Component:
    """Events as files; their own words, since a page offers other files as well."""
    return ui.downloads((t("dashboard.events.csv"), t("dashboard.events.json")), hrefs)


def event_line(row: Row) -> rx.Component:
    """One event: its state's icon, the worker, what happened, how long ago."""
    return rx.el.li(
        rx.el.span(ui.icon(f"s-{row['look']}"), class_name=f"k-word s-{row['look']}"),
        rx.el.span(
            ui.link(row["worker"], href=row["href"], class_name="k-plain"),
            " ",
            row["text"],
            class_name="k-grow",
        ),
        ui.age(row["at"]),
        key=row["key"],
    )


def plots(
    figures: Row,
    *,
    ready: Any,
    empty: Any,
    span: Row,
    zone: Row,
    range_: Row,
    options: Any,
    downloads: tuple[Text, Text],
    as_table: Any,
    on_range: Any,
    on_table: Any,
) -> rx.Component:
    """The plots of one range, with the range control once for all of them."""
    ranges = [(name, t(f"dashboard.range.{name}")) for name in options]
    title = rx.match(range_, *[(name, t(f"dashboard.range.title.{name}")) for name in options], "")
    body = rx.cond(
        empty,
        ui.empty(t("dashboard.plot.nothing"), t("dashboard.plot.nothing_text"), name="activity"),
        rx.foreach(
            figures,
            lambda figure, place: figure_of(
                figure,
                span=span,
                zone=zone,
                as_table=as_table,
                first=place == 0,
                last=place == figures.length() - 1,
            ),
        ),
    )
    return ui.card(
        rx.cond(ready, body, rx.fragment(*[ui.skeleton_box(height="188px") for _ in range(3)])),
        title=title,
        tools=[
            ui.segmented(ranges, value=range_, label=t("dashboard.range.label"), on_change=on_range),
            ui.icon_button(t("common.as_table"), "table-2", pressed=as_table, on_click=on_table),
            ui.downloads((t("common.download_csv"), t("common.download_json")), downloads),
        ],
        class_name="k-plots k-fades",
    )


def figure_of(
    figure: Row, *, span: Row, zone: Row, first: Any, last: Any, as_table: Any = False
) -> rx.Component:
    """One plot, or its figures as a table. In a stack of them the first names the events, the last has the times."""
    return ui.plot(
        figure["series"],
        title=figure["title"],
        caption=figure["caption"],
        unit=figure["unit"],
        digits=figure["digits"],
        label=figure["label"],
        language=Words.language,
        zone=zone,
        marks=figure["marks"],
        limits=figure["limits"],
        top=figure["top"],
        span=span,
        now=t("common.now"),
        no_data=t("common.no_data"),
        axis=last,
        height=rx.cond(last, 148, 130),
        named_marks=first,
        table=_figures(figure),
        as_table=as_table,
        key=figure["key"],
    )


def _figures(figure: Row) -> rx.Component:
    return ui.table(
        [
            ui.head_cell(t("dashboard.plot.time")),
            rx.foreach(figure["heads"], lambda head: ui.head_cell(head, number=True)),
        ],
        rx.foreach(
            figure["table"],
            lambda row: ui.row(
                ui.name_cell(ui.clock(row["at"])),
                rx.foreach(row["values"], lambda value: ui.cell(value, number=True, main=True)),
                key=row["at"],
            ),
        ),
        label=figure["title"],
        compact=True,
        cards=False,
    )


def checklist(*, live: Any, model: Any, mail: Any, admin: Any, on_hide: Any) -> rx.Component:
    """The first steps of a new installation, each ticked off by what is there."""
    steps = [("scheduler", live), ("model", model), ("mail", mail), ("admin", admin)]
    return ui.card(
        rx.el.ol(*[_step(name, done) for name, done in steps], class_name="k-list k-steps"),
        title=t("dashboard.checklist"),
        tools=[ui.button(t("dashboard.checklist.hide"), variant="quiet", size="small", on_click=on_hide)],
        flush=True,
    )


def _step(name: str, done: Any) -> rx.Component:
    return rx.el.li(
        rx.cond(
            done,
            rx.el.span(ui.icon("circle-check"), class_name="k-word s-ok"),
            rx.el.span(ui.icon("circle-dashed"), class_name="k-word s-not_configured"),
        ),
        rx.el.div(
            rx.el.p(t(f"dashboard.checklist.{name}"), class_name="k-medium"),
            rx.cond(
                done, rx.fragment(), rx.el.p(t(f"dashboard.checklist.{name}_text"), class_name="k-caption")
            ),
            class_name="k-grow",
        ),
    )


def compute_strip(compute: Row) -> rx.Component:
    """On every page: since when the compute is out of reach, or that it can only be read."""
    return rx.match(
        compute["state"],
        (
            "out_of_reach",
            ui.strip(
                rx.el.b(t("dashboard.away")),
                " ",
                ui.age(compute["since"]),
                ". ",
                rx.cond(compute["reason"] != "", compute["reason"], t("dashboard.away_text")),
                state="critical",
                name="unplug",
                data_testid="compute-away",
            ),
        ),
        rx.cond(compute["readonly"], ui.strip(t("system.readonly"), name="eye", state="info"), rx.fragment()),
    )


def no_workers(compute: Row) -> rx.Component:
    """The quiet state of a compute without workers, and what brings the first one."""
    start = rx.el.code(compute["command"], class_name="k-command")
    return ui.card(
        ui.empty(
            t("dashboard.empty"),
            rx.cond(compute["embedded"], t("dashboard.empty_embedded"), t("dashboard.empty_text")),
            name="server",
            actions=[rx.cond(compute["embedded"], rx.fragment(), start)],
            level=2,
        )
    )
