"""Which providers there are: those that the environment names and those that were added, in the order set."""

import time
from dataclasses import replace

from sqlmodel import Session, select

from models import StoredProvider
from services import db as database
from services import vault
from services.errors import KeepAIError, NotFound
from services.providers.base import Provider
from services.providers.kinds import KINDS, URLS
from services.settings import Settings

REMEMBERED = 2.0  # s
# What the environment may name, in the order in which they are asked where nobody set another.
CONFIGURED = ("ollama", "openwebui", "openai", "anthropic", "google")
_known: tuple[float, object, list[Provider]] = (0.0, None, [])


def configured(settings: Settings) -> list[Provider]:
    """Those of the environment."""
    found = [
        _of("ollama", "ollama", "Ollama", settings.ollama_url, ""),
        _of("openwebui", "openai", "OpenWebUI", *_open_web_ui(settings)),
        _of("openai", "openai", "OpenAI", *_with_key(settings, "openai")),
        _of("anthropic", "anthropic", "Anthropic", *_with_key(settings, "anthropic")),
        _of("google", "google", "Google", *_with_key(settings, "google")),
    ]
    return [provider for provider in found if provider.urls != ("",)]


def _of(number: str, kind: str, name: str, url: str, key: str) -> Provider:
    return Provider(number, kind, name, (url,), key, position=CONFIGURED.index(number))


def _open_web_ui(settings: Settings) -> tuple[str, str]:
    key = settings.openwebui_api_key.get_secret_value()
    return (f"{settings.openwebui_url}/api", key) if key and settings.openwebui_url else ("", "")


def _with_key(settings: Settings, name: str) -> tuple[str, str]:
    key, url = getattr(settings, f"{name}_api_key").get_secret_value(), getattr(settings, f"{name}_base_url")
    return (url, key) if key or url != URLS[name] else ("", "")


def listed(db: Session, settings: Settings) -> list[Provider]:
    """All of them, in the order in which they are asked."""
    stored = {row.id: row for row in db.exec(select(StoredProvider))}
    found = [_changed(one, stored.pop(one.id, None)) for one in configured(settings)]
    found += [provider_of(settings, row) for row in stored.values() if row.id not in CONFIGURED]
    return sorted(found, key=lambda one: (one.position, one.name.lower(), one.id))


async def known(settings: Settings) -> list[Provider]:
    """The same for whoever asks a model: remembered for a moment, since that is asked for with every question."""
    global _known
    which = (settings, str(database.engine().url))
    until, found_for, found = _known
    if time.monotonic() >= until or found_for != which:
        found = await database.read(listed, settings)
        _known = (time.monotonic() + REMEMBERED, which, found)
    return found


def forget() -> None:
    """Look again next time; other processes notice after `REMEMBERED` seconds."""
    global _known
    _known = (0.0, None, [])


def get(db: Session, settings: Settings, number: str) -> Provider:
    """One of them. Raises NotFound."""
    for provider in listed(db, settings):
        if provider.id == number:
            return provider
    raise NotFound


def provider_of(settings: Settings, row: StoredProvider) -> Provider:
    """A stored one. One whose key was sealed with another key, or whose kind is gone, is switched off."""
    try:
        key = vault.of(settings).open(row.sealed, place_of(row.id)) if row.sealed else ""
        works = row.kind in KINDS
    except KeepAIError:
        key, works = "", False
    return Provider(
        id=row.id,
        kind=row.kind,
        name=row.name,
        urls=tuple(row.urls.split("\n")),
        key=key,
        typed=True,
        enabled=row.enabled and works,
        position=row.position,
        roles=row.roles,
        only=tuple(row.only),
        options=row.options,
    )


def place_of(number: str) -> str:
    """Where a key belongs, for the vault."""
    return f"provider.key:{number}"


def _changed(provider: Provider, row: StoredProvider | None) -> Provider:
    """A configured one with what was changed about it on the page; never its address or key."""
    if row is None:
        return provider
    return replace(
        provider,
        enabled=row.enabled,
        position=row.position,
        roles=row.roles,
        only=tuple(row.only),
        options=row.options,
    )
