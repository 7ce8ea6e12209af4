"""The Reflex app: pages, routes, layers and what starts and ends with a web process."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import reflex as rx

from keepai import api, logs, pages, web
from keepai.background import role
from keepai.pages import errors
from keepai.web import sockets
from services import db, jobs, live, metrics, operations, outbox
from services.alerts import triage
from services.bus import Bus, open_bus
from services.clock import now
from services.identity import principals, sessions
from services.notes import desk as note_desk
from services.settings import Settings, get_settings
from services.tasks import desk as task_desk
from state import alerts as alert_state
from state import job_counts, plots
from state import live as live_state
from state import notes as note_state
from state import tasks as task_state
from state.absent import Absent
from state.binding import OwnTabsOnly
from state.leaving import REVOKED

log = logging.getLogger(__name__)

CHECK_SESSIONS_EVERY = 3.0
ENDED = "ended"  # the topic on the bus
_kicking: set[asyncio.Future[None]] = set()


def named_error(exception: Exception) -> None:
    """Log what escaped a handler. The guard of each handler has told the person already."""
    log.error("an event failed", exc_info=exception)


app = rx.App(
    html_lang="pt-BR",
    stylesheets=["/tokens.css", "/app.css", "/pages.css", "/notes.css"],
    head_components=pages.head(),
    toaster=None,
    # Reflex's own toasts and banner are not used: the frame says the same in the reader's language.
    app_wraps={(55, "ErrorBoundary"): lambda _stateful: errors.boundary()},
    api_transformer=[api.build(), web.wrap],
    backend_exception_handler=named_error,
)
pages.add_to(app)
app.add_middleware(OwnTabsOnly())


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Live data, and the background role unless it has a process of its own."""
    settings = get_settings()
    logs.begin(settings)
    redis_url = settings.redis_url.get_secret_value()
    bus = open_bus(redis_url)
    broadcaster = live_state.start(sockets.Sockets(app.sio))
    metrics.read_from("live_tabs", lambda: broadcaster.tabs)
    metrics.read_from("events_pushed_total", lambda: broadcaster.sent)
    bus.subscribe("snapshot", lambda message: _receive(broadcaster, message))
    operations.configure(bus, settings)
    outbox.configure(bus)
    jobs.configure(bus)
    triage.configure(bus)
    note_desk.configure(bus)
    task_desk.configure(bus)
    renewals = alert_state.Renewals()
    task_renewals = alert_state.Renewals(task_state.renew, alert_state.CALM * 2)
    bells = alert_state.Renewals(alert_state.renew_bells, alert_state.CALMER)
    note_renewals = alert_state.Renewals(note_state.renew)
    bus.subscribe(note_desk.TOPIC, lambda _message: note_renewals.soon())
    bus.subscribe(triage.TOPIC, lambda _message: renewals.soon())
    bus.subscribe(triage.TOPIC, lambda _message: bells.soon())
    bus.subscribe(task_desk.TOPIC, lambda _message: task_renewals.soon())
    bus.subscribe(task_desk.TOLD_TOPIC, lambda _message: bells.soon())
    progress = job_counts.Renewals()
    bus.subscribe(jobs.TOPIC_PROGRESS, lambda message: progress.soon(message["account"]))
    loop = asyncio.get_running_loop()
    principals.on_end(lambda ended: loop.call_soon_threadsafe(_kick_soon, broadcaster, ended))
    # Other processes hear of it at once, or notice within seconds where Redis is away.
    principals.on_end(lambda ended: loop.call_soon_threadsafe(bus.publish, ENDED, ended.as_message()))
    bus.subscribe(ENDED, lambda message: _ended_elsewhere(broadcaster, message))
    absent = Absent(app.state_manager, lambda: app.event_namespace.token_to_sid)
    tasks = [
        asyncio.create_task(work) for work in (broadcaster.run(), _check_sessions(broadcaster), absent.run())
    ]
    thread = _background(settings, bus) if not redis_url else None
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if thread:
            await asyncio.to_thread(thread.stop)


app.register_lifespan_task(lifespan)


def _background(settings: Settings, bus: Bus) -> role.Thread:
    thread = role.Thread(settings, bus)
    thread.start()
    return thread


def _receive(broadcaster: live_state.Broadcaster, message: dict[str, Any]) -> None:
    live.publish(message)  # type: ignore[arg-type]
    plots.remember(message)  # type: ignore[arg-type]
    broadcaster.on_snapshot(message)


def _ended_elsewhere(broadcaster: live_state.Broadcaster, message: dict[str, Any]) -> None:
    ended = principals.Ended.from_message(message)
    principals.forget(account_id=ended.account_id, session_id=ended.session_id, token_hash=ended.token_hash)
    _kick_soon(broadcaster, ended)


def _kick_soon(broadcaster: live_state.Broadcaster, ended: principals.Ended) -> None:
    for sid in sockets.of(app.sio, ended):
        task = asyncio.ensure_future(broadcaster.kick_tab(sid, REVOKED))
        _kicking.add(task)
        task.add_done_callback(_kicking.discard)


async def _check_sessions(broadcaster: live_state.Broadcaster) -> None:
    """End the tabs of sign-ins that ended in another process, or ran out."""
    while True:
        await asyncio.sleep(CHECK_SESSIONS_EVERY)
        asked = broadcaster.sessions  # whoever comes while the database answers was not asked about
        try:
            valid = await db.read(sessions.still_valid, asked, now())
        except Exception as error:
            log.warning("sign-ins of open tabs could not be checked: %s", error)
            continue
        for session in asked - valid:
            # What this process still remembers would send the tab back from the sign-in page.
            principals.forget(session_id=UUID(session))
            await broadcaster.kick(session, REVOKED)
