"""Where one person of the team is signed in, and the keys of their programs, for whoever manages people to end."""

from typing import Literal, TypedDict
from uuid import UUID

import reflex as rx

from services import db
from services.clock import now
from services.errors import NotFound
from services.i18n import translate, translate_count
from services.identity import accounts, api_keys, people, principals, sign_ins
from services.identity.permissions import ROLES
from state.address import id_of, named_by
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.keys import KeyView, view
from state.session import enter, initials
from state.settings import SessionView, session_view

Kind = Literal["sign_ins", "key", "keys"]


class Shown(TypedDict):
    """Whose page it is; all is empty until that is known."""

    name: str
    email: str
    initials: str
    role: str


class Question(TypedDict):
    """What waits for a yes. `kind` is empty while nothing does; `id` and `name` are those of a key."""

    kind: str
    id: str
    name: str


NOBODY = Shown(name="", email="", initials="", role="")
NOTHING_ASKED = Question(kind="", id="", name="")


class PersonState(rx.State):
    """The person of the address. `found` is off where the address names nobody."""

    account_id: str = ""
    ready: bool = False
    found: bool = True
    who: Shown = NOBODY
    sign_ins: list[SessionView] = []
    others: bool = False
    keys: list[KeyView] = []
    question: Question = NOTHING_ASKED

    @rx.event
    @requires("people:manage")
    async def load(self):
        """Show whom the address names."""
        await enter(self, lambda locale: [live_broadcast(locale)])
        wanted = named_by(self)
        self.question = NOTHING_ASKED
        if wanted != self.account_id:
            self.account_id, self.ready, self.found = wanted[:64], False, True
            self.who, self.sign_ins, self.keys = NOBODY, [], []
        try:
            await self._read()
        except NotFound:
            self.found = False
        self.ready = True

    @rx.event
    @requires("people:manage")
    async def end(self, sign_in_id: str):
        """Sign the person out in one place."""
        wanted = id_of(sign_in_id)
        await db.write(sign_ins.revoke, wanted, now(), whose=principal(), by=actor())
        principals.end(session_id=wanted)
        await self._read()

    @rx.event
    @requires("people:manage")
    async def ask(self, kind: Kind, key_id: str):
        """Ask before all sign-ins, a key or all keys end."""
        key = next((row for row in self.get_value("keys") if row["id"] == key_id), None)
        if kind == "key" and key is None:
            raise NotFound
        self.question = Question(kind=kind, id=key_id, name=key["name"] if key else "")

    @rx.event
    @requires("people:manage")
    async def dismiss(self):
        """No."""
        self.question = NOTHING_ASKED

    @rx.event
    @requires("people:manage")
    async def end_all(self):
        """Yes: sign the person out everywhere; whoever looks at themselves stays where they are."""
        self.question = NOTHING_ASKED
        person = principal()
        whose, keep = id_of(self.account_id), person.session_id
        ended = await db.write(sign_ins.end_others, whose, keep, now(), by=actor())
        await self._told("person.ended", ended)

    @rx.event
    @requires("people:manage")
    async def revoke(self, key_id: str):
        """Yes: end a key."""
        self.question = NOTHING_ASKED
        person = principal()
        key = await db.write(api_keys.revoke, id_of(key_id), now(), whose=person, by=actor())
        principals.end(session_id=key.id)
        await self._read()
        await tell(self, "ok", translate(person.locale, "keys.revoked", name=key.name))

    @rx.event
    @requires("people:manage")
    async def revoke_all(self):
        """Yes: end every key of the person."""
        self.question = NOTHING_ASKED
        whose = id_of(self.account_id)
        ended = await db.write(api_keys.revoke_all, whose, now(), whose=principal(), by=actor())
        await self._told("person.revoked", ended)

    async def _told(self, key: str, ended: list[UUID]) -> None:
        """Say how many ended, once nothing acts with them any more."""
        for one in ended:
            principals.end(session_id=one)
        await self._read()
        await tell(self, "ok", translate_count(principal().locale, key, len(ended)))

    async def _read(self) -> None:
        person, whose = principal(), id_of(self.account_id)
        one = await db.read(people.member, whose)
        owner = await db.read(accounts.get, whose)
        called = one.name or one.email.split("@")[0]
        role = translate(person.locale, f"settings.role.{one.role}") if one.role in ROLES else ""
        self.who = Shown(name=called, email=one.email, initials=initials(called), role=role)
        found = await db.read(sign_ins.of_account, whose, now())
        self.sign_ins = [session_view(row, person.session_id, person.locale) for row in found]
        self.others = any(row.id != person.session_id for row in found)
        self.keys = [view(key, owner, person) for key in await db.read(api_keys.of_account, whose, now())]
