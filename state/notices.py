"""How one wants to be told of alerts: the section of the settings."""

from dataclasses import asdict
from typing import Any, TypedDict
from uuid import UUID

import reflex as rx

from models import PushSubscription
from services import db, outbox
from services.alerts import preferences
from services.alerts.preferences import BY_LEVEL, JOBS, LEVELS, TASKS, Wishes
from services.channels import devices
from services.clock import now
from services.errors import Invalid
from services.i18n import translate
from services.settings import get_settings
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter
from state.settings import device, in_words, no_errors

TYPED = ("phone", "quiet_from", "quiet_to")


class DeviceRow(TypedDict):
    """A device that takes notifications; `current` is the one at which they look, `sent_at` 0 before the first one."""

    id: str
    device: str
    current: bool
    created_at: float
    sent_at: float


class NoticesState(rx.State):
    """One's own wishes, and one's devices. What is wrong is said beside its field. `devices_key` changes with the
    devices, so that the browser looks again whether it is one of them (assets/pwa.js)."""

    ready: bool = False
    can_mail: bool = False
    can_sms: bool = False
    email: str = ""
    mail: str = "all"
    sms: str = "critical"
    push: str = "all"
    bell: str = "all"
    jobs: str = "all"
    tasks: str = "all"
    devices: list[DeviceRow] = []
    devices_key: str = ""
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
        self.email, self.mail, self.sms = person.email, kept.mail, kept.sms
        self.push, self.bell, self.jobs = kept.push, kept.bell, kept.jobs
        self.tasks = kept.tasks
        await self._load_devices()
        self.texts = {name: text for name, text in asdict(kept).items() if name in TYPED}
        self._now, self.errors = dict(self.texts), no_errors(TYPED)
        self.form_key += 1
        self.ready = True

    @rx.event
    @requires("profile:write")
    async def choose(self, name: str, level: str):
        """From which severity on, by mail, by SMS, on the devices or in the bell; by what of one's own
        jobs and tasks."""
        levels = {**dict.fromkeys(BY_LEVEL, LEVELS), "jobs": JOBS, "tasks": TASKS}
        if level in levels.get(name, ()):
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

    @rx.event
    @requires("profile:write")
    async def devices_changed(self):
        """The browser switched notifications on or off."""
        await self._load_devices()

    @rx.event
    @requires("profile:write")
    async def test_device(self, device_id: str):
        """Send a notification there."""
        person = principal()
        await db.write(devices.test, get_settings(), now(), person.account_id, id_of(device_id), actor())
        await tell(self, "ok", translate(person.locale, "push.tested"))

    @rx.event
    @requires("profile:write")
    async def remove_device(self, device_id: str):
        """Send nothing there any more."""
        person = principal()
        await db.write(devices.remove, now(), person.account_id, id_of(device_id), actor())
        await self._load_devices()
        await tell(self, "ok", translate(person.locale, "push.removed"))

    async def _load_devices(self) -> None:
        person = principal()
        found = await db.read(devices.listed, person.account_id)
        self.devices = [_row(one, person.session_id, person.locale) for one in found]
        self.devices_key = " ".join(one.id.hex for one in found) or "none"

    def _wishes(self) -> Wishes:
        wishes = Wishes(
            self.mail,
            self.sms,
            self.push,
            bell=self.bell,
            jobs=self.jobs,
            tasks=self.tasks,
            **self.get_value("_now"),
        )
        return preferences.tidy(wishes)


def _row(one: PushSubscription, current: UUID, locale: str) -> DeviceRow:
    return DeviceRow(
        id=one.id.hex,
        device=device(one.user_agent, locale),
        current=one.session_id == current,
        created_at=one.created_at.timestamp(),
        sent_at=one.sent_at.timestamp() if one.sent_at else 0.0,
    )
