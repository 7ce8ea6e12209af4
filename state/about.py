"""What the about section of the settings shows: what runs here, how it is, and what it is made of."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypedDict

import reflex as rx

from services import about, db, diagnostics, format, health
from services.i18n import has, translate
from services.snapshot import Snapshot
from state.dashboard import live_broadcast
from state.guard import principal, requires
from state.live import Broadcast
from state.session import enter
from state.views import PROBE_LOOKS

OVERALL = {"ok": "ok", "degraded": "warning", "down": "critical"}
LOOKS = {**PROBE_LOOKS, "not_migrated": "warning"}


class Fact(TypedDict):
    """A named value."""

    name: str
    value: str


class PartView(TypedDict):
    """A part of KeepAI, or something beside it, and how it is."""

    name: str
    label: str
    look: str
    word: str


class PackageView(TypedDict):
    """Something that KeepAI is made of."""

    name: str
    version: str
    licence: str


class Health(rx.State):
    """How KeepAI is; written only by the broadcast."""

    ready: bool = False
    look: str = "unknown"
    word: str = ""
    parts: list[PartView] = []
    facts: list[Fact] = []


def health_broadcast(locale: str) -> Broadcast:
    """Health and what runs here, every five seconds."""

    async def build(_snapshot: Snapshot | None) -> dict[str, Any]:
        found = await health.parts()
        facts = await _facts(locale) if found["database"]["status"] == "ok" else []
        return {**_health(found, locale), "facts": facts, "ready": True}

    return Broadcast(f"about|{locale}", Health, build, period=5.0, permission="system:read")


class AboutState(rx.State):
    """What everybody may know of this program."""

    ready: bool = False
    version: str = about.VERSION
    commit: str = ""
    licence: str = about.LICENCE
    packages: list[PackageView] = []

    @rx.event
    @requires("profile:write")
    async def load(self):
        """Show what this is; how it is only to those who see the system."""
        sees = principal().may("system:read")
        await enter(
            self, lambda locale: [live_broadcast(locale), *([health_broadcast(locale)] if sees else [])]
        )
        self.commit = await asyncio.to_thread(about.commit)
        found = await asyncio.to_thread(about.packages)
        self.packages = [
            PackageView(name=one.name, version=one.version, licence=one.licence) for one in found
        ]
        self.ready = True


async def _facts(locale: str) -> list[Fact]:
    """What runs here, by name and version."""
    seen = await db.read(diagnostics.beside)
    none = translate(locale, "probes.state.not_configured")
    rows = [
        (translate(locale, "about.python"), about.python()),
        (translate(locale, "probes.database"), f"{seen.kind} {seen.database}"),
        (translate(locale, "probes.redis"), none if seen.redis is None else seen.redis or "–"),
        ("Dask", await asyncio.to_thread(about.version_of, "dask")),
        (translate(locale, "about.uptime"), format.duration(locale, about.uptime())),
    ]
    return [Fact(name=name, value=value) for name, value in rows]


def _health(parts: health.Parts, locale: str) -> dict[str, Any]:
    """How it is as a whole and part by part, in words."""
    overall = health.overall(parts)
    return {
        "look": OVERALL[overall],
        "word": translate(locale, f"about.health.{overall}"),
        "parts": [_part(name, part, locale) for name, part in parts.items()],
    }


def _part(name: str, part: Mapping[str, Any], locale: str) -> PartView:
    own, state = f"about.part.{name}", str(part["status"])
    word = f"about.state.{state}"
    return PartView(
        name=name,
        label=translate(locale, own if has(own) else f"probes.{name}"),
        look=LOOKS.get(state, "unknown"),
        word=translate(locale, word if has(word) else f"probes.state.{state}"),
    )
