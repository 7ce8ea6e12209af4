"""What the audit page shows: what was done, as the address asks for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict
from urllib.parse import urlencode
from uuid import UUID

import reflex as rx

from models import AuditDetail, AuditEvent
from services import audit, db, format, secret_key
from services.clock import now
from services.i18n import has, translate, translate_count
from services.settings import get_settings
from state.dashboard import live_broadcast
from state.guard import principal, requires, tell
from state.session import enter

SPANS: Mapping[str, timedelta | None] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "all": None,
}
DEFAULT_SPAN = "7d"
GROUPS = tuple(dict.fromkeys(action.partition(".")[0] for action in audit.ACTIONS))
LONGEST = 200
PAGE = 50
NAMED = ("actor", "action", "object", "outcome")


class Change(TypedDict):
    """A value as it was and as it is."""

    name: str
    before: str
    after: str


class AuditRow(TypedDict):
    """One thing that was done."""

    id: str
    at: float
    when: str
    actor: str
    actor_id: str
    action: str
    object: str
    object_query: str
    address: str
    outcome: str
    word: str
    changes: list[Change]
    more: str


class AuditState(rx.State):
    """The filter of the address, and the rows that it finds."""

    actor: str = ""
    actor_name: str = ""
    action: str = ""
    object: str = ""
    object_name: str = ""
    outcome: str = ""
    span: str = DEFAULT_SPAN
    query: str = ""
    rows: list[AuditRow] = []
    ready: bool = False
    next: str = ""
    checking: bool = False
    verdict: str = ""
    verdict_text: str = ""
    key: int = 0
    _before: tuple[datetime, UUID] | None = None

    @rx.event
    @requires("audit:read")
    async def load(self):
        """Show what the address asks for."""
        await enter(self, lambda locale: [live_broadcast(locale)])
        given = self.router.url.query_parameters
        asked = {name: given.get(name, "")[:LONGEST] for name in NAMED}
        asked["outcome"] = asked["outcome"] if asked["outcome"] in audit.OUTCOMES else ""
        if (asked["actor"], asked["object"]) != (self.actor, self.object):
            self.key += 1
        for name, value in asked.items():
            setattr(self, name, value)
        self.span = given.get("span", "") if given.get("span", "") in SPANS else DEFAULT_SPAN
        self.query = urlencode(self._asked(), safe=":")
        self._before = None
        await self._read([])
        self.actor_name, self.object_name = _named(self.rows, self.actor, self.object)

    @rx.event
    @requires("audit:read")
    async def more(self):
        """The rows after those that are shown."""
        if self._before:
            await self._read(self.get_value("rows"))

    @rx.event
    @requires("audit:read")
    async def narrow(self, name: str, value: str):
        """Another filter; the same value again takes it away."""
        if name not in (*NAMED, "span"):
            return None
        given = {"span": self.span, **{field: getattr(self, field) for field in NAMED}}
        given[name] = "" if given[name] == value else value.strip()[:LONGEST]
        return _go(given)

    @rx.event
    @requires("audit:read")
    async def search(self, name: str, text: str):
        """A person or thing by a part of its name."""
        if name not in ("actor", "object"):
            return None
        given = {
            "span": self.span,
            **{field: getattr(self, field) for field in NAMED},
            name: text.strip()[:LONGEST],
        }
        return _go(given)

    @rx.event
    @requires("audit:read")
    async def clear(self):
        """Everything of the last week."""
        return _go({})

    @rx.event(background=True)
    @requires("audit:read")
    async def check(self):
        """Walk the whole chain and say whether it holds."""
        person = principal()
        async with self:
            if self.checking:
                return
            self.checking = True
        try:
            verdict = await db.read(_verify)
            count = format.number(person.locale, verdict.events)
            if verdict.findings:
                state, said = (
                    "critical",
                    translate_count(person.locale, "audit.chain.broken", len(verdict.findings)),
                )
            else:
                state, said = (
                    "ok",
                    translate_count(person.locale, "audit.chain.whole", verdict.events, number=count),
                )
            async with self:
                self.verdict, self.verdict_text = state, said
            if verdict.findings:
                first = verdict.findings[0]
                await tell(
                    self,
                    state,
                    said,
                    translate(person.locale, f"cli.audit.{first.kind}", number=first.number),
                )
        finally:
            async with self:
                self.checking = False

    def _asked(self) -> dict[str, str]:
        """The filter as /api/v1/audit takes it."""
        since = SPANS[self.span]
        asked = {name: getattr(self, name) for name in NAMED}
        if since:
            asked["from"] = (now() - since).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {name: value for name, value in asked.items() if value}

    async def _read(self, shown: list[AuditRow]) -> None:
        person = principal()
        since = SPANS[self.span]
        found = await db.read(
            audit.find,
            PAGE + 1,
            before=self._before,
            start=now() - since if since else None,
            **{name: getattr(self, name) for name in NAMED},
        )
        self._before = (found[PAGE - 1][0].at, found[PAGE - 1][0].id) if len(found) > PAGE else None
        self.rows = [
            *shown,
            *(view(event, detail, person.locale, person.zone) for event, detail in found[:PAGE]),
        ]
        self.next = self.rows[-1]["id"] if self._before else ""
        self.ready = True


def view(event: AuditEvent, detail: AuditDetail | None, locale: str, zone: str) -> AuditRow:
    """An event in the reader's words."""
    erased = translate(locale, "audit.erased")
    who = detail.actor if detail else erased
    if event.actor_kind in ("machine", "nobody"):
        who = translate(locale, f"audit.actor.{event.actor_kind}")
    thing = (detail.object or event.object_id) if detail else (erased if event.object_id else "")
    if event.object_kind == "session":
        thing = detail.object if detail else ""
    word = f"audit.outcome.{event.outcome}"
    facts = [detail.agent if detail else "", event.request_id]
    reason = detail.reason if detail else ""
    if reason:
        facts.insert(0, _reason(reason, thing, locale))
    return AuditRow(
        id=event.id.hex,
        at=event.at.timestamp(),
        when=format.moment(locale, event.at, zone),
        actor=who,
        actor_id=event.actor_id.hex if event.actor_id else event.actor_kind,
        action=translate(locale, f"audit.action.{event.action}"),
        object=thing,
        object_query=f"{event.object_kind}:{event.object_id}" if event.object_id else "",
        address=detail.address if detail else "",
        outcome={"ok": "ok", "refused": "warning", "failed": "critical"}[event.outcome],
        word=translate(locale, word),
        changes=_changes(detail, locale) if detail else [],
        more=" · ".join(fact for fact in facts if fact),
    )


def _reason(reason: str, name: str, locale: str) -> str:
    """Why it did not come about, in words where there are some; they may name the thing, and nothing else is kept."""
    try:
        return translate(locale, reason, name=name, detail="").strip() if has(reason) else reason
    except (KeyError, IndexError):
        return reason


def _changes(detail: AuditDetail, locale: str) -> list[Change]:
    names = dict.fromkeys([*detail.before, *detail.after])
    return [
        Change(
            name=_field(name, locale),
            before=_value(detail.before.get(name)),
            after=_value(detail.after.get(name)),
        )
        for name in names
    ]


def _field(name: str, locale: str) -> str:
    key = f"audit.field.{name}"
    return translate(locale, key) if has(key) else name


def _value(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _named(rows: list[AuditRow], actor: str, object: str) -> tuple[str, str]:
    """What a person and a thing that are asked for by their ids are called, where a row tells."""
    who = next((row["actor"] for row in rows if row["actor_id"] == actor), actor)
    what = next((row["object"] for row in rows if row["object_query"] == object and row["object"]), object)
    return who, what


def _verify(database: Any) -> audit.Verdict:
    settings = get_settings()
    key = secret_key.derive(settings, audit.PURPOSE)
    return audit.verify(database, key, audit.read_head(settings.data_dir))


def _go(given: Mapping[str, str]):
    asked = {
        name: value for name, value in given.items() if value and (name, value) != ("span", DEFAULT_SPAN)
    }
    query = urlencode(asked, safe=":")
    return rx.redirect(f"/settings/audit?{query}" if query else "/settings/audit", replace=True)
