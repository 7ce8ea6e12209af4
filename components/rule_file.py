"""Rules as a file: what gives it out, and what takes one in."""

from typing import Any

import reflex as rx

from components import ui
from services.alerts.rule_file import BEGINNING
from state.words import t

Row = rx.Var[Any]
LONGEST = 500_000  # characters in the field; longer ones go by the API
ICONS = {"created": ("plus", "ok"), "changed": ("refresh-cw", "info"), "removed": ("trash-2", "critical")}


def export() -> rx.Component:
    """The rules as a file."""
    return rx.el.A.create(  # past the router, from our own server
        ui.icon("download"),
        rx.el.span(t("rule_file.export")),
        href="/api/v1/alert-rules.yaml",
        download="keepai-rules.yaml",
        class_name="k-button",
        data_tip=t("rule_file.export.tip"),
        data_testid="export-rules",
    )


def form(
    *,
    key: Row,
    error: Row,
    mistakes: Row,
    rows: Row,
    said: Row,
    looked: Row,
    can_apply: Row,
    busy: Row,
    on_look: Any,
    on_apply: Any,
    on_cancel: Any,
) -> rx.Component:
    """A file or a text, what it would change, and the button that does it."""
    look = ui.button(
        t("rule_file.look"),
        type="submit",
        busy=busy,
        variant="normal",
        data_testid="look-at-rules",
    )
    apply = rx.cond(
        can_apply,
        ui.button(
            t("rule_file.apply"),
            variant="primary",
            busy=busy,
            on_click=on_apply,
            data_testid="apply-rules",
        ),
        rx.fragment(),
    )
    chosen = rx.el.div(  # outside of the form: its text is what is sent
        rx.el.p(t("rule_file.text"), class_name="k-second"),
        rx.el.div(
            rx.el.label(  # in place of the browser's own button, which speaks the browser's language
                ui.icon("file-text"),
                rx.el.span(t("rule_file.file")),
                rx.el.input(
                    type="file",
                    id="rules-chosen",
                    accept=".yaml,.yml,.txt,application/yaml,text/plain",
                    class_name="k-unseen",
                    data_k_reads="rules-text",
                ),
                class_name="k-button k-file",
            )
        ),
        class_name="k-form",
    )
    return ui.card(
        chosen,
        ui.form(
            ui.field(
                ui.text_area(
                    id="rules-text",
                    name="text",
                    error=error,
                    rows=10,
                    max_length=LONGEST,
                    spell_check=False,
                    placeholder=BEGINNING,
                    class_name="k-mono",
                ),
                id="rules-text",
                label=t("rule_file.content"),
                error=error,
            ),
            ui.checkbox(t("rule_file.remove"), name="remove", id="rules-remove"),
            rx.cond(mistakes.length() > 0, _mistakes(mistakes), rx.fragment()),
            rx.cond(looked, _plan(rows, said), rx.fragment()),
            rx.el.div(
                ui.button(t("common.cancel"), variant="quiet", on_click=on_cancel, data_k_escape=""),
                look,
                apply,
                class_name="k-row k-form-actions",
            ),
            on_submit=on_look,
            reset_on_submit=False,
            key=key,
            aria_label=t("rule_file.import"),
            data_testid="rules-form",
        ),
        title=t("rule_file.title"),
        class_name="k-windows k-rule-file",
    )


def _mistakes(mistakes: Row) -> rx.Component:
    """All that is wrong with it: nothing of it is done."""
    listed = rx.el.ul(
        rx.foreach(
            mistakes,
            lambda one: rx.el.li(
                rx.el.b(one["rule"]),
                rx.cond(one["field"] != "", rx.fragment(" ", rx.el.code(one["field"])), rx.fragment()),
                " ",
                one["why"],
                key=one["key"],
            ),
        ),
        class_name="k-rule-mistakes",
    )
    return ui.callout(
        rx.fragment(rx.el.b(t("rule_file.wrong")), listed), state="critical", data_testid="rule-mistakes"
    )


def _plan(rows: Row, said: Row) -> rx.Component:
    """What would be done."""

    def mark(kind: str) -> rx.Component:
        name, look = ICONS[kind]
        return rx.el.span(ui.icon(name), t(f"rule_file.{kind}"), class_name=f"k-word s-{look} k-rule-kind")

    listed = rx.el.ul(
        rx.foreach(
            rows,
            lambda row: rx.el.li(
                rx.match(row["kind"], *[(kind, mark(kind)) for kind in ICONS], rx.fragment()),
                rx.el.span(
                    rx.el.b(row["name"]),
                    rx.cond(
                        row["detail"] != "",
                        rx.el.span(row["detail"], class_name="k-caption k-rule-detail"),
                        rx.fragment(),
                    ),
                    class_name="k-grow",
                ),
                key=row["key"],
                class_name="k-row",
                data_testid="rule-change",
                data_kind=row["kind"],
            ),
        ),
        class_name="k-rule-plan",
    )
    return rx.el.section(
        rx.el.p(said, class_name="k-medium", role="status", data_testid="rule-plan"),
        listed,
        aria_label=t("rule_file.look"),
    )
