"""The pieces of the about section of the settings."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Flag
from state.words import t

Row = rx.Var[Any]
# Files of the installation, a command, and an address of it.
HELP = {
    "guide": "docs/user-guide/",
    "doctor": "python -m keepai doctor",
    "api": "/api/docs",
    "security": "SECURITY.md",
}


def program(*, version: Row, commit: Row, licence: Row, facts: Row, ready: Row) -> rx.Component:
    """Which KeepAI this is, and what runs with it."""

    def line(fact: Row) -> rx.Component:
        return rx.el.div(rx.el.dt(fact["name"]), rx.el.dd(fact["value"]), key=fact["name"])

    known = rx.el.dl(
        rx.el.div(
            rx.el.dt(t("about.version")),
            rx.el.dd(
                version,
                rx.cond(commit != "", rx.el.span(" · ", rx.el.code(commit), class_name="k-second")),
            ),
        ),
        rx.el.div(rx.el.dt(t("about.licence")), rx.el.dd(licence)),
        rx.foreach(facts, line),
        class_name="k-facts",
    )
    return ui.card(
        rx.el.p(t("about.what"), class_name="k-second k-about-what"),
        rx.cond(ready, known, ui.skeleton_rows(5, ("30%", "40%"))),
        title=t("common.app"),
    )


def health(*, look: Row, word: Row, parts: Row, ready: Row) -> rx.Component:
    """How KeepAI is, as a whole and part by part."""

    def line(part: Row) -> rx.Component:
        return rx.el.div(
            rx.el.dt(part["label"]),
            rx.el.dd(ui.state(part["word"], state=part["look"])),
            key=part["name"],
        )

    known = rx.fragment(
        rx.el.p(ui.state(word, state=look), class_name="k-medium k-about-what", data_testid="health"),
        rx.el.dl(rx.foreach(parts, line), class_name="k-facts"),
    )
    return ui.card(
        rx.cond(ready, known, ui.skeleton_rows(6, ("40%", "20%"))),
        title=t("about.health"),
        tools=[ui.text_link(t("frame.system"), href="/system", arrow=True)],
    )


def helping() -> rx.Component:
    """Where help is."""
    places = [rx.el.li(t(f"about.help.{name}"), " ", _place(place)) for name, place in HELP.items()]
    return ui.card(rx.el.ul(*places, class_name="k-about-help"), title=t("about.help"))


def _place(place: str) -> rx.Component:
    return ui.text_link(place, href=place) if place.startswith("/") else rx.el.code(place)


def diagnostics(*, visible: Flag) -> rx.Component:
    """What whoever helps needs to know, as a file."""
    return rx.cond(
        visible,
        ui.card(
            rx.el.p(t("about.diagnostics.text")),
            rx.el.p(t("about.diagnostics.without"), class_name="k-second"),
            rx.el.div(
                ui.link_button(
                    t("about.diagnostics.download"),
                    href="/api/v1/diagnostics",
                    name="download",
                    custom_attrs={"download": ""},
                )
            ),
            title=t("about.diagnostics"),
            class_name="k-diagnostics",
        ),
        rx.fragment(),
    )


def packages(rows: Row, *, ready: Row) -> rx.Component:
    """What KeepAI is made of, and under which licence each part is."""

    def line(row: Row) -> rx.Component:
        unknown = rx.el.span(t("about.licence.unknown"), class_name="k-second")
        return ui.row(
            ui.name_cell(row["name"], " ", rx.el.span(row["version"], class_name="k-caption")),
            ui.cell(rx.cond(row["licence"] != "", row["licence"], unknown), main=True),
            key=row["name"],
        )

    table = ui.table(
        [ui.head_cell(t(f"about.column.{name}")) for name in ("package", "licence")],
        rx.foreach(rows, line),
        label=t("about.packages"),
    )
    return ui.card(
        rx.cond(ready, table, ui.skeleton_rows(6, ("34%", "24%"))),
        title=t("about.packages"),
        caption=t("about.packages.caption"),
        flush=True,
    )
