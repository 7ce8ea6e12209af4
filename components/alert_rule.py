"""The pieces of the editor of an alert rule: its fields at the left, when it would have fired at the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import reflex as rx

from components import editor, ui
from components.ui.base import Content, Text
from services import measures
from services.alerts.rules import LONGEST_NAME, LONGEST_RUNBOOK, NO_DATA, SUMMARIES, UNUSUAL
from services.alerts.typed import NO, SIZES, TIMES, YES
from services.i18n import has
from state.words import Words, t, t_count

Row = rx.Var[Any]
SEVERITIES = ("warning", "critical")
# Flags whose two values have words of their own; others are yes or no.
FLAGS = ("worker.up", "worker.paused", "compute.up", "probe.up")
KINDS = ("worker", "compute", "probe", "host")
RANGES = ("2h", "24h", "7d")
NOISE = {"low": "ok", "medium": "warning", "high": "critical"}


@dataclass(frozen=True)
class Fields:
    """What the fields say, what is wrong with them, whether they may be changed, and what is called with (name, text)
    as they are typed in, chosen from and left."""

    texts: Row
    errors: Row
    may: Row
    on_change: Any
    on_choose: Any
    on_leave: Any

    def typed(self, name: str, **props: Any) -> dict[str, Any]:
        """The properties of a field that is typed in."""
        return {
            "id": name,
            "name": name,
            "default_value": self.texts[name],
            "auto_complete": "off",
            "on_change": lambda text: self.on_change(name, text),
            "on_blur": lambda text: self.on_leave(name, text),
            **props,
        }


# -- the form -----------------------------------------------------------------------------------------------------


def form(
    fields: Fields,
    *,
    ready: Row,
    form_key: Row,
    pending_key: Row,
    builtin: Row,
    usual: Row,
    unit: Row,
    owner: Row,
    changed: Row,
    new: Row,
    on_save: Any,
    on_cancel: Any,
    on_ask: Any,
) -> rx.Component:
    """All that a rule is made of."""
    flag = unit == "flag"
    parts = rx.el.fieldset(
        _name(fields, builtin=builtin, usual=usual),
        _what(fields, builtin=builtin),
        rx.cond(flag, _when_flag(fields), _when(fields, unit=unit)),
        _times(fields, pending_key=pending_key),
        ui.field(
            ui.segmented(
                [(name, t(f"alert_rule.no_data.{name}")) for name in NO_DATA],
                value=fields.texts["no_data"],
                label=t("alert_rule.no_data"),
                on_change=lambda value: fields.on_choose("no_data", value),
                id="no_data",
            ),
            id="no_data",
            label=t("alert_rule.no_data"),
            help=t("alert_rule.no_data.help"),
        ),
        ui.field(
            ui.text_area(
                error=fields.errors["runbook"],
                max_length=LONGEST_RUNBOOK,
                rows=3,
                placeholder=t("alert_rule.runbook.placeholder"),
                **fields.typed("runbook"),
            ),
            id="runbook",
            label=t("alerts.runbook"),
            optional=t("alerts.optional"),
            error=fields.errors["runbook"],
        ),
        ui.switch(
            t("alert_rule.enabled"),
            checked=fields.texts["enabled"] == YES,
            on_change=lambda on: fields.on_choose("enabled", rx.cond(on, YES, NO)),
        ),
        disabled=~fields.may,
        class_name="k-rule-fields",
    )
    return editor.form(
        parts,
        ready=ready,
        form_key=form_key,
        may=fields.may,
        can_remove=~builtin & ~new,
        label=t("alerts.rule"),
        loading=t("alert_rule.loading"),
        read_only=t("alert_rule.read_only"),
        remove=t("alert_rule.remove"),
        save=t("alert_rule.save"),
        back=back(),
        cancel=ui.button(t("common.cancel"), on_click=on_cancel),
        on_save=on_save,
        on_ask=on_ask,
        testid="rule-form",
        note=rx.el.span(
            rx.cond(changed, rx.fragment(t("alert_rule.unsaved"), " "), rx.fragment()),
            rx.cond(owner != "", t("alert_rule.owner", name=owner), ""),
            class_name="k-caption k-grow",
        ),
    )


def back() -> rx.Component:
    """The way to the rules, for who has nothing else to do here."""
    return ui.link_button(t("alert_rule.back"), href="/alerts?tab=rules", name="list-checks")


def _name(fields: Fields, *, builtin: Row, usual: Row) -> rx.Component:
    return ui.field(
        ui.text_input(
            error=fields.errors["name"],
            placeholder=rx.cond(builtin, usual, t("alert_rule.name.placeholder")),
            max_length=LONGEST_NAME + 1,
            **fields.typed("name"),
        ),
        id="name",
        label=t("alert_rule.name"),
        help=rx.cond(builtin, t("alert_rule.name.builtin"), ""),
        error=fields.errors["name"],
    )


def measure_options() -> list[rx.Component]:
    """Every measure there is, by its kind."""
    return [
        rx.el.optgroup(
            *[
                rx.el.option(_word(f"measures.{one.key}", one.key), value=one.key, key=one.key)
                for one in of_kind
            ],
            custom_attrs={"label": _word(f"measures.kind.{kind}", kind)},
        )
        for kind, of_kind in groupby(
            sorted(measures.MEASURES, key=lambda one: _place(one.kind)), key=lambda one: str(one.kind)
        )
    ]


def _place(kind: str) -> tuple[int, str]:
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), kind)


def _word(key: str, otherwise: str) -> Text:
    return t(key) if has(key) else otherwise


def _what(fields: Fields, *, builtin: Row) -> rx.Component:
    measure = ui.field(
        rx.el.span(
            rx.el.select(
                *measure_options(),
                id="measure",
                name="measure",
                default_value=fields.texts["measure"],
                disabled=builtin | ~fields.may,
                on_change=lambda value: fields.on_choose("measure", value),
                aria_describedby="measure-help measure-error",
            ),
            ui.icon("chevron-down"),
            class_name="k-input k-select",
        ),
        id="measure",
        label=t("alert_rule.measure"),
        help=rx.cond(builtin, t("alert_rule.measure.builtin"), ""),
        error=fields.errors["measure"],
    )
    windowed = fields.texts["summary"] != "last"
    return _group(
        t("alert_rule.what"),
        measure,
        rx.el.div(
            ui.field(
                ui.select(
                    [(name, t(f"alert_rule.summary.{name}")) for name in SUMMARIES],
                    id="summary",
                    name="summary",
                    default_value=fields.texts["summary"],
                    on_change=lambda value: fields.on_choose("summary", value),
                ),
                id="summary",
                label=t("alert_rule.summary"),
                error=fields.errors["summary"],
            ),
            rx.cond(windowed, _time(fields, "window"), rx.fragment()),
            class_name="k-rule-two",
        ),
    )


def _when_flag(fields: Fields) -> rx.Component:
    """A flag has no thresholds: only which of its two values it is, and how bad that is."""

    def value(way: str) -> Text:
        own = [(name, t(f"alert_rule.flag.{name}.{way}")) for name in FLAGS]
        return rx.match(fields.texts["measure"], *own, t("measures.yes" if way == "above" else "measures.no"))

    return _group(
        t("alert_rule.when"),
        rx.el.div(
            ui.field(
                ui.segmented(
                    [(YES, value("above")), (NO, value("below"))],
                    value=fields.texts["above"],
                    label=t("alert_rule.flag"),
                    on_change=lambda value: fields.on_choose("above", value),
                    id="above",
                ),
                id="above",
                label=t("alert_rule.flag"),
            ),
            ui.field(
                ui.segmented(
                    [(name, t(f"alerts.severity.{name}")) for name in SEVERITIES],
                    value=fields.texts["level"],
                    label=t("alert_rule.level"),
                    on_change=lambda value: fields.on_choose("level", value),
                    id="level",
                ),
                id="level",
                label=t("alert_rule.level"),
            ),
            class_name="k-row k-wrap k-rule-choices",
        ),
    )


def _when(fields: Fields, *, unit: Row) -> rx.Component:
    above = fields.texts["above"] == YES
    unusual = fields.texts["summary"] == UNUSUAL
    sizes = [
        (
            name,
            ui.segmented(
                [(size, _size(name, size)) for size in known],
                value=fields.texts["size"],
                label=t("alert_rule.size"),
                on_change=lambda value: fields.on_choose("size", value),
                size="small",
            ),
        )
        for name, known in SIZES.items()
    ]
    inside = rx.match(
        unit,
        ("percent", _literal("%")),
        *[
            (
                name,
                rx.match(fields.texts["size"], *[(size, _size(name, size)) for size in known], _literal("")),
            )
            for name, known in SIZES.items()
        ],
        _literal(""),
    )
    return _group(
        t("alert_rule.when"),
        rx.cond(
            unusual,
            rx.el.p(t("alert_rule.unusual.help"), class_name="k-help"),
            rx.el.div(
                ui.segmented(
                    [(YES, t("alert_rule.above")), (NO, t("alert_rule.below"))],
                    value=fields.texts["above"],
                    label=t("alert_rule.way"),
                    on_change=lambda value: fields.on_choose("above", value),
                    size="small",
                ),
                rx.match(unit, *sizes, rx.fragment()),
                class_name="k-row k-wrap",
            ),
        ),
        rx.el.div(
            rx.el.span(),
            rx.el.span(
                rx.cond(above, t("alert_rule.fire.above"), t("alert_rule.fire.below")), class_name="k-caption"
            ),
            rx.el.span(
                rx.cond(above, t("alert_rule.clear.above"), t("alert_rule.clear.below")),
                class_name="k-caption",
            ),
            *[part for name in SEVERITIES for part in _level(fields, name, inside)],
            class_name="k-rule-levels",
        ),
        rx.el.p(t("alert_rule.when.help"), class_name="k-help"),
    )


def _level(fields: Fields, severity: str, inside: Row) -> Sequence[rx.Component]:
    def threshold(which: str) -> rx.Component:
        name = f"{severity}_{which}"
        return ui.text_input(
            error=fields.errors[name],
            unit=inside,
            input_mode="decimal",
            aria_label=t(f"alert_rule.{name}"),
            **fields.typed(name),
        )

    return (
        ui.badge(t(f"alerts.severity.{severity}"), state=severity, name=f"s-{severity}"),
        threshold("fire"),
        threshold("clear"),
        rx.el.div(
            ui.field_error(fields.errors[f"{severity}_fire"], id=f"{severity}_fire"),
            ui.field_error(fields.errors[f"{severity}_clear"], id=f"{severity}_clear"),
            class_name="k-rule-wrong",
        ),
    )


def _times(fields: Fields, *, pending_key: Row) -> rx.Component:
    hits = rx.el.div(
        rx.el.label(t("alert_rule.hits"), html_for="hits"),
        rx.el.span(
            _count(fields, "hits", t("alert_rule.hits")),
            rx.el.span(t("alert_rule.of"), class_name="k-unit"),
            _count(fields, "of", t("alert_rule.hits.of")),
            class_name="k-input k-rule-hits",
        ),
        ui.field_error(fields.errors["hits"], id="hits"),
        class_name="k-field",
    )
    return rx.el.div(
        _time(fields, "pending", key=f"pending-{pending_key}"),
        _time(fields, "keep"),
        hits,
        class_name="k-rule-three",
    )


def _count(fields: Fields, name: str, label: Text) -> rx.Component:
    return rx.el.input(
        type="text",
        input_mode="numeric",
        aria_label=label,
        aria_describedby="hits-error",
        aria_invalid=fields.errors["hits"] != "",
        max_length=3,
        **fields.typed(name),
    )


def _time(fields: Fields, name: str, **props: Any) -> rx.Component:
    """A time, with its unit to choose inside the field."""
    units = rx.el.select(
        *[rx.el.option(_literal(unit), value=unit) for unit in TIMES],
        id=f"{name}_unit",
        name=f"{name}_unit",
        default_value=fields.texts[f"{name}_unit"],
        on_change=lambda value: fields.on_choose(f"{name}_unit", value),
        aria_label=t("alert_rule.time_unit", name=t(f"alert_rule.{name}")),
        class_name="k-rule-unit",
    )
    value = rx.el.input(
        type="text",
        input_mode="decimal",
        aria_describedby=f"{name}-error",
        aria_invalid=fields.errors[name] != "",
        **fields.typed(name),
    )
    return ui.field(
        rx.el.span(value, units, ui.icon("chevron-down", size=12), class_name="k-input k-rule-time"),
        id=name,
        label=t(f"alert_rule.{name}"),
        error=fields.errors[name],
        **props,
    )


def _size(unit: str, name: str) -> rx.Var[str]:
    return _literal(f"{name}/s" if unit == "bytes_per_second" else name)


def _group(title: Text, *content: Content) -> rx.Component:
    return rx.el.section(rx.el.h2(title, class_name="k-rule-head"), *content, class_name="k-rule-group")


def _literal(text: str) -> rx.Var[str]:
    """Names of units, which are the same in every language."""
    return rx.Var.create(text)


# -- the preview --------------------------------------------------------------------------------------------------


def preview(
    found: Row,
    *,
    looking: Row,
    span: Row,
    on_range: Any,
    figure: Row,
    stretches: Row,
    axis: Row,
    zone: Row,
    episodes: Row,
    more: Row,
    on_more: Any,
    calmer: Row,
    may: Row,
    on_take: Any,
) -> rx.Component:
    """When the rule would have fired, on what is stored."""
    shown = rx.fragment(
        _figures(found),
        ui.card(
            _plot(found, figure, stretches=stretches, axis=axis, zone=zone),
            class_name="k-rule-plot",
        ),
        rx.cond(calmer["short"] != "", _calmer(calmer, may=may, on_take=on_take), rx.fragment()),
        rx.cond(found["count"] > 0, _episodes(episodes, more=more, on_more=on_more), rx.fragment()),
    )
    return rx.el.section(
        rx.el.div(
            rx.el.div(_headline(found), class_name="k-grow", aria_live="polite"),
            ui.segmented(
                [(name, t(f"alert_rule.range.{name}.short")) for name in RANGES],
                value=span,
                label=t("alert_rule.range"),
                on_change=on_range,
            ),
            class_name="k-row k-wrap k-rule-said",
        ),
        rx.match(
            found["status"],
            ("", _waiting()),
            (
                "waiting",
                ui.card(
                    ui.empty(t("alert_rule.waiting"), t("alert_rule.waiting_text"), name="hourglass", level=3)
                ),
            ),
            (
                "empty",
                ui.card(ui.empty(t("alert_rule.empty"), t("alert_rule.empty_text"), name="history", level=3)),
            ),
            shown,
        ),
        aria_label=t("alert_rule.preview"),
        aria_busy=looking,
        class_name="k-rule-preview",
        data_testid="rule-preview",
        data_status=found["status"],
    )


def _headline(found: Row) -> rx.Component:
    count, subjects = found["count"], found["subjects"]
    ago = rx.match(found["span"], *[(name, t(f"alert_rule.range.{name}")) for name in RANGES], "")
    whom = rx.match(
        found["kind"],
        *[(kind, t_count(f"alert_rule.with.{kind}", subjects)) for kind in KINDS],
        t_count("alert_rule.with.other", subjects),
    )
    fired = rx.cond(
        count > 0, t_count("alert_rule.fired", count, number=found["number"]), t("alert_rule.never")
    )
    known = (found["status"] == "fired") | (found["status"] == "never")
    return rx.cond(
        known,
        rx.fragment(
            rx.el.h2(fired),
            rx.el.p(
                ago,
                whom,
                rx.cond(found["since"] != "", t("alert_rule.since", at=found["since"]), ""),
                class_name="k-second",
            ),
        ),
        rx.el.h2(t("alert_rule.preview")),
    )


def _waiting() -> rx.Component:
    return rx.el.div(
        ui.skeleton_box(height="72px"),
        ui.skeleton_box(height="260px"),
        ui.skeleton_rows(5, ("16%", "20%", "12%", "10%")),
        role="status",
        aria_label=t("alert_rule.computing"),
        class_name="k-stack",
    )


def _figures(found: Row) -> rx.Component:
    noise = rx.match(
        found["noise"],
        *[
            (name, ui.badge(t(f"alert_rule.noise.{name}"), state=state, name=f"s-{state}"))
            for name, state in NOISE.items()
        ],
        rx.fragment(),
    )
    typical = rx.cond(found["typical"] != "", found["typical"], _literal("–"))
    per_day = rx.fragment(
        found["per_day"], rx.el.small(t("alert_rule.per_day"), class_name="k-second"), noise
    )
    pairs: list[tuple[str, Content]] = [
        ("warnings", found["warnings"]),
        ("criticals", found["criticals"]),
        ("typical", typical),
        ("noise", per_day),
    ]
    return rx.el.dl(
        *[
            rx.el.div(rx.el.dt(t(f"alert_rule.figure.{name}")), rx.el.dd(value), data_figure=name)
            for name, value in pairs
        ],
        class_name="k-card k-rule-figures",
    )


def _plot(found: Row, figure: Row, *, stretches: Row, axis: Row, zone: Row) -> rx.Component:
    title = rx.cond(
        found["count"] > 0,
        t("alert_rule.drawn.most", name=found["drawn"]),
        t("alert_rule.drawn.worst", name=found["drawn"]),
    )
    return ui.plot(
        figure["series"],
        title=title,
        caption=figure["caption"],
        unit=figure["unit"],
        digits=figure["digits"],
        label=figure["label"],
        language=Words.language,
        zone=zone,
        limits=figure["limits"],
        stretches=stretches,
        top=figure["top"],
        span=axis,
        now=t("common.now"),
        no_data=t("common.no_data"),
        height=212,
    )


def _calmer(calmer: Row, *, may: Row, on_take: Any) -> rx.Component:
    return ui.callout(
        rx.el.b(calmer["short"]),
        " ",
        calmer["text"],
        state="info",
        action=rx.cond(
            may,
            ui.button(
                calmer["take"], size="small", busy=False, on_click=on_take, data_testid="take-proposal"
            ),
            rx.fragment(),
        ),
        data_testid="proposal",
    )


def _episodes(rows: Row, *, more: Row, on_more: Any) -> rx.Component:
    def line(row: Row) -> rx.Component:
        severity = rx.match(
            row["severity"],
            *[
                (name, ui.badge(t(f"alerts.severity.{name}"), state=name, name=f"s-{name}"))
                for name in SEVERITIES
            ],
            rx.fragment(),
        )
        return ui.row(
            ui.name_cell(row["began"]),
            ui.cell(row["subject"], main=True),
            ui.cell(severity, main=True),
            ui.cell(rx.cond(row["peak"] != "", row["peak"], _literal("–")), number=True),
            ui.cell(
                rx.cond(row["lasted"] != "", row["lasted"], t("alert_rule.still")), number=True, main=True
            ),
            key=row["id"],
        )

    numbers = ("peak", "lasted")
    heads = ("began", "subject", "severity", *numbers)
    return ui.card(
        ui.table(
            [ui.head_cell(t(f"alert_rule.column.{name}"), number=name in numbers) for name in heads],
            rx.foreach(rows, line),
            label=t("alert_rule.episodes"),
            scrolls=True,
            testid="episodes",
        ),
        rx.cond(
            more > 0,
            rx.el.div(
                ui.button(t_count("alert_rule.more", more), variant="quiet", on_click=on_more),
                class_name="k-more-rows",
            ),
            rx.fragment(),
        ),
        flush=True,
    )
