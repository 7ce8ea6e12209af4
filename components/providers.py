"""The pieces of the page of AI providers: their list, prices, budgets, and the editor of one."""

from typing import Any

import reflex as rx

from components import editor, switched_list, ui
from services.providers.kinds import KINDS
from state.words import t

Row = rx.Var[Any]
LIST = "/settings/providers"


# -- the list -----------------------------------------------------------------------------------------------------


def providers_card(
    rows: Row, *, ready: Row, testing: Row, on_switch: Any, on_test: Any, on_earlier: Any
) -> rx.Component:
    """Which are asked, in which order, and what the last test of each found."""
    listed = rx.el.ul(
        rx.foreach(rows, lambda row, number: _provider(row, number, testing, on_switch, on_test, on_earlier)),
        aria_label=t("providers.title"),
        class_name="k-silences",
    )
    nothing = ui.empty(t("providers.none"), t("providers.none_text"), name="sparkles", level=3)
    return ui.card(
        rx.cond(
            ready,
            rx.cond(
                rows.length() > 0,
                rx.fragment(listed, rx.el.p(t("providers.order"), class_name="k-second k-provider-part")),
                nothing,
            ),
            switched_list.waiting(t("providers.loading")),
        ),
        title=t("providers.title"),
        caption=t("providers.caption"),
        tools=[
            ui.link_button(t("providers.new"), href=f"{LIST}/new", name="plus", data_testid="new-provider")
        ],
        flush=True,
    )


def _provider(
    row: Row, number: Row, testing: Row, on_switch: Any, on_test: Any, on_earlier: Any
) -> rx.Component:
    return rx.el.li(
        rx.el.span(number + 1, class_name="k-route-number"),
        rx.el.div(
            rx.el.p(ui.text_link(row["name"], href=f"{LIST}/{row['id']}")),
            rx.el.p(row["about"], class_name="k-caption k-cut-anywhere"),
            class_name="k-grow",
        ),
        rx.el.div(_outcome(row["look"], row["said"]), class_name="k-silence-when"),
        ui.switch(
            rx.cond(row["enabled"], t("providers.on"), t("providers.off")),
            checked=row["enabled"],
            on_change=lambda _: on_switch(row["id"], ~row["enabled"].to(bool)),
            aria_label=t("providers.switch", name=row["name"]),
        ),
        ui.button(
            t("providers.test"),
            size="small",
            busy=testing == row["id"],
            busy_label=t("providers.testing"),
            on_click=on_test(row["id"]),
            aria_label=t("providers.test_of", name=row["name"]),
        ),
        ui.button(
            t("providers.earlier"),
            size="small",
            variant="quiet",
            disabled=number == 0,
            on_click=on_earlier(row["id"]),
            aria_label=t("providers.earlier_of", name=row["name"]),
        ),
        key=row["id"],
        class_name="k-silence",
        data_testid="provider-row",
        data_state=rx.cond(row["enabled"], "on", "over"),
    )


def _outcome(look: Row, said: Row) -> rx.Component:
    return rx.match(
        look,
        ("ok", ui.state(said, state="ok")),
        ("critical", ui.state(said, state="critical")),
        rx.el.span(said, class_name="k-second"),
    )


# -- prices -------------------------------------------------------------------------------------------------------


def prices_card(
    rows: Row,
    *,
    choices: Row,
    errors: Row,
    form_key: Row,
    today: Row,
    table: Row,
    on_say: Any,
    on_forget: Any,
) -> rx.Component:
    """What models cost, where somebody here said it; the rest is in the table that KeepAI brings."""

    def typed(name: str, **props: Any) -> rx.Component:
        return ui.field(
            ui.text_input(id=f"price-{name}", name=name, error=errors[name], auto_complete="off", **props),
            id=f"price-{name}",
            label=t(f"providers.prices.{name}"),
            error=errors[name],
        )

    form = ui.form(
        rx.el.div(
            ui.field(
                _select(choices, id="price-provider", name="provider"),
                id="price-provider",
                label=t("providers.provider"),
            ),
            typed("model", max_length=200),
            typed("read", input_mode="decimal", placeholder="0.25"),
            typed("cached", input_mode="decimal"),
            typed("written", input_mode="decimal", placeholder="2"),
            typed("as_of", type="date", default_value=today),
            class_name="k-provider-fields",
        ),
        rx.el.div(ui.button(t("providers.prices.say"), type="submit", data_testid="say-price")),
        on_submit=on_say,
        reset_on_submit=False,
        key=f"price-{form_key}",
        aria_label=t("providers.prices"),
    )
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _price(row, on_forget)),
        aria_label=t("providers.prices"),
        class_name="k-silences",
    )
    return ui.card(
        rx.cond(rows.length() > 0, listed, rx.fragment()),
        rx.el.div(
            rx.el.p(table, " ", t("providers.prices.unknown"), class_name="k-second"),
            rx.cond(choices.length() > 0, form, rx.el.p(t("providers.prices.none"), class_name="k-second")),
            class_name="k-stack k-provider-part",
        ),
        title=t("providers.prices"),
        caption=t("providers.prices.caption"),
        flush=True,
    )


def _price(row: Row, on_forget: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["model"], class_name="k-medium k-cut-anywhere"),
            rx.el.p(row["about"], class_name="k-caption"),
            class_name="k-grow",
        ),
        rx.el.span(row["cost"]),
        ui.button(
            t("providers.forget"),
            size="small",
            variant="danger",
            on_click=on_forget(row["provider_id"], row["model"]),
            aria_label=t("providers.prices.forget_of", name=row["model"]),
        ),
        key=row["key"],
        class_name="k-silence",
        data_testid="price-row",
    )


# -- budgets ------------------------------------------------------------------------------------------------------


def budgets_card(
    rows: Row, *, people: Row, errors: Row, form_key: Row, on_give: Any, on_forget: Any
) -> rx.Component:
    """What people may spend in a month, and what they have spent."""
    form = ui.form(
        rx.el.div(
            ui.field(
                _select(people, id="budget-who", name="who"),
                id="budget-who",
                label=t("providers.budgets.who"),
            ),
            ui.field(
                ui.text_input(
                    id="budget-monthly",
                    name="monthly",
                    input_mode="decimal",
                    placeholder="20",
                    error=errors["monthly"],
                    auto_complete="off",
                ),
                id="budget-monthly",
                label=t("providers.budgets.monthly"),
                error=errors["monthly"],
            ),
            class_name="k-provider-fields",
        ),
        rx.el.div(ui.button(t("providers.budgets.give"), type="submit", data_testid="give-budget")),
        on_submit=on_give,
        reset_on_submit=False,
        key=f"budget-{form_key}",
        aria_label=t("providers.budgets"),
    )
    listed = rx.el.ul(
        rx.foreach(rows, lambda row: _budget(row, on_forget)),
        aria_label=t("providers.budgets"),
        class_name="k-silences",
    )
    return ui.card(
        rx.cond(rows.length() > 0, listed, rx.fragment()),
        rx.el.div(
            rx.el.p(
                rx.cond(rows.length() > 0, "", t("providers.budgets.none")),
                " ",
                t("providers.budgets.text"),
                class_name="k-second",
            ),
            form,
            class_name="k-stack k-provider-part",
        ),
        title=t("providers.budgets"),
        caption=t("providers.budgets.caption"),
        flush=True,
    )


def _budget(row: Row, on_forget: Any) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["name"], class_name="k-medium"),
            rx.cond(
                row["spent"] != "",
                rx.el.p(
                    t("providers.budgets.spent", spent=row["spent"], percent=row["percent"]),
                    class_name="k-caption",
                ),
                rx.fragment(),
            ),
            class_name="k-grow",
        ),
        rx.el.span(t("providers.budgets.a_month", amount=row["monthly"])),
        ui.button(
            t("providers.forget"),
            size="small",
            variant="danger",
            on_click=on_forget(row["who"]),
            aria_label=t("providers.budgets.forget_of", name=row["name"]),
        ),
        key=row["who"],
        class_name="k-silence",
        data_testid="budget-row",
    )


def _select(choices: Row, *, id: str, name: str) -> rx.Component:
    return ui.choice(
        rx.foreach(choices, lambda one: rx.el.option(one["label"], value=one["value"], key=one["value"])),
        id=id,
        name=name,
    )


# -- one provider -------------------------------------------------------------------------------------------------


def provider_form(
    *,
    ready: Row,
    form_key: Row,
    new: Row,
    kind: Row,
    configured: Row,
    kept_key: Row,
    usual_url: Row,
    texts: Row,
    errors: Row,
    enabled: Row,
    problem: Row,
    on_kind: Any,
    on_switch: Any,
    on_save: Any,
    on_ask: Any,
) -> rx.Component:
    """All that a provider is made of."""

    def typed(name: str, help_: Any = None, **props: Any) -> rx.Component:
        return ui.field(
            ui.text_input(
                id=name,
                name=name,
                error=errors[name],
                default_value=texts[name],
                auto_complete="off",
                **props,
            ),
            id=name,
            label=t(f"providers.field.{name}"),
            help=t(f"providers.field.{name}.help") if help_ is None else help_,
            error=errors[name],
        )

    def lines(name: str, **props: Any) -> rx.Component:
        return ui.field(
            ui.text_area(
                id=name,
                name=name,
                error=errors[name],
                default_value=texts[name],
                rows=3,
                spell_check=False,
                class_name="k-mono",
                **props,
            ),
            id=name,
            label=t(f"providers.field.{name}"),
            optional=t("alerts.optional"),
            help=t(f"providers.field.{name}.help"),
            error=errors[name],
        )

    urls = rx.cond(
        kind == "ollama",
        ui.field(
            ui.text_area(
                id="urls",
                name="urls",
                error=errors["urls"],
                default_value=texts["urls"],
                rows=2,
                spell_check=False,
                class_name="k-mono",
            ),
            id="urls",
            label=t("providers.field.urls"),
            help=t("providers.field.nodes.help"),
            error=errors["urls"],
        ),
        typed("urls", input_mode="url", placeholder=usual_url),
    )
    key_help = rx.cond(
        kept_key != "", t("providers.field.key.kept", kept=kept_key), t("providers.field.key.help")
    )
    where = rx.cond(
        configured,
        ui.callout(t("providers.configured_text"), state="info"),
        rx.fragment(
            typed("name", max_length=121),
            urls,
            typed("key", key_help, type="password"),
        ),
    )
    fields = rx.el.fieldset(
        rx.cond(
            new,
            ui.field(
                ui.segmented(
                    [(one, t(f"providers.kind.{one}")) for one in KINDS],
                    value=kind,
                    label=t("providers.field.kind"),
                    on_change=on_kind,
                    id="kind",
                ),
                id="kind",
                label=t("providers.field.kind"),
                help=t("providers.field.kind.help"),
            ),
            rx.fragment(),
        ),
        where,
        typed("model", max_length=200),
        rx.cond(kind == "ollama", typed("context", input_mode="numeric"), rx.fragment()),
        lines("only"),
        lines("roles", placeholder="gpt-5: admin, operator"),
        ui.switch(t("providers.enabled"), checked=enabled, on_change=on_switch),
        class_name="k-rule-fields",
    )
    return editor.form(
        fields,
        ready=ready,
        form_key=form_key,
        may=rx.Var.create(True),
        can_remove=~new & ~configured,
        label=t("providers.provider"),
        loading=t("providers.loading"),
        read_only=t("errors.forbidden"),
        remove=t("providers.remove"),
        save=t("providers.save"),
        back=back(),
        cancel=ui.link_button(t("common.cancel"), href=LIST),
        on_save=on_save,
        on_ask=on_ask,
        testid="provider-form",
        problem=problem,
    )


def back() -> rx.Component:
    """The way to the list."""
    return ui.link_button(t("providers.back"), href=LIST, name="arrow-left")


def models(rows: Row, *, new: Row, look: Row, said: Row, testing: Row, on_test: Any) -> rx.Component:
    """A test, and the models that it found."""
    test = rx.cond(
        new,
        rx.fragment(),
        ui.button(
            t("providers.test"),
            busy=testing,
            busy_label=t("providers.testing"),
            on_click=on_test,
            data_testid="test",
        ),
    )
    listed = rx.el.ul(rx.foreach(rows, _model), aria_label=t("providers.models"), class_name="k-silences")
    nothing = ui.empty(
        t("providers.models.none"),
        rx.cond(new, t("providers.models.new_text"), t("providers.models.none_text")),
        name="sparkles",
        level=3,
    )
    found = rx.fragment(
        rx.el.p(_outcome(look, said), class_name="k-provider-part", role="status"),
        rx.cond(rows.length() > 0, listed, rx.fragment()),
    )
    return rx.el.div(
        ui.card(
            rx.cond(look != "", found, nothing),
            title=t("providers.models"),
            caption=t("providers.models.caption"),
            tools=[test],
            flush=True,
        ),
        class_name="k-rule-preview",
    )


def _model(row: Row) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(row["name"], class_name="k-medium k-cut-anywhere"),
            rx.cond(row["about"] != "", rx.el.p(row["about"], class_name="k-caption"), rx.fragment()),
            class_name="k-grow",
        ),
        rx.el.span(row["price"], class_name="k-second"),
        key=row["name"],
        class_name="k-silence",
        data_testid="model-row",
    )
