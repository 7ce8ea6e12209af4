"""Rules as a YAML file: out of one installation, into another, or into a repository.

A file holds people's own rules, and those that come with KeepAI where they were changed. What a rule does not say is
as in a new rule, or as it comes with KeepAI, so that the same file always means the same rules. An own rule is known
by its `id`, else by its name: the file can be taken in again and again, and rules can be renamed in it. Owners stay
at home: other people work elsewhere.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

import yaml
from sqlmodel import Session
from yaml.constructor import SafeConstructor

from models import AlertRule
from services.alerts import rules
from services.alerts.builtin import BUILTIN
from services.alerts.rules import Draft
from services.errors import Invalid

VERSION = 1
BEGINNING = f"version: {VERSION}\nrules:\n"
LONGEST = 1024 * 1024  # characters
MOST = 500  # rules
MOST_VALUES = 60_000  # of anything; what so many rules can have is less
DEEPEST = 6
NUMBERS = frozenset(
    {"warning_fire", "warning_clear", "critical_fire", "critical_clear", "window", "pending", "keep"}
)
WHOLE = frozenset({"hits", "of"})
MAY_BE_NONE = frozenset({"warning_fire", "warning_clear", "critical_fire", "critical_clear"})
YES_OR_NO = frozenset({"above", "enabled"})
# In the order in which people read a rule.
ORDER = (
    *("name", "enabled", "measure", "matchers", "above", "summary", "window"),
    *("warning_fire", "warning_clear", "critical_fire", "critical_clear"),
    *("pending", "keep", "hits", "of", "no_data", "runbook"),
)


class BadFile(Invalid):
    """It cannot be read at all, or some of its rules are wrong: then `mistakes` says which."""

    key = "rule_file.wrong"

    def __init__(self, key: str | None = None, *, mistakes: Sequence["Mistake"] = (), **params: object):
        where = {f"{one.rule}: {one.field}" if one.field else one.rule: one.key for one in mistakes}
        super().__init__(key, fields=where, **params)
        self.mistakes = list(mistakes)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one field of one rule. `rule` is its name or its place, "#3"."""

    rule: str
    field: str
    key: str


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that is to be another, as it is called until then; `fields` are those that differ."""

    rule_id: UUID
    builtin: str
    name: str
    draft: Draft
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file means here: new rules with the id that they are to have, those that change, those that go by
    id and name, and how many stay as they are."""

    created: list[tuple[UUID | None, Draft]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    removed: list[tuple[UUID, str]] = field(default_factory=list)
    left: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.created or self.changed or self.removed)


# -- out --------------------------------------------------------------------------------------------------------


def text_of(found: Sequence[AlertRule]) -> str:
    """The file of these rules, in their order; the same rules always give the same text."""
    told = [_told(rule) for rule in found]
    content = {"version": VERSION, "rules": [one for one in told if one is not None]}
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def _told(rule: AlertRule) -> dict[str, Any] | None:
    """A rule as the file has it; None for one that is as it comes with KeepAI."""
    draft = rules.draft_of(rule)
    usual = BUILTIN.get(rule.builtin or "", Draft("", ""))
    own = rule.builtin is None
    differs = {
        name: _plain(getattr(draft, name))
        for name in ORDER
        if getattr(draft, name) != getattr(usual, name) or (own and name in ("name", "measure"))
    }
    if own:
        return {"id": rule.id.hex, **differs}
    return {"builtin": rule.builtin, **differs} if differs else None


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Texts of several lines as they are written."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


# -- in ---------------------------------------------------------------------------------------------------------


def plan(db: Session, text: str, *, remove: bool = False) -> Plan:
    """What this file means here. With `remove`, rules that it does not name go, and those that come with KeepAI are
    again as they came. Raises BadFile."""
    kept = rules.listed(db)
    entries = parse(text)
    mistakes = [mistake for entry in entries for mistake in entry.mistakes]
    found = _matched(entries, kept, mistakes)
    if mistakes:
        raise BadFile(mistakes=mistakes)
    created: list[tuple[UUID | None, Draft]] = []
    changed: list[Change] = []
    named: set[UUID] = set()
    for entry, rule in zip(entries, found, strict=True):
        if rule is None:
            created.append((entry.id, entry.draft))
            continue
        named.add(rule.id)
        changed += _change(rule, entry.draft)
    removed: list[tuple[UUID, str]] = []
    for rule in (one for one in kept if remove and one.id not in named):
        if rule.builtin is None:
            removed.append((rule.id, rule.name))
        elif rule.builtin in BUILTIN:
            changed += _change(rule, BUILTIN[rule.builtin])
    left = len(kept) - len(changed) - len(removed)
    return Plan(created, changed, removed, left)


def _change(rule: AlertRule, draft: Draft) -> list[Change]:
    was = rules.draft_of(rule)
    differ = tuple(name for name in ORDER if getattr(was, name) != getattr(draft, name))
    return [Change(rule.id, rule.builtin or "", rule.name, draft, differ)] if differ else []


@dataclass(slots=True)
class Entry:
    """One rule of a file: as which it is known, as it is wanted, and what is wrong with it."""

    place: int
    builtin: str
    id: UUID | None
    draft: Draft
    mistakes: list[Mistake]

    @property
    def called(self) -> str:
        """How it is spoken of."""
        return self.draft.name.strip()[:60] or self.builtin or f"#{self.place}"

    def wrong(self, name: str, key: str) -> None:
        """Something is wrong with it."""
        self.mistakes.append(Mistake(self.called, name, key))


def _matched(
    entries: Sequence[Entry], kept: Sequence[AlertRule], mistakes: list[Mistake]
) -> list[AlertRule | None]:
    """The rule that each entry is about here, by id or name; None where it is a new one."""
    by_id = {rule.id: rule for rule in kept}
    builtin = {rule.builtin: rule for rule in kept if rule.builtin}
    by_name: dict[str, list[AlertRule]] = {}
    for rule in kept:
        if not rule.builtin:
            by_name.setdefault(rule.name, []).append(rule)
    claimed = {entry.id for entry in entries if entry.id in by_id}
    found: list[AlertRule | None] = []
    taken: set[object] = set()
    for entry in entries:
        match: AlertRule | None
        if entry.builtin:
            match = builtin.get(entry.builtin)
            if match is None:
                _add(mistakes, entry, "builtin", "rule_file.error.builtin")
        elif entry.id is not None and entry.id in by_id:
            match = by_id[entry.id]
        else:
            others = [one for one in by_name.get(entry.draft.name, []) if one.id not in claimed]
            match = others[0] if len(others) == 1 else None
            if len(others) > 1:
                _add(mistakes, entry, "name", "rule_file.error.several")
        if match is not None and match.builtin and not entry.builtin:
            _add(mistakes, entry, "id", "rule_file.error.id")
        # What is new is known by its id, else by its name.
        key: object = match.id if match else entry.id or entry.draft.name
        if key in taken and not entry.mistakes:
            _add(mistakes, entry, "", "rule_file.error.twice")
        taken.add(key)
        found.append(match)
    return found


def _add(mistakes: list[Mistake], entry: Entry, name: str, key: str) -> None:
    before = len(entry.mistakes)
    entry.wrong(name, key)
    mistakes += entry.mistakes[before:]


def parse(text: str) -> list[Entry]:
    """The rules of a file, each with what is wrong with it. Raises BadFile when it is no such file."""
    whole = _read(text)
    if not isinstance(whole, dict) or set(whole) - {"version", "rules"}:
        raise BadFile("rule_file.error.shape")
    if whole.get("version") != VERSION:
        raise BadFile("rule_file.error.version")
    told = whole.get("rules")
    if not isinstance(told, list):
        raise BadFile("rule_file.error.shape")
    if len(told) > MOST:
        raise BadFile("rule_file.error.many", most=MOST)
    return [_entry(place, one) for place, one in enumerate(told, 1)]


def _entry(place: int, told: Any) -> Entry:
    entry = Entry(place, "", None, Draft("", ""), [])
    if not isinstance(told, dict):
        entry.wrong("", "rule_file.error.rule")
        return entry
    rest = dict(told)
    wrong: list[tuple[str, str]] = []
    usual = Draft("", "")
    name = rest.pop("builtin", None)
    if name is not None:
        if isinstance(name, str) and name in BUILTIN:
            entry.builtin, usual = name, BUILTIN[name]
        else:
            wrong.append(("builtin", "rule_file.error.builtin"))
    number = rest.pop("id", None)
    if number is not None:
        try:
            entry.id = UUID(number) if isinstance(number, str) else None
        except ValueError:
            entry.id = None
        if entry.id is None or entry.builtin:
            wrong.append(("id", "rule_file.error.id"))
    values = {one.name: getattr(usual, one.name) for one in fields(Draft)}
    for key, value in rest.items():
        if key not in values:
            wrong.append((str(key)[:40], "rule_file.error.field"))
            continue
        fitting = _fitting(key, value)
        if fitting is _UNFIT:
            wrong.append((key, "rule_file.error.type"))
        else:
            values[key] = fitting
    values["name"] = values["name"].strip()
    entry.draft = Draft(**values)
    unfit = {name for name, _ in wrong}
    for key, said in rules.check(entry.draft, builtin=bool(entry.builtin)).items():
        if key not in unfit and "builtin" not in unfit:
            wrong.append((key, said))
    for key, said in wrong:
        entry.wrong(key, said)
    return entry


_UNFIT = object()


def _fitting(name: str, value: Any) -> Any:
    """A value as its field takes it, or `_UNFIT`."""
    if value is None:
        return None if name in MAY_BE_NONE else _UNFIT
    if name in YES_OR_NO:
        return value if isinstance(value, bool) else _UNFIT
    if name in WHOLE:
        is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 1000
        return value if is_whole else _UNFIT
    if name in NUMBERS:
        return _number(value)
    if name == "matchers":
        fits = isinstance(value, dict) and len(value) <= 8
        return value if fits and all(_is_text(part) for pair in value.items() for part in pair) else _UNFIT
    return value if _is_text(value) else _UNFIT


def _number(value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return _UNFIT
    try:
        number = float(value)
    except OverflowError:
        return _UNFIT
    return number if math.isfinite(number) else _UNFIT


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _read(text: str) -> Any:
    """The content of a YAML file, of plain values alone. Raises BadFile."""
    if len(text) > LONGEST:
        raise BadFile("rule_file.error.long")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in _events(text)):
            raise BadFile("rule_file.error.alias")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        return _value(node, SafeConstructor()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (
            min(mark.line, text.count("\n")) + 1 if mark else 1
        )  # a text that stops too early is marked after its end
        raise BadFile("rule_file.error.yaml", line=line) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise BadFile("rule_file.error.yaml", line=1) from error


def _events(text: str) -> Iterator[yaml.Event]:
    """What a parser meets, one after the other: what would be built from it is not built yet."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if number > MOST_VALUES:
            raise BadFile("rule_file.error.many", most=MOST)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadFile("rule_file.error.shape")
        yield event


def _value(node: yaml.Node, constructor: SafeConstructor) -> Any:
    """Like the safe loader, but a key that is there twice is a mistake and not overwritten in silence."""
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, constructor) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        built: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in built:
                raise yaml.MarkedYAMLError(problem_mark=key.start_mark)
            built[key.value] = _value(value, constructor)
        return built
    return constructor.construct_object(node)
