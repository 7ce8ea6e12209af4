"""Channels and routes: their list on the alerts page, and the editor of a channel."""

import asyncio
import secrets
from dataclasses import replace
from typing import Any
from uuid import UUID

import reflex as rx
from sqlmodel import Session

from services import channels, db, outbox
from services.alerts import board, routes
from services.channels import FIELDS, KINDS, SECRETS
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.i18n import LOCALES, translate
from services.settings import get_settings
from state import channel_views
from state.address import NEW, id_of, named_by
from state.channel_views import ChannelRow, DeliveryRow, RouteRow
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter

LIST = "/alerts?tab=channels"
LOOK_EVERY = 0.5  # s, for what came of a test
LOOK_FOR = 20.0
TYPED = ("name", "address", "numbers", "url", "secret", "template", "locale")
OPEN = ("waiting", "sending")
SENT = "channels.test.sent"


class ChannelsState(rx.State):
    """The list of channels and routes."""

    ready: bool = False
    channels: list[ChannelRow] = []
    routes: list[RouteRow] = []
    first_admin: str = ""
    testing: str = ""

    async def _read(self) -> None:
        found = await db.read(_listed, principal().locale)
        self.channels, self.routes, self.first_admin = found
        self.ready = True

    @rx.event
    @requires("alerts:manage")
    async def switch_channel(self, channel_id: str, enabled: bool):
        """Send there, or no longer."""
        settings, number = get_settings(), id_of(channel_id)

        def write(session: Session) -> None:
            draft = channels.draft_of(settings, channels.get(session, number))
            channels.update(session, settings, now(), number, replace(draft, enabled=enabled), actor())

        await db.write(write)
        await self._read()

    @rx.event
    @requires("alerts:manage")
    async def switch_route(self, route_id: str, enabled: bool):
        """Go by this route, or no longer."""
        await self._change(route_id, enabled=enabled)

    @rx.event
    @requires("alerts:manage")
    async def raise_route(self, route_id: str):
        """Try it before the one before it."""
        ids = [one["id"] for one in self.get_value("routes")]
        if route_id in ids[1:]:
            await self._change(route_id, place=ids.index(route_id) - 1)

    async def _change(self, route_id: str, *, place: int | None = None, **more: Any) -> None:
        number = id_of(route_id)

        def write(session: Session) -> None:
            draft = replace(routes.draft_of(routes.get(session, number)), **more)
            routes.update(session, now(), number, draft, actor(), place=place)

        await db.write(write)
        await self._read()

    @rx.event(background=True)
    @requires("alerts:manage")
    async def test(self, channel_id: str):
        """Send a test there, and show what came of it."""
        async with self:
            if self.testing:
                return
            self.testing = channel_id
        try:
            came = await send_test(id_of(channel_id))
        finally:
            async with self:
                self.testing = ""
                await self._read()
        await tell(self, *came)


class ChannelState(rx.State):
    """One channel in its fields. `there` is off where the address names none; what is secret never gets here."""

    channel_id: str = ""
    ready: bool = False
    there: bool = True
    title: str = ""
    kind: str = "mail"
    form_key: int = 0
    texts: dict[str, str] = dict.fromkeys(TYPED, "")
    errors: dict[str, str] = dict.fromkeys(TYPED, "")
    enabled: bool = True
    made_secret: str = ""
    asking: bool = False
    problem: str = ""
    testing: bool = False
    deliveries: list[DeliveryRow] = []
    _now: dict[str, str] = {}
    _left: list[str] = []
    _zone: str = ""

    @rx.event
    @requires("alerts:read")
    async def load(self):
        """Show the channel of the address."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        wanted = named_by(self)
        self.channel_id, self.asking, self.problem, self._left = wanted, False, "", []
        self.errors, self.made_secret = dict.fromkeys(TYPED, ""), ""
        draft, self.deliveries = channels.Draft("mail", "", locale=person.locale, zone=person.zone), []
        try:
            if wanted != NEW:
                draft = channels.draft_of(get_settings(), await db.read(channels.get, id_of(wanted)))
                await self._read_deliveries()
        except NotFound:
            self.there, self.ready = False, True
            return
        shown = {name: text for name, text in draft.config.items() if name not in SECRETS.get(draft.kind, ())}
        self.kind, self.title, self.enabled = draft.kind, draft.name, draft.enabled
        self.texts = {**dict.fromkeys(TYPED, ""), **shown, "name": draft.name, "locale": draft.locale}
        self._now, self._zone = dict(self.texts), draft.zone
        self.form_key += 1
        self.there = self.ready = True

    @rx.event
    @requires("alerts:manage")
    async def choose_kind(self, kind: str):
        """Another kind, while it is a new one."""
        if kind in KINDS and self.channel_id == NEW:
            self.kind, self.errors, self._left = kind, dict.fromkeys(TYPED, ""), []

    @rx.event
    @requires("alerts:manage")
    async def leave(self, name: str, text: str):
        """Say what is wrong with a field as soon as it is left."""
        if name not in TYPED:
            return
        self._now = {**self.get_value("_now"), name: text}
        self._left = [*self.get_value("_left"), name]
        await self._say_what_is_wrong()

    @rx.event
    @requires("alerts:manage")
    async def make_secret(self):
        """A secret that nobody can guess, to be copied to the other side."""
        self.made_secret = secrets.token_urlsafe(32)
        self._now = {**self.get_value("_now"), "secret": self.made_secret}
        self.errors = {**self.errors, "secret": ""}

    @rx.event
    @requires("alerts:manage")
    async def switch(self, enabled: bool):
        """Whether anything is sent there, once it is saved."""
        self.enabled = enabled

    @rx.event
    @requires("alerts:manage")
    async def save(self, form: dict[str, Any]):
        """Keep it. What is wrong is said beside its field, and all stays as it was typed."""
        self._now = {
            **self.get_value("_now"),
            **{n: str(v) for n, v in form.items() if n in TYPED and v is not None},
        }
        self._left = list(TYPED)
        person, settings = principal(), get_settings()
        draft = self._draft()
        try:
            if self.channel_id == NEW:
                kept = await db.write(channels.create, settings, now(), draft, actor())
            else:
                kept = await db.write(
                    channels.update, settings, now(), id_of(self.channel_id), draft, actor()
                )
        except Invalid as error:
            self._say(error.fields)
            return None
        except Conflict as error:
            self.problem = translate(person.locale, error.key, **error.params)
            return None
        await tell(self, "ok", translate(person.locale, "channels.saved"))
        return rx.redirect(f"/alerts/channels/{kept.id.hex}" if self.channel_id == NEW else LIST)

    @rx.event
    @requires("alerts:manage")
    async def ask(self):
        """Ask before it is taken away."""
        self.asking, self.problem = True, ""

    @rx.event
    @requires("alerts:manage")
    async def dismiss(self):
        """No."""
        self.asking = False

    @rx.event
    @requires("alerts:manage")
    async def remove(self):
        """Yes: take it away, unless a route leads there."""
        self.asking = False
        try:
            await db.write(channels.remove, now(), id_of(self.channel_id), actor())
        except Conflict as error:
            self.problem = translate(principal().locale, error.key, **error.params)
            return None
        await tell(self, "ok", translate(principal().locale, "channels.removed"))
        return rx.redirect(LIST)

    @rx.event(background=True)
    @requires("alerts:manage")
    async def test(self):
        """Send a test there, and show what came of it."""
        async with self:
            if self.testing:
                return
            self.testing, self.problem = True, ""
            channel_id = id_of(self.channel_id)
        try:
            came = await send_test(channel_id)
        finally:
            async with self:
                self.testing = False
                await self._read_deliveries()
        await tell(self, *came)

    async def _read_deliveries(self) -> None:
        found = await db.read(channels.deliveries, id_of(self.channel_id))
        self.deliveries = [channel_views.delivery_row(one, principal().locale) for one in found]

    def _draft(self) -> channels.Draft:
        texts, person = self.get_value("_now"), principal()
        config = {name: texts.get(name, "") for name in FIELDS[self.kind]}
        locale = texts.get("locale", "")
        return channels.Draft(
            kind=self.kind,
            name=texts.get("name", ""),
            config=config,
            enabled=self.enabled,
            locale=locale if locale in LOCALES else person.locale,
            zone=self._zone or person.zone,
        )

    async def _say_what_is_wrong(self) -> None:
        """Of the fields that somebody has left."""
        wrong = await asyncio.to_thread(channels.check, self._draft())
        if self.channel_id != NEW:  # a secret that is left empty stays as it is
            empty = {name for name in SECRETS.get(self.kind, ()) if not self.get_value("_now").get(name)}
            wrong = {name: key for name, key in wrong.items() if name not in empty}
        left = set(self.get_value("_left"))
        self._say({name: key for name, key in wrong.items() if name in left})

    def _say(self, wrong: dict[str, str]) -> None:
        locale = principal().locale
        self.errors = {name: translate(locale, wrong[name]) if name in wrong else "" for name in TYPED}


async def send_test(channel_id: UUID) -> tuple[str, str]:
    """Send a test and wait until it was tried. Returns what came of it: a look and words."""
    locale, settings = principal().locale, get_settings()
    try:
        put = await db.write(channels.test, settings, now(), channel_id, actor())
    except Conflict as error:
        return "warning", translate(locale, error.key, **error.params)
    for _ in range(round(LOOK_FOR / LOOK_EVERY)):
        found = [await db.read(outbox.get, one.id) for one in put]
        if not any(one.state in OPEN and not one.error for one in found):
            bad = next((one for one in found if one.state != "sent"), None)
            return ("warning", translate(locale, bad.error)) if bad else ("ok", translate(locale, SENT))
        await asyncio.sleep(LOOK_EVERY)
    return "warning", translate(locale, "mail.slow")


def _listed(session: Session, locale: str) -> tuple[list[ChannelRow], list[RouteRow], str]:
    """The rows, and who is told where no route fits. Made on this thread: to know a room of a chat takes a while."""
    found, known = channels.listed(session), routes.listed(session)
    newest = channels.newest(session, [one.id for one in found])
    names = channel_views.names_of(board.team(session), found)
    admin, settings = routes.first_admin(session), get_settings()
    return (
        [channel_views.channel_row(one, newest.get(one.id), settings, locale) for one in found],
        [channel_views.route_row(one, number, names, locale) for number, one in enumerate(known, 1)],
        (admin.name or admin.email) if admin else "",
    )
