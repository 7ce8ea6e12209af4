"""`/alerts/rules/new` and `/alerts/rules/<rule>`: one alert rule, and when it would have fired."""

import reflex as rx

from components import alert_rule as parts
from components import editor, ui
from keepai import routes
from keepai.pages.shell import shell
from state.address import NEW
from state.alert_rule import AlertRuleState
from state.session import SessionState
from state.words import t

ON_LOAD = AlertRuleState.load


def page() -> rx.Component:
    """The fields, and the preview beside them."""
    title = rx.cond(
        AlertRuleState.title != "",
        AlertRuleState.title,
        rx.cond(AlertRuleState.rule_id == NEW, t("alert_rule.new"), t("alerts.rule")),
    )
    return shell(
        rx.cond(
            AlertRuleState.there,
            rx.el.div(_form(), _preview(), class_name="k-rule-editor"),
            editor.gone(t("alert_rule.gone"), t("alert_rule.gone_text"), back=parts.back()),
        ),
        editor.confirm_remove(
            t("alert_rule.remove.ask", name=AlertRuleState.title),
            t("alert_rule.remove.text"),
            action=t("alert_rule.remove.do"),
            open_=AlertRuleState.asking,
            on_confirm=AlertRuleState.remove,
            on_cancel=AlertRuleState.dismiss,
        ),
        title=title,
        crumb=rx.fragment(
            ui.link(t("frame.alerts"), href=routes.ALERTS),
            " / ",
            ui.link(t("alerts.tab.rules"), href=f"{routes.ALERTS}?tab=rules"),
        ),
        place="alerts",
        flush=True,
    )


def _form() -> rx.Component:
    fields = parts.Fields(
        texts=AlertRuleState.texts,
        errors=AlertRuleState.errors,
        may=SessionState.may_rule,
        on_change=AlertRuleState.change,
        on_choose=AlertRuleState.choose,
        on_leave=AlertRuleState.leave,
    )
    return parts.form(
        fields,
        ready=AlertRuleState.ready,
        form_key=AlertRuleState.form_key,
        pending_key=AlertRuleState.pending_key,
        builtin=AlertRuleState.builtin,
        usual=AlertRuleState.usual,
        unit=AlertRuleState.unit,
        owner=AlertRuleState.owner,
        changed=AlertRuleState.changed,
        new=AlertRuleState.rule_id == NEW,
        on_save=AlertRuleState.save,
        on_cancel=AlertRuleState.cancel,
        on_ask=AlertRuleState.ask,
    )


def _preview() -> rx.Component:
    return parts.preview(
        AlertRuleState.found,
        looking=AlertRuleState.looking,
        span=AlertRuleState.span,
        on_range=AlertRuleState.show_range,
        figure=AlertRuleState.figure,
        stretches=AlertRuleState.stretches,
        axis=AlertRuleState.axis,
        zone=SessionState.zone,
        episodes=AlertRuleState.episodes,
        more=AlertRuleState.more,
        on_more=AlertRuleState.show_more,
        calmer=AlertRuleState.calmer,
        may=SessionState.may_rule,
        on_take=AlertRuleState.take,
    )
