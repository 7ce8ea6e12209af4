"""`/settings/mail`: where mail is handed in, and whether it arrives."""

import reflex as rx

from components import mail as parts
from components import ui
from keepai.pages.sections import section
from state.dashboard import DashboardState, Live
from state.mail import MailState
from state.session import SessionState
from state.words import t

ON_LOAD = [DashboardState.show_frame, MailState.load]


def page() -> rx.Component:
    """The mail section."""
    known = rx.el.div(
        parts.server(
            server=MailState.server,
            security=MailState.security,
            user=MailState.user,
            sender=MailState.sender,
            probes=Live.probes,
        ),
        parts.test(
            email=MailState.email,
            testing=MailState.testing,
            outcome=MailState.outcome,
            text=MailState.outcome_text,
            detail=MailState.outcome_detail,
            on_test=MailState.test,
        ),
        class_name="k-halves",
    )
    return section(
        rx.cond(
            MailState.ready,
            rx.cond(MailState.configured, known, parts.none()),
            rx.el.div(
                ui.card(ui.skeleton_rows(5, ("30%", "50%")), title=t("mail.settings")),
                ui.card(ui.skeleton_rows(2, ("70%",)), title=t("mail.test_title")),
                class_name="k-halves",
            ),
        ),
        title=t("mail.title"),
        name="mail",
        allowed=SessionState.may_probe,
    )
