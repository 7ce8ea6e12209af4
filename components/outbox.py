"""Messages that could not be delivered."""

from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]


def troubles(rows: Row, *, more: Row, on_resend: Any, on_give_up: Any) -> rx.Component:
    """Each with whom it is for, since when, why, and what can be done."""
    head = [
        *[ui.head_cell(t(f"outbox.column.{name}")) for name in ("template", "to", "since", "why")],
        ui.head_cell(rx.el.span(t("outbox.column.actions"), class_name="k-hidden")),
    ]
    return ui.card(
        ui.table(
            head,
            rx.foreach(rows, lambda row: _trouble(row, on_resend, on_give_up)),
            label=t("outbox.title"),
            testid="outbox-table",
        ),
        title=t("outbox.title"),
        caption=more,
        tone="warning",
        flush=True,
    )


def _trouble(row: Row, on_resend: Any, on_give_up: Any) -> rx.Component:
    names = {"template": row["template"], "to": row["to"]}
    following = rx.cond(
        row["due_at"] > 0,
        ui.state(rx.fragment(t("outbox.next"), " ", ui.clock(row["due_at"])), state="pending"),
        ui.state(t("outbox.dead"), state="critical"),
    )
    return ui.row(
        ui.name_cell(row["template"]),
        ui.cell(row["to"], main=True),
        ui.cell(ui.age(row["at"], short=True), second=True, main=True),
        ui.cell(
            rx.el.p(following),
            rx.cond(row["why"] != "", rx.el.p(row["why"], class_name="k-caption")),
            rx.cond(row["detail"] != "", rx.el.p(row["detail"], class_name="k-caption k-said")),
            main=True,
            class_name="k-why",
        ),
        ui.cell(
            rx.el.div(
                ui.button(
                    t("outbox.resend"),
                    name="refresh-cw",
                    size="small",
                    busy=False,
                    on_click=on_resend(row["id"]),
                    aria_label=t("outbox.resend_of", **names),
                ),
                ui.button(
                    t("outbox.give_up"),
                    size="small",
                    variant="danger",
                    on_click=on_give_up(row["id"], row["template"], row["to"]),
                    aria_label=t("outbox.give_up_of", **names),
                ),
                class_name="k-row",
            ),
            main=True,
        ),
        key=row["id"],
    )


def confirm(pending: Row, *, on_confirm: Any, on_cancel: Any) -> rx.Component:
    """Asks before a message is deleted unsent."""
    return ui.confirm(
        t("outbox.give_up.title", template=pending["template"], to=pending["to"]),
        t("outbox.give_up.text"),
        id="confirm-outbox",
        open=pending["id"] != "",
        action=t("outbox.give_up"),
        cancel=t("common.cancel"),
        on_confirm=on_confirm(pending["id"]),
        on_cancel=on_cancel,
    )
