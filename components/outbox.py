"""Messages that could not be delivered."""

from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]


def troubles(rows: Row, *, more: Row, on_resend: Any, on_give_up: Any) -> rx.Component:
    """Each with whom it is for, since when, why, and what can be done."""
    return ui.card(
        rx.el.ul(
            rx.foreach(rows, lambda row: _trouble(row, on_resend, on_give_up)),
            class_name="k-list k-troubles",
            data_testid="troubles",
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
        ui.state(t("outbox.dead"), state="warning"),
    )
    actions = [
        ui.button(
            t("outbox.resend"),
            size="small",
            name="refresh-cw",
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
    ]
    return rx.el.li(
        ui.icon("mail"),
        rx.el.div(
            rx.el.p(rx.el.span(t("outbox.for", **names), class_name="k-medium"), " ", following),
            rx.el.p(row["why"], rx.cond(row["detail"] != "", rx.el.span(" ", row["detail"]))),
            rx.el.p(ui.age(row["at"]), class_name="k-caption"),
            class_name="k-grow k-said",
        ),
        rx.el.div(*actions, class_name="k-row"),
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
