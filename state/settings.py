"""What the settings page shows, and what its forms do."""

from typing import Any, Literal, TypedDict
from uuid import UUID

import reflex as rx

from services import db, files, jobs
from services.clock import now
from services.errors import Conflict, Invalid
from services.i18n import translate
from services.identity import accounts, passwords, people, principals, sign_ins
from services.identity.sign_ins import SignIn
from services.settings import get_settings
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.leaving import REVOKED
from state.live import broadcaster
from state.proving import proving
from state.session import SessionState, enter
from state.words import Words

PROFILE = ("name",)
PASSWORD = ("current", "new", "again")


class SessionView(TypedDict):
    """One browser or program with which the person is signed in."""

    id: str
    kind: str
    device: str
    address: str
    created_at: float
    seen_at: float
    current: bool


class SettingsState(rx.State):
    """One's own profile, password and sessions. What is wrong is said beside its field."""

    name: str = ""
    email: str = ""
    profile_errors: dict[str, str] = dict.fromkeys(PROFILE, "")
    profile_saving: bool = False
    password_errors: dict[str, str] = dict.fromkeys(PASSWORD, "")
    password_changed: bool = False
    must_change: bool = False
    sessions: list[SessionView] = []
    insecure: bool = False
    deleting: bool = False
    delete_error: str = ""

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show the person's own settings."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        self.name, self.email = person.name, person.email
        self.must_change = person.must_change_password
        self.profile_errors, self.password_errors = no_errors(PROFILE), no_errors(PASSWORD)
        self.password_changed = False
        self.insecure = _insecure()
        self.deleting, self.delete_error = False, ""
        await self._load_sessions()

    @rx.event
    @requires("profile:write")
    async def check_name(self, text: str):
        """Say what is wrong with the name as soon as it is left."""
        wrong = Invalid(fields=accounts.profile_mistakes(name=text))
        self.profile_errors = in_words(wrong, PROFILE, principal().locale)

    @rx.event
    @requires("profile:write")
    async def save_profile(self, form: dict[str, str]):
        """Keep the name."""
        person = principal()
        try:
            account = await db.write(
                accounts.update_profile, person.account_id, name=form.get("name", ""), by=actor()
            )
        except Invalid as error:
            self.profile_errors = in_words(error, PROFILE, person.locale)
            return
        principals.forget(account_id=person.account_id)
        self.profile_errors = no_errors(PROFILE)
        self.name = account.name
        (await self.get_state(SessionState))._show_name(account.name or account.email)
        await tell(self, "ok", translate(person.locale, "settings.profile.saved"))

    @rx.event
    @requires("profile:write")
    async def check_password(self, field: Literal["new", "again"], length: int, same: bool):
        """The same for a new password, of which only the length is told, and whether it is the same both times."""
        mistakes: dict[str, str] = {}
        params: dict[str, Any] = {}
        try:
            if field == "new" and length:
                passwords.check_length(length)
        except Invalid as error:
            mistakes, params = dict(error.fields), dict(error.params)
        if field == "again" and length and not same:
            mistakes["again"] = "settings.password.different"
        said = in_words(Invalid(fields=mistakes, **params), PASSWORD, principal().locale)[field]
        self.password_errors = {**self.password_errors, field: said}

    @rx.event
    @requires("profile:write")
    async def change_password(self, form: dict[str, str | None]):
        """Another password; the other sessions of this person end."""
        person = principal()
        current, new, again = (form.get(name) or "" for name in PASSWORD)
        try:
            asked = PASSWORD if person.has_password else PASSWORD[1:]
            if missing := {name: "errors.field.missing" for name in asked if not form.get(name)}:
                raise Invalid(fields=missing)
            if new != again:
                raise Invalid(fields={"again": "settings.password.different"})
            async with proving("current"):
                await db.write(
                    accounts.change_password, person.account_id, person.session_id, current, new, by=actor()
                )
        except Invalid as error:
            self.password_errors = in_words(error, PASSWORD, person.locale)
            return
        ended = [UUID(row["id"]) for row in self.sessions if not row["current"]]
        principals.forget(account_id=person.account_id)
        for session_id in ended:
            principals.end(session_id=session_id)
        self.password_errors = no_errors(PASSWORD)
        self.password_changed, self.must_change = True, False
        session = await self.get_state(SessionState)
        session.must_change_password, session.has_password = False, True
        await self._load_sessions()
        await tell(self, "ok", translate(person.locale, "settings.password.saved"))

    @rx.event
    @requires("profile:write")
    async def ask_delete(self, asked: bool):
        """Show, or put away, what asks before one's own account is deleted."""
        self.deleting, self.delete_error = asked, ""

    @rx.event
    @requires("profile:write")
    async def delete_account(self, form: dict[str, str | None]):
        """Delete one's own account and all that is known of oneself; the tab goes to the sign-in page."""
        person = principal()
        try:
            places = await db.read(files.places_of, person.account_id)
            async with proving():
                await db.write(
                    people.delete,
                    person.account_id,
                    person.session_id,
                    form.get("password") or "",
                    now(),
                    by=actor(),
                )
        except (Invalid, Conflict) as error:
            self.delete_error = translate(
                person.locale, error.fields.get("password", error.key), **error.params
            )
            return
        principals.end(account_id=person.account_id)
        await files.take_away(get_settings(), places)

    @rx.event
    @requires("jobs:write")
    async def export_data(self):
        """Gather all that is known of oneself, files included, into one archive; it takes its time."""
        person = principal()
        await db.write(jobs.enqueue, now(), person.account_id, "account_export", by=actor())
        await tell(self, "ok", translate(person.locale, "jobs.put"))

    @rx.event
    @requires("profile:write")
    async def end_others(self):
        """Sign out every other device."""
        person = principal()
        ended = await db.write(sign_ins.end_others, person.account_id, person.session_id, now(), by=actor())
        for session_id in ended:
            principals.end(session_id=session_id)
            await broadcaster().kick(str(session_id), REVOKED)
        await self._load_sessions()

    @rx.event
    @requires("profile:write")
    async def end_session(self, session_id: str):
        """Sign out one of one's own browsers or programs."""
        person = principal()
        wanted = id_of(session_id)
        await db.write(sign_ins.end, person.account_id, wanted, now(), by=actor())
        principals.end(session_id=wanted)
        await broadcaster().kick(str(wanted), REVOKED)
        await self._load_sessions()

    async def _load_sessions(self) -> None:
        person = principal()
        rows = await db.read(sign_ins.of_account, person.account_id, now())
        language = (await self.get_state(Words)).language
        self.sessions = [session_view(row, person.session_id, language) for row in rows]


def session_view(one: SignIn, current: UUID, locale: str) -> SessionView:
    """A sign-in in the reader's words; `current` is the one with which they read."""
    return SessionView(
        id=str(one.id),
        kind=one.kind,
        device=(device if one.kind == "browser" else program)(one.user_agent, locale),
        address=one.address,
        created_at=one.created_at.timestamp(),
        seen_at=one.seen_at.timestamp(),
        current=one.id == current,
    )


def device(user_agent: str, locale: str) -> str:
    """Browser and system in words, from what the browser says of itself."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
    more = (("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))
    browser = next((name for mark, name in browsers if mark in user_agent), "")
    system = next((name for mark, name in (*systems, *more) if mark in user_agent), "")
    if browser and system:
        return translate(locale, "settings.sessions.device", browser=browser, system=system)
    return browser or system or translate(locale, "settings.sessions.unknown_device")


def program(user_agent: str, locale: str) -> str:
    """A program in words, by the first name that it gives itself."""
    name = user_agent.partition("/")[0].partition(" ")[0][:40]
    return (
        translate(locale, "settings.sessions.program_named", name=name)
        if name
        else translate(locale, "settings.sessions.program")
    )


def no_errors(fields: tuple[str, ...]) -> dict[str, str]:
    """The words beside each field of a form while nothing is wrong."""
    return dict.fromkeys(fields, "")


def in_words(error: Invalid, fields: tuple[str, ...], locale: str) -> dict[str, str]:
    """What is wrong, beside the field it concerns."""
    said = {field: translate(locale, key, **error.params) for field, key in error.fields.items()}
    return {**no_errors(fields), **said}


def _insecure() -> bool:
    """Whether people reach this over the network without encryption: then neither installing nor push works."""
    settings = get_settings()
    loopback = settings.host in ("127.0.0.1", "localhost", "::1")
    behind_https = settings.public_url.startswith("https://")
    return not (loopback or settings.tls_cert or behind_https)
