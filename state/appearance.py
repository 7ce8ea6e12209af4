"""How a person reads KeepAI: the time zone. Language and theme change where they are chosen, see `state/session.py`."""

import functools
from zoneinfo import available_timezones

import reflex as rx

from services import db
from services.errors import Invalid
from services.i18n import translate
from services.identity import accounts, principals
from state.dashboard import live_broadcast
from state.guard import principal, requires, tell
from state.session import SessionState, enter
from state.settings import in_words

FIELDS = ("zone",)


@functools.cache
def zones() -> list[str]:
    """The time zones to choose from, by their names in the tz database."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


class AppearanceState(rx.State):
    """One's own time zone, and what is wrong with the one that was typed."""

    ready: bool = False
    zone: str = ""
    error: str = ""

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show what the person has chosen."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        self.zone, self.error, self.ready = person.zone, "", True

    @rx.event
    @requires("profile:write")
    async def check_zone(self, text: str):
        """Say what is wrong with the zone as soon as the field is left."""
        self.error = _said(Invalid(fields=accounts.profile_mistakes(zone=text)))

    @rx.event
    @requires("profile:write")
    async def save_zone(self, form: dict[str, str]):
        """Tell the times of every page in another zone."""
        person = principal()
        try:
            account = await db.write(
                accounts.update_profile, person.account_id, zone=form.get("zone", "").strip()
            )
        except Invalid as error:
            self.error = _said(error)
            return
        principals.forget(account_id=person.account_id)
        self.zone, self.error = account.zone, ""
        (await self.get_state(SessionState)).zone = account.zone
        await tell(self, "ok", translate(person.locale, "appearance.zone.saved"))


def _said(error: Invalid) -> str:
    return in_words(error, FIELDS, principal().locale)["zone"]
