"""The page of AI providers: which are asked in which order, what their models cost, what people may spend."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TypedDict
from urllib.parse import urlsplit
from uuid import UUID

import reflex as rx
from sqlmodel import Session, select

from models import Account, ModelBudget, ModelPrice
from services import db, format
from services.audit import Actor
from services.clock import now
from services.errors import Invalid
from services.i18n import translate, translate_count
from services.identity import accounts
from services.providers import Provider, book, budgets, prices, registry
from services.providers.kinds import LOCAL
from services.settings import get_settings
from state.address import id_of
from state.dashboard import live_broadcast
from state.guard import actor, principal, requires, tell
from state.session import enter
from state.settings import in_words, no_errors

EVERYBODY = budgets.EVERYBODY
PRICE_FIELDS = ("model", "read", "cached", "written", "as_of", "price")
BUDGET_FIELDS = ("monthly",)


class ProviderRow(TypedDict):
    """A provider in the list. `look` and `said` are of its last test."""

    id: str
    name: str
    about: str
    enabled: bool
    look: str
    said: str


class PriceRow(TypedDict):
    """What a model costs, as somebody here said it."""

    key: str
    provider_id: str
    model: str
    about: str
    cost: str


class BudgetRow(TypedDict):
    """What somebody may spend. `percent` of it is spent or set aside."""

    who: str
    name: str
    monthly: str
    spent: str
    percent: int


class Choice(TypedDict):
    """Something to choose from."""

    value: str
    label: str


class ProvidersState(rx.State):
    """The list of providers, prices and budgets. No key gets here."""

    ready: bool = False
    providers: list[ProviderRow] = []
    prices: list[PriceRow] = []
    budgets: list[BudgetRow] = []
    priced: list[Choice] = []
    people: list[Choice] = []
    testing: str = ""
    price_errors: dict[str, str] = dict.fromkeys(PRICE_FIELDS, "")
    budget_errors: dict[str, str] = dict.fromkeys(BUDGET_FIELDS, "")
    form_key: int = 0
    today: str = ""
    table: str = ""
    _tested: dict[str, tuple[str, str]] = {}

    @rx.event
    @requires("providers:read")
    async def load(self):
        """Show what there is; who may not change it is shown that it is there."""
        person = await enter(self, lambda locale: [live_broadcast(locale)])
        self.price_errors, self.budget_errors = no_errors(PRICE_FIELDS), no_errors(BUDGET_FIELDS)
        self.today = now().date().isoformat()
        self.table = translate(
            person.locale,
            "providers.prices.table",
            table=prices.TABLE,
            date=_day(person.locale, prices.TABLE_OF),
        )
        if person.may("providers:manage"):
            await self._read()

    async def _read(self) -> None:
        found = await db.read(_listed, principal().locale, self.get_value("_tested"))
        self.providers, self.prices, self.budgets, self.priced, self.people = found
        self.ready = True

    @rx.event
    @requires("providers:manage")
    async def switch(self, provider_id: str, enabled: bool):
        """Ask it, or no longer."""
        by = actor()

        def write(session: Session) -> None:
            settings = get_settings()
            draft = book.draft_of(registry.get(session, settings, provider_id))
            book.update(session, settings, now(), provider_id, replace(draft, enabled=enabled), by)

        await db.write(write)
        await self._read()

    @rx.event
    @requires("providers:manage")
    async def earlier(self, provider_id: str):
        """Ask it before the one before it."""
        by = actor()

        def write(session: Session) -> None:
            settings = get_settings()
            known = registry.listed(session, settings)
            ids = [one.id for one in known]
            place = ids.index(provider_id) if provider_id in ids else 0
            if place == 0:
                return
            known[place - 1], known[place] = known[place], known[place - 1]
            for number, one in enumerate(known):
                if one.position != number:
                    draft = replace(book.draft_of(one), position=number)
                    book.update(session, settings, now(), one.id, draft, by)

        await db.write(write)
        await self._read()

    @rx.event(background=True)
    @requires("providers:manage")
    async def test(self, provider_id: str):
        """Ask for its models, and show how long that took."""
        async with self:
            if self.testing:
                return
            self.testing = provider_id
        try:
            provider = await db.read(registry.get, get_settings(), provider_id)
            look, said = await tested_in_words(provider, principal().locale)
            async with self:
                self._tested = {**self.get_value("_tested"), provider_id: (look, said)}
        finally:
            async with self:
                self.testing = ""
                await self._read()

    @rx.event
    @requires("providers:manage")
    async def say_price(self, form: dict[str, str]):
        """Say what a model costs."""
        locale = principal().locale
        given = {name: str(form.get(name) or "").strip() for name in ("provider", *PRICE_FIELDS)}
        amounts = {name: prices.amount_of(given[name]) for name in ("read", "written")}
        wrong = {name: "providers.error.price" for name, amount in amounts.items() if amount is None}
        cached = prices.amount_of(given["cached"]) if given["cached"] else None
        if given["cached"] and cached is None:
            wrong["cached"] = "providers.error.price"
        as_of = _date(given["as_of"])
        if as_of is None:
            wrong["as_of"] = "providers.error.date"
        if not given["model"]:
            wrong["model"] = "providers.error.models"
        if wrong or as_of is None:
            self.price_errors = in_words(Invalid(fields=wrong), PRICE_FIELDS, locale)
            return
        price, by = (amounts["read"] or 0, cached, amounts["written"] or 0), actor()

        def write(session: Session) -> None:
            provider = registry.get(session, get_settings(), given["provider"])
            book.set_price(session, now(), provider, given["model"], price, as_of, by)

        try:
            await db.write(write)
        except Invalid as error:
            self.price_errors = in_words(error, PRICE_FIELDS, locale)
            return
        self.price_errors = no_errors(PRICE_FIELDS)
        self.form_key += 1
        await self._read()
        await tell(self, "ok", translate(locale, "providers.prices.saved"))

    @rx.event
    @requires("providers:manage")
    async def forget_price(self, provider_id: str, model: str):
        """Leave what a model costs to the table again."""
        by = actor()

        def write(session: Session) -> None:
            provider = registry.get(session, get_settings(), provider_id)
            book.set_price(session, now(), provider, model, None, now().date(), by)

        await db.write(write)
        await self._read()

    @rx.event
    @requires("providers:manage")
    async def give_budget(self, form: dict[str, str]):
        """Give somebody a budget."""
        locale = principal().locale
        monthly = prices.amount_of(str(form.get("monthly") or ""))
        try:
            if monthly is None:
                raise Invalid(fields={"monthly": "providers.error.amount"})
            await db.write(_set_budget, str(form.get("who") or EVERYBODY), monthly, actor())
        except Invalid as error:
            self.budget_errors = in_words(error, BUDGET_FIELDS, locale)
            return
        self.budget_errors = no_errors(BUDGET_FIELDS)
        self.form_key += 1
        await self._read()
        await tell(self, "ok", translate(locale, "providers.budgets.saved"))

    @rx.event
    @requires("providers:manage")
    async def forget_budget(self, who: str):
        """Take a budget away."""
        await db.write(_set_budget, who, None, actor())
        await self._read()


async def tested_in_words(provider: Provider, locale: str) -> tuple[str, str]:
    """Test a provider, and say what came of it: a look and words."""
    tested = await book.test(provider)
    await db.write(book.note_test, now(), provider, tested, actor())
    if tested.failure:
        return "critical", translate(locale, tested.failure.key, **tested.failure.params)
    took = format.duration(locale, tested.latency or 0.0)
    count = len(tested.models)
    return "ok", translate_count(locale, "providers.tested", count, time=took)


def where(provider: Provider, locale: str) -> str:
    """The kind of a provider and where it is, without what is no one else's business."""
    hosts = [urlsplit(url).netloc for url in provider.urls]
    kind = translate(locale, f"providers.kind.{provider.kind}")
    source = [] if provider.typed else [translate(locale, "providers.configured")]
    return " · ".join([kind, ", ".join(hosts), *source])


def _listed(
    session: Session, locale: str, tested: dict[str, tuple[str, str]]
) -> tuple[list[ProviderRow], list[PriceRow], list[BudgetRow], list[Choice], list[Choice]]:
    known = registry.listed(session, get_settings())
    named = {one.id: one.name for one in known}
    people = session.exec(select(Account).where(Account.deactivated_at == None)).all()  # noqa: E711 (SQL)
    names = {one.id: one.name or one.email for one in people}
    rows = []
    for one in known:
        look, said = tested.get(one.id, ("unknown", translate(locale, "providers.not_tested")))
        rows.append(
            ProviderRow(
                id=one.id, name=one.name, about=where(one, locale), enabled=one.enabled, look=look, said=said
            )
        )
    priced = [
        _price(one, named[one.provider_id], locale)
        for one in session.exec(select(ModelPrice).order_by(ModelPrice.provider_id, ModelPrice.model))
        if one.provider_id in named
    ]
    return (
        rows,
        priced,
        [_budget(session, one, names, locale) for one in budgets.listed(session)],
        [Choice(value=one.id, label=one.name) for one in known if one.kind not in LOCAL],
        [
            Choice(value=EVERYBODY, label=translate(locale, "providers.budgets.everybody")),
            *sorted(
                (Choice(value=number.hex, label=name) for number, name in names.items()),
                key=lambda one: one["label"].lower(),
            ),
        ],
    )


def _price(price: ModelPrice, provider: str, locale: str) -> PriceRow:
    return PriceRow(
        key=f"{price.provider_id}:{price.model}",
        provider_id=price.provider_id,
        model=price.model,
        about=f"{provider} · {_day(locale, price.as_of)}",
        cost=_cost(price, locale),
    )


def _cost(price: ModelPrice, locale: str) -> str:
    amounts = {"read": spoken(locale, price.read), "written": spoken(locale, price.written)}
    if price.cached is None:
        return translate(locale, "providers.prices.said", **amounts)
    return translate(locale, "providers.prices.said_cached", cached=spoken(locale, price.cached), **amounts)


def _budget(session: Session, budget: ModelBudget, names: dict[UUID, str], locale: str) -> BudgetRow:
    name, spent, percent = translate(locale, "providers.budgets.everybody"), "", 0
    if budget.account_id:
        name = names.get(budget.account_id, "")
        done, aside = budgets.spent(session, budget.account_id, now())
        spent = f"US$ {format.number(locale, done / prices.MILLION, 2)}"
        percent = min(100, round(100 * (done + aside) / budget.monthly)) if budget.monthly else 100
    return BudgetRow(
        who=budget.who,
        name=name,
        monthly=f"US$ {spoken(locale, budget.monthly)}",
        spent=spent,
        percent=percent,
    )


def _set_budget(session: Session, who: str, monthly: int | None, by: Actor) -> None:
    account = None if who == EVERYBODY else accounts.get(session, id_of(who))
    book.set_budget(session, now(), account, monthly, by)


def spoken(locale: str, amount: int) -> str:
    """Dollars with every digit that counts, with the comma where the reader has one."""
    text = prices.dollars(amount)
    return text if locale == "en" else text.replace(".", ",")


def _day(locale: str, day: date) -> str:
    return format.day(locale, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
