"""The pieces of the mail section of the settings."""

from typing import Any

import reflex as rx

from components import ui
from state.words import t

Row = rx.Var[Any]


def none() -> rx.Component:
    """Before there is a mail server: what to set."""
    return ui.card(ui.empty(t("mail.none"), t("mail.none_text"), name="mail"), title=t("mail.settings"))


def server(*, server: Row, security: Row, user: Row, sender: Row, probes: Row) -> rx.Component:
    """Where mail is handed in, and how that server is."""
    return ui.card(
        ui.key_values(
            (t("mail.server"), server),
            (t("mail.security"), rx.cond(security == "none", t("mail.insecure"), security.to(str).upper())),
            (t("mail.user"), rx.cond(user == "", t("mail.nobody"), user)),
            (t("mail.sender"), sender),
            (t("mail.state"), rx.el.div(rx.foreach(probes, _probe))),
        ),
        rx.el.p(t("mail.how"), class_name="k-caption"),
        title=t("mail.settings"),
    )


def _probe(probe: Row) -> rx.Component:
    """What the health check of the mail server found, out of all of them."""
    found = rx.fragment(
        ui.state(probe["word"], state=probe["look"]),
        rx.cond(probe["detail"] != "", rx.el.p(probe["detail"], class_name="k-caption")),
    )
    return rx.cond(probe["name"] == "mail", rx.el.div(found, key=probe["name"]))


def test(*, email: Row, testing: Row, outcome: Row, text: Row, detail: Row, on_test: Any) -> rx.Component:
    """A mail to oneself, and what came of it."""
    return ui.card(
        rx.el.p(t("mail.test_text", email=email)),
        rx.el.div(
            ui.button(
                t("mail.test"),
                name="mail",
                variant="primary",
                busy=testing,
                busy_label=t("mail.testing"),
                on_click=on_test,
            )
        ),
        rx.el.div(
            rx.cond(
                outcome != "",
                ui.callout(
                    rx.el.b(text),
                    rx.cond(detail != "", rx.el.p(detail, class_name="k-said")),
                    state=outcome,
                    data_testid="mail-outcome",
                ),
            ),
            role="status",
        ),
        title=t("mail.test_title"),
        class_name="k-mail-test",
    )
