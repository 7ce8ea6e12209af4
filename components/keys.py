"""The pieces of the page of keys."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]
OFFERS_AWAITED = 6  # most people may do about as much


def new_key(
    *,
    offers: Row,
    errors: Row,
    lasts: Sequence[str],
    usual: str,
    before: str,
    key: Row,
    on_leave: Any,
    on_make: Any,
) -> rx.Component:
    """The form of a new key. `before` stands before the name of each permission in what is sent."""

    def offer(one: Row) -> rx.Component:
        return ui.checkbox(
            one["label"], name=before + one["name"].to(str), default_checked=one["usual"], key=one["name"]
        )

    waiting = rx.fragment(
        *[rx.el.span(ui.skeleton(width="240px"), class_name="k-awaited") for _ in range(OFFERS_AWAITED)]
    )
    permissions = rx.el.fieldset(
        rx.el.legend(t("keys.permissions"), class_name="k-label-text"),
        rx.el.div(rx.cond(offers.length() > 0, rx.foreach(offers, offer), waiting), class_name="k-choices"),
        rx.el.p(t("keys.permissions_help"), id="scopes-help", class_name="k-help"),
        ui.field_error(errors["scopes"], id="scopes"),
        aria_describedby="scopes-help scopes-error",
        class_name="k-field",
    )
    return ui.card(
        ui.form(
            rx.el.p(t("keys.new.text"), class_name="k-second"),
            ui.field(
                ui.text_input(
                    id="key-name",
                    name="name",
                    max_length=200,
                    auto_complete="off",
                    aria_required="true",
                    error=errors["name"],
                    on_blur=on_leave,
                ),
                id="key-name",
                label=t("keys.name"),
                help=t("keys.name_help"),
                error=errors["name"],
            ),
            permissions,
            ui.field(
                ui.select(
                    [(one, t(f"keys.expires.{one}")) for one in lasts],
                    id="key-lasts",
                    name="lasts",
                    default_value=usual,
                ),
                id="key-lasts",
                label=t("keys.expires"),
            ),
            ui.button(t("keys.make"), variant="primary", type="submit"),
            on_submit=on_make,
            reset_on_submit=False,
            key=f"new-{key}",
        ),
        title=t("keys.new"),
        tools=[ui.text_link(t("keys.reference"), href="/api/docs", arrow=True)],
    )


def made(*, secret: Row, name: Row, on_done: Any) -> rx.Component:
    """A new key's secret, for the only time."""
    return rx.cond(
        secret != "",
        ui.callout(
            rx.el.b(t("keys.made")),
            rx.el.p(t("keys.made.text", name=name)),
            rx.el.div(
                ui.copyable(
                    secret,
                    id="key-secret",
                    label=t("keys.secret"),
                    copy=t("common.copy"),
                    copied=t("common.copied"),
                ),
                ui.button(t("keys.done"), variant="quiet", on_click=on_done),
                class_name="k-secret",
            ),
            state="warning",
            role="status",
        ),
        rx.fragment(),
    )


def mine(rows: Row, *, ready: Row, on_revoke: Any) -> rx.Component:
    """One's own keys."""
    none = ui.empty(t("keys.none"), t("keys.none_text"), name="key-round")
    return ui.card(
        rx.cond(
            ready,
            rx.cond(rows.length() > 0, table(rows, on_revoke, t("keys.mine")), none),
            ui.skeleton_rows(3, ("24%", "30%", "12%", "12%")),
        ),
        title=t("keys.mine"),
        flush=True,
    )


def everybody(rows: Row, *, visible: Row, on_revoke: Any) -> rx.Component:
    """All keys, for those who manage people."""
    return rx.cond(
        visible & (rows.length() > 0),
        ui.card(
            table(rows, on_revoke, t("keys.all"), owners=True),
            title=t("keys.all"),
            caption=t("keys.all.caption"),
            flush=True,
        ),
        rx.fragment(),
    )


def ask(*, pending: Row, name: Row, on_confirm: Any, on_dismiss: Any) -> rx.Component:
    """Before a key is revoked."""
    return ui.confirm(
        t("keys.revoke.title", name=name),
        t("keys.revoke.text"),
        id="revoke-key",
        open=pending != "",
        action=t("keys.revoke.action"),
        cancel=t("common.cancel"),
        on_confirm=on_confirm,
        on_cancel=on_dismiss,
    )


def table(rows: Row, on_revoke: Any, label: Row, *, owners: bool = False) -> rx.Component:
    """Keys, each with the button that ends it."""
    columns = ["name", *["owner"] * owners, "permissions", "used", "expires"]
    revoke = ui.head_cell(rx.el.span(t("keys.column.revoke"), class_name="k-hidden"))
    return ui.table(
        [*[ui.head_cell(t(f"keys.column.{name}")) for name in columns], revoke],
        rx.foreach(rows, lambda row: _key(row, on_revoke, owners)),
        label=label,
    )


def _key(row: Row, on_revoke: Any, owners: bool) -> rx.Component:
    return ui.row(
        ui.name_cell(row["name"], " ", rx.el.code(row["prefix"], "…", class_name="k-caption")),
        *([ui.cell(row["owner"], main=True)] if owners else []),
        ui.cell(
            rx.el.span(row["permissions"], class_name="k-ellipsis k-detail", title=row["permissions"]),
            class_name="k-key-may",
        ),
        ui.cell(
            rx.cond(row["used_at"].to(float) > 0, ui.age(row["used_at"]), t("keys.never_used")), second=True
        ),
        ui.cell(row["expires"], second=True),
        ui.cell(
            ui.button(
                t("keys.revoke"),
                size="small",
                variant="danger",
                on_click=on_revoke(row["id"]),
                aria_label=t("keys.revoke.title", name=row["name"]),
            ),
            main=True,
            class_name="k-end",
        ),
        key=row["id"],
    )
