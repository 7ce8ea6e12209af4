"""The pieces of a person's page: where they are signed in, and the keys of their programs."""

from typing import Any

import reflex as rx

from components import keys as key_parts
from components import settings as settings_parts
from components import ui
from state.words import t

Row = rx.Var[Any]


def head(who: Row, *, people: str) -> rx.Component:
    """Who it is, and the way back to everybody."""
    return rx.el.div(
        rx.el.span(who["initials"], class_name="k-avatar large", aria_hidden="true"),
        rx.el.div(
            rx.cond(
                who["email"] != "",
                rx.fragment(
                    rx.el.p(who["name"], class_name="k-medium"),
                    rx.el.p(
                        who["email"],
                        rx.cond(who["role"] != "", " · " + who["role"].to(str), ""),
                        class_name="k-caption",
                    ),
                ),
                rx.fragment(ui.skeleton(width="120px"), ui.skeleton(width="200px")),
            ),
            class_name="k-grow k-two-lines",
        ),
        ui.link_button(t("person.everybody"), href=people, name="users"),
        class_name="k-row k-wrap k-person-head",
    )


def nobody(*, people: str) -> rx.Component:
    """The address names nobody of the team."""
    back = ui.link_button(t("person.everybody"), href=people, name="users")
    return ui.card(
        ui.empty(t("person.nobody"), t("person.nobody_text"), name="user-x", actions=[back], level=2)
    )


def sign_ins(rows: Row, *, ready: Row, others: Row, on_end: Any, on_end_all: Any) -> rx.Component:
    """Where the person is signed in, each to be ended, and all together."""
    listed = rx.el.ul(rx.foreach(rows, lambda row: settings_parts.session(row, on_end)), class_name="k-list")
    none = ui.empty(t("person.no_sign_ins"), t("person.no_sign_ins_text"), name="monitor")
    waiting = ui.skeleton_rows(3, ("50%", "12%"), class_name="k-tall")
    return ui.card(
        rx.cond(ready, rx.cond(rows.length() > 0, listed, none), waiting),
        title=t("settings.sessions"),
        caption=t("person.sign_ins.caption"),
        tools=[
            rx.cond(
                others,
                ui.button(t("person.end_all"), size="small", on_click=on_end_all),
                rx.fragment(),
            )
        ],
        flush=True,
        data_testid="sign-ins",
    )


def keys(rows: Row, *, ready: Row, on_revoke: Any, on_revoke_all: Any) -> rx.Component:
    """The keys of the person's programs, each to be ended, and all together."""
    listed = key_parts.table(rows, on_revoke, t("keys.title"))
    none = ui.empty(t("person.no_keys"), t("person.no_keys_text"), name="key-round")
    return ui.card(
        rx.cond(
            ready,
            rx.cond(rows.length() > 0, listed, none),
            ui.skeleton_rows(2, ("24%", "30%", "12%", "12%")),
        ),
        title=t("keys.title"),
        tools=[
            rx.cond(
                rows.length() > 1,
                ui.button(t("person.revoke_all"), size="small", on_click=on_revoke_all),
                rx.fragment(),
            )
        ],
        flush=True,
        data_testid="keys",
    )


def ask(
    question: Row, *, name: Row, on_end_all: Any, on_revoke: Any, on_revoke_all: Any, on_dismiss: Any
) -> rx.Component:
    """Before all sign-ins, a key or all keys end."""

    def confirm(kind: str, title: Any, text: Any, action: Any, on_confirm: Any) -> rx.Component:
        return ui.confirm(
            title,
            text,
            id=f"end-{kind}",
            open=question["kind"] == kind,
            action=action,
            cancel=t("common.cancel"),
            on_confirm=on_confirm,
            on_cancel=on_dismiss,
        )

    return rx.fragment(
        confirm(
            "sign_ins",
            t("person.end_all.title", name=name),
            t("person.end_all.text"),
            t("person.end_all"),
            on_end_all,
        ),
        confirm(
            "key",
            t("keys.revoke.title", name=question["name"]),
            t("keys.revoke.text"),
            t("keys.revoke.action"),
            on_revoke(question["id"]),
        ),
        confirm(
            "keys",
            t("person.revoke_all.title", name=name),
            t("person.revoke_all.text"),
            t("person.revoke_all"),
            on_revoke_all,
        ),
    )
