"""What the section of the second factor shows, and its steps."""

import reflex as rx
import segno

from services import db, vault
from services.clock import now
from services.errors import Invalid
from services.i18n import translate, translate_count
from services.identity import second_factor
from services.settings import get_settings
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.proving import proving
from state.session import enter
from state.settings import in_words, no_errors

FIELDS = ("password", "code")


class SecondFactorState(rx.State):
    """Whether it is on, and what is shown while it is turned on: the secret once, the recovery codes once."""

    ready: bool = False
    on: bool = False
    left: str = ""
    secret: str = ""
    qr: str = ""
    codes: list[str] = []
    errors: dict[str, str] = dict.fromkeys(FIELDS, "")
    key: int = 0

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show whether it is on."""
        await enter(self, lambda locale: [live_broadcast(locale)])
        self._forget()
        await self._read()

    @rx.event
    @requires("profile:write")
    async def begin(self, form: dict[str, str | None]):
        """With the password: show a secret for the authenticator app."""
        person = principal()
        made = await self._tried(
            second_factor.begin,
            vault.of(get_settings()),
            person.account_id,
            person.session_id,
            form.get("password") or "",
            now(),
        )
        if made:
            self.secret = made.secret
            self.qr = segno.make(made.uri, micro=False).svg_data_uri(scale=5, border=2)

    @rx.event
    @requires("profile:write")
    async def confirm(self, form: dict[str, str]):
        """With a code of the app: turn it on, and show the recovery codes."""
        person = principal()
        box = vault.of(get_settings())
        codes = await self._tried(
            second_factor.confirm, box, person.account_id, form.get("code", ""), now(), by=actor()
        )
        if codes:
            self._forget()
            self.codes = codes
            await self._read()
            await tell(self, "ok", translate(person.locale, "second.turned_on"))

    @rx.event
    @requires("profile:write")
    async def renew(self, form: dict[str, str | None]):
        """With the password: other recovery codes."""
        codes = await self._tried(
            second_factor.renew_codes,
            principal().account_id,
            principal().session_id,
            form.get("password") or "",
            now(),
            by=actor(),
        )
        if codes:
            self._forget()
            self.codes = codes
            await self._read()

    @rx.event
    @requires("profile:write")
    async def turn_off(self, form: dict[str, str | None]):
        """With the password: ask for the password alone again."""
        person = principal()
        password = form.get("password") or ""
        if await self._tried(
            second_factor.turn_off, person.account_id, person.session_id, password, now(), by=actor()
        ):
            self._forget()
            await self._read()
            await tell(self, "ok", translate(person.locale, "second.turned_off"))

    @rx.event
    @requires("profile:write")
    async def put_away(self):
        """The secret or the codes are not needed on the screen any more."""
        self._forget()

    async def _tried(self, fn, *args, **kwargs):
        """What `fn` answers; None, and words beside the field, when it is not to be."""
        self.errors = no_errors(FIELDS)
        try:
            async with proving():
                return await db.write(fn, *args, **kwargs)
        except Invalid as error:
            self.errors = in_words(error, FIELDS, principal().locale)
            return None

    def _forget(self) -> None:
        self.secret = self.qr = ""
        self.codes, self.errors = [], no_errors(FIELDS)
        self.key += 1

    async def _read(self) -> None:
        person = principal()
        self.on = await db.read(second_factor.is_on, person.account_id)
        count = await db.read(second_factor.codes_left, person.account_id)
        self.left = translate_count(person.locale, "second.left", count) if self.on else ""
        self.ready = True
