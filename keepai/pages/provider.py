"""`/settings/providers/new` and `/settings/providers/<provider>`: one AI provider, and the models it has."""

import reflex as rx

from components import editor, ui
from components import providers as parts
from keepai import routes
from keepai.pages.shell import shell
from state.address import NEW
from state.provider import ProviderState
from state.session import SessionState
from state.words import t

ON_LOAD = ProviderState.load


def page() -> rx.Component:
    """The fields, and the models beside them."""
    new = ProviderState.provider_id == NEW
    form = parts.provider_form(
        ready=ProviderState.ready,
        form_key=ProviderState.form_key,
        new=new,
        kind=ProviderState.kind,
        configured=ProviderState.configured,
        kept_key=ProviderState.kept_key,
        usual_url=ProviderState.usual_url,
        texts=ProviderState.texts,
        errors=ProviderState.errors,
        enabled=ProviderState.enabled,
        problem=ProviderState.problem,
        on_kind=ProviderState.choose_kind,
        on_switch=ProviderState.switch,
        on_save=ProviderState.save,
        on_ask=ProviderState.ask,
    )
    found = parts.models(
        ProviderState.models,
        new=new,
        look=ProviderState.look,
        said=ProviderState.said,
        testing=ProviderState.testing,
        on_test=ProviderState.test,
    )
    there = rx.cond(
        ProviderState.there,
        rx.el.div(form, found, class_name="k-rule-editor"),
        editor.gone(t("providers.gone"), t("providers.gone_text"), back=parts.back()),
    )
    refused = ui.card(ui.not_allowed(t("errors.page.forbidden.title"), t("errors.forbidden")))
    return shell(
        rx.cond(SessionState.known & ~SessionState.may_providers, refused, there),
        editor.confirm_remove(
            t("providers.remove.title", name=ProviderState.title),
            t("providers.remove.text"),
            action=t("providers.remove"),
            open_=ProviderState.asking,
            on_confirm=ProviderState.remove,
            on_cancel=ProviderState.dismiss,
        ),
        title=rx.cond(
            ProviderState.title != "",
            ProviderState.title,
            rx.cond(new, t("providers.new"), t("providers.provider")),
        ),
        crumb=rx.fragment(
            ui.link(t("settings.title"), href=routes.SETTINGS),
            " / ",
            ui.link(t("providers.title"), href=routes.PROVIDERS),
        ),
        place="settings",
        flush=True,
    )
