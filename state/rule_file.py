"""Taking rules in from a file: what it would change is shown before it is done."""

from typing import Any, TypedDict

import reflex as rx

from services import db
from services.alerts import rule_file, triage, words
from services.alerts.rule_file import BadFile, Plan
from services.errors import KeepAIError
from services.format import number
from services.i18n import translate, translate_count
from state.alerts import AlertsState, renew
from state.guard import actor, principal, requires, tell

SHOWN = 100  # changes and mistakes; the count says how many there are


class MistakeRow(TypedDict):
    """What is wrong with a field of a rule."""

    key: str
    rule: str
    field: str
    why: str


class ChangeRow(TypedDict):
    """What would be done to one rule: created, changed or removed."""

    key: str
    kind: str
    name: str
    detail: str


class RuleFileState(rx.State):
    """The form, and what was found in the text that was looked at last."""

    asked: bool = False
    form_key: int = 0
    error: str = ""
    mistakes: list[MistakeRow] = []
    rows: list[ChangeRow] = []
    said: str = ""
    looked: bool = False
    can_apply: bool = False
    busy: bool = False
    _text: str = ""
    _remove: bool = False

    @rx.event
    @requires("alerts:manage")
    async def ask(self):
        """Open the form, or close it."""
        self.asked = not self.asked
        self.form_key += 1
        self._forget()

    @rx.event
    @requires("alerts:manage")
    async def look(self, form: dict[str, Any]):
        """Say what this text would change; nothing is done."""
        self._forget()
        self._text, self._remove = str(form.get("text") or ""), bool(form.get("remove"))
        try:
            plan = await db.read(rule_file.plan, self._text, remove=self._remove)
        except BadFile as wrong:
            self._show_mistakes(wrong)
            return
        self._show(plan)

    @rx.event
    @requires("alerts:manage")
    async def apply(self):
        """Do what was shown. What changed here meanwhile is taken into account: the text is what counts."""
        locale = principal().locale
        try:
            plan = await triage.import_rules(self._text, actor(), remove=self._remove)
        except BadFile as wrong:
            self._show_mistakes(wrong)
            return
        self.asked = False
        self._forget()
        await (await self.get_state(AlertsState))._read_rules()
        await renew()
        await tell(self, "ok", _said(plan, locale))

    def _forget(self) -> None:
        self.error, self.said, self.looked, self.can_apply = "", "", False, False
        self.mistakes, self.rows = [], []

    def _show_mistakes(self, wrong: BadFile) -> None:
        locale = principal().locale
        self._forget()
        if not wrong.mistakes:
            self.error = _why(wrong, locale)
        self.mistakes = [
            MistakeRow(key=str(place), rule=one.rule, field=one.field, why=translate(locale, one.key))
            for place, one in enumerate(wrong.mistakes[:SHOWN])
        ]

    def _show(self, plan: Plan) -> None:
        locale = principal().locale
        found = [ChangeRow(key="", kind="created", name=draft.name, detail="") for _, draft in plan.created]
        found += [
            ChangeRow(
                key="",
                kind="changed",
                name=words.rule_name(locale, one.builtin, one.name),
                detail=", ".join(one.fields),
            )
            for one in plan.changed
        ]
        found += [ChangeRow(key="", kind="removed", name=name, detail="") for _, name in plan.removed]
        self.rows = [{**row, "key": str(place)} for place, row in enumerate(found[:SHOWN])]
        self.said, self.looked, self.can_apply = _said(plan, locale), True, not plan.is_empty


def _said(plan: Plan, locale: str) -> str:
    """How many of each."""
    if plan.is_empty:
        return translate(locale, "rule_file.nothing")
    parts = [
        translate_count(locale, f"rule_file.count.{kind}", count, number=number(locale, count))
        for kind, count in (
            ("created", len(plan.created)),
            ("changed", len(plan.changed)),
            ("removed", len(plan.removed)),
            ("left", plan.left),
        )
        if count
    ]
    return ", ".join(parts)


def _why(wrong: KeepAIError, locale: str) -> str:
    return translate(locale, wrong.key, **wrong.params)
