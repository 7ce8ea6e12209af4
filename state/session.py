"""Who is looking at this tab, and what the frame shows of them."""

from typing import Literal

import reflex as rx

from services import db
from services.i18n import Locale
from services.identity import accounts, principals
from services.identity.permissions import Principal
from state.alert_counts import framed
from state.guard import principal, requires, untell
from state.live import Looks, broadcaster
from state.words import Words

Theme = Literal["system", "light", "dark"]


class SessionState(rx.State):
    """The signed-in person. Only what the screen needs; the session itself is looked up from the cookie."""

    id: str = ""
    name: str = ""
    email: str = ""
    initials: str = ""
    role: str = ""
    zone: str = ""
    theme: str = ""
    may_act: bool = False
    may_scale: bool = False
    may_probe: bool = False
    may_see_system: bool = False
    may_audit: bool = False
    may_people: bool = False
    may_triage: bool = False
    may_rule: bool = False
    may_tasks: bool = False
    may_notes: bool = False
    may_providers: bool = False
    password_set_by: str = ""
    must_change_password: bool = False
    has_password: bool = True
    known: bool = False

    def _show(self, person: Principal) -> None:
        self._show_name(person.label)
        self.zone = person.zone
        self.id = person.account_id.hex
        self.email = person.email
        self.role = person.role
        self.theme = person.theme
        self.may_act = person.may("compute:act")
        self.may_scale = person.may("compute:scale")
        self.may_probe = person.may("system:act")
        self.may_see_system = person.may("system:read")
        self.may_audit = person.may("audit:read")
        self.may_people = person.may("people:manage")
        self.may_triage = person.may("alerts:act")
        self.may_rule = person.may("alerts:manage")
        self.may_tasks = person.may("tasks:write")
        self.may_notes = person.may("notes:write")
        self.may_providers = person.may("providers:manage")
        self.password_set_by = person.password_set_by
        self.must_change_password = person.must_change_password
        self.has_password = person.has_password
        self.known = True

    def _show_name(self, label: str) -> None:
        self.name, self.initials = label, initials(label)

    @rx.event
    @requires("profile:write")
    async def switch_language(self, language: Locale):
        """Read on in the other language; the profile remembers it."""
        person = principal()
        await db.write(accounts.update_profile, person.account_id, locale=language)
        principals.forget(account_id=person.account_id)
        (await self.get_state(Words)).language = language
        await broadcaster().speak(self.router.session.session_id, language)

    @rx.event
    @requires("profile:write")
    async def switch_theme(self, theme: Theme):
        """Remember the theme for other devices; this browser has already changed it."""
        person = principal()
        await db.write(accounts.update_profile, person.account_id, theme=theme)
        principals.forget(account_id=person.account_id)
        self.theme = theme

    @rx.event
    @requires("profile:write")
    async def password_news_read(self):
        """The person has read who had their password set anew."""
        person = principal()
        await db.write(accounts.password_news_read, person.account_id)
        principals.forget(account_id=person.account_id)
        self.password_set_by = ""

    @rx.event
    @requires("profile:write")
    async def close_toast(self, toast_id: str):
        """Take one message away."""
        await untell(self, toast_id)


async def enter(state: rx.State, looks: Looks) -> Principal:
    """What every page does on load: show who is there, in their language, and look at the page's broadcasts."""
    person = principal()
    (await state.get_state(SessionState))._show(person)
    words = await state.get_state(Words)
    if words.language != person.locale:
        words.language = person.locale
    sid = state.router.session.session_id
    looks = framed(looks, person.account_id)
    await broadcaster().attend(sid, str(person.session_id), person.may, person.locale, looks)
    return person


def initials(label: str) -> str:
    """One or two capitals for the round picture of a person."""
    words = [word for word in label.replace("@", " ").replace(".", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
