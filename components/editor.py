"""The frame of an editor: of a rule, a channel or a route, which has a page of its own."""

from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Text
from state.words import t

Row = rx.Var[Any]


def form(
    fields: rx.Component,
    *,
    ready: Row,
    form_key: Row,
    may: Row,
    can_remove: Row,
    label: Text,
    loading: Text,
    read_only: Text,
    remove: Text,
    save: Text,
    back: rx.Component,
    cancel: rx.Component,
    on_save: Any,
    on_ask: Any,
    testid: str,
    problem: Row | None = None,
    note: rx.Component | None = None,
) -> rx.Component:
    """The fields, and below them what can be done with them; their shape while they are on their way.

    `problem` says why it could not be saved or taken away, `note` stands at the left of the buttons. Who may only read
    gets `back` in their place.
    """
    buttons = rx.fragment(
        rx.cond(
            can_remove,
            ui.button(remove, variant="danger", on_click=on_ask, data_testid="remove"),
            rx.fragment(),
        ),
        cancel,
        ui.button(save, variant="primary", type="submit", busy=False, data_testid="save"),
    )
    why_not = (
        rx.fragment()
        if problem is None
        else rx.cond(problem != "", ui.callout(problem, state="warning", role="status"), rx.fragment())
    )
    shown = ui.form(
        rx.cond(may, rx.fragment(), ui.callout(read_only, state="info")),
        why_not,
        fields,
        rx.el.div(note or rx.fragment(), rx.cond(may, buttons, back), class_name="k-rule-foot k-row k-wrap"),
        key=form_key,
        on_submit=on_save,
        reset_on_submit=False,
        aria_label=label,
        class_name="k-rule-form",
        data_testid=testid,
    )
    waiting = rx.el.div(
        *[ui.skeleton_rows(2, ("30%", "60%")) for _ in range(5)],
        role="status",
        aria_label=loading,
        aria_busy="true",
        class_name="k-form k-rule-form",
    )
    return rx.cond(ready, shown, waiting)


def gone(title: Text, text: Text, *, back: rx.Component) -> rx.Component:
    """Where the address names nothing."""
    return ui.empty(title, text, name="search", level=2, actions=[back])


def confirm_remove(
    title: Text, text: Text, *, action: Text, open_: Row, on_confirm: Any, on_cancel: Any
) -> rx.Component:
    """Asks once before it is taken away."""
    return ui.confirm(
        title,
        text,
        id="confirm-remove",
        open=open_,
        action=action,
        cancel=t("common.cancel"),
        on_confirm=on_confirm,
        on_cancel=on_cancel,
    )
