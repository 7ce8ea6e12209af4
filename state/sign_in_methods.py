"""What the section of the ways to sign in shows: one's own, and for admins what is set up."""

from typing import TypedDict

import reflex as rx

from services import db
from services.clock import now
from services.errors import Conflict, NotFound, Upstream
from services.i18n import translate
from services.identity import oidc, pending
from services.identity.oidc import Issuer
from services.settings import get_settings
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter


class WayView(TypedDict):
    """One issuer and whether it is a way into this account; `id` is the connection's, `href` where to connect it."""

    key: str
    name: str
    id: str
    told: str
    href: str


class IssuerView(TypedDict):
    """One issuer as it is set up."""

    key: str
    name: str
    url: str
    callback: str
    roles: str
    domain: str


class SignInMethodsState(rx.State):
    """No secret of a client gets here."""

    ready: bool = False
    ways: list[WayView] = []
    issuers: list[IssuerView] = []
    problem: str = ""
    asked: str = ""
    asked_title: str = ""

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show one's own ways; and say what came of connecting one, as the address has it."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        query = self.router.url.query_parameters
        known = oidc.issuers(get_settings())
        via = known.get(query.get("via", ""))
        error = query.get("error", "")
        self.problem = translate(person.locale, error, name=via.name) if via and error in oidc.REASONS else ""
        if connected := known.get(query.get("connected", "")):
            await tell(self, "ok", translate(person.locale, "methods.was_connected", name=connected.name))
        self.asked = ""
        self.issuers = [_shown(issuer, person.locale) for issuer in known.values()]
        await self._read()

    @rx.event
    @requires("profile:write")
    async def ask_disconnect(self, identity_id: str):
        """Ask before a way is taken off; an empty id puts the question away."""
        name = next((way["name"] for way in self.ways if way["id"] == identity_id and identity_id), "")
        self.asked = identity_id if name else ""
        self.asked_title = translate(principal().locale, "methods.disconnect.title", name=name)

    @rx.event
    @requires("profile:write")
    async def disconnect(self):
        """Take the way off that was asked about."""
        person, wanted = principal(), self.asked
        name = next((way["name"] for way in self.ways if way["id"] == wanted), "")
        self.asked = ""
        try:
            await db.write(oidc.disconnect, person.account_id, id_of(wanted), now(), by=actor())
        except Conflict as error:
            return await tell(self, "critical", translate(person.locale, error.key))
        await self._read()
        await tell(self, "ok", translate(person.locale, "methods.was_disconnected", name=name))

    @rx.event
    @requires("system:act")
    async def check(self, key: str):
        """Ask an issuer how to speak with it, and say whether that is as it should be."""
        locale = principal().locale
        issuer = oidc.issuers(get_settings()).get(key)
        if issuer is None:
            raise NotFound
        try:
            await oidc.discover(get_settings(), issuer, anew=True)
        except Upstream as error:
            return await tell(self, "critical", translate(locale, error.key, **error.params))
        await tell(self, "ok", translate(locale, "methods.check_ok", name=issuer.name))

    async def _read(self) -> None:
        person = principal()
        mine = {one.issuer: one for one in await db.read(oidc.of_account, person.account_id)}
        note = pending.note("connect", person.account_id, now())
        ways = []
        for issuer in oidc.issuers(get_settings()).values():
            one = mine.pop(issuer.url, None)
            told = (
                translate(person.locale, "methods.connected_as", email=one.email) if one and one.email else ""
            )
            href = "" if one else f"/auth/oidc/{issuer.key}?connect={note}"
            ways.append(
                WayView(key=issuer.key, name=issuer.name, id=str(one.id) if one else "", told=told, href=href)
            )
        # What is not set up any more is still shown, so that it can be taken off.
        ways += [WayView(key="", name=url, id=str(one.id), told="", href="") for url, one in mine.items()]
        self.ways = ways
        self.ready = True


def _shown(issuer: Issuer, locale: str) -> IssuerView:
    roles = ", ".join(
        f"{value} = {translate(locale, f'settings.role.{role}')}" for value, role in issuer.roles.items()
    )
    told = (
        translate(locale, "methods.roles_there", claim=issuer.role_claim, roles=roles)
        if roles
        else translate(locale, "methods.roles_here")
    )
    return IssuerView(
        key=issuer.key,
        name=issuer.name,
        url=issuer.url,
        callback=issuer.callback(get_settings()),
        roles=told,
        domain=issuer.domain,
    )
