"""The pages, and the frame they share."""

from typing import Any

import reflex as rx

from components import frame as frames
from keepai import routes
from keepai.pages import (
    about,
    alert_route,
    alert_rule,
    alerts,
    appearance,
    audit,
    channel,
    dashboard,
    errors,
    jobs,
    keys,
    mail,
    notes,
    notices,
    people,
    person,
    provider,
    providers,
    second_factor,
    settings,
    sign_in_methods,
    system,
    workers,
)
from state.alert_counts import AlertCounts
from state.dashboard import DashboardState
from state.words import t


def head() -> list[rx.Component]:
    """What stands in the <head> of every page."""
    return frames.head()


def add_to(app: rx.App) -> None:
    """Register every page."""
    pages: list[tuple[str, Any, str, Any]] = [
        (routes.DASHBOARD, dashboard.page, "frame.dashboard", dashboard.ON_LOAD),
        (routes.WORKERS, workers.page, "frame.workers", workers.ON_LOAD),
        (routes.WORKER, workers.one, "frame.workers", workers.ON_LOAD_ONE),
        (routes.SYSTEM, system.page, "frame.system", system.ON_LOAD),
        (routes.ALERTS, alerts.page, "frame.alerts", alerts.ON_LOAD),
        (routes.NEW_ALERT_RULE, alert_rule.page, "alert_rule.title", alert_rule.ON_LOAD),
        (routes.ALERT_RULE, alert_rule.page, "alert_rule.title", alert_rule.ON_LOAD),
        (routes.NEW_CHANNEL, channel.page, "channels.channel", channel.ON_LOAD),
        (routes.CHANNEL, channel.page, "channels.channel", channel.ON_LOAD),
        (routes.NEW_ALERT_ROUTE, alert_route.page, "routes.route", alert_route.ON_LOAD),
        (routes.ALERT_ROUTE, alert_route.page, "routes.route", alert_route.ON_LOAD),
        (routes.NOTES, notes.page, "frame.notes", notes.ON_LOAD),
        (routes.NOTE, notes.one, "frame.notes", notes.ON_LOAD),
        (routes.JOBS, jobs.page, "jobs.title", jobs.ON_LOAD),
        (routes.SETTINGS, settings.page, "frame.settings", settings.ON_LOAD),
        (routes.APPEARANCE, appearance.page, "appearance.title", appearance.ON_LOAD),
        (routes.KEYS, keys.page, "keys.title", keys.ON_LOAD),
        (routes.SIGN_IN_METHODS, sign_in_methods.page, "methods.title", sign_in_methods.ON_LOAD),
        (routes.SECOND_FACTOR, second_factor.page, "second.title", second_factor.ON_LOAD),
        (routes.NOTICES, notices.page, "notices.title", notices.ON_LOAD),
        (routes.PEOPLE, people.page, "people.title", people.ON_LOAD),
        (routes.PERSON, person.page, "person.title", person.ON_LOAD),
        (routes.PROVIDERS, providers.page, "providers.title", providers.ON_LOAD),
        (routes.NEW_PROVIDER, provider.page, "providers.provider", provider.ON_LOAD),
        (routes.PROVIDER, provider.page, "providers.provider", provider.ON_LOAD),
        (routes.AUDIT, audit.page, "audit.title", audit.ON_LOAD),
        (routes.MAIL, mail.page, "mail.title", mail.ON_LOAD),
        (routes.ABOUT, about.page, "about.title", about.ON_LOAD),
    ]
    for route, page, title, on_load in pages:
        app.add_page(page, route=route, title=_title(title), on_load=on_load)
    lost = _title("errors.page.not_found.title")
    app.add_page(errors.not_found, route="404", title=lost, on_load=DashboardState.show_frame)


def _title(key: str) -> rx.Var[str]:
    """What the browser's tab is called: the page, after how many critical alerts nobody has acknowledged."""
    return frames.tab_title(t(key), attention=AlertCounts.critical)
