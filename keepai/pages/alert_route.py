"""`/alerts/routes/new` and `/alerts/routes/<route>`: who is told of which alerts."""

import reflex as rx

from components import alert_routes as parts
from components import channels, editor
from keepai.pages.channel import crumb
from keepai.pages.shell import shell
from state.address import NEW
from state.alert_route import MOST_STEPS, AlertRouteState
from state.session import SessionState
from state.words import t

ON_LOAD = AlertRouteState.load


def page() -> rx.Component:
    """The fields, and how routes work beside them."""
    new = AlertRouteState.route_id == NEW
    form = parts.form(
        ready=AlertRouteState.ready,
        form_key=AlertRouteState.form_key,
        new=new,
        texts=AlertRouteState.texts,
        errors=AlertRouteState.errors,
        severity=AlertRouteState.severity,
        enabled=AlertRouteState.enabled,
        timed=AlertRouteState.timed,
        days=AlertRouteState.days,
        day_names=[t(f"routes.day.{day}") for day in parts.DAYS],
        steps=AlertRouteState.steps,
        most=MOST_STEPS,
        offers=AlertRouteState.offers,
        problem=AlertRouteState.problem,
        may=SessionState.may_rule,
        on_leave=AlertRouteState.leave,
        on_severity=AlertRouteState.choose_severity,
        on_switch=AlertRouteState.switch,
        on_time=AlertRouteState.time,
        on_day=AlertRouteState.choose_day,
        on_target=AlertRouteState.choose_target,
        on_wait=AlertRouteState.choose_wait,
        on_add=AlertRouteState.add_step,
        on_remove_step=AlertRouteState.remove_step,
        on_save=AlertRouteState.save,
        on_ask=AlertRouteState.ask,
    )
    return shell(
        rx.cond(
            AlertRouteState.there,
            rx.el.div(form, parts.about(), class_name="k-rule-editor"),
            editor.gone(t("routes.gone_route"), t("channels.gone_text"), back=channels.back()),
        ),
        editor.confirm_remove(
            t("routes.remove.title", name=AlertRouteState.title),
            t("routes.remove.text"),
            action=t("routes.remove"),
            open_=AlertRouteState.asking,
            on_confirm=AlertRouteState.remove,
            on_cancel=AlertRouteState.dismiss,
        ),
        title=rx.cond(
            AlertRouteState.title != "",
            AlertRouteState.title,
            rx.cond(new, t("routes.new"), t("routes.route")),
        ),
        crumb=crumb(),
        place="alerts",
        flush=True,
    )
