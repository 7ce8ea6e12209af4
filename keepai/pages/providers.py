"""`/settings/providers`: AI providers, what their models cost, and what people may spend."""

import reflex as rx

from components import providers as parts
from keepai.pages.sections import section
from state.providers import ProvidersState
from state.session import SessionState
from state.words import t

ON_LOAD = ProvidersState.load


def page() -> rx.Component:
    """The list, the prices and the budgets."""
    return section(
        parts.providers_card(
            ProvidersState.providers,
            ready=ProvidersState.ready,
            testing=ProvidersState.testing,
            on_switch=ProvidersState.switch,
            on_test=ProvidersState.test,
            on_earlier=ProvidersState.earlier,
        ),
        parts.budgets_card(
            ProvidersState.budgets,
            people=ProvidersState.people,
            errors=ProvidersState.budget_errors,
            form_key=ProvidersState.form_key,
            on_give=ProvidersState.give_budget,
            on_forget=ProvidersState.forget_budget,
        ),
        parts.prices_card(
            ProvidersState.prices,
            choices=ProvidersState.priced,
            errors=ProvidersState.price_errors,
            form_key=ProvidersState.form_key,
            today=ProvidersState.today,
            table=ProvidersState.table,
            on_say=ProvidersState.say_price,
            on_forget=ProvidersState.forget_price,
        ),
        title=t("providers.title"),
        name="providers",
        allowed=SessionState.may_providers,
    )
