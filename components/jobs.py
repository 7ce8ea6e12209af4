"""The pieces of the page of one's own jobs."""

from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]


def jobs(rows: Row, *, ready: Row, on_cancel: Any, on_retry: Any, on_remove: Any) -> rx.Component:
    """All of them, those that are not over first."""
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _job(row, on_cancel, on_retry, on_remove)),
        aria_label=t("jobs.title"),
        class_name="k-list k-jobs",
    )
    nothing = ui.empty(
        t("jobs.none"),
        t("jobs.none_text"),
        name="list-checks",
        actions=[ui.link_button(t("jobs.none_action"), href="/settings")],
        level=2,
    )
    return ui.card(
        ui.loading(
            rx.cond(rows.length() > 0, listed, nothing),
            ready=ready,
            skeleton=ui.skeleton_rows(3, ("50%", "12%"), class_name="k-tall"),
            label=t("jobs.title"),
        ),
        flush=True,
    )


def _job(row: Row, on_cancel: Any, on_retry: Any, on_remove: Any) -> rx.Component:
    return rx.el.li(
        rx.cond(row["active"], _under_way(row), _over(row)),
        rx.el.div(
            rx.cond(
                row["may_cancel"],
                ui.button(
                    t("jobs.cancel"),
                    size="small",
                    on_click=on_cancel(row["id"]),
                    aria_label=t("jobs.cancel_of", job=row["title"]),
                ),
                rx.fragment(),
            ),
            rx.cond((row["href"] != "") & ~row["active"], _leads(row), rx.fragment()),
            rx.cond(
                row["may_retry"],
                ui.button(
                    t("jobs.retry"),
                    size="small",
                    on_click=on_retry(row["id"]),
                    aria_label=t("jobs.retry_of", job=row["title"]),
                ),
                rx.fragment(),
            ),
            rx.cond(
                row["active"],
                rx.fragment(),
                ui.icon_button(t("jobs.remove_of", job=row["title"]), "x", on_click=on_remove(row["id"])),
            ),
            class_name="k-row k-wrap",
        ),
        key=row["id"],
        data_testid="job",
        data_state=row["state"],
    )


def _under_way(row: Row) -> rx.Component:
    """A bar where it is known how far it is; a word where not."""
    return rx.cond(
        row["known"],
        ui.progress(row["percent"], label=row["title"], detail=row["detail"], figure=row["figure"]),
        rx.el.div(
            rx.el.p(
                rx.el.span(row["title"], class_name="k-medium"),
                " ",
                ui.badge(row["word"], state=row["look"], name="loader-circle"),
            ),
            rx.el.p(row["detail"], class_name="k-caption"),
            class_name="k-grow",
        ),
    )


def _over(row: Row) -> rx.Component:
    return rx.el.div(
        rx.el.p(
            rx.el.span(row["title"], class_name="k-medium"), " ", ui.badge(row["word"], state=row["look"])
        ),
        rx.cond(row["error"] != "", rx.el.p(row["error"]), rx.fragment()),
        rx.el.p(
            rx.cond(row["said"] != "", row["said"].to(str) + " · ", ""),
            ui.age(row["at"]),
            class_name="k-caption",
        ),
        class_name="k-grow",
    )


def _leads(row: Row) -> rx.Component:
    """To what came of it."""
    return rx.cond(
        row["download"],
        # Past the router: it is no page.
        rx.el.A.create(
            ui.icon("download"),
            rx.el.span(t("jobs.download")),
            href=row["href"],
            download="",
            aria_label=t("jobs.download_of", job=row["title"]),
            class_name="k-button small",
        ),
        ui.link_button(
            t("jobs.open"), href=row["href"], size="small", aria_label=t("jobs.open_of", job=row["title"])
        ),
    )
