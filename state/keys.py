"""What the page of keys shows: making one, one's own, and for those who manage people everybody's."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypedDict
from uuid import UUID

import reflex as rx

from models import Account, ApiKey
from services import db, format
from services.clock import now
from services.errors import Invalid, NotFound
from services.i18n import translate
from services.identity import accounts, api_keys, principals
from services.identity.permissions import Principal
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter
from state.settings import in_words, no_errors

LASTS: Mapping[str, timedelta | None] = {
    "30": timedelta(days=30),
    "90": timedelta(days=90),
    "365": timedelta(days=365),
    "never": None,
}
USUAL = "90"
FIELDS = ("name", "scopes")
MAY = "may."  # what the form puts before the name of a permission


class Offer(TypedDict):
    """A permission that a new key may have."""

    name: str
    label: str
    usual: bool


class KeyView(TypedDict):
    """A key in the reader's words; `used_at` is 0 before it was used."""

    id: str
    name: str
    prefix: str
    owner: str
    permissions: str
    used_at: float
    expires: str


class KeysState(rx.State):
    """Keys. A new one's secret is here until it is put away or the page is left."""

    ready: bool = False
    offers: list[Offer] = []
    errors: dict[str, str] = dict.fromkeys(FIELDS, "")
    mine: list[KeyView] = []
    everybody: list[KeyView] = []
    sees_all: bool = False
    secret: str = ""
    secret_of: str = ""
    made: int = 0
    pending: str = ""
    pending_name: str = ""

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show the keys, and what a new one may be given."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        self.secret = self.secret_of = self.pending = ""
        self.errors = no_errors(FIELDS)
        self.offers = [
            Offer(name=name, label=permission(name, person.locale), usual=name == "compute:read")
            for name in person.permissions
        ]
        await self._read(person)

    @rx.event
    @requires("profile:write")
    async def check_name(self, text: str):
        """Say what is wrong with the name as soon as it is left."""
        wrong = api_keys.mistakes(principal(), now(), name=text)
        self.errors = {**self.errors, "name": _said(Invalid(fields=wrong), principal().locale)["name"]}

    @rx.event
    @requires("profile:write")
    async def make(self, form: dict[str, str]):
        """Make a key, and show its secret once."""
        person = principal()
        lasts = LASTS.get(form.get("lasts", USUAL), LASTS[USUAL])
        try:
            key, secret = await db.write(
                api_keys.create,
                person,
                now(),
                name=form.get("name", ""),
                permissions=[name.removeprefix(MAY) for name in form if name.startswith(MAY)],
                expires_at=now() + lasts if lasts else None,
                by=actor(),
            )
        except Invalid as error:
            self.errors = _said(error, person.locale)
            return
        self.errors = no_errors(FIELDS)
        self.secret, self.secret_of = secret, key.name
        self.made += 1
        await self._read(person)

    @rx.event
    @requires("profile:write")
    async def put_away(self):
        """The secret has been kept elsewhere."""
        self.secret = self.secret_of = ""

    @rx.event
    @requires("profile:write")
    async def ask(self, key_id: str):
        """Ask before a key is revoked."""
        rows = [*self.get_value("mine"), *self.get_value("everybody")]
        found = next((row for row in rows if row["id"] == key_id), None)
        if found is None:
            raise NotFound
        self.pending, self.pending_name = key_id, found["name"]

    @rx.event
    @requires("profile:write")
    async def dismiss(self):
        """Leave the key as it is."""
        self.pending = ""

    @rx.event
    @requires("profile:write")
    async def confirm(self):
        """Revoke the key that was asked about."""
        person = principal()
        asked, self.pending = self.pending, ""
        if not asked:
            return
        key = await db.write(api_keys.revoke, UUID(asked), now(), whose=person, by=actor())
        principals.end(session_id=key.id)
        await self._read(person)
        await tell(self, "ok", translate(person.locale, "keys.revoked", name=key.name))

    async def _read(self, person: Principal) -> None:
        self.sees_all = person.may("people:manage")
        own = await db.read(api_keys.of_account, person.account_id, now())
        owner = await db.read(accounts.get, person.account_id)
        self.mine = [view(key, owner, person) for key in own]
        found = await db.read(api_keys.of_everybody, now()) if self.sees_all else ()
        self.everybody = [view(*one, person) for one in found]
        self.ready = True


def view(key: ApiKey, owner: Account, reader: Principal) -> KeyView:
    """A key in the reader's words and zone."""
    locale = reader.locale
    never = translate(locale, "keys.never_expires")
    return KeyView(
        id=key.id.hex,
        name=key.name,
        prefix=key.prefix,
        owner=owner.name or owner.email,
        permissions=", ".join(permission(name, locale) for name in key.permissions),
        used_at=key.last_used_at.timestamp() if key.last_used_at else 0.0,
        expires=format.day(locale, key.expires_at, reader.zone) if key.expires_at else never,
    )


def permission(name: str, locale: str) -> str:
    """A permission in words."""
    return translate(locale, f"people.permission.{name}")


def _said(error: Invalid, locale: str) -> dict[str, str]:
    return in_words(
        Invalid(fields=error.fields, **{"most": api_keys.LONGEST_NAME, **error.params}), FIELDS, locale
    )
