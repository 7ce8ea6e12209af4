"""The pieces of the settings page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import ui
from components.proof import proof
from components.ui.base import Content, Flag, Text
from state.words import t

Row = rx.Var[Any]


@dataclass(frozen=True)
class Section:
    """A page of the settings."""

    name: str
    label: Text
    href: str
    visible: Flag = True


@dataclass(frozen=True)
class Group:
    """Sections under one word."""

    label: Text
    visible: Flag
    sections: Sequence[Section]


def layout(groups: Sequence[Group], *content: Content, name: str) -> rx.Component:
    """A section with the list of all of them beside it, on a phone above it; `name` is the one that is open."""

    def one(section: Section) -> rx.Component:
        link = ui.link(
            section.label,
            href=section.href,
            **ui.given(aria_current="page" if section.name == name else None),
        )
        return rx.cond(section.visible, rx.el.li(link), rx.fragment())

    lists = [
        rx.cond(
            group.visible,
            rx.el.div(rx.el.h2(group.label), rx.el.ul(*[one(section) for section in group.sections])),
            rx.fragment(),
        )
        for group in groups
    ]
    return rx.el.div(
        rx.el.nav(*lists, aria_label=t("settings.sections"), class_name="k-sections"),
        rx.el.div(*content, class_name="k-stack"),
        class_name="k-with-sections",
    )


def must_change() -> rx.Component:
    """Before anything else: the made-up password is replaced."""
    return ui.callout(
        rx.el.b(t("settings.password.must")), " ", t("settings.password.must_text"), state="warning"
    )


def insecure() -> rx.Component:
    """People come over the network and nothing is encrypted."""
    return ui.callout(rx.el.b(t("settings.insecure")), " ", t("settings.insecure_text"), state="warning")


def profile(
    *, name: Row, email: Row, role: Any, errors: Row, saving: Row, on_leave: Any, on_save: Any
) -> rx.Component:
    """Name, address and role; once they are known, so that nothing typed is lost when they come."""
    form = ui.form(
        ui.field(
            ui.text_input(
                id="name",
                name="name",
                default_value=name,
                max_length=200,
                on_blur=on_leave,
                auto_complete="name",
                error=errors["name"],
                key=f"name-{name}",
            ),
            id="name",
            label=t("settings.profile.name"),
            help=t("settings.profile.name_help"),
            error=errors["name"],
        ),
        ui.field(
            ui.text_input(id="email", name="email", type="email", value=email, read_only=True),
            id="email",
            label=t("settings.profile.email"),
            help=t("settings.profile.email_help"),
        ),
        rx.el.div(
            rx.el.span(t("settings.profile.role"), class_name="k-label-text"),
            rx.el.p(role),
            class_name="k-field",
        ),
        ui.button(
            t("settings.profile.save"),
            variant="primary",
            type="submit",
            busy=saving,
            busy_label=t("common.saving"),
        ),
        on_submit=on_save,
    )
    return ui.card(rx.cond(email != "", form, ui.skeleton_rows(5, ("60%",))), title=t("settings.profile"))


def password(*, errors: Row, changed: Row, has_password: Row, on_leave: Any, on_change: Any) -> rx.Component:
    """Another password: the old one once, the new one twice. On leaving a field its length is told, never its text."""
    first = rx.Var("document.getElementById('new').value").to(str)
    leave = {
        "new": lambda text: on_leave("new", text.to(str).length(), True),
        "again": lambda text: on_leave("again", text.to(str).length(), text == first),
    }
    fields = [
        ("new", "new-password", t("settings.password.new_help")),
        ("again", "new-password", None),
    ]
    return ui.card(
        ui.form(
            proof(
                id="current",
                name="current",
                error=errors["current"],
                has_password=has_password,
                aria_required="true",
            ),
            *[
                ui.field(
                    ui.text_input(
                        id=name,
                        name=name,
                        type="password",
                        auto_complete=complete,
                        aria_required="true",
                        max_length=300,
                        error=errors[name],
                        on_blur=leave[name],
                    ),
                    id=name,
                    label=t(f"settings.password.{name}"),
                    error=errors[name],
                    **({"help": help_} if help_ is not None else {}),
                )
                for name, complete, help_ in fields
            ],
            ui.button(t("settings.password.save"), variant="primary", type="submit"),
            on_submit=on_change,
            reset_on_submit=False,
            key=rx.cond(changed, "changed", "unchanged"),
        ),
        title=t("settings.password"),
        id="password",
    )


def own_data(
    *, open: Row, error: Row, has_password: Row, on_ask: Any, on_delete: Any, on_export: Any
) -> rx.Component:
    """All that KeepAI knows of the person: to take along, and to delete."""
    field = proof(id="delete-password", error=error, has_password=has_password, data_k_first="")
    return ui.card(
        rx.el.p(t("settings.data.text")),
        rx.el.div(
            ui.link_button(
                t("settings.data.export"),
                href="/api/v1/account/export",
                name="download",
                custom_attrs={"download": ""},
            ),
            ui.button(t("settings.data.archive"), name="box", on_click=on_export),
            ui.button(t("settings.data.delete"), variant="danger", on_click=on_ask(True)),
            class_name="k-row k-wrap",
        ),
        ui.dialog(
            rx.el.h2(t("settings.data.delete.title")),
            rx.el.p(t("settings.data.delete.text")),
            ui.form(
                field,
                rx.el.div(
                    ui.button(t("common.cancel"), data_k_closes=""),
                    ui.button(t("settings.data.delete"), variant="danger_solid", type="submit"),
                    class_name="k-row k-dialog-actions",
                ),
                on_submit=on_delete,
                reset_on_submit=False,
                key=rx.cond(open, "open", "closed"),
            ),
            id="delete-account",
            label=t("settings.data.delete.title"),
            open=open,
            on_close=on_ask(False),
        ),
        title=t("settings.data"),
        class_name="k-own-data",
    )


def sessions(rows: Row, *, on_end: Any, on_end_others: Any) -> rx.Component:
    """Where the person is signed in, each to be ended."""
    return ui.card(
        rx.cond(
            rows.length() > 0,
            rx.el.ul(rx.foreach(rows, lambda row: session(row, on_end)), class_name="k-list"),
            ui.skeleton_rows(2, ("50%", "12%"), class_name="k-tall"),
        ),
        title=t("settings.sessions"),
        caption=t("settings.sessions.caption"),
        tools=[
            rx.cond(
                rows.length() > 1,
                ui.button(t("settings.sessions.end_others"), size="small", on_click=on_end_others),
                rx.fragment(),
            )
        ],
        flush=True,
    )


def session(row: Row, on_end: Any) -> rx.Component:
    """One place where somebody is signed in, in a list of them."""
    return rx.el.li(
        rx.cond(row["kind"] == "browser", ui.icon("monitor"), ui.icon("terminal")),
        rx.el.div(
            rx.el.p(
                row["device"],
                " ",
                rx.cond(row["current"], ui.fact(t("settings.sessions.current")), rx.fragment()),
            ),
            rx.el.p(
                rx.cond(row["address"] != "", row["address"].to(str) + " · ", ""),
                t("settings.sessions.seen"),
                " ",
                ui.age(row["seen_at"]),
                class_name="k-caption",
            ),
            class_name="k-grow",
        ),
        rx.cond(
            row["current"],
            rx.fragment(),
            ui.button(t("settings.sessions.end"), size="small", variant="danger", on_click=on_end(row["id"])),
        ),
        key=row["id"],
    )
