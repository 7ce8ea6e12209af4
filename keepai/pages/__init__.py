"""The pages, and the frame they share."""

from typing import Any

import reflex as rx

from components import frame as frames
from keepai import routes
from keepai.pages import dashboard, errors, settings, system, workers


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
        (routes.SETTINGS, settings.page, "frame.settings", settings.ON_LOAD),
    ]
    for route, page, _title, on_load in pages:
        app.add_page(page, route=route, title="KeepAI", on_load=on_load)
    app.add_page(errors.not_found, route="404", title="KeepAI")
