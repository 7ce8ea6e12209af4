"""How one wants to be told of alerts: the section of the settings."""

from dataclasses import asdict
from typing import Any

import reflex as rx

from services import db, outbox
from services.alerts import preferences
from services.alerts.preferences import LEVELS, Wishes
from services.clock import now
from services.errors import Invalid
from services.i18n import translate
from services.settings import get_settings
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter
from state.settings import in_words, no_errors

TYPED = ("phone", "quiet_from", "quiet_to")


class NoticesState(rx.State):
    """One's own wishes. What is wrong is said beside its field."""

    ready: bool = False
    can_mail: bool = False
    can_sms: bool = False
    email: str = ""
    mail: str = "all"
    sms: str = "critical"
    bell: str = "all"
    texts: dict[str, str] = dict.fromkeys(TYPED, "")
    errors: dict[str, str] = dict.fromkeys(TYPED, "")
    form_key: int = 0
    _now: dict[str, str] = {}

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show what one wanted last."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        settings = get_settings()
        kept = await db.read(preferences.of, settings, person.account_id)
        self.can_mail, self.can_sms = outbox.can_mail(settings), outbox.can_send(settings, "sms")
        self.email, self.mail, self.sms, self.bell = person.email, kept.mail, kept.sms, kept.bell
        self.texts = {name: text for name, text in asdict(kept).items() if name in TYPED}
        self._now, self.errors = dict(self.texts), no_errors(TYPED)
        self.form_key += 1
        self.ready = True

    @rx.event
    @requires("profile:write")
    async def choose(self, name: str, level: str):
        """From which severity on, by mail, by SMS or in the bell."""
        if name in ("mail", "sms", "bell") and level in LEVELS:
            setattr(self, name, level)

    @rx.event
    @requires("profile:write")
    async def leave(self, name: str, text: str):
        """Say what is wrong with a field as soon as it is left."""
        if name not in TYPED:
            return
        self._now = {**self.get_value("_now"), name: text}
        said = in_words(Invalid(fields=preferences.check(self._wishes())), TYPED, principal().locale)
        # A quiet time of which only one end is typed yet is not wrong yet.
        self.errors = {**self.errors, name: said[name] if text else ""}

    @rx.event
    @requires("profile:write")
    async def save(self, form: dict[str, Any]):
        """Keep it."""
        typed = {name: str(text) for name, text in form.items() if name in TYPED and text is not None}
        self._now = {**self.get_value("_now"), **typed}
        person = principal()
        try:
            await db.write(
                preferences.save, get_settings(), now(), person.account_id, self._wishes(), actor()
            )
        except Invalid as error:
            self.errors = in_words(error, TYPED, person.locale)
            return
        self.errors = no_errors(TYPED)
        await tell(self, "ok", translate(person.locale, "notices.saved"))

    def _wishes(self) -> Wishes:
        return preferences.tidy(Wishes(self.mail, self.sms, bell=self.bell, **self.get_value("_now")))
