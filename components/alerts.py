"""The pieces of the alerts page: the list, one alert, the rules, and what is asked before an action."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from components import ui
from components.ui.base import Content, Text
from services.alerts.board import TABS
from state.words import t, t_count

Row = rx.Var[Any]
GROUPS = ("critical", "warning", "no_data", "pending", "recovering", "silenced")
# The colour of the word above a group.
GROUP_LOOKS = {"no_data": "unknown", "recovering": "info", "silenced": "unknown"}
SEVERITIES = ("critical", "warning")


@dataclass(frozen=True)
class Picks:
    """Rows that can be picked: who may, which are, and what is called with (id, whether it is to be picked)."""

    may: Row
    picked: Row
    on_pick: Any


def page_tabs(*, tab: Row, open_: Row, silences: Row, on_tab: Any) -> rx.Component:
    """Open, resolved, rules, silences, channels."""
    return ui.tabs(
        [(name, t(f"alerts.tab.{name}")) for name in TABS],
        value=tab,
        label=t("alerts.tabs"),
        on_change=on_tab,
        id="alerts",
        counts={"open": rx.cond(open_ > 0, open_, ""), "silences": rx.cond(silences > 0, silences, "")},
        class_name="k-desk-tabs",
    )


def toolbar(
    *,
    text: Row,
    text_key: Row,
    severity: Row,
    unowned: Row,
    unowned_count: Row | None,
    on_search: Any,
    on_severity: Any,
    on_unowned: Any,
) -> rx.Component:
    """Text, severity, without an owner."""
    return rx.el.div(
        ui.search_field(label=t("alerts.search"), value=text, on_change=on_search, key=text_key),
        rx.el.div(
            *[
                ui.chip(
                    t(f"alerts.severity.{name}"),
                    state=name,
                    pressed=severity == name,
                    on_click=on_severity(name),
                )
                for name in SEVERITIES
            ],
            ui.chip(
                t("alerts.unowned"),
                number=None if unowned_count is None else unowned_count,
                pressed=unowned,
                on_click=on_unowned,
            ),
            role="group",
            aria_label=t("alerts.filter"),
            class_name="k-row k-wrap",
        ),
        class_name="k-toolbar k-desk-tools",
    )


def listed(rows: Row, *, selected: Row, link: Row, picks: Picks, trends: Row) -> rx.Component:
    """The open alerts, group after group; J and K or the arrows move, Enter opens, X picks."""

    def with_heading(row: Row, index: rx.Var[int]) -> rx.Component:
        first = (index == 0) | (rows[index - 1]["group"] != row["group"])
        return rx.fragment(
            rx.cond(first, _heading(row), rx.fragment()),
            _row(row, selected=selected, link=link, picks=picks, trend=_trend(row, trends)),
            rx.cond(
                row["rest"] != "", rx.el.li(row["rest"], class_name="k-caption k-desk-rest"), rx.fragment()
            ),
            key=row["id"],
        )

    return _list(rx.foreach(rows, with_heading), label=t("alerts.list"))


def _trend(row: Row, trends: Row) -> rx.Component:
    """The last hour of what was measured; pointing at it or going there says the figures and the thresholds."""
    trend = trends[row["id"]]
    return rx.cond(
        trends.contains(row["id"]),
        rx.el.span(
            ui.sparkline(trend["path"], state=row["look"], line_only=True),
            role="img",
            tab_index=0,
            aria_label=trend["said"],
            class_name="k-alert-trend",
            data_tip=trend["said"],
        ),
        rx.fragment(),
    )


def today(rows: Row, *, count: Row, opened: Row, selected: Row, link: Row, on_open: Any) -> rx.Component:
    """What was over today, closed until somebody opens it."""
    shown = rx.fragment(
        _list(
            rx.foreach(rows, lambda row: _row(row, selected=selected, link=link, picks=None)),
            label=t("alerts.group.today"),
        ),
        rx.cond(
            count > rows.length(),
            rx.el.p(
                ui.link(t("alerts.today.all"), href="/alerts?tab=resolved"),
                class_name="k-caption k-desk-rest",
            ),
            rx.fragment(),
        ),
    )
    return rx.el.div(
        rx.el.button(
            rx.el.span(t("alerts.group.today"), class_name="k-word s-ok"),
            rx.el.span(count, class_name="k-second"),
            ui.icon("chevron-down"),
            type="button",
            on_click=on_open,
            aria_expanded=opened,
            class_name="k-desk-group",
        ),
        rx.cond(opened, shown, rx.fragment()),
        class_name="k-desk-today",
        data_testid="today",
    )


def over(rows: Row, *, selected: Row, link: Row, more: Row, on_more: Any) -> rx.Component:
    """The alerts that are over, newest first."""
    return rx.fragment(
        _list(
            rx.foreach(rows, lambda row: _row(row, selected=selected, link=link, picks=None)),
            label=t("alerts.tab.resolved"),
        ),
        rx.cond(
            more,
            rx.el.div(ui.button(t("alerts.more_rows"), on_click=on_more), class_name="k-more-rows"),
            rx.fragment(),
        ),
    )


def _list(rows: Content, *, label: Text) -> rx.Component:
    return rx.el.ul(rows, aria_label=label, class_name="k-alerts", data_k_list="")


def _heading(row: Row) -> rx.Component:
    word = rx.match(
        row["group"],
        *[
            (
                name,
                rx.el.span(t(f"alerts.group.{name}"), class_name=f"k-word s-{GROUP_LOOKS.get(name, name)}"),
            )
            for name in GROUPS
        ],
        rx.fragment(),
    )
    untold = rx.el.span(t("silences.untold"), class_name="k-second k-desk-untold")
    return rx.el.li(
        word,
        rx.el.span(row["count"], class_name="k-second"),
        rx.cond(row["group"] == "silenced", untold, rx.fragment()),
        class_name="k-desk-group",
    )


def _row(
    row: Row, *, selected: Row, link: Row, picks: Picks | None, trend: rx.Component | None = None
) -> rx.Component:
    picked: Row | bool = False if picks is None else picks.may & picks.picked.contains(row["id"])
    owner = rx.cond(
        row["initials"] != "",
        rx.el.span(row["initials"], class_name="k-avatar small", custom_attrs={"title": row["owner"]}),
        rx.el.span(ui.icon("user"), class_name="k-second", custom_attrs={"title": t("alerts.nobody")}),
    )
    unseen_owner = rx.el.span(
        rx.cond(row["owner"] != "", row["owner"], t("alerts.nobody")), class_name="k-unseen"
    )
    box = (
        []
        if picks is None
        else [
            rx.cond(
                picks.may,
                rx.el.span(
                    ui.checkbox(
                        "",
                        checked=picked,
                        on_change=lambda _: picks.on_pick(row["id"], ~picks.picked.contains(row["id"])),
                        aria_label=t("alerts.picks.one", name=row["title"]),
                        tab_index=-1,  # reached by the key X on its row
                    ),
                    class_name="k-alert-pick",
                ),
                rx.fragment(),
            )
        ]
    )
    return rx.el.li(
        *box,
        rx.el.span(ui.icon(row["icon"]), class_name=f"k-word s-{row['look']}"),
        rx.el.div(
            ui.link(
                row["title"],
                href=f"{link}{row['id']}",
                class_name="k-alert-title k-ellipsis",
                data_k_main="",
            ),
            rx.el.p(
                rx.cond(
                    row["acknowledged"],
                    rx.el.span(
                        ui.icon("check", size=12), t("alerts.acknowledged"), class_name="k-alert-mine"
                    ),
                    rx.fragment(),
                ),
                rx.cond(
                    row["flaps"] != "",
                    rx.el.span(ui.icon("activity", size=12), row["flaps"], class_name="k-alert-mine"),
                    rx.fragment(),
                ),
                rx.el.span(row["second"], class_name="k-ellipsis"),
                class_name="k-caption k-row",
            ),
            class_name="k-grow",
        ),
        *([trend] if trend is not None else []),
        owner,
        unseen_owner,
        ui.age(row["at"], short=True, class_name="k-caption k-number"),
        key=row["id"],
        tab_index=-1,
        class_name="k-alert",
        aria_current=rx.cond(selected == row["id"], "true", "false"),
        data_k_row="",
        data_picked=picked,
        data_testid="alert-row",
        data_state=row["state"],
        data_severity=row["severity"],
        data_id=row["id"],
    )


def keys(*, may_pick: Row) -> rx.Component:
    """The keys of the list."""
    return rx.el.p(
        rx.el.kbd("J"),
        rx.el.kbd("K"),
        t("workers.keys.move"),
        " ",
        rx.el.kbd("Enter"),
        t("workers.keys.open"),
        rx.cond(may_pick, rx.fragment(" ", rx.el.kbd("X"), t("workers.keys.pick")), rx.fragment()),
        class_name="k-keys k-caption k-desk-keys k-wide-only",
    )


def picks_bar(
    *,
    count: Row,
    busy: Row,
    silencing: Row,
    form: rx.Component,
    on_do: Any,
    on_ask: Any,
    on_silence: Any,
    on_shown: Any,
    on_none: Any,
) -> rx.Component:
    """What can be done to all that are picked."""
    return rx.el.div(
        rx.el.p(
            t_count("alerts.picks.count", count, number=count),
            class_name="k-medium k-grow",
            aria_live="polite",
        ),
        ui.button(t("alerts.acknowledge"), name="check", busy=busy, on_click=on_do("acknowledge")),
        ui.button(
            t("alerts.silence"),
            name="bell-off",
            on_click=on_silence("silence"),
            aria_expanded=silencing,
            data_testid="picks-silence",
        ),
        ui.button(t("alerts.resolve"), name="circle-check", busy=busy, on_click=on_ask),
        ui.button(t("alerts.picks.shown"), variant="quiet", on_click=on_shown),
        ui.button(t("alerts.picks.clear"), variant="quiet", on_click=on_none),
        rx.cond(silencing, form, rx.fragment()),
        role="group",
        aria_label=t("alerts.picks.actions"),
        class_name="k-picks",
        data_testid="picks",
    )


def confirm_picked(question: Row, *, on_confirm: Any, on_cancel: Any) -> rx.Component:
    """Asks once before several are resolved."""
    return ui.confirm(
        question["title"],
        t("alerts.resolve.text"),
        id="confirm-picked",
        open=question["kind"] != "",
        action=t("alerts.resolve"),
        cancel=t("common.cancel"),
        on_confirm=on_confirm,
        on_cancel=on_cancel,
        danger=False,
    )


def none(*, watching: Row) -> rx.Component:
    """Nothing fires."""
    return ui.empty(
        t("alerts.none"),
        t_count("alerts.none_text", watching, number=watching),
        name="s-ok",
        level=2,
        actions=[ui.link_button(t("alerts.see_rules"), href="/alerts?tab=rules", name="list-checks")],
    )


def none_found(*, on_clear: Any) -> rx.Component:
    """The filter lets nothing through."""
    return ui.empty(
        t("alerts.none_found"),
        t("alerts.none_found_text"),
        name="list-filter",
        level=2,
        actions=[ui.button(t("alerts.clear"), on_click=on_clear)],
    )


def nothing_over() -> rx.Component:
    """Nothing was ever over."""
    return ui.empty(t("alerts.over_none"), t("alerts.over_none_text"), name="history", level=2)


def nothing_chosen(*, any_: Row) -> rx.Component:
    """Beside the list, as long as no alert of it is open."""
    hint = ui.empty(t("alerts.choose"), t("alerts.choose_text"), name="bell", level=2)
    return rx.el.div(rx.cond(any_, hint, rx.fragment()), class_name="k-desk-empty")


# -- one alert --------------------------------------------------------------------------------------------------


def panel(
    alert: Row,
    *,
    found: Row,
    story: Row,
    plot: rx.Component,
    tasks: rx.Component,
    may_act: Row,
    me: Row,
    form: rx.Component,
    open_form: Row,
    comment: rx.Component,
    on_ask: Any,
    on_take: Any,
    on_step: Any,
    on_close: Any,
) -> rx.Component:
    """One alert beside the list."""
    return rx.cond(
        found,
        rx.el.aside(
            rx.el.div(
                ui.badge(alert["word"], state=alert["look"], name=alert["icon"]),
                rx.el.span(alert["said"], " ", ui.age(alert["at"], short=True), class_name="k-second k-grow"),
                ui.icon_button(
                    t("alerts.previous"), "chevron-up", on_click=on_step(-1), class_name="k-wide-only"
                ),
                ui.icon_button(
                    t("alerts.next"), "chevron-down", on_click=on_step(1), class_name="k-wide-only"
                ),
                _copy_link(),
                _close(on_close),
                class_name="k-row",
            ),
            rx.el.h2(alert["title"]),
            rx.cond(
                alert["open"] & may_act,
                rx.fragment(_actions(open_form, on_ask, acknowledged=alert["acknowledged"] != ""), form),
                rx.fragment(),
            ),
            rx.el.div(
                rx.el.div(
                    _fact(alert),
                    plot,
                    tasks,
                    rx.el.section(
                        rx.el.h3(t("alerts.story")),
                        ui.timeline(rx.foreach(story, _line)),
                        rx.cond(may_act, comment, rx.fragment()),
                        class_name="k-story",
                    ),
                    class_name="k-stack",
                ),
                _side(alert, me=me, may_act=may_act, on_take=on_take),
                class_name="k-alert-two",
            ),
            aria_label=t("alerts.panel", name=alert["title"]),
            class_name="k-panel k-alert-panel k-fades-late",
            data_testid="alert-panel",
            data_state=alert["state"],
        ),
        rx.el.aside(
            rx.el.div(rx.el.span(class_name="k-grow"), _close(on_close), class_name="k-row"),
            ui.empty(
                t("alerts.gone"),
                t("alerts.gone_text"),
                name="bell",
                level=2,
                actions=[ui.link_button(t("alerts.back"), href="/alerts")],
            ),
            aria_label=t("alerts.gone"),
            class_name="k-panel k-alert-panel",
        ),
    )


def panel_loading() -> rx.Component:
    """The shape of an alert."""
    return rx.el.aside(
        ui.skeleton(width="40%"),
        ui.skeleton(width="70%", height="28px"),
        ui.skeleton(width="60%", height="32px"),
        ui.skeleton_box(height="148px"),
        ui.skeleton_rows(4),
        class_name="k-panel k-alert-panel",
        aria_busy="true",
        aria_label=t("alerts.loading"),
    )


def _close(on_close: Any) -> rx.Component:
    return ui.icon_button(t("alerts.close"), "x", on_click=on_close, data_k_escape="")


def _copy_link() -> rx.Component:
    return rx.el.button(
        ui.icon("link"),
        ui.icon("check"),
        rx.el.span(t("common.copied"), class_name="k-copied k-unseen", role="status"),
        type="button",
        aria_label=t("alerts.copy_link"),
        data_tip=t("alerts.copy_link"),
        data_k_copies="",
        class_name="k-button quiet only k-copy-link",
    )


def _actions(open_form: Row, on_ask: Any, *, acknowledged: Row) -> rx.Component:
    def act(kind: str, name: str, *, primary: bool = False) -> rx.Component:
        return ui.button(
            t(f"alerts.{kind}"),
            name=name,
            variant="primary" if primary else "normal",
            on_click=on_ask(kind),
            aria_expanded=open_form == kind,
            data_testid=f"alert-{kind}",
        )

    return rx.el.div(
        rx.cond(acknowledged, act("acknowledge", "check"), act("acknowledge", "check", primary=True)),
        act("assign", "user-plus"),
        act("silence", "bell-off"),
        act("resolve", "circle-check"),
        class_name="k-row k-wrap",
    )


def acknowledge_form(*, first: Row, usual: Row, error: Row, on_submit: Any, on_cancel: Any) -> rx.Component:
    """Opens below the buttons: until when, and a note."""
    choices = [
        rx.el.label(
            rx.el.input(type="radio", name="until", value=value, default_checked=value == ""),
            t(f"alerts.until.{value or 'over'}"),
            class_name="k-chip large",
        )
        for value in ("30m", "1h", "4h", "at", "")
    ]
    return _form(
        rx.el.fieldset(
            rx.el.legend(t("alerts.until"), class_name="k-medium"),
            rx.el.div(*choices, class_name="k-row k-wrap k-radios"),
            _moment(first, usual),
            rx.el.p(t("alerts.until.help"), class_name="k-help"),
            class_name="k-field",
        ),
        _note(t("alerts.note.acknowledge"), error),
        kind="acknowledge",
        on_submit=on_submit,
        on_cancel=on_cancel,
    )


def assign_form(
    *, team: Row, owner: Row, me: Row, error: Row, on_submit: Any, on_cancel: Any
) -> rx.Component:
    """Opens below the buttons: to whom."""
    people = rx.foreach(
        team,
        lambda one: rx.el.option(
            rx.cond(one["id"] == me, t("alerts.assign.me", name=one["name"]), one["name"]),
            value=one["id"],
            key=one["id"],
        ),
    )
    return _form(
        ui.field(
            rx.el.span(
                rx.el.select(
                    rx.el.option(t("alerts.nobody"), value=""),
                    people,
                    id="person",
                    name="person",
                    default_value=rx.cond(owner != "", owner, me),
                    key=team.length(),  # what is chosen first is among those that came
                    aria_describedby="person-error",
                ),
                ui.icon("chevron-down"),
                class_name="k-input k-select",
            ),
            id="person",
            label=t("alerts.owner"),
            error=error,
        ),
        kind="assign",
        on_submit=on_submit,
        on_cancel=on_cancel,
    )


def silence_form(
    *,
    span: Row,
    until: Row,
    covers: Row,
    count: Row,
    error: Row,
    first: Row,
    usual: Row,
    on_choose: Any,
    on_submit: Any,
    on_cancel: Any,
) -> rx.Component:
    """Opens below the buttons: for how long, what it covers, and why. A moment that is picked is not before `first`,
    and `usual` until somebody picks another."""
    spans = ("30m", "1h", "4h", "tomorrow", "at")
    return _form(
        rx.el.div(
            rx.el.span(t("alerts.until"), id="silence-until", class_name="k-medium"),
            rx.el.div(
                *[
                    ui.chip(t(f"silences.span.{name}"), pressed=span == name, on_click=on_choose(name))
                    for name in spans
                ],
                role="group",
                aria_labelledby="silence-until",
                class_name="k-row k-wrap k-radios",
            ),
            rx.cond(span == "at", _moment(first, usual), rx.fragment()),
            rx.el.p(until, class_name="k-help", aria_live="polite"),
            class_name="k-field",
        ),
        rx.el.div(
            rx.el.span(t("silences.covers"), class_name="k-medium"),
            _labels(covers),
            rx.el.p(count, class_name="k-help"),
            class_name="k-field",
        ),
        ui.field(
            ui.text_input(
                id="reason",
                name="reason",
                error=error,
                placeholder=t("silences.reason.placeholder"),
                max_length=300,
                auto_complete="off",
                auto_focus=True,
            ),
            id="reason",
            label=t("silences.reason"),
            error=error,
        ),
        kind="silence",
        do=rx.match(span, *[(name, t(f"silences.do.{name}")) for name in spans], t("silences.do.1h")),
        on_submit=on_submit,
        on_cancel=on_cancel,
    )


def _moment(first: Row, usual: Row) -> rx.Component:
    """The browser's own picker, in the reader's zone."""
    return rx.el.span(
        rx.el.input(
            type="datetime-local",
            name="at",
            default_value=usual,
            aria_label=t("alerts.until.at.label"),
            custom_attrs={"min": first},
        ),
        class_name="k-input k-moment",
    )


def _labels(labels: Row) -> rx.Component:
    return rx.el.div(
        rx.foreach(labels.to(list[str]), lambda one: rx.el.code(one, key=one, class_name="k-label-chip")),
        class_name="k-row k-wrap",
    )


def resolve_form(*, error: Row, on_submit: Any, on_cancel: Any) -> rx.Component:
    """Opens below the buttons: what it means, and a note."""
    return _form(
        rx.el.p(t("alerts.resolve.text")),
        _note(t("alerts.note.resolve"), error),
        kind="resolve",
        on_submit=on_submit,
        on_cancel=on_cancel,
    )


def _note(placeholder: Text, error: Row) -> rx.Component:
    return ui.field(
        ui.text_input(
            id="note",
            name="note",
            error=error,
            placeholder=placeholder,
            max_length=2000,
            auto_complete="off",
            auto_focus=True,
        ),
        id="note",
        label=t("alerts.note"),
        optional=t("alerts.optional"),
        error=error,
    )


def _form(
    *content: Content, kind: str, on_submit: Any, on_cancel: Any, do: Content | None = None
) -> rx.Component:
    return ui.form(
        *content,
        rx.el.div(
            ui.button(t("common.cancel"), variant="quiet", on_click=on_cancel(""), data_k_escape=""),
            ui.button(
                t(f"alerts.{kind}.do") if do is None else do, variant="primary", type="submit", busy=False
            ),
            class_name="k-row k-form-actions",
        ),
        on_submit=on_submit,
        reset_on_submit=False,
        aria_label=t(f"alerts.{kind}"),
        class_name="k-in-place",
        data_testid=f"{kind}-form",
    )


def comment_form(*, key: Row, error: Row, on_submit: Any) -> rx.Component:
    """A note for the team; Ctrl+Enter sends, and what was typed stays until it is kept."""
    return ui.form(
        ui.field(
            ui.text_area(
                id="comment",
                name="text",
                error=error,
                placeholder=t("alerts.comment.placeholder"),
                max_length=2000,
                rows=2,
                data_k_sends="",
            ),
            id="comment",
            label=t("alerts.comment"),
            error=error,
        ),
        rx.el.div(
            rx.el.span(
                rx.el.kbd(custom_attrs={"data-k-modifier": ""}),
                rx.el.kbd("Enter"),
                t("alerts.comment.sends"),
                class_name="k-keys k-caption k-wide-only",
            ),
            ui.button(t("alerts.comment.do"), type="submit", size="small", busy=False),
            class_name="k-row k-form-actions",
        ),
        key=key,
        on_submit=on_submit,
        reset_on_submit=False,
        class_name="k-comment",
    )


def _fact(alert: Row) -> rx.Component:
    said = rx.fragment(
        rx.el.b(alert["fact"]),
        rx.cond(alert["acknowledged"] != "", rx.el.p(alert["acknowledged"]), rx.fragment()),
        rx.cond(alert["silenced"] != "", rx.el.p(alert["silenced"], class_name="k-written"), rx.fragment()),
    )
    return ui.callout(said, state=alert["look"])


def _line(line: Row) -> rx.Component:
    return ui.timeline_item(
        rx.el.p(line["title"], class_name="k-medium"),
        rx.cond(line["detail"] != "", rx.el.p(line["detail"], class_name="k-second"), rx.fragment()),
        rx.cond(line["note"] != "", rx.el.p(line["note"], class_name="k-said k-written"), rx.fragment()),
        time=ui.clock(line["at"]),
        state=line["look"],
        name=line["icon"],
        key=line["id"],
    )


def _side(alert: Row, *, me: Row, may_act: Row, on_take: Any) -> rx.Component:
    take = rx.cond(
        alert["open"] & may_act & (alert["owner_id"] != me),
        ui.button(t("alerts.take"), size="small", busy=False, on_click=on_take, data_testid="alert-take"),
        rx.fragment(),
    )
    owner = rx.el.div(
        rx.cond(
            alert["owner"] != "",
            rx.fragment(rx.el.span(alert["initials"], class_name="k-avatar small"), alert["owner"]),
            rx.fragment(ui.icon("user"), t("alerts.nobody")),
        ),
        take,
        class_name="k-row k-wrap",
    )
    rule = rx.cond(
        alert["rule_id"] != "",
        ui.link(alert["rule"], href=f"/alerts?tab=rules&rule={alert['rule_id']}"),
        alert["rule"],
    )
    labels = _labels(alert["labels"])
    worker = _side_fact(
        t("alerts.linked"),
        ui.link(
            ui.icon("server", size=14),
            alert["subject"],
            href=f"/workers?worker={alert['worker']}",
            class_name="k-row",
        ),
    )
    source = _side_fact(
        t("alerts.source"),
        rx.el.A.create(
            ui.icon("external-link", size=14),
            rx.el.span(alert["link_host"]),
            href=alert["link"],
            target="_blank",
            rel="noopener noreferrer nofollow",
            class_name="k-row",
        ),
    )
    return rx.el.dl(
        _side_fact(t("alerts.owner"), owner),
        _side_fact(t("alerts.rule"), rule),
        rx.cond(alert["labels"].to(list[str]).length() > 0, _side_fact(t("alerts.labels"), labels)),
        rx.cond(
            alert["runbook"] != "",
            _side_fact(t("alerts.runbook"), rx.el.span(alert["runbook"], class_name="k-written")),
        ),
        _side_fact(t("alerts.happened"), alert["past"]),
        rx.cond(alert["worker"] != "", worker),
        rx.cond(alert["link"] != "", source),
        class_name="k-alert-side",
    )


def _side_fact(name: Content, value: Content) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


# -- rules ------------------------------------------------------------------------------------------------------


def rules(rows: Row, *, ready: Row, opened: Row, may: Row, on_switch: Any) -> rx.Component:
    """What is watched for."""
    heads: Sequence[str] = ("name", "measure", "critical", "warning", "enabled")
    table = ui.table(
        [
            *[ui.head_cell(t(f"alerts.rules.column.{name}")) for name in heads],
            ui.head_cell(rx.el.span(t("alerts.rules.column.more"), class_name="k-hidden")),
        ],
        rx.foreach(rows, lambda row: _rule(row, opened=opened, may=may, on_switch=on_switch)),
        label=t("alerts.tab.rules"),
        testid="rules-table",
    )
    return ui.card(
        rx.cond(ready, table, ui.skeleton_rows(10, ("22%", "22%", "20%", "14%"))),
        flush=True,
        class_name="k-audit k-rules",
    )


def _rule(row: Row, *, opened: Row, may: Row, on_switch: Any) -> rx.Component:
    word = rx.cond(row["enabled"], t("alerts.rules.on"), t("alerts.rules.off"))
    switch = rx.cond(
        may,
        ui.switch(
            word,
            checked=row["enabled"],
            on_change=lambda _: on_switch(row["id"], ~row["enabled"].to(bool)),
            aria_label=t("alerts.rules.switch", name=row["name"]),
        ),
        rx.el.span(word),
    )
    arrow = rx.el.details(
        rx.el.summary(ui.icon("chevron-down"), aria_label=t("alerts.rules.more_of", name=row["name"])),
        open=opened == row["id"],
    )
    return rx.fragment(
        ui.row(
            ui.name_cell(
                ui.link(row["name"], href=f"/alerts/rules/{row['id']}"),
                rx.cond(
                    row["error"] != "",
                    rx.el.p(
                        ui.icon("s-critical", size=14),
                        rx.el.span(row["error"]),
                        class_name="k-caption k-word s-critical k-rule-error",
                    ),
                    rx.fragment(),
                ),
            ),
            ui.cell(row["measure"], second=True),
            ui.cell(_limit(row["critical"])),
            ui.cell(_limit(row["warning"])),
            ui.cell(switch, main=True),
            ui.cell(arrow, main=True, class_name="k-arrow"),
            dim=~row["enabled"].to(bool),
            data_testid="rule-row",
            data_id=row["id"],
            data_state=rx.cond(row["error"] != "", "error", ""),
        ),
        rx.el.tr(
            rx.el.td(_rule_details(row), col_span=6, class_name="main"),
            class_name="k-details",
        ),
        key=row["id"],
    )


def _limit(text: Row) -> rx.Component:
    return rx.cond(text != "", rx.el.span(text), rx.el.span("–", class_name="k-second"))


def _rule_details(row: Row) -> rx.Component:
    def part(name: str, value: Row, otherwise: Text) -> tuple[Content, Content]:
        said = rx.cond(value != "", rx.el.span(value, class_name="k-written"), rx.el.span(otherwise))
        return t(f"alerts.{name}"), said

    return ui.key_values(
        part("severity.critical", row["critical"], t("alerts.rules.no_level")),
        part("severity.warning", row["warning"], t("alerts.rules.no_level")),
        part("rules.how", row["how"], t("alerts.rules.each_sample")),
        part("runbook", row["runbook"], t("alerts.rules.no_runbook")),
        part(
            "owner",
            row["owner"],
            rx.cond(row["builtin"], t("alerts.rules.comes_with"), t("alerts.nobody")),
        ),
    )


# -- silences ---------------------------------------------------------------------------------------------------


def silences(rows: Row, *, ready: Row, may: Row, on_end: Any) -> rx.Component:
    """What tells nobody, until when, by whom and why."""
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _silence(row, may=may, on_end=on_end)),
        aria_label=t("alerts.tab.silences"),
        class_name="k-silences",
    )
    nothing = ui.empty(t("silences.none"), t("silences.none_text"), name="bell-off", level=2)
    return ui.card(
        rx.cond(
            ready,
            rx.cond(rows.length() > 0, listed, nothing),
            rx.el.div(
                ui.skeleton_rows(4, ("30%", "40%", "16%")),
                role="status",
                aria_label=t("silences.loading"),
                aria_busy="true",
            ),
        ),
        flush=True,
    )


def windows(rows: Row, *, may: Row, on_end: Any) -> rx.Component:
    """Silences that come back every week; nothing where there are none."""
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _window(row, may=may, on_end=on_end)),
        aria_label=t("maintenance.title"),
        class_name="k-silences",
    )
    card = ui.card(listed, title=t("maintenance.title"), flush=True, class_name="k-windows")
    return rx.cond(rows.length() > 0, card, rx.fragment())


def _window(row: Row, *, may: Row, on_end: Any) -> rx.Component:
    return _quiet(
        row,
        icon="rotate-cw",
        when=(row["left"], row["when"], row["until"]),
        end=ui.button(
            t("silences.end"),
            size="small",
            busy=False,
            on_click=on_end(row["id"]),
            aria_label=t("maintenance.end_of", name=row["covers"].to(list[str]).join(" ")),
        ),
        may=may,
        testid="window-row",
    )


def window_form(
    *, what: Row, zones: Row, zone: Row, today: Row, wrong: Row, on_submit: Any, on_cancel: Any
) -> rx.Component:
    """A new one: what, on which days, from when to when and where, until which day, and why."""

    def options(values: Row, word: Any) -> rx.Component:
        return rx.foreach(values, word)

    def clock(name: str, value: str) -> rx.Component:
        return ui.field(
            ui.text_input(
                id=name, name=name, type="time", default_value=value, error=wrong[name], required=True
            ),
            id=name,
            label=t(f"maintenance.{name}"),
            error=wrong[name],
        )

    days = rx.el.fieldset(
        rx.el.legend(t("maintenance.days"), class_name="k-medium"),
        rx.el.div(
            *[
                ui.checkbox(t(f"maintenance.day.{day}"), name=f"day{day}", id=f"day{day}")
                for day in range(1, 8)
            ],
            class_name="k-row k-wrap k-days",
        ),
        ui.field_error(wrong["days"], id="days"),
        class_name="k-field",
    )
    return ui.card(
        ui.form(
            ui.field(
                ui.choice(
                    rx.el.option(t("maintenance.what.choose"), value=""),
                    options(
                        what, lambda one: rx.el.option(one["name"], value=one["value"], key=one["value"])
                    ),
                    id="what",
                    name="what",
                    error=wrong["what"],
                ),
                id="what",
                label=t("maintenance.what"),
                error=wrong["what"],
            ),
            days,
            rx.el.div(
                rx.el.div(
                    clock("begins", "22:00"), clock("ends", "06:00"), class_name="k-row k-wrap k-times"
                ),
                rx.el.p(t("maintenance.ends.help"), class_name="k-help"),
                class_name="k-field",
            ),
            ui.field(
                ui.choice(
                    options(zones, lambda one: rx.el.option(one, value=one, key=one)),
                    id="zone",
                    name="zone",
                    default_value=zone,
                    error=wrong["zone"],
                ),
                id="zone",
                label=t("maintenance.zone"),
                help=t("maintenance.zone.help"),
                error=wrong["zone"],
            ),
            ui.field(
                ui.text_input(
                    id="until", name="until", type="date", error=wrong["until"], custom_attrs={"min": today}
                ),
                id="until",
                label=t("maintenance.until"),
                error=wrong["until"],
            ),
            ui.field(
                ui.text_input(
                    id="window-reason",
                    name="reason",
                    error=wrong["reason"],
                    placeholder=t("silences.reason.placeholder"),
                    max_length=300,
                    auto_complete="off",
                ),
                id="window-reason",
                label=t("silences.reason"),
                error=wrong["reason"],
            ),
            rx.el.div(
                ui.button(t("common.cancel"), variant="quiet", on_click=on_cancel, data_k_escape=""),
                ui.button(t("maintenance.do"), variant="primary", type="submit", busy=False),
                class_name="k-row k-form-actions",
            ),
            on_submit=on_submit,
            reset_on_submit=False,
            aria_label=t("maintenance.new"),
            data_testid="window-form",
        ),
        title=t("maintenance.new"),
        class_name="k-windows",
    )


def _silence(row: Row, *, may: Row, on_end: Any) -> rx.Component:
    end = ui.button(
        t("silences.end"),
        size="small",
        busy=False,
        on_click=on_end(row["id"]),
        aria_label=t("silences.end_of", name=row["covers"].to(list[str]).join(" ")),
    )
    return _quiet(
        row, icon="bell-off", when=(row["left"], row["span"]), end=end, may=may, testid="silence-row"
    )


def _quiet(
    row: Row, *, icon: str, when: Sequence[Row], end: rx.Component, may: Row, testid: str
) -> rx.Component:
    """What it covers and why, when, and what ends it."""
    first, *rest = when
    return rx.el.li(
        rx.el.span(ui.icon(icon), class_name="k-word s-unknown"),
        rx.el.div(
            _labels(row["covers"]),
            rx.el.p(row["reason"], class_name="k-written"),
            rx.cond(
                row["author"] != "",
                rx.el.p(t("silences.by", who=row["author"]), class_name="k-caption"),
                rx.fragment(),
            ),
            class_name="k-grow",
        ),
        rx.el.div(
            rx.el.p(first, class_name="k-medium"),
            *[rx.el.p(one, class_name="k-caption k-number") for one in rest],
            class_name="k-silence-when",
        ),
        rx.cond(may & (row["state"] != "over"), end, rx.fragment()),
        key=row["id"],
        class_name="k-silence",
        data_testid=testid,
        data_state=row["state"],
    )
