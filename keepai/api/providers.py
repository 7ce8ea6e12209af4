"""AI providers, their models, what those cost and what people may spend, for programs."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, Place, chosen, cut, id_of, page, place_of
from keepai.web.scope import actor_of, locale_of
from models import ModelCall
from services import db
from services.clock import now, rfc3339
from services.errors import Invalid
from services.i18n import translate
from services.identity import accounts
from services.identity.permissions import Principal
from services.providers import (
    ModelInfo,
    Provider,
    ProviderError,
    book,
    budgets,
    catalogue,
    ledger,
    prices,
    registry,
)
from services.providers.kinds import LOCAL
from services.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["providers"])

COLUMNS = (
    *("id", "kind", "name", "enabled", "position", "local", "configured"),
    *("urls", "key", "roles", "only", "options"),
)
MODEL_COLUMNS = ("name", "capabilities", "context", "size", "price")
CALL_COLUMNS = (
    *("id", "at", "purpose", "provider_id", "provider", "model", "read", "cached", "written", "estimated"),
    *("local", "cost", "price_read", "price_cached", "price_written", "prices_of"),
    *("first_token", "duration", "outcome"),
)
ProviderId = Annotated[str, Path(max_length=32, description="`id` of the provider, as the list has it.")]
Name = Annotated[str, Field(max_length=200, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=2000, pattern=NO_NUL)]
Amount = Annotated[str, Field(max_length=24, examples=["0.25"])]


class Change(BaseModel):
    """A provider, or what is to change of one. Of one that the environment names, name, address and key stay."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    urls: Annotated[list[Text], Field(max_length=20)] | None = Field(
        None, description="Where it is asked; left out for the vendor's own. Several are nodes of Ollama."
    )
    key: Text | None = Field(None, description="Left out, it stays as it is.")
    enabled: bool | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] | None = Field(
        None, description="Lower ones are asked first."
    )
    roles: dict[Name, list[Literal["admin", "operator", "viewer"]]] | None = Field(
        None,
        description="By model, the roles that may use it; a model that is not named is for all.",
        examples=[{"gpt-5": ["admin"]}],
    )
    only: Annotated[list[Name], Field(max_length=500)] | None = Field(
        None, description="The models that are offered; empty: all."
    )
    options: dict[Name, Name] | None = Field(
        None,
        description=(
            "`model` that is asked where none is chosen. Ollama: `context`, `keep_alive`. OpenAI: `most_tokens`. "
            "Anthropic: `version`, `auth`."
        ),
        examples=[{"model": "gpt-5-mini"}],
    )


class Wanted(Change):
    """A new provider."""

    kind: Literal["ollama", "openai", "anthropic", "google"] = Field(
        description="`openai` is also what every compatible server speaks."
    )


class Price(BaseModel):
    """What a model costs, in dollars for a million tokens."""

    model_config = ConfigDict(extra="forbid")

    model: Name
    read: Amount
    cached: Amount | None = Field(None, description="Read from the vendor's cache; left out: as any other.")
    written: Amount
    as_of: date = Field(description="The day of which these prices are.")


class Budget(BaseModel):
    """What somebody may spend in a month of UTC, in dollars."""

    model_config = ConfigDict(extra="forbid")

    account_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Whose; left out: of everybody who has none of their own."
    )
    monthly: Amount | None = Field(description="null takes it away.")


@router.get(
    "/providers", dependencies=[requires("providers:read")], **shapes.told(shapes.Page[shapes.Provider])
)
async def listed(
    request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """All of them, in the order in which they are asked. Addresses and keys are for whoever sets them up."""
    wanted, person = chosen(fields, COLUMNS), person_of(request)
    found = await db.read(registry.listed, get_settings())
    some, more = cut(found, limit, cursor, lambda one: one.id)
    return page((_row(one, person) for one in some), wanted, more)


@router.post(
    "/providers", status_code=201, dependencies=[requires("providers:manage")], response_model=shapes.Provider
)
async def create(request: Request, given: Wanted) -> dict[str, Any]:
    """A new provider. Test it before you rely on it."""
    draft = book.Draft(kind=given.kind, name=given.name or "", **_given(given, "name", "kind"))
    made = await db.write(book.create, get_settings(), now(), draft, actor_of(request.scope))
    return _row(made, person_of(request))


@router.patch("/providers/{id}", dependencies=[requires("providers:manage")], response_model=shapes.Provider)
async def change(request: Request, id: ProviderId, given: Change) -> dict[str, Any]:
    """Change what is given; its kind stays."""
    settings, by = get_settings(), actor_of(request.scope)

    def write(session: Session) -> Provider:
        was = book.draft_of(registry.get(session, settings, id))
        draft = book.Draft(**{**_fields(was), **_given(given)})
        return book.update(session, settings, now(), id, draft, by)

    return _row(await db.write(write), person_of(request))


@router.delete("/providers/{id}", status_code=204, dependencies=[requires("providers:manage")])
async def remove(request: Request, id: ProviderId) -> None:
    """Take it away; what was asked of it stays in the ledger. One that the environment names stays."""
    await db.write(book.remove, get_settings(), now(), id, actor_of(request.scope))


@router.post(
    "/providers/{id}/test", dependencies=[requires("providers:manage")], response_model=shapes.ProviderTest
)
async def test(request: Request, id: ProviderId) -> dict[str, Any]:
    """Ask it for its models, now. What goes wrong is in the answer, whose status is 200."""
    provider = await db.read(registry.get, get_settings(), id)
    tested = await book.test(provider)
    await db.write(book.note_test, now(), provider, tested, actor_of(request.scope))
    return {
        "latency": tested.latency,
        "models": [info.name for info in tested.models],
        "error": _error(tested.failure, locale_of(request.scope)) if tested.failure else None,
    }


@router.get(
    "/providers/{id}/models",
    dependencies=[requires("providers:read")],
    **shapes.told(shapes.Page[shapes.Model]),
)
async def models(
    request: Request, id: ProviderId, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """The models that the caller may use there, with what they cost where that is known."""
    wanted, person = chosen(fields, MODEL_COLUMNS), person_of(request)
    provider = await db.read(registry.get, get_settings(), id)
    found = [one for one in await catalogue.models(provider) if provider.lets(person.role, one.name)]
    some, more = cut(found, limit, cursor, lambda one: one.name)

    def read(session: Session) -> list[dict[str, Any]]:
        return [_model(one, prices.find(session, provider, one.name)) for one in some]

    return page(await db.read(read), wanted, more)


@router.put("/providers/{id}/prices", status_code=204, dependencies=[requires("providers:manage")])
async def price(request: Request, id: ProviderId, given: Price) -> None:
    """Say what a model costs, before or in place of the table that KeepAI brings."""
    amounts = {name: prices.amount_of(text) for name, text in _amounts(given).items()}
    if wrong := [name for name, amount in amounts.items() if amount is None]:
        raise Invalid(fields=dict.fromkeys(wrong, "providers.error.price"))
    provider = await db.read(registry.get, get_settings(), id)
    said = (amounts["read"] or 0, amounts.get("cached"), amounts["written"] or 0)
    by = actor_of(request.scope)
    await db.write(book.set_price, now(), provider, given.model, said, given.as_of, by)


@router.get(
    "/model-budgets",
    dependencies=[requires("providers:manage")],
    **shapes.told(shapes.Page[shapes.ModelBudget]),
)
async def listed_budgets(limit: Limit = USUAL, cursor: Cursor = "") -> Response:
    """What people may spend in a month, and what they spent and set aside in this one, in dollars."""
    at = now()

    def read(session: Session) -> list[dict[str, Any]]:
        rows = []
        for one in budgets.listed(session):
            spent, aside = budgets.spent(session, one.account_id, at) if one.account_id else (0, 0)
            rows.append(
                {
                    "account_id": one.account_id.hex if one.account_id else None,
                    "monthly": prices.dollars(one.monthly),
                    "spent": prices.dollars(spent) if one.account_id else None,
                    "set_aside": prices.dollars(aside) if one.account_id else None,
                }
            )
        return rows

    some, more = cut(await db.read(read), limit, cursor, lambda one: one["account_id"] or budgets.EVERYBODY)
    return page(some, ("account_id", "monthly", "spent", "set_aside"), more)


@router.put("/model-budgets", status_code=204, dependencies=[requires("providers:manage")])
async def budget(request: Request, given: Budget) -> None:
    """Give somebody a budget, or take it away. What they spent in this month counts already."""
    monthly = None if given.monthly is None else prices.amount_of(given.monthly)
    if given.monthly is not None and monthly is None:
        raise Invalid(fields={"monthly": "providers.error.amount"})
    by = actor_of(request.scope)

    def write(session: Session) -> None:
        account = accounts.get(session, id_of(given.account_id)) if given.account_id else None
        book.set_budget(session, now(), account, monthly, by)

    await db.write(write)


@router.get(
    "/model-calls", dependencies=[requires("providers:read")], **shapes.told(shapes.Page[shapes.ModelCall])
)
async def calls(request: Request, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = "") -> Response:
    """The caller's own calls of models, the newest first. `cost` is null where a price is not known."""
    wanted, person = chosen(fields, CALL_COLUMNS), person_of(request)
    found = await db.read(ledger.newest, limit + 1, account_id=person.account_id, before=place_of(cursor))
    last = found[limit - 1] if len(found) > limit else None
    return page(map(_call, found[:limit]), wanted, Place(last.at, last.id) if last else None)


def _given(given: Change, *without: str) -> dict[str, Any]:
    return given.model_dump(exclude_none=True, exclude=set(without))


def _fields(draft: book.Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in draft.__dataclass_fields__}


def _amounts(given: Price) -> dict[str, str]:
    return given.model_dump(include={"read", "cached", "written"}, exclude_none=True)


def _row(provider: Provider, person: Principal) -> dict[str, Any]:
    manages = person.may("providers:manage")
    return {
        "id": provider.id,
        "kind": provider.kind,
        "name": provider.name,
        "enabled": provider.enabled,
        "position": provider.position,
        "local": provider.kind in LOCAL,
        "configured": not provider.typed,
        "urls": list(provider.urls) if manages else [],
        "key": book.masked(provider.key) if manages else "",
        "roles": {model: list(some) for model, some in provider.roles.items()},
        "only": list(provider.only),
        "options": dict(provider.options),
    }


def _error(failure: ProviderError, locale: str) -> dict[str, Any]:
    return {
        "code": failure.code,
        "message": translate(locale, failure.key, **failure.params),
        "retryable": failure.retryable,
        "detail": failure.detail,
    }


def _model(info: ModelInfo, found: prices.Price | None) -> dict[str, Any]:
    price = None
    if found:
        price = {
            "read": prices.dollars(found.read),
            "cached": None if found.cached is None else prices.dollars(found.cached),
            "written": prices.dollars(found.written),
            "table": found.table,
            "as_of": found.as_of.isoformat(),
        }
    return {
        "name": info.name,
        "capabilities": sorted(info.capabilities),
        "context": info.context,
        "size": info.size,
        "price": price,
    }


def _call(call: ModelCall) -> dict[str, Any]:
    row = {name: getattr(call, name) for name in CALL_COLUMNS}
    return row | {
        "id": call.id.hex,
        "at": rfc3339(call.at),
        **{
            name: None if row[name] is None else prices.dollars(row[name])
            for name in ("cost", "price_read", "price_cached", "price_written")
        },
    }
