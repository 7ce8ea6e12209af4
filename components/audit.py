"""The pieces of the audit page."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Text
from state.words import t

Row = rx.Var[Any]
COLUMNS = ("when", "actor", "action", "object", "address", "outcome", "details")


def filters(
    *,
    actor: Row,
    actor_name: Row,
    object: Row,
    object_name: Row,
    action: Row,
    outcome: Row,
    span: Row,
    filtered: Row,
    key: Row,
    groups: Sequence[str],
    outcomes: Sequence[str],
    spans: Sequence[str],
    on_search: Any,
    on_narrow: Any,
    on_clear: Any,
) -> rx.Component:
    """Whom, what, which kind of action, how it ended, since when."""

    def chosen(name: str, value: Row, words: Row, icon: str) -> rx.Component:
        """One person or thing that the list follows; pressing lets it go."""
        return ui.button(
            rx.fragment(words, ui.icon("x", size=14)),
            name=icon,
            size="small",
            aria_label=t("audit.follow_no_more", name=words),
            on_click=on_narrow(name, value),
            class_name="k-chosen",
        )

    def find(name: str, value: Row) -> rx.Component:
        return ui.search_field(
            label=t(f"audit.search.{name}"),
            value=value,
            on_change=on_search(name),
            shortcut=name == "actor",
            key=f"{name}-{key}",
        )

    def pick(name: str, value: Row, options: Sequence[tuple[str, Text]]) -> rx.Component:
        return ui.select(
            options,
            id=f"audit-{name}",
            name=name,
            value=value,
            on_change=lambda picked: on_narrow(name, picked),
            aria_label=t(f"audit.filter.{name}"),
        )

    followed = rx.el.div(
        rx.cond(is_id(actor), chosen("actor", actor, actor_name, "user"), rx.fragment()),
        rx.cond(object.contains(":"), chosen("object", object, object_name, "box"), rx.fragment()),
        class_name="k-row k-wrap k-followed",
    )
    return rx.el.div(
        rx.cond(is_id(actor), rx.fragment(), find("actor", actor)),
        rx.cond(object.contains(":"), rx.fragment(), find("object", object)),
        pick(
            "action",
            action,
            [("", t("audit.any_action")), *[(one, t(f"audit.group.{one}")) for one in groups]],
        ),
        pick(
            "outcome",
            outcome,
            [("", t("audit.any_outcome")), *[(one, t(f"audit.outcome.{one}")) for one in outcomes]],
        ),
        pick("span", span, [(one, t(f"audit.span.{one}")) for one in spans]),
        rx.cond(filtered, ui.button(t("audit.clear"), variant="quiet", on_click=on_clear), rx.fragment()),
        followed,
        class_name="k-toolbar k-audit-filters",
    )


def is_id(actor: Row) -> rx.Var[bool]:
    """Whether the filter follows one person, and is not a part of a name."""
    return (actor.length() == 32) | (actor == "machine") | (actor == "nobody")


def events(
    rows: Row,
    *,
    ready: Row,
    filtered: Row,
    more: Row,
    on_more: Any,
    on_narrow: Any,
    on_clear: Any,
    downloads: tuple[Text, Text],
    chain: rx.Component,
) -> rx.Component:
    """What was done, newest first."""
    head = [
        ui.head_cell(t(f"audit.column.{name}"))
        for name in ("when", "actor", "action", "object", "address", "outcome")
    ]
    table = ui.table(
        [*head, ui.head_cell(rx.el.span(t("audit.column.details"), class_name="k-hidden"))],
        rx.foreach(rows, lambda row: _event(row, on_narrow)),
        label=t("audit.title"),
        testid="audit-table",
    )
    everything = rx.cond(filtered, ui.button(t("audit.clear"), on_click=on_clear), rx.fragment())
    none = ui.empty(t("audit.none"), t("audit.none_text"), name="list-filter", actions=[everything])
    return ui.card(
        rx.cond(
            ready,
            rx.cond(rows.length() > 0, table, none),
            ui.skeleton_rows(12, ("18%", "14%", "18%", "20%", "10%")),
        ),
        rx.cond(
            more != "",
            rx.el.div(ui.button(t("audit.more"), on_click=on_more), class_name="k-more-rows"),
            rx.fragment(),
        ),
        title=t("audit.title"),
        tools=[chain, ui.downloads((t("common.download_csv"), t("common.download_json")), downloads)],
        flush=True,
        class_name="k-audit",
    )


def chain(*, verdict: Row, text: Row, checking: Row, on_check: Any) -> rx.Component:
    """Whether the chain holds, once somebody asked."""
    badge = rx.match(
        verdict,
        ("ok", ui.badge(text, state="ok")),
        ("critical", ui.badge(text, state="critical")),
        rx.fragment(),
    )
    return rx.fragment(
        badge,
        ui.button(
            t("audit.chain.check"),
            name="link",
            size="small",
            busy=checking,
            busy_label=t("audit.chain.checking"),
            on_click=on_check,
        ),
    )


def _event(row: Row, on_narrow: Any) -> rx.Component:
    def followed(name: str, value: Row, words: Row) -> rx.Component:
        link = rx.el.button(
            words, type="button", on_click=on_narrow(name, value), class_name="k-follow k-ellipsis"
        )
        return rx.cond((value != "") & (words != ""), link, rx.el.span(words, class_name="k-ellipsis"))

    failed = rx.cond(
        row["outcome"] != "ok",
        rx.el.span(ui.state(row["word"], state=row["outcome"]), class_name="k-phone-only"),
        rx.fragment(),
    )
    arrow = rx.el.details(
        rx.el.summary(ui.icon("chevron-down"), aria_label=t("audit.details_of", action=row["action"]))
    )
    return rx.fragment(
        ui.row(
            ui.cell(ui.age(row["at"], short=True, custom_attrs={"title": row["when"]}), second=True),
            ui.name_cell(
                followed("actor", row["actor_id"], row["actor"]),
                rx.el.span(ui.age(row["at"]), class_name="k-phone-only k-caption"),
            ),
            ui.cell(row["action"], failed, main=True),
            ui.cell(followed("object", row["object_query"], row["object"])),
            ui.cell(rx.el.span(row["address"], class_name="k-ellipsis", title=row["address"]), second=True),
            ui.cell(ui.state(row["word"], state=row["outcome"])),
            ui.cell(arrow, main=True, class_name="k-arrow"),
        ),
        rx.el.tr(rx.el.td(_details(row), col_span=len(COLUMNS), class_name="main"), class_name="k-details"),
        key=row["id"],
    )


def _details(row: Row) -> rx.Component:
    """What changed, when exactly, and by which program: the row below, which the arrow opens."""
    changes = row["changes"].to(list[dict[str, str]])
    return rx.fragment(
        rx.el.p(
            row["when"],
            rx.cond(row["object"] != "", " · " + row["object"].to(str), ""),
            class_name="k-caption",
        ),
        rx.el.dl(
            rx.foreach(
                changes,
                lambda one: rx.el.div(
                    rx.el.dt(one["name"]),
                    rx.el.dd(
                        rx.cond(one["before"] != "", rx.fragment(one["before"], " → "), rx.fragment()),
                        one["after"],
                    ),
                    key=one["name"],
                ),
            ),
            class_name="k-facts",
        ),
        rx.el.p(row["more"], class_name="k-caption"),
    )
