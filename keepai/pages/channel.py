"""`/alerts/channels/new` and `/alerts/channels/<channel>`: one channel, and what came of each message."""

import reflex as rx

from components import channels as parts
from components import editor, ui
from keepai import routes
from keepai.pages.shell import shell
from state.address import NEW
from state.channels import ChannelState
from state.session import SessionState
from state.words import t

ON_LOAD = ChannelState.load


def page() -> rx.Component:
    """The fields, and the deliveries beside them."""
    new = ChannelState.channel_id == NEW
    form = parts.channel_form(
        ready=ChannelState.ready,
        form_key=ChannelState.form_key,
        new=new,
        kind=ChannelState.kind,
        texts=ChannelState.texts,
        errors=ChannelState.errors,
        enabled=ChannelState.enabled,
        secret=ChannelState.made_secret,
        problem=ChannelState.problem,
        may=SessionState.may_rule,
        on_kind=ChannelState.choose_kind,
        on_leave=ChannelState.leave,
        on_secret=ChannelState.make_secret,
        on_switch=ChannelState.switch,
        on_save=ChannelState.save,
        on_ask=ChannelState.ask,
    )
    sent = parts.deliveries(
        ChannelState.deliveries,
        new=new,
        may=SessionState.may_rule,
        enabled=ChannelState.enabled,
        testing=ChannelState.testing,
        on_test=ChannelState.test,
    )
    return shell(
        rx.cond(
            ChannelState.there,
            rx.el.div(form, sent, class_name="k-rule-editor"),
            editor.gone(t("channels.gone"), t("channels.gone_text"), back=parts.back()),
        ),
        editor.confirm_remove(
            t("channels.remove.title", name=ChannelState.title),
            t("channels.remove.text"),
            action=t("channels.remove"),
            open_=ChannelState.asking,
            on_confirm=ChannelState.remove,
            on_cancel=ChannelState.dismiss,
        ),
        title=rx.cond(
            ChannelState.title != "",
            ChannelState.title,
            rx.cond(new, t("channels.new"), t("channels.channel")),
        ),
        crumb=crumb(),
        place="alerts",
        flush=True,
    )


def crumb() -> rx.Component:
    """The way back to the list."""
    return rx.fragment(
        ui.link(t("frame.alerts"), href=routes.ALERTS),
        " / ",
        ui.link(t("alerts.tab.channels"), href=f"{routes.ALERTS}?tab=channels"),
    )
