"""Providers as they are kept: added, changed, tested and taken away on the page or over HTTP."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

from models import Account, StoredProvider
from models.base import new_id
from services import audit, vault
from services.audit import Actor
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity.permissions import ROLES
from services.providers import budgets, catalogue, prices, registry
from services.providers.base import ModelInfo, Provider
from services.providers.errors import ProviderError
from services.providers.kinds import KINDS, LOCAL, URLS
from services.settings import Settings

LONGEST_NAME, LONGEST_URL, LONGEST_KEY, LONGEST_MODEL = 120, 500, 1000, 200
MOST, MOST_NODES, MOST_MODELS = 50, 16, 500
MOST_PRICE = 100_000 * prices.MILLION  # for a million tokens
# What each kind can be told besides its address and key: the model that is asked where none is chosen; how much is read
# at once and how long a model stays loaded; the name of the field for the most tokens.
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "ollama": {"model": r".{1,200}", "context": r"\d{3,7}", "keep_alive": r"-?\d{1,6}[smh]?"},
    "openai": {"model": r".{1,200}", "most_tokens": r"max_tokens|max_completion_tokens"},
    "anthropic": {"model": r".{1,200}", "version": r"\d{4}-\d{2}-\d{2}", "auth": r"x-api-key|bearer"},
    "google": {"model": r".{1,200}"},
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A provider as somebody wants it. An empty key stays as it is; no address is the vendor's own."""

    kind: str
    name: str
    urls: Sequence[str] = ()
    key: str = ""
    enabled: bool = True
    position: int = 100
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: Sequence[str] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test found: the seconds until the list of models was there, and the models; or what went wrong."""

    latency: float | None
    models: Sequence[ModelInfo] = ()
    failure: ProviderError | None = None


def create(db: Session, settings: Settings, now: datetime, draft: Draft, by: Actor) -> Provider:
    """A new provider. Raises Invalid, Conflict when there are very many."""
    known = registry.listed(db, settings)
    if len(known) >= MOST:
        raise Conflict("providers.error.many")
    _check(draft, known, None)
    number = new_id().hex
    row = StoredProvider(id=number, kind=draft.kind, name="", created_at=now, updated_at=now)
    _take(row, settings, draft, now)
    db.add(row)
    db.flush()
    registry.forget()
    made = registry.provider_of(settings, row)
    _note(db, now, by, "provider.created", made, after=_said(made))
    return made


def update(db: Session, settings: Settings, now: datetime, number: str, draft: Draft, by: Actor) -> Provider:
    """The provider as it is wanted now; its kind stays. Of one that the environment names, name, address and key stay
    as well. Raises NotFound, Invalid, Forbidden."""
    known = registry.listed(db, settings)
    before = registry.get(db, settings, number)
    draft = replace(draft, kind=before.kind)
    other = (draft.name, tuple(draft.urls)) != (before.name, before.urls) or draft.key
    if not before.typed and other:
        raise Forbidden("providers.error.configured")
    _check(draft, known, before)
    row = db.get(StoredProvider, number)
    row = row or StoredProvider(id=number, kind=draft.kind, name="", created_at=now, updated_at=now)
    _take(row, settings, draft, now)
    if not before.typed:
        row.urls = row.sealed = ""
    db.add(row)
    db.flush()
    registry.forget()
    made = registry.get(db, settings, number)
    was, is_ = _said(before), _said(made)
    changed = {name for name in is_ if was[name] != is_[name]}
    if changed or draft.key:
        _note(
            db,
            now,
            by,
            "provider.changed",
            made,
            before={name: was[name] for name in changed},
            after={name: is_[name] for name in changed} | ({"key": "…"} if draft.key else {}),
        )
    return made


def remove(db: Session, settings: Settings, now: datetime, number: str, by: Actor) -> None:
    """Take it away; what was asked of it stays in the ledger. Raises NotFound, Conflict for one that the environment
    names."""
    provider = registry.get(db, settings, number)
    if not provider.typed:
        raise Conflict("providers.error.configured")
    row = db.get(StoredProvider, number)
    if row is None:
        raise NotFound
    _note(db, now, by, "provider.removed", provider, before=_said(provider))
    db.delete(row)
    db.flush()
    registry.forget()


async def test(provider: Provider) -> Tested:
    """Ask for its models, now. What goes wrong is a result."""
    began = time.monotonic()
    try:
        found = await catalogue.models(provider, fresh=True)
    except ProviderError as failure:
        return Tested(None, failure=failure)
    return Tested(time.monotonic() - began, found)


def note_test(db: Session, now: datetime, provider: Provider, tested: Tested, by: Actor) -> None:
    """Write down that it was tested, and what came of it."""
    failure = tested.failure
    _note(
        db,
        now,
        by,
        "provider.tested",
        provider,
        outcome="failed" if failure else "ok",
        reason=failure.key if failure else "",
    )


def set_price(
    db: Session,
    now: datetime,
    provider: Provider,
    model: str,
    price: tuple[int, int | None, int] | None,
    as_of: date,
    by: Actor,
) -> None:
    """Say what a model costs, in millionths of a dollar for a million tokens read, read from the cache, and written;
    None leaves it to the table. Raises Invalid."""
    if not 1 <= len(model) <= LONGEST_MODEL:
        raise Invalid(fields={"model": "providers.error.models"})
    if provider.kind in LOCAL or not all(0 <= (one or 0) <= MOST_PRICE for one in price or ()):
        raise Invalid(fields={"price": "providers.error.price"})
    prices.set_price(db, provider, model, price, as_of, now)
    said = {"price": [prices.dollars(one) for one in price if one is not None]} if price else {}
    audit.record(
        db,
        now,
        by,
        "model_price.changed",
        object_kind="model_price",
        object_id=provider.id,
        object=f"{provider.name}: {model}",
        after=said,
    )


def set_budget(db: Session, now: datetime, account: Account | None, monthly: int | None, by: Actor) -> None:
    """Give somebody (None: everybody who has none of their own) a budget a month in millionths of a dollar, or (None)
    take it away. Raises Invalid."""
    if monthly is not None and not 0 <= monthly <= budgets.MOST:
        raise Invalid(fields={"monthly": "providers.error.amount"})
    before = budgets.limit_of(db, account.id) if account else budgets.everybodys(db)
    budgets.set_limit(db, account.id if account else None, monthly, now)
    audit.record(
        db,
        now,
        by,
        "model_budget.changed",
        object_kind="account" if account else "model_budget",
        object_id=account.id.hex if account else "",
        object=(account.name or account.email) if account else "",
        before={"monthly": None if before is None else prices.dollars(before)},
        after={"monthly": None if monthly is None else prices.dollars(monthly)},
    )


def draft_of(provider: Provider) -> Draft:
    """The provider as it is, to be changed; without its key."""
    return Draft(
        provider.kind,
        provider.name,
        provider.urls,
        "",
        provider.enabled,
        provider.position,
        provider.roles,
        provider.only,
        provider.options,
    )


def masked(key: str) -> str:
    """A key as somebody recognises it who has it: its last four letters."""
    return "" if not key else f"•••{key[-4:]}" if len(key) >= 20 else "•••"


def _check(draft: Draft, known: Sequence[Provider], before: Provider | None) -> None:
    if draft.kind not in KINDS:
        raise Invalid(fields={"kind": "providers.error.kind"})
    wrong: dict[str, str] = {}
    name = draft.name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        wrong["name"] = "providers.error.name"
    if any(one.name.lower() == name.lower() and (before is None or one.id != before.id) for one in known):
        wrong["name"] = "providers.error.taken"
    urls = _urls(draft)
    if not urls or len(urls) > (MOST_NODES if draft.kind == "ollama" else 1) or not all(map(_is_url, urls)):
        wrong["urls"] = "providers.error.urls"
    if len(draft.key) > LONGEST_KEY or not draft.key.isprintable() or not draft.key.isascii():
        wrong["key"] = "providers.error.key"
    has_key = draft.key or (before is not None and before.key)
    if not has_key and urls == (URLS[draft.kind],):
        wrong["key"] = "providers.error.key_missing"
    if not 0 <= draft.position <= 10_000:
        wrong["position"] = "errors.field.range"
    if not _are_roles(draft.roles) or len(draft.roles) > MOST_MODELS:
        wrong["roles"] = "providers.error.roles"
    if len(draft.only) > MOST_MODELS or not all(1 <= len(one) <= LONGEST_MODEL for one in draft.only):
        wrong["only"] = "providers.error.models"
    allowed = OPTIONS[draft.kind]
    if any(not re.fullmatch(allowed.get(key, ""), value) for key, value in draft.options.items()):
        wrong["options"] = "providers.error.options"
    if wrong:
        raise Invalid(fields=wrong)


def _are_roles(roles: Mapping[str, Sequence[str]]) -> bool:
    return all(1 <= len(model) <= LONGEST_MODEL and set(some) <= set(ROLES) for model, some in roles.items())


def _urls(draft: Draft) -> tuple[str, ...]:
    given = tuple(dict.fromkeys(url.strip().rstrip("/") for url in draft.urls if url.strip()))
    return given or tuple(url for url in (URLS[draft.kind],) if url)


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    whole = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    plain = not parts.query and not parts.fragment and not re.search(r"[\s\x00-\x1f]", url)
    return bool(whole and plain and len(url) <= LONGEST_URL)


def _take(row: StoredProvider, settings: Settings, draft: Draft, now: datetime) -> None:
    row.name, row.enabled, row.position = draft.name.strip(), draft.enabled, draft.position
    # A key belongs to the address it was typed for: at another one it would be given away.
    urls = "\n".join(_urls(draft))
    if draft.key:
        row.sealed = vault.of(settings).seal(draft.key, registry.place_of(row.id))
    elif row.urls and row.urls != urls:
        row.sealed = ""
    row.urls = urls
    row.roles = {model: list(some) for model, some in draft.roles.items() if some}
    row.only, row.options = list(draft.only), dict(draft.options)
    row.updated_at = now


def _said(provider: Provider) -> dict[str, Any]:
    return {
        "name": provider.name,
        "kind": provider.kind,
        "urls": list(provider.urls),
        "enabled": provider.enabled,
        "position": provider.position,
        "roles": [f"{model}: {', '.join(some)}" for model, some in sorted(provider.roles.items())],
        "only": list(provider.only),
        "options": [f"{name}: {value}" for name, value in sorted(provider.options.items())],
    }


def _note(db: Session, now: datetime, by: Actor, action: str, provider: Provider, **more: Any) -> None:
    audit.record(
        db,
        now,
        by,
        action,
        object_kind="provider",
        object_id=provider.id,
        object=provider.name,
        **more,
    )
