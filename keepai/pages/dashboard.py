"""`/`: how the compute is, at a glance."""

import reflex as rx

from components import dashboard as parts
from keepai.api.lists import MOST
from keepai.pages.shell import shell
from state import plots
from state.attention import Attention, AttentionState
from state.dashboard import DashboardPlots, DashboardState, Live, Trends
from state.session import SessionState
from state.words import t

ON_LOAD = DashboardState.load


def page() -> rx.Component:
    """The dashboard."""
    return shell(
        rx.el.div(
            parts.attention(
                Attention.alerts,
                Attention.others,
                count=Attention.count,
                said=Attention.said,
                may_act=SessionState.may_triage,
                on_acknowledge=AttentionState.acknowledge,
            ),
            rx.cond(Live.compute["state"] == "empty", parts.no_workers(Live.compute)),
            parts.tiles(Live.tiles, Trends.sparks, ready=Live.at > 0),
            _below(),
            class_name="k-stack",
        ),
        title=t("frame.dashboard"),
        place="dashboard",
    )


def _all_done() -> rx.Var[bool]:
    """Whether there is no first step left to take."""
    return (
        (Live.compute["state"] == "live") & Live.has_model & Live.has_mail & DashboardState.has_second_admin
    )


def _below() -> rx.Component:
    """Plots at the left, what happens at the right."""
    return rx.el.div(
        parts.plots(
            DashboardPlots.figures,
            ready=DashboardPlots.ready,
            empty=DashboardPlots.empty,
            span=DashboardPlots.span,
            zone=SessionState.zone,
            range_=DashboardPlots.range,
            options=plots.RANGES,
            downloads=(
                f"/api/v1/history?range={DashboardPlots.range}&format=csv",
                f"/api/v1/history?range={DashboardPlots.range}&format=json",
            ),
            as_table=DashboardState.as_table,
            on_range=DashboardState.show_range,
            on_table=DashboardState.toggle_table,
        ),
        rx.el.div(
            rx.cond(
                DashboardState.checklist_shown & (Live.at > 0) & ~_all_done(),
                parts.checklist(
                    live=Live.compute["state"] == "live",
                    model=Live.has_model,
                    mail=Live.has_mail,
                    admin=DashboardState.has_second_admin,
                    on_hide=DashboardState.hide_checklist,
                ),
            ),
            parts.groups(Live.groups, compute=Live.compute),
            parts.events(
                Live.events,
                ready=Live.at > 0,
                downloads=(
                    "/api/v1/events?format=csv",
                    f"/api/v1/events?limit={MOST}&format=json",
                ),
            ),
            class_name="k-stack",
        ),
        class_name="k-two",
    )
