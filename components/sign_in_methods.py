"""The pieces of the section of the ways to sign in."""

from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]


def own(rows: Row, *, has_password: Row, problem: Row, on_disconnect: Any) -> rx.Component:
    """The password and each issuer: whether it is a way into this account, to be connected or taken off."""
    password = rx.el.li(
        ui.icon("key-round"),
        rx.el.div(
            rx.el.p(t("methods.password")),
            rx.el.p(
                rx.cond(has_password, t("methods.has_password"), t("methods.no_password")),
                class_name="k-caption",
            ),
            class_name="k-grow",
        ),
    )
    return rx.fragment(
        rx.cond(problem != "", ui.callout(problem, state="warning", role="alert")),
        ui.card(
            rx.el.ul(password, rx.foreach(rows, lambda row: _way(row, on_disconnect)), class_name="k-list"),
            title=t("methods.yours"),
            flush=True,
        ),
    )


def _way(row: Row, on_disconnect: Any) -> rx.Component:
    connected = row["id"] != ""
    return rx.el.li(
        ui.icon("log-in"),
        rx.el.div(
            rx.el.p(row["name"]),
            rx.el.p(
                rx.cond(connected, t("methods.connected"), t("methods.not_connected")),
                " ",
                row["told"],
                class_name="k-caption",
            ),
            class_name="k-grow",
        ),
        rx.cond(
            connected,
            ui.button(
                t("methods.disconnect"), size="small", variant="danger", on_click=on_disconnect(row["id"])
            ),
            # Not for the router: it leaves the app for an address of ours, and that for the issuer.
            rx.el.A.create(t("methods.connect"), href=row["href"], class_name="k-button small"),
        ),
        key=row["name"],
    )


def set_up(rows: Row, *, on_check: Any) -> rx.Component:
    """For admins: each issuer as it is set up, what it must know, and whether it answers."""
    none = ui.card(
        ui.empty(t("methods.none"), t("methods.none_text"), name="globe"), title=t("methods.issuers")
    )
    return rx.cond(rows.length() > 0, rx.fragment(rx.foreach(rows, lambda row: _issuer(row, on_check))), none)


def _issuer(row: Row, on_check: Any) -> rx.Component:
    callback = rx.el.div(
        rx.el.p(t("methods.callback"), class_name="k-label-text"),
        ui.copyable(
            row["callback"],
            id="callback-" + row["key"].to(str),
            label=t("methods.callback"),
            copy=t("methods.callback_copy"),
            copied=t("common.copied"),
        ),
        class_name="k-field k-callback",
    )
    return ui.card(
        rx.el.div(
            ui.key_values((t("methods.url"), row["url"]), (t("methods.roles"), row["roles"])),
            rx.cond(row["domain"] != "", ui.key_values((t("methods.domain"), row["domain"]))),
            callback,
            class_name="k-stack",
        ),
        title=row["name"],
        tools=[ui.button(t("methods.check"), size="small", on_click=on_check(row["key"]))],
        key=row["key"],
    )


def ask(*, open: Row, title: Row, on_confirm: Any, on_cancel: Any) -> rx.Component:
    """Before a way is taken off."""
    return ui.confirm(
        title,
        t("methods.disconnect.text"),
        id="disconnect",
        open=open,
        action=t("methods.disconnect"),
        cancel=t("common.cancel"),
        on_confirm=on_confirm,
        on_cancel=on_cancel,
    )
