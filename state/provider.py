"""The editor of one AI provider: its fields, and what a test of it found."""

from typing import Any, TypedDict

import reflex as rx

from services import db, format
from services.clock import now
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.i18n import translate
from services.identity.permissions import ROLES
from services.providers import Provider, ProviderError, book, catalogue, prices, registry
from services.providers.kinds import KINDS, LOCAL, URLS
from services.settings import get_settings
from state.address import NEW, named_by
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.providers import spoken, tested_in_words
from state.session import enter

LIST = "/settings/providers"
TYPED = ("name", "urls", "key", "model", "context", "only", "roles")
SHOWN = 200  # models


class ModelRow(TypedDict):
    """A model that a test found."""

    name: str
    about: str
    price: str


class ProviderState(rx.State):
    """One provider in its fields. `there` is off where the address names none; its key never gets here, only its last
    letters do."""

    provider_id: str = ""
    ready: bool = False
    there: bool = True
    title: str = ""
    kind: str = "ollama"
    configured: bool = False
    enabled: bool = True
    kept_key: str = ""
    usual_url: str = ""
    form_key: int = 0
    texts: dict[str, str] = dict.fromkeys(TYPED, "")
    errors: dict[str, str] = dict.fromkeys(TYPED, "")
    asking: bool = False
    problem: str = ""
    testing: bool = False
    look: str = ""
    said: str = ""
    models: list[ModelRow] = []

    @rx.event
    @requires("providers:manage")
    async def load(self):
        """Show the provider of the address."""
        await enter(self, lambda locale: [live_broadcast(locale)])
        self.provider_id, self.asking, self.problem = named_by(self), False, ""
        self.errors, self.look, self.said, self.models = dict.fromkeys(TYPED, ""), "", "", []
        draft, self.configured, self.kept_key = book.Draft("ollama", ""), False, ""
        if self.provider_id != NEW:
            try:
                provider = await db.read(registry.get, get_settings(), self.provider_id)
            except NotFound:
                self.there, self.ready = False, True
                return
            draft = book.draft_of(provider)
            self.configured, self.kept_key = not provider.typed, book.masked(provider.key)
        self.kind, self.title, self.enabled = draft.kind, draft.name, draft.enabled
        self.usual_url = URLS[draft.kind]
        self.texts = {
            "name": draft.name,
            "urls": "\n".join(draft.urls),
            "key": "",
            "model": draft.options.get("model", ""),
            "context": draft.options.get("context", ""),
            "only": "\n".join(draft.only),
            "roles": "\n".join(f"{model}: {', '.join(some)}" for model, some in draft.roles.items()),
        }
        self.form_key += 1
        self.there = self.ready = True

    @rx.event
    @requires("providers:manage")
    async def choose_kind(self, kind: str):
        """Another kind, while it is a new one."""
        if kind in KINDS and self.provider_id == NEW:
            self.kind, self.usual_url, self.errors = kind, URLS[kind], dict.fromkeys(TYPED, "")

    @rx.event
    @requires("providers:manage")
    async def switch(self, enabled: bool):
        """Whether it is asked, once it is saved."""
        self.enabled = enabled

    @rx.event
    @requires("providers:manage")
    async def save(self, form: dict[str, Any]):
        """Keep it. What is wrong is said beside its field, and all stays as it was typed."""
        locale, settings, self.problem = principal().locale, get_settings(), ""
        try:
            before = None
            if self.provider_id != NEW:
                before = await db.read(registry.get, settings, self.provider_id)
            draft = self._draft({name: str(form.get(name) or "") for name in TYPED}, before)
            if before is None:
                kept = await db.write(book.create, settings, now(), draft, actor())
            else:
                kept = await db.write(book.update, settings, now(), before.id, draft, actor())
        except Invalid as error:
            said = {name: translate(locale, key) for name, key in error.fields.items()}
            said["model"] = said.pop("options", said.get("model", ""))
            self.errors = {**dict.fromkeys(TYPED, ""), **said}
            return None
        except (Conflict, Forbidden) as error:
            self.problem = translate(locale, error.key, **error.params)
            return None
        await tell(self, "ok", translate(locale, "providers.saved"))
        return rx.redirect(f"{LIST}/{kept.id}" if before is None else LIST)

    def _draft(self, texts: dict[str, str], before: Provider | None) -> book.Draft:
        was = book.draft_of(before) if before else book.Draft(self.kind, "")
        options = {**was.options, "model": texts["model"].strip(), "context": texts["context"].strip()}
        fixed = before is not None and not before.typed
        return book.Draft(
            kind=was.kind,
            name=was.name if fixed else texts["name"],
            urls=was.urls if fixed else texts["urls"].split(),
            key="" if fixed else texts["key"].strip(),
            enabled=self.enabled,
            position=was.position,
            roles=_roles(texts["roles"]),
            only=[line.strip() for line in texts["only"].splitlines() if line.strip()],
            options={name: value for name, value in options.items() if value},
        )

    @rx.event
    @requires("providers:manage")
    async def ask(self):
        """Ask before it is taken away."""
        self.asking, self.problem = True, ""

    @rx.event
    @requires("providers:manage")
    async def dismiss(self):
        """No."""
        self.asking = False

    @rx.event
    @requires("providers:manage")
    async def remove(self):
        """Yes: take it away."""
        self.asking = False
        try:
            await db.write(book.remove, get_settings(), now(), self.provider_id, actor())
        except Conflict as error:
            self.problem = translate(principal().locale, error.key, **error.params)
            return None
        await tell(self, "ok", translate(principal().locale, "providers.removed"))
        return rx.redirect(LIST)

    @rx.event(background=True)
    @requires("providers:manage")
    async def test(self):
        """Ask for its models, and show them with what they cost."""
        async with self:
            if self.testing:
                return
            self.testing, number = True, self.provider_id
        look, said, found = "", "", []
        try:
            provider = await db.read(registry.get, get_settings(), number)
            look, said = await tested_in_words(provider, principal().locale)
            found = await _models(provider, principal().locale) if look == "ok" else []
        finally:
            async with self:
                self.testing, self.look, self.said, self.models = False, look, said, found


async def _models(provider: Provider, locale: str) -> list[ModelRow]:
    try:
        infos = (await catalogue.models(provider))[:SHOWN]
    except ProviderError:
        return []

    def read(session: Any) -> list[ModelRow]:
        return [
            ModelRow(
                name=one.name, about=_about(one, locale), price=_price(session, provider, one.name, locale)
            )
            for one in infos
        ]

    return await db.read(read)


def _about(info: Any, locale: str) -> str:
    able = [translate(locale, f"providers.able.{one}") for one in sorted(info.capabilities)]
    if info.context:
        able.append(translate(locale, "providers.context", tokens=format.number(locale, info.context)))
    return " · ".join(able)


def _price(session: Any, provider: Provider, model: str, locale: str) -> str:
    if provider.kind in LOCAL:
        return translate(locale, "providers.price.local")
    found = prices.find(session, provider, model)
    if found is None:
        return translate(locale, "providers.price.unknown")
    return translate(
        locale,
        "providers.price.known",
        read=spoken(locale, found.read),
        written=spoken(locale, found.written),
        date=found.as_of.isoformat(),
    )


def _roles(text: str) -> dict[str, list[str]]:
    """`model: admin, operator`, one a line; the name of a model may have colons. Raises Invalid."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        model, colon, some = line.rpartition(":")
        roles = [role.strip().lower() for role in some.split(",") if role.strip()]
        if not (colon and model.strip() and roles and set(roles) <= set(ROLES)):
            raise Invalid(fields={"roles": "providers.error.roles"})
        found[model.strip()] = roles
    return found
