"""What the people page shows, and what its buttons do."""

import math
from datetime import timedelta
from typing import TypedDict
from uuid import UUID

import reflex as rx

from services import db, format
from services.clock import now
from services.errors import Invalid, KeepAIError
from services.i18n import translate
from services.identity import people, principals, second_factor
from services.identity.people import Handed, Member
from services.identity.permissions import ROLES
from services.settings import get_settings
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter, initials
from state.settings import in_words, no_errors

INVITE = ("email", "role")
KINDS = ("deactivate", "withdraw", "unguard")


class PersonRow(TypedDict):
    """One person of the team, or an invitation."""

    id: str
    state: str
    name: str
    email: str
    initials: str
    role: str
    role_word: str
    seen_at: float
    until: str
    oneself: bool
    guarded: bool


class Link(TypedDict):
    """A link that was just made, to be handed over; empty while there is none."""

    url: str
    title: str
    text: str


class Pending(TypedDict):
    """What waits for a yes. `kind` is empty while nothing does."""

    kind: str
    id: str
    name: str


NO_LINK = Link(url="", title="", text="")
NOTHING_PENDING = Pending(kind="", id="", name="")


class PeopleState(rx.State):
    """The team, as the search field narrows it."""

    text: str = ""
    rows: list[PersonRow] = []
    counts: str = ""
    ready: bool = False
    inviting: bool = False
    errors: dict[str, str] = dict.fromkeys(INVITE, "")
    link: Link = NO_LINK
    pending: Pending = NOTHING_PENDING

    @rx.event
    @requires("people:manage")
    async def load(self):
        """Show everybody."""
        await enter(self, lambda locale: [live_broadcast(locale)])
        self.inviting, self.errors = False, no_errors(INVITE)
        self.link, self.pending, self.text = NO_LINK, NOTHING_PENDING, ""
        await self._read()

    @rx.event
    @requires("people:manage")
    async def search(self, text: str):
        """Only those whose name or address has this text."""
        self.text = text[:100]
        await self._read()

    @rx.event
    @requires("people:manage")
    async def ask_invite(self):
        """Show the form of an invitation."""
        self.inviting, self.errors = True, no_errors(INVITE)

    @rx.event
    @requires("people:manage")
    async def invite(self, form: dict[str, str]):
        """Make an invitation, and show its link once."""
        person = principal()
        try:
            made = await db.write(
                people.invite,
                get_settings(),
                form.get("email", ""),
                form.get("role", ""),
                now(),
                by=actor(),
                locale=person.locale,
            )
        except KeepAIError as error:
            if not error.fields:
                raise
            self.errors = in_words(Invalid(fields=error.fields, **error.params), INVITE, person.locale)
            return
        self.inviting, self.errors = False, no_errors(INVITE)
        self._show_link("people.link.mailed" if made.mailed else "people.link.invitation", made)
        await self._read()

    @rx.event
    @requires("people:manage")
    async def offer_reset(self, account_id: str):
        """Make a link for a new password, and show it once."""
        made = await db.write(people.offer_reset, get_settings(), id_of(account_id), now(), by=actor())
        self._show_link("people.link.password_reset", made)

    @rx.event
    @requires("people:manage")
    async def set_role(self, account_id: str, role: str):
        """Another role; the person signs in again with it."""
        wanted = id_of(account_id)
        people.not_oneself(actor(), wanted)
        try:
            await db.write(people.set_role, wanted, role, now(), by=actor())
        except KeepAIError:
            await self._read()  # the list shows again what holds
            raise
        principals.end(account_id=wanted)
        await self._told("people.role_changed", wanted)

    @rx.event
    @requires("people:manage")
    async def ask(self, kind: str, row_id: str):
        """Ask before somebody's access or invitation ends."""
        row = next((row for row in self.get_value("rows") if row["id"] == row_id), None)
        if row is not None and kind in KINDS:
            self.pending = Pending(kind=kind, id=row_id, name=row["name"] or row["email"])

    @rx.event
    @requires("people:manage")
    async def dismiss(self):
        """No."""
        self.pending = NOTHING_PENDING

    @rx.event
    @requires("people:manage")
    async def close_invite(self):
        """Nobody is invited after all. A form that was sent closes as well, and then the link stays to be seen."""
        self.inviting = False

    @rx.event
    @requires("people:manage")
    async def close_link(self):
        """The link was taken along; it is never shown again."""
        self.link = NO_LINK

    @rx.event
    @requires("people:manage")
    async def deactivate(self, account_id: str):
        """Yes: let somebody in no longer."""
        self.pending = NOTHING_PENDING
        wanted = id_of(account_id)
        people.not_oneself(actor(), wanted)
        await db.write(people.deactivate, wanted, now(), by=actor())
        principals.end(account_id=wanted)
        await self._told("people.deactivated_now", wanted)

    @rx.event
    @requires("people:manage")
    async def unguard(self, account_id: str):
        """Yes: whoever lost the app and the codes signs in with the password alone."""
        self.pending = NOTHING_PENDING
        wanted = id_of(account_id)
        people.not_oneself(actor(), wanted)
        await db.write(second_factor.remove, wanted, now(), by=actor())
        await self._told("people.unguarded", wanted)

    @rx.event
    @requires("people:manage")
    async def reactivate(self, account_id: str):
        """Let somebody in again."""
        wanted = id_of(account_id)
        await db.write(people.reactivate, wanted, now(), by=actor())
        await self._told("people.reactivated_now", wanted)

    @rx.event
    @requires("people:manage")
    async def withdraw(self, link_id: str):
        """Yes: take an invitation back."""
        self.pending = NOTHING_PENDING
        await db.write(people.withdraw, id_of(link_id), now(), by=actor())
        await self._read()
        await tell(self, "ok", translate(principal().locale, "people.withdrawn"))

    async def _told(self, key: str, account_id: UUID) -> None:
        await self._read()
        one = await db.read(people.member, account_id)
        role = translate(principal().locale, f"settings.role.{one.role}") if one.role else ""
        await tell(self, "ok", translate(principal().locale, key, name=one.label, role=role))

    def _show_link(self, key: str, made: Handed) -> None:
        locale = principal().locale
        title = translate(locale, f"{key}.title")
        self.link = Link(url=made.url, title=title, text=translate(locale, f"{key}.text", email=made.email))

    async def _read(self) -> None:
        person = principal()
        found = await db.read(people.members, now(), self.text)
        self.rows = [row(one, person.account_id, person.locale) for one in found]
        numbers = {
            state: sum(one.state == state for one in found) for state in ("active", "invited", "deactivated")
        }
        parts = [
            translate(person.locale, f"people.count.{state}.{'one' if count == 1 else 'other'}", count=count)
            for state, count in numbers.items()
            if count
        ]
        self.counts = ", ".join(parts)
        self.ready = True


def row(one: Member, oneself: UUID, locale: str) -> PersonRow:
    """A member in the reader's words."""
    left = (one.expires_at - now()) / timedelta(hours=1) if one.expires_at else 0
    called = one.name or one.email.split("@")[0]
    return PersonRow(
        id=one.id.hex,
        state=one.state,
        name=called,
        email=one.email,
        initials=initials(called),
        role=one.role if one.role in ROLES else "",
        role_word=translate(locale, f"settings.role.{one.role}") if one.role in ROLES else "",
        seen_at=one.seen_at.timestamp() if one.seen_at else 0.0,
        until=format.age(locale, 3600 * math.ceil(left)) if left else "",
        oneself=one.id == oneself,
        guarded=one.second_factor,
    )
