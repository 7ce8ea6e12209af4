"""`/alerts`: what fires, who takes care of it, what was over, what is watched for, and what tells nobody."""

from typing import Any

import reflex as rx

from components import alert_routes as route_parts
from components import alerts as parts
from components import channels as channel_parts
from components import rule_file as rule_file_parts
from components import ui
from components.dashboard import figure_of
from keepai import routes
from keepai.pages import notes, tasks
from keepai.pages.shell import shell
from state.alerts import AlertPanel, AlertPlot, AlertRows, AlertsState, AlertTrends, SilenceRows
from state.channels import ChannelsState
from state.maintenance import MaintenanceState
from state.rule_file import RuleFileState
from state.session import SessionState
from state.words import t

ON_LOAD = AlertsState.load


def page() -> rx.Component:
    """The list, with the open alert beside it; or the rules, or the silences."""
    return shell(
        rx.el.div(
            parts.page_tabs(
                tab=AlertsState.tab,
                open_=AlertRows.open,
                silences=AlertRows.silences,
                on_tab=AlertsState.show_tab,
            ),
            ui.tab_panel(
                rx.match(
                    AlertsState.tab,
                    ("rules", _rules()),
                    ("silences", _silences()),
                    ("channels", _channels()),
                    ("resolved", _desk(_over(), ~AlertsState.over_ready | (AlertsState.over.length() > 0))),
                    _desk(_open(), ~AlertRows.ready | (AlertRows.found > 0)),
                ),
                value=AlertsState.tab,
                id="alerts",
                class_name="k-desk-body",
            ),
            parts.confirm_picked(
                AlertsState.question,
                on_confirm=AlertsState.do_picked("resolve"),
                on_cancel=AlertsState.dismiss,
            ),
            class_name="k-desk",
        ),
        title=t("frame.alerts"),
        place="alerts",
        keys=[
            (("J", "K"), t("alerts.keys.move"), True),
            (("Ctrl", "Enter"), t("alerts.keys.send"), SessionState.may_triage),
        ],
        flush=True,
    )


def _desk(rows: rx.Component, any_: rx.Var[bool]) -> rx.Component:
    return rx.el.div(
        rx.el.div(rows, class_name="k-desk-list k-fades-late"),
        rx.cond(AlertsState.selected != "", _panel(), parts.nothing_chosen(any_=any_)),
        class_name="k-desk-two",
    )


def _open() -> rx.Component:
    shown = parts.listed(
        AlertRows.rows,
        selected=AlertsState.selected,
        link=AlertsState.link,
        picks=parts.Picks(may=SessionState.may_triage, picked=AlertsState.picked, on_pick=AlertsState.pick),
        trends=AlertTrends.trends,
    )
    today = parts.today(
        AlertRows.today,
        count=AlertRows.today_count,
        opened=AlertsState.today_open,
        on_open=AlertsState.open_today,
        selected=AlertsState.selected,
        link=AlertsState.link,
    )
    return rx.fragment(
        rx.cond(
            ~AlertRows.ready | (AlertRows.open > 0) | AlertsState.narrowed,
            _toolbar(counted=True),
            rx.fragment(),
        ),
        rx.cond(
            AlertRows.ready,
            rx.cond(
                AlertRows.found > 0,
                shown,
                rx.cond(
                    AlertsState.narrowed,
                    parts.none_found(on_clear=AlertsState.clear),
                    parts.none(watching=AlertRows.watching),
                ),
            ),
            _waiting(),
        ),
        rx.cond(AlertRows.today_count > 0, today, rx.fragment()),
        rx.cond(AlertRows.found > 0, parts.keys(may_pick=SessionState.may_triage), rx.fragment()),
        rx.cond(
            SessionState.may_triage & (AlertsState.picked.length() > 0),
            parts.picks_bar(
                count=AlertsState.picked.length(),
                busy=AlertsState.busy,
                silencing=AlertsState.picks_form,
                form=_silence_form(AlertsState.silence_picked, AlertsState.ask_silence_picked),
                on_silence=AlertsState.ask_silence_picked,
                on_do=AlertsState.do_picked,
                on_ask=AlertsState.ask_picked,
                on_shown=AlertsState.pick_shown,
                on_none=AlertsState.unpick,
            ),
            rx.fragment(),
        ),
    )


def _over() -> rx.Component:
    return rx.fragment(
        _toolbar(counted=False),
        rx.cond(
            AlertsState.over_ready,
            rx.cond(
                AlertsState.over.length() > 0,
                parts.over(
                    AlertsState.over,
                    selected=AlertsState.selected,
                    link=AlertsState.link,
                    more=AlertsState.over_more,
                    on_more=AlertsState.more,
                ),
                rx.cond(
                    AlertsState.narrowed,
                    parts.none_found(on_clear=AlertsState.clear),
                    parts.nothing_over(),
                ),
            ),
            _waiting(),
        ),
    )


def _waiting() -> rx.Component:
    return rx.el.div(
        ui.skeleton_rows(8, ("4%", "56%", "8%", "10%"), class_name="k-alerts-loading"),
        role="status",
        aria_label=t("alerts.loading"),
        aria_busy="true",
    )


def _toolbar(*, counted: bool) -> rx.Component:
    return parts.toolbar(
        text=AlertsState.text,
        text_key=AlertsState.search_key,
        severity=AlertsState.severity,
        unowned=AlertsState.unowned,
        unowned_count=rx.cond(AlertRows.ready, AlertRows.unowned, "") if counted else None,
        on_search=AlertsState.search,
        on_severity=AlertsState.narrow,
        on_unowned=AlertsState.narrow_to_unowned,
    )


def _panel() -> rx.Component:
    """Waits for the alert that the address names; then shows it, or says that it is gone."""
    is_it = AlertPanel.ready & (AlertPanel.id == AlertsState.selected)
    shown = parts.panel(
        AlertPanel.alert,
        found=AlertPanel.found,
        story=AlertPanel.story,
        plot=_plot(),
        tasks=rx.fragment(
            tasks.linked("alert", AlertsState.selected), notes.linked("alert", AlertsState.selected)
        ),
        may_act=SessionState.may_triage,
        me=SessionState.id,
        form=_form(),
        open_form=AlertsState.form,
        comment=parts.comment_form(
            key=f"{AlertsState.selected}-{AlertsState.comment_key}",
            error=AlertsState.comment_error,
            on_submit=AlertsState.comment,
        ),
        on_ask=AlertsState.ask,
        on_take=AlertsState.take,
        on_step=AlertsState.step,
        on_close=AlertsState.close,
    )
    return rx.cond(is_it, shown, parts.panel_loading())


def _form() -> rx.Component:
    common = {"error": AlertsState.form_error, "on_cancel": AlertsState.ask}
    return rx.match(
        AlertsState.form,
        (
            "acknowledge",
            parts.acknowledge_form(
                first=AlertsState.until_first,
                usual=AlertsState.until_usual,
                on_submit=AlertsState.acknowledge,
                **common,
            ),
        ),
        (
            "assign",
            parts.assign_form(
                team=AlertsState.team,
                owner=AlertPanel.alert["owner_id"],
                me=SessionState.id,
                on_submit=AlertsState.assign,
                **common,
            ),
        ),
        (
            "silence",
            _silence_form(AlertsState.silence, AlertsState.ask),
        ),
        ("resolve", parts.resolve_form(on_submit=AlertsState.resolve, **common)),
        rx.fragment(),
    )


def _silence_form(on_submit: Any, on_cancel: Any) -> rx.Component:
    return parts.silence_form(
        span=AlertsState.silence_span,
        until=AlertsState.silence_until,
        covers=AlertsState.silence_covers,
        count=AlertsState.silence_count,
        first=AlertsState.until_first,
        usual=AlertsState.until_usual,
        error=AlertsState.form_error,
        on_choose=AlertsState.choose_silence,
        on_submit=on_submit,
        on_cancel=on_cancel,
    )


def _plot() -> rx.Component:
    is_it = AlertPlot.ready & (AlertPlot.id == AlertsState.selected) & ~AlertPlot.empty
    return rx.cond(
        is_it,
        rx.el.div(
            rx.foreach(
                AlertPlot.figures,
                lambda figure: figure_of(
                    figure, span=AlertPlot.span, zone=SessionState.zone, first=True, last=True
                ),
            ),
        ),
        rx.fragment(),
    )


def _rules() -> rx.Component:
    new = ui.link_button(
        t("alert_rule.new"),
        href=routes.NEW_ALERT_RULE,
        name="plus",
        variant="primary",
        data_testid="new-rule",
    )
    take_in = ui.button(
        t("rule_file.import"), name="file-text", on_click=RuleFileState.ask, data_testid="import-rules"
    )
    form = rule_file_parts.form(
        key=RuleFileState.form_key,
        error=RuleFileState.error,
        mistakes=RuleFileState.mistakes,
        rows=RuleFileState.rows,
        said=RuleFileState.said,
        looked=RuleFileState.looked,
        can_apply=RuleFileState.can_apply,
        busy=RuleFileState.busy,
        on_look=RuleFileState.look,
        on_apply=RuleFileState.apply,
        on_cancel=RuleFileState.ask,
    )
    tools = rx.el.div(
        rule_file_parts.export(),
        rx.cond(SessionState.may_rule, rx.fragment(take_in, new), rx.fragment()),
        class_name="k-rules-tools",
    )
    return rx.el.div(
        rx.cond(RuleFileState.asked & SessionState.may_rule, form, tools),
        parts.rules(
            AlertsState.rules,
            ready=AlertsState.rules_ready,
            opened=AlertsState.rule,
            may=SessionState.may_rule,
            on_switch=AlertsState.switch_rule,
        ),
        class_name="k-desk-rules k-fades-late",
    )


def _silences() -> rx.Component:
    new = ui.button(
        t("maintenance.new"), name="plus", on_click=MaintenanceState.ask, data_testid="new-window"
    )
    form = parts.window_form(
        what=MaintenanceState.what,
        zones=MaintenanceState.zones,
        zone=MaintenanceState.zone,
        today=MaintenanceState.today,
        wrong=MaintenanceState.wrong,
        on_submit=MaintenanceState.create,
        on_cancel=MaintenanceState.ask,
    )
    return rx.el.div(
        rx.cond(
            SessionState.may_triage,
            rx.cond(MaintenanceState.asked, form, rx.el.div(new, class_name="k-rules-tools")),
            rx.fragment(),
        ),
        parts.windows(SilenceRows.windows, may=SessionState.may_triage, on_end=MaintenanceState.end),
        parts.silences(
            SilenceRows.rows,
            ready=SilenceRows.ready,
            may=SessionState.may_triage,
            on_end=AlertsState.end_silence,
        ),
        class_name="k-desk-rules k-fades-late",
    )


def _channels() -> rx.Component:
    return rx.el.div(
        route_parts.card(
            ChannelsState.routes,
            ready=ChannelsState.ready,
            may=SessionState.may_rule,
            first_admin=ChannelsState.first_admin,
            on_switch=ChannelsState.switch_route,
            on_raise=ChannelsState.raise_route,
        ),
        channel_parts.channels_card(
            ChannelsState.channels,
            ready=ChannelsState.ready,
            may=SessionState.may_rule,
            testing=ChannelsState.testing,
            on_switch=ChannelsState.switch_channel,
            on_test=ChannelsState.test,
        ),
        class_name="k-desk-rules k-fades-late k-stack",
    )
