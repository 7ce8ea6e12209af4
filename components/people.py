"""The pieces of the people page: the team, what each role may do, and what is asked and shown once."""

from collections.abc import Mapping, Sequence
from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]
COLUMNS = ("person", "role", "second", "seen", "actions")


def team(
    rows: Row,
    *,
    counts: Row,
    ready: Row,
    roles: Sequence[str],
    on_search: Any,
    on_invite: Any,
    on_role: Any,
    on_reset: Any,
    on_ask: Any,
    on_reactivate: Any,
) -> rx.Component:
    """Everybody, with what can be done about each."""

    def line(row: Row) -> rx.Component:
        return ui.row(
            ui.name_cell(
                rx.el.span(
                    rx.el.span(row["initials"], class_name="k-avatar", aria_hidden="true"),
                    rx.el.span(
                        rx.el.span(row["name"], class_name="k-medium k-ellipsis"),
                        rx.el.span(row["email"], class_name="k-caption k-ellipsis"),
                        class_name="k-two-lines",
                    ),
                    class_name="k-row",
                )
            ),
            ui.cell(_role(row, roles, on_role), main=True),
            ui.cell(_second(row)),
            ui.cell(_seen(row), second=True),
            ui.cell(_menu(row, on_reset, on_ask, on_reactivate), main=True, class_name="k-actions"),
            dim=row["state"] == "deactivated",
            key=row["id"],
            data_testid="person",
            data_state=row["state"],
        )

    head = [
        *[ui.head_cell(t(f"people.column.{name}")) for name in COLUMNS[:-1]],
        ui.head_cell(rx.el.span(t("people.column.actions"), class_name="k-hidden")),
    ]
    table = ui.table(head, rx.foreach(rows, line), label=t("people.title"), testid="people-table")
    none = ui.empty(t("people.none"), t("people.none_text"), name="users")
    waiting = ui.skeleton_rows(5, ("28%", "14%", "18%"), class_name="k-tall")
    return ui.card(
        rx.cond(ready, rx.cond(rows.length() > 0, table, none), waiting),
        title=t("people.title"),
        caption=counts,
        tools=[
            ui.search_field(label=t("people.search"), on_change=on_search),
            ui.button(t("people.invite"), name="user-plus", variant="primary", on_click=on_invite),
        ],
        flush=True,
        class_name="k-people",
    )


def permissions(grants: Mapping[str, frozenset[str]], roles: Sequence[str]) -> rx.Component:
    """What each role may do; the same table is checked on the screen, over HTTP and in long work."""
    names = sorted({name for granted in grants.values() for name in granted})
    shown = sorted(names, key=lambda name: (-sum(name in grants[role] for role in roles), name))

    def granted(role: str, name: str) -> rx.Component:
        if name in grants[role]:
            return ui.cell(
                rx.el.span(
                    ui.icon("check"), rx.el.span(t("people.may"), class_name="k-hidden"), class_name="k-may"
                ),
                main=True,
            )
        return ui.cell(
            rx.el.span("–", aria_hidden="true"),
            rx.el.span(t("people.may_not"), class_name="k-hidden"),
            second=True,
        )

    table = ui.table(
        [ui.head_cell(t("people.permission")), *[ui.head_cell(t(f"settings.role.{role}")) for role in roles]],
        *[
            ui.row(
                ui.name_cell(t(f"people.permission.{name}")),
                *[granted(role, name) for role in roles],
                data_permission=name,
            )
            for name in shown
        ],
        label=t("people.permissions"),
        cards=False,
    )
    return ui.card(
        table,
        title=t("people.permissions"),
        caption=t("people.permissions.caption"),
        flush=True,
        class_name="k-permissions",
    )


def invite(*, open: Row, errors: Row, roles: Sequence[str], on_invite: Any, on_close: Any) -> rx.Component:
    """To whom, and what they will be able to do."""
    return ui.dialog(
        rx.el.h2(t("people.invite.title")),
        rx.el.p(t("people.invite.text")),
        ui.form(
            ui.field(
                ui.text_input(
                    id="invite-email",
                    name="email",
                    type="email",
                    auto_complete="off",
                    max_length=254,
                    error=errors["email"],
                    data_k_first="",
                ),
                id="invite-email",
                label=t("settings.profile.email"),
                error=errors["email"],
            ),
            ui.field(
                ui.select(
                    [(role, t(f"settings.role.{role}")) for role in reversed(roles)],
                    id="invite-role",
                    name="role",
                    error=errors["role"],
                ),
                id="invite-role",
                label=t("settings.profile.role"),
                help=t("people.invite.role_help"),
                error=errors["role"],
            ),
            rx.el.div(
                ui.button(t("common.cancel"), data_k_closes=""),
                ui.button(t("people.invite.make"), variant="primary", type="submit"),
                class_name="k-row k-dialog-actions",
            ),
            on_submit=on_invite,
            reset_on_submit=False,
            key=rx.cond(open, "open", "closed"),
        ),
        id="invite",
        label=t("people.invite.title"),
        open=open,
        on_close=on_close,
    )


def link(shown: Row, *, on_close: Any) -> rx.Component:
    """A link that is shown this once."""
    return ui.dialog(
        rx.el.h2(shown["title"]),
        rx.el.p(shown["text"]),
        ui.copyable(
            shown["url"], id="link", label=t("people.link"), copy=t("common.copy"), copied=t("common.copied")
        ),
        rx.el.p(t("people.link.once"), class_name="k-second"),
        rx.el.div(
            ui.button(t("common.close"), variant="primary", data_k_closes=""),
            class_name="k-row k-dialog-actions",
        ),
        id="one-time-link",
        label=shown["title"],
        open=shown["url"] != "",
        on_close=on_close,
        kind="wide",
    )


def confirm(
    pending: Row, *, on_deactivate: Any, on_withdraw: Any, on_unguard: Any, on_cancel: Any
) -> rx.Component:
    """Asks before access ends."""
    events = {"deactivate": on_deactivate, "withdraw": on_withdraw, "unguard": on_unguard}
    return rx.fragment(
        *[
            ui.confirm(
                t(f"people.{kind}.title", name=pending["name"]),
                t(f"people.{kind}.text"),
                id=f"confirm-{kind}",
                open=pending["kind"] == kind,
                action=t(f"people.{kind}"),
                cancel=t("common.cancel"),
                on_confirm=event(pending["id"]),
                on_cancel=on_cancel,
            )
            for kind, event in events.items()
        ]
    )


def _role(row: Row, roles: Sequence[str], on_role: Any) -> rx.Component:
    select = ui.select(
        [*[(role, t(f"settings.role.{role}")) for role in roles]],
        id=f"role-{row['id']}",
        name="role",
        value=row["role"],
        on_change=lambda role: on_role(row["id"], role),
        aria_label=t("people.role_of", name=row["name"]),
    )
    fixed = rx.fragment(
        row["role_word"],
        rx.cond(row["oneself"], rx.el.span(" ", t("people.oneself"), class_name="k-caption")),
    )
    return rx.cond((row["state"] == "active") & ~row["oneself"].to(bool), select, fixed)


def _second(row: Row) -> rx.Component:
    """Whether a code is asked for besides the password."""
    word = rx.cond(
        row["guarded"],
        ui.state(t("second.on"), state="ok"),
        rx.el.span(t("second.off"), class_name="k-second"),
    )
    return rx.cond(row["state"] == "active", word, rx.fragment())


def _seen(row: Row) -> rx.Component:
    return rx.match(
        row["state"],
        (
            "invited",
            rx.el.span(ui.icon("mail"), t("people.invited_until", age=row["until"]), class_name="k-row"),
        ),
        ("deactivated", rx.el.span(ui.icon("user-x"), t("people.deactivated"), class_name="k-row")),
        rx.cond(row["seen_at"].to(float) > 0, ui.age(row["seen_at"]), t("people.never_seen")),
    )


def _menu(row: Row, on_reset: Any, on_ask: Any, on_reactivate: Any) -> rx.Component:
    done = "/settings/audit?span=all&actor=" + row["id"].to(str)
    audit = ui.menu_item(t("people.audit"), name="history", href=done)
    active = rx.fragment(
        ui.menu_item(t("person.title"), name="monitor", href="/settings/people/" + row["id"].to(str)),
        ui.menu_item(t("people.offer_reset"), name="key-round", on_click=on_reset(row["id"])),
        audit,
        rx.cond(
            row["guarded"] & ~row["oneself"].to(bool),
            ui.menu_item(t("people.unguard"), name="shield", on_click=on_ask("unguard", row["id"])),
            rx.fragment(),
        ),
        rx.cond(
            row["oneself"],
            rx.fragment(),
            ui.menu_item(
                t("people.deactivate"), name="user-x", danger=True, on_click=on_ask("deactivate", row["id"])
            ),
        ),
    )
    items = rx.match(
        row["state"],
        (
            "invited",
            ui.menu_item(t("people.withdraw"), name="x", danger=True, on_click=on_ask("withdraw", row["id"])),
        ),
        (
            "deactivated",
            rx.fragment(
                ui.menu_item(t("people.reactivate"), name="undo-2", on_click=on_reactivate(row["id"])), audit
            ),
        ),
        active,
    )
    return ui.menu(
        items, id=f"person-{row['id']}", label=t("people.menu", name=row["name"]), trigger=ui.icon("ellipsis")
    )
