"""What the mail section of the settings shows, and its test."""

import asyncio
from typing import Any
from uuid import UUID

import reflex as rx

from models import OutboxMessage
from services import db, outbox
from services.clock import now
from services.i18n import translate
from services.identity import accounts
from services.identity.permissions import Principal
from services.settings import get_settings
from state.dashboard import live_broadcast
from state.guard import principal, requires
from state.session import enter

LOOK_EVERY = 0.25  # s, for what came of a test
LOOK_FOR = 60.0
OUTCOMES = {"sent": "ok", "waiting": "warning", "dead": "critical"}


class MailState(rx.State):
    """Where mail is handed in, and what came of the last test. The password never gets here."""

    ready: bool = False
    configured: bool = False
    server: str = ""
    security: str = ""
    user: str = ""
    sender: str = ""
    email: str = ""
    testing: bool = False
    outcome: str = ""
    outcome_text: str = ""
    outcome_detail: str = ""

    @rx.event
    @requires("system:act")
    async def load(self):
        """Show the settings in force."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        settings = get_settings()
        self.configured = outbox.can_mail(settings)
        self.server = f"{settings.smtp_host}:{settings.smtp_port}"
        self.security = settings.smtp_tls
        self.user, self.sender = settings.smtp_user, settings.smtp_from
        self.email = person.email
        self.outcome = self.outcome_text = self.outcome_detail = ""
        self.ready = True

    @rx.event(background=True)
    @requires("system:act")
    async def test(self):
        """Send a mail to one's own address through the outbox, and say what came of it."""
        person = principal()
        async with self:
            if self.testing:
                return
            self.testing, self.outcome = True, ""
        try:
            message = await _settled((await db.write(_put_test, person)).id)
            async with self:
                self.outcome, self.outcome_text, self.outcome_detail = told(message, person.locale)
        finally:
            async with self:
                self.testing = False


def told(message: OutboxMessage, locale: str) -> tuple[str, str, str]:
    """What came of a message: a state, words, and why in the words of KeepAI and of the server."""
    if message.state == "sending" or (message.state == "waiting" and not message.error):
        return "unknown", translate(locale, "mail.slow"), ""
    why = translate(locale, message.error) if message.error else ""
    return (
        OUTCOMES[message.state],
        translate(locale, f"mail.outcome.{message.state}"),
        " ".join(part for part in (why, message.detail) if part),
    )


def _put_test(database: Any, person: Principal) -> OutboxMessage:
    account = accounts.get(database, person.account_id)
    return outbox.put(
        database, get_settings(), now(), outbox.person(account), outbox.MessageTest(by=person.label)
    )


async def _settled(message_id: UUID) -> OutboxMessage:
    """The message as soon as it was tried, or as it is after a minute."""
    message = await db.read(outbox.get, message_id)
    for _ in range(round(LOOK_FOR / LOOK_EVERY)):
        if message.state in ("sent", "dead") or message.error:
            break
        await asyncio.sleep(LOOK_EVERY)
        message = await db.read(outbox.get, message_id)
    return message
