"""The pieces of channels: their list on the alerts page, the editor of one, and what was sent there."""

from typing import Any

import reflex as rx

from components import editor, switched_list, ui
from services.channels import KINDS
from services.i18n import LOCALES
from services.outbox.templates import PLACES
from state.words import t

Row = rx.Var[Any]
LIST = "/alerts?tab=channels"


# -- the lists ----------------------------------------------------------------------------------------------------


def channels_card(
    rows: Row, *, ready: Row, may: Row, testing: Row, on_switch: Any, on_test: Any
) -> rx.Component:
    """Where notifications go, and what came of the last one."""
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _channel(row, may, testing, on_switch, on_test)),
        aria_label=t("channels.title"),
        class_name="k-silences",
    )
    nothing = ui.empty(t("channels.none"), t("channels.none_text"), name="bell", level=3)
    return ui.card(
        rx.cond(
            ready, rx.cond(rows.length() > 0, listed, nothing), switched_list.waiting(t("channels.loading"))
        ),
        title=t("channels.title"),
        caption=t("channels.caption"),
        tools=[
            rx.cond(
                may,
                ui.link_button(
                    t("channels.new"), href="/alerts/channels/new", name="plus", data_testid="new-channel"
                ),
                rx.fragment(),
            )
        ],
        flush=True,
    )


def _channel(row: Row, may: Row, testing: Row, on_switch: Any, on_test: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(ui.icon(row["icon"]), class_name="k-word s-unknown"),
        rx.el.div(
            rx.el.p(ui.text_link(row["name"], href=f"/alerts/channels/{row['id']}")),
            rx.el.p(row["where"], class_name="k-caption k-cut-anywhere"),
            class_name="k-grow",
        ),
        rx.el.div(
            _outcome(row),
            rx.cond(
                row["at"].to(float) > 0, rx.el.p(ui.age(row["at"]), class_name="k-caption"), rx.fragment()
            ),
            class_name="k-silence-when",
        ),
        switched_list.switch(row, may, on_switch, t("channels.switch", name=row["name"])),
        rx.cond(
            may & row["enabled"].to(bool),
            ui.button(
                t("channels.test"),
                size="small",
                busy=testing == row["id"],
                busy_label=t("channels.testing"),
                on_click=on_test(row["id"]),
                aria_label=t("channels.test_of", name=row["name"]),
            ),
            rx.fragment(),
        ),
        key=row["id"],
        class_name="k-silence",
        data_testid="channel-row",
        data_state=rx.cond(row["enabled"], "on", "over"),
    )


def _outcome(row: Row) -> rx.Component:
    return rx.match(
        row["look"],
        *[(look, ui.state(row["said"], state=look)) for look in ("ok", "warning", "critical", "pending")],
        rx.el.span(row["said"], class_name="k-second"),
    )


# -- one channel --------------------------------------------------------------------------------------------------


def channel_form(
    *,
    ready: Row,
    form_key: Row,
    new: Row,
    kind: Row,
    texts: Row,
    errors: Row,
    enabled: Row,
    secret: Row,
    problem: Row,
    may: Row,
    on_kind: Any,
    on_leave: Any,
    on_secret: Any,
    on_switch: Any,
    on_save: Any,
    on_ask: Any,
) -> rx.Component:
    """All that a channel is made of."""

    def typed(name: str, **props: Any) -> rx.Component:
        return ui.field(
            ui.text_input(
                id=name,
                name=name,
                error=errors[name],
                default_value=texts[name],
                auto_complete="off",
                on_blur=lambda text: on_leave(name, text),
                **props,
            ),
            id=name,
            label=t(f"channels.field.{name}"),
            help=t(f"channels.field.{name}.help"),
            error=errors[name],
        )

    secret_help = rx.cond(new, t("channels.field.secret.help"), t("channels.field.secret.kept"))
    url_kept = rx.cond(new, t("channels.field.room.help"), t("channels.field.room.kept"))
    room = ui.field(
        ui.text_input(
            id="room",
            name="url",
            error=errors["url"],
            auto_complete="off",
            on_blur=lambda text: on_leave("url", text),
        ),
        id="room",
        label=t("channels.field.room"),
        help=url_kept,
        error=errors["url"],
    )
    webhook = rx.fragment(
        typed("url", input_mode="url"),
        ui.field(
            ui.text_input(
                id="secret",
                name="secret",
                type="password",
                error=errors["secret"],
                auto_complete="new-password",
                on_blur=lambda text: on_leave("secret", text),
                default_value=secret,
                key=secret,
            ),
            id="secret",
            label=t("channels.field.secret"),
            help=secret_help,
            error=errors["secret"],
        ),
        rx.cond(
            secret != "",
            ui.copyable(
                secret,
                id="made-secret",
                label=t("channels.field.secret"),
                copy=t("common.copy"),
                copied=t("common.copied"),
            ),
            rx.el.div(ui.button(t("channels.make_secret"), name="key-round", on_click=on_secret)),
        ),
        ui.field(
            ui.text_area(
                id="template",
                name="template",
                error=errors["template"],
                default_value=texts["template"],
                rows=5,
                spell_check=False,
                class_name="k-mono",
                on_blur=lambda text: on_leave("template", text),
            ),
            id="template",
            label=t("channels.field.template"),
            optional=t("alerts.optional"),
            help=t("channels.field.template.help", places=", ".join(f"${{{one}}}" for one in PLACES)),
            error=errors["template"],
        ),
    )
    fields = rx.el.fieldset(
        rx.cond(
            new,
            ui.field(
                ui.segmented(
                    [(one, t(f"channels.kind.{one}")) for one in KINDS],
                    value=kind,
                    label=t("channels.kind"),
                    on_change=on_kind,
                    id="kind",
                ),
                id="kind",
                label=t("channels.kind"),
            ),
            rx.fragment(),
        ),
        typed("name", max_length=121),
        rx.match(
            kind,
            ("sms", typed("numbers", input_mode="tel")),
            ("chat", room),
            ("webhook", webhook),
            typed("address", type="email"),
        ),
        ui.field(
            ui.select(
                [(one, t(f"channels.language.{one}")) for one in LOCALES],
                id="locale",
                name="locale",
                default_value=texts["locale"],
            ),
            id="locale",
            label=t("channels.field.locale"),
        ),
        ui.switch(t("channels.enabled"), checked=enabled, on_change=on_switch),
        disabled=~may,
        class_name="k-rule-fields",
    )
    return editor.form(
        fields,
        ready=ready,
        form_key=form_key,
        may=may,
        can_remove=~new,
        label=t("channels.channel"),
        loading=t("channels.loading"),
        read_only=t("channels.read_only"),
        remove=t("channels.remove"),
        save=t("channels.save"),
        back=back(),
        cancel=ui.link_button(t("common.cancel"), href=LIST),
        on_save=on_save,
        on_ask=on_ask,
        testid="channel-form",
        problem=problem,
    )


def back() -> rx.Component:
    """The way to the lists, for who has nothing else to do here."""
    return ui.link_button(t("channels.back"), href=LIST, name="arrow-left")


def deliveries(rows: Row, *, new: Row, may: Row, enabled: Row, testing: Row, on_test: Any) -> rx.Component:
    """What was sent to a channel lately, and a test."""
    listed = rx.el.ul(
        rx.foreach(rows, _delivery), aria_label=t("channels.deliveries"), class_name="k-silences"
    )
    test = rx.cond(
        may & ~new,
        ui.button(
            t("channels.test"),
            name="bell",
            busy=testing,
            busy_label=t("channels.testing"),
            disabled=~enabled,
            on_click=on_test,
            data_testid="test",
        ),
        rx.fragment(),
    )
    nothing = ui.empty(
        t("channels.no_deliveries"),
        rx.cond(new, t("channels.no_deliveries_new"), t("channels.no_deliveries_text")),
        name="scroll-text",
        level=3,
    )
    return rx.el.div(
        ui.card(
            rx.cond(rows.length() > 0, listed, nothing),
            title=t("channels.deliveries"),
            caption=t("channels.deliveries.caption"),
            tools=[test],
            flush=True,
        ),
        class_name="k-rule-preview",
    )


def _delivery(row: Row) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["what"], class_name="k-medium"),
            rx.cond(
                row["why"] != "",
                rx.el.p(row["why"], class_name="k-caption k-cut-anywhere"),
                rx.fragment(),
            ),
            class_name="k-grow",
        ),
        rx.el.div(
            _outcome(row), rx.el.p(ui.age(row["at"]), class_name="k-caption"), class_name="k-silence-when"
        ),
        key=row["id"],
        class_name="k-silence",
        data_testid="delivery-row",
    )
