"""A task typed in one line: "amanhã 9h ligar para o fornecedor !alta", "every monday 9am review @rafael".

Pure: the moment is passed in. What is understood is taken out; every other word stays in the title, in its order. What
stands in quotation marks is left alone. Words are looked for in the reader's language; where they may mean something
else ("segunda via", "2h de reunião") they stay.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.tasks import repeat
from services.tasks.repeat import WORKDAYS, Rule
from services.tasks.when import YEARS, Due, instant, local_of

LONGEST = 500
TAKEN, KEPT = "\x00", "\x01"
FARTHEST = 36500  # days, weeks, … that are counted
QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»')
BEGIN, END = r"(?<![\w@#!/:.-])", r"(?!\w)(?!:\d)(?![/.,-]\d)"

PRIORITIES = {
    "urgente": "urgent",
    "urgent": "urgent",
    "alta": "high",
    "high": "high",
    "media": "normal",
    "medium": "normal",
    "normal": "normal",
    "baixa": "low",
    "low": "low",
}
WEEKDAYS = {
    "pt": ("segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo"),
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
}
SHORT = {
    "pt": ("seg", "ter", "qua", "qui", "sex", "sab", "dom"),
    "en": ("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
}
_MONTHS = {
    "pt": "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro",
    "en": "january february march april may june july august september october november december",
}
MONTHS = {language: names.split() for language, names in _MONTHS.items()}
_NUMBERS = {
    "pt": "um dois tres quatro cinco seis sete oito nove dez",
    "en": "one two three four five six seven eight nine ten",
}
_COUNTED = {
    language: {word: n for n, word in enumerate(words.split(), 1)} for language, words in _NUMBERS.items()
}
NUMBERS = {
    "pt": {**_COUNTED["pt"], "uma": 1, "duas": 2, "quinze": 15},
    "en": {**_COUNTED["en"], "a": 1, "an": 1, "fifteen": 15},
}
# The first letters of a unit of time, and what it is.
UNITS = {
    "pt": {"d": "days", "se": "weeks", "me": "months", "a": "years", "h": "hours", "mi": "minutes"},
    "en": {"d": "days", "w": "weeks", "mo": "months", "y": "years", "h": "hours", "mi": "minutes"},
}
# Behind "segunda", "quarta", … these say that it is a number and not a day.
_ORDINAL = (
    "via vias parte parcela vez etapa fase versao rodada edicao camada linha coluna tentativa chamada opcao "
    "revisao geracao turma serie pessoa semana instancia colocada"
)
ORDINAL = frozenset(_ORDINAL.split())


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the line that was understood: what it is (due, time, repeat, remind, priority, assignee) and how it
    was written."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Quick:
    """What a line says. `remind_before` is in minutes, None for no reminder; `assignee` a name as it was typed;
    `priority` is empty where nothing was said of it."""

    title: str
    due: Due | None = None
    repeat: str = ""
    repeat_from: str = "due"
    remind_before: int | None = None
    priority: str = ""
    assignee: str = ""
    parts: tuple[Part, ...] = ()

    def remind_at(self, zone: str) -> datetime | None:
        """When to remind of it; of a whole day it is counted from nine in the morning."""
        if self.remind_before is None or self.due is None:
            return None
        local = self.due.local() if self.due.time else self.due.local() + timedelta(hours=9)
        return instant(local - timedelta(minutes=self.remind_before), zone)


def parse(text: str, locale: str, zone: str, now: datetime) -> Quick:
    """What a line says, read at that moment in that zone. Never raises: what makes no sense stays in the title."""
    line = _Line(text[:LONGEST], "pt" if locale.lower().startswith("pt") else "en", local_of(now, zone))
    line.read()
    return line.said()


class _Line:
    def __init__(self, text: str, language: str, here: datetime) -> None:
        self.text, self.language, self.here = text, language, here
        folded = "".join(_plain(letter) for letter in text)
        self.folded = QUOTED.sub(lambda found: KEPT * len(found[0]), folded)
        self.parts: list[tuple[int, Part]] = []
        self.day: date | None = None
        self.clock = ""
        self.rule: Rule | None = None
        self.repeat_from = "due"
        self.remind: int | None = None
        self.priority = self.assignee = ""
        self.by_weekday = False

    def read(self) -> None:
        """Take out what is understood, piece by piece; what needs more words first."""
        self._take("priority", r"(?<!\S)!(\w+)(?!\w)", self._priority)
        self._take("assignee", r"(?<!\S)@([\w.-]*\w)", self._assignee)
        words = _PATTERNS[self.language]
        self._take("remind", BEGIN + words["remind"] + END, self._remind)
        for pattern, rule in _REPEATS[self.language]:
            if self.rule is None:
                self._take("repeat", BEGIN + pattern + words["after"] + END, self._repeats(rule))
        for pattern, day in _DAYS[self.language]:
            if self.day is None:
                self._take("due", BEGIN + pattern + END, self._days(day))
        for pattern in words["times"]:
            if not self.clock:
                self._take("time", BEGIN + pattern + END, self._time)

    def said(self) -> Quick:
        """All of it."""
        left = "".join(letter for letter, mark in zip(self.text, self.folded, strict=True) if mark != TAKEN)
        title = " ".join(left.replace("\x00", " ").split())
        if self.parts:
            title = title.strip(" ,;")
        parts = tuple(part for _, part in sorted(self.parts, key=lambda one: one[0]))
        due = self._due()
        rule = repeat.anchored(self.rule, due.day) if self.rule and due else None
        return Quick(
            title=title,
            due=due,
            repeat=repeat.text_of(rule) if rule else "",
            repeat_from=self.repeat_from,
            remind_before=self.remind if due else None,
            priority=self.priority,
            assignee=self.assignee,
            parts=parts,
        )

    def _due(self) -> Due | None:
        day = self.day
        if day is None and (self.clock or self.rule):
            ahead = not self.clock or self.clock > f"{self.here:%H:%M}"
            day = self.here.date() if ahead else self.here.date() + timedelta(days=1)
            if self.rule:
                day = repeat.first(self.rule, day)
        return Due(day, self.clock) if day else None

    def _take(self, kind: str, pattern: str, accept: Callable[[re.Match[str]], bool]) -> None:
        """The first place at which it makes sense is understood, and is not looked at again."""
        for found in re.finditer(pattern, self.folded):
            try:
                fits = accept(found)
            except (ValueError, OverflowError):  # a day that no calendar has
                fits = False
            if fits:
                begin, end = found.span()
                words = " ".join(self.text[begin:end].split())
                self.parts.append((begin, Part(kind, words)))
                self.folded = self.folded[:begin] + TAKEN * (end - begin) + self.folded[end:]
                return

    # -- what each piece means ----------------------------------------------------------------------------------

    def _priority(self, found: re.Match[str]) -> bool:
        self.priority = PRIORITIES.get(found[1], "")
        return bool(self.priority)

    def _assignee(self, found: re.Match[str]) -> bool:
        self.assignee = self.text[found.start(1) : found.end(1)]
        return True

    def _remind(self, found: re.Match[str]) -> bool:
        number, unit = found["number"], found["unit"]
        if number is None:
            self.remind = 0
            return True
        minutes = {"days": 1440, "hours": 60, "minutes": 1}.get(self._unit(unit), 0)
        self.remind = self._number(number) * minutes
        return bool(minutes) and self.remind <= 60 * 24 * 366

    def _repeats(self, make: Any) -> Callable[[re.Match[str]], bool]:
        def accept(found: re.Match[str]) -> bool:
            rule = make(self, found) if callable(make) else make
            if rule is None or not 0 < rule.interval <= repeat.MOST or rule.month_day > 31:
                return False
            self.rule = rule
            self.repeat_from = "done" if found["after"] else "due"
            return True

        return accept

    def _days(self, make: Any) -> Callable[[re.Match[str]], bool]:
        def accept(found: re.Match[str]) -> bool:
            day = make(self, found)
            if isinstance(day, datetime):
                self.clock = f"{day:%H:%M}"
                day = day.date()
            if day is None or day.year not in YEARS:
                return False
            self.day = day
            return True

        return accept

    def _time(self, found: re.Match[str]) -> bool:
        given = found.groupdict()
        if "noon" in given:
            self.clock = "12:00"
            return True
        hour, minute = int(given["hour"]), int(given.get("minute") or given.get("minute2") or 0)
        if half := given.get("half"):
            if not 1 <= hour <= 12:
                return False
            hour = hour % 12 + (12 if half.startswith("p") else 0)
        if hour > 23 or minute > 59:
            return False
        if given.get("bare") and not self._bare_hour_fits(found):
            return False
        self.clock = f"{hour:02}:{minute:02}"
        return self._weekday_is_today()

    def _weekday_is_today(self) -> bool:
        """ "Sexta 14:30", said on a Friday morning, is today."""
        later = self.clock > f"{self.here:%H:%M}"
        if self.day and self.by_weekday and later and self.day - timedelta(days=7) == self.here.date():
            self.day -= timedelta(days=7)
        return True

    def _bare_hour_fits(self, found: re.Match[str]) -> bool:
        """Whether an hour without minutes is a time of the day: "9h" is, "reunião de 2h" is not; "at 9" is where there
        is a day, or nothing behind it."""
        before = self.folded[: found.start()].rstrip().rpartition(" ")[2]
        if self.language == "pt":
            original = self.text[found.start() : found.end()].lower()
            named = original.startswith(("às", "as", "à", "até", "ate", "pelas"))
            if "h" not in original:  # "às 9"; "as 9 caixas" are boxes
                return original.startswith("às")
            return named or before not in ("de", "por", "durante", "em", "uns", "umas", "cada", "mais")
        return self.day is not None or self.rule is not None or not self.folded[found.end() :].strip(" \x00")

    # -- days ---------------------------------------------------------------------------------------------------

    def _number(self, text: str) -> int:
        return int(text) if text.isdecimal() else NUMBERS[self.language][text]

    def _unit(self, text: str) -> str:
        units = UNITS[self.language]
        return next((units[text[:n]] for n in (2, 1) if text[:n] in units), "")

    def _in(self, found: re.Match[str]) -> date | datetime | None:
        number, unit = self._number(found["number"]), self._unit(found["unit"])
        if number > FARTHEST:
            return None
        today = self.here.date()
        if unit in ("hours", "minutes"):
            return self.here + timedelta(**{unit: number})
        if unit in ("days", "weeks"):
            return today + timedelta(**{unit: number})
        return _months_on(today, number * (12 if unit == "years" else 1))

    def _weekday(self, found: re.Match[str]) -> date | None:
        full, short = WEEKDAYS[self.language], SHORT[self.language]
        name = found["weekday"]
        if name in full[:5] and not self._names_a_day(found):
            return None
        number = full.index(name) if name in full else short.index(name)
        ahead = (number - self.here.weekday() - 1) % 7 + 1
        self.by_weekday = True
        return self.here.date() + timedelta(days=ahead)

    def _names_a_day(self, found: re.Match[str]) -> bool:
        """ "Segunda" is also a number."""
        if self.language != "pt" or "feira" in found[0] or found["behind"]:
            return True
        before = self.folded[: found.start()].rstrip().rpartition(" ")[2]
        behind = re.match(r"\s*(\w+)", self.folded[found.end() :])
        return before not in ("de", "a", "da") and not (behind and behind[1] in ORDINAL)

    def _day_of_month(self, day: int) -> date | None:
        """That day of this month, or of the next one that has it."""
        if not 1 <= day <= 31:
            return None
        for ahead in range(0, 4):
            first = _months_on(self.here.date().replace(day=1), ahead)
            if day <= monthrange(first.year, first.month)[1] and first.replace(day=day) >= self.here.date():
                return first.replace(day=day)
        return None

    def _month(self, name: str) -> int:
        """A month by its name or its first three letters."""
        return next(n for n, full in enumerate(MONTHS[self.language], 1) if full.startswith(name[:3]))

    def _day_and_month(self, day: int, month: int, year: str | None) -> date | None:
        """That date; without a year the next one."""
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        for ahead in range(0, 9):  # a leap day may be eight years away
            try:
                found = date(self.here.year + ahead, month, day)
            except ValueError:
                if not (month == 2 and day == 29):
                    raise
                continue
            if found >= self.here.date():
                return found
        return None


def _plain(letter: str) -> str:
    """One letter as it is compared: small and without its accent. Always one, so that places stay."""
    base = unicodedata.normalize("NFD", letter)[:1].lower()
    return " " if letter in "\x00\x01" or letter.isspace() else base if len(base) == 1 else letter


def _months_on(day: date, months: int) -> date:
    """So many months later, on the last day where that month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# -- the words of each language ---------------------------------------------------------------------------------


def _any(names: Any) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


def _number_of(language: str) -> str:
    return rf"(?P<number>\d{{1,5}}|{_any(NUMBERS[language])})"


def _month_of(language: str) -> str:
    return rf"(?P<month>{_any([*MONTHS[language], *(name[:3] for name in MONTHS[language])])})"


def _weekdays_of(language: str, joined: str, tail: str = "") -> str:
    one = rf"(?:{_any([*WEEKDAYS[language], *SHORT[language]])}){tail}"
    return rf"(?P<weekdays>{one}(?:(?:{joined}){one})*)"


def _named(line: _Line, found: re.Match[str]) -> Rule | None:
    names = {name.removesuffix("s") for name in re.findall(r"[a-z]+", found["weekdays"])}
    called = zip(WEEKDAYS[line.language], SHORT[line.language], strict=True)
    days = tuple(at for at, day in enumerate(called) if names & set(day))
    return Rule("WEEKLY", days=days) if days else None


def _every(line: _Line, found: re.Match[str]) -> Rule | None:
    given = found.groupdict()
    number = line._number(given["number"]) if given.get("number") else 2
    frequency = {"days": "DAILY", "weeks": "WEEKLY", "months": "MONTHLY", "years": "YEARLY"}.get(
        line._unit(found["unit"])
    )
    return Rule(frequency, interval=number) if frequency else None  # type: ignore[arg-type]


def _on_day(_line: _Line, found: re.Match[str]) -> Rule | None:
    day = int(found["day"])
    return Rule("MONTHLY", month_day=day) if 1 <= day <= 31 else None


def _numeric(line: _Line, found: re.Match[str]) -> date | None:
    one, two = found["one"], found["two"]
    if not (found["before"] or found["year"] or len(one) == 2 or len(two) == 2):
        return None  # "1/2 kg"
    day, month = (one, two) if line.language == "pt" else (two, one)
    return line._day_and_month(int(day), int(month), found["year"])


def _spelled(line: _Line, found: re.Match[str]) -> date | None:
    return line._day_and_month(int(found["day"]), line._month(found["month"]), found["year"])


def _next_week(line: _Line, _found: re.Match[str]) -> date:
    return line.here.date() + timedelta(days=7 - line.here.weekday())


def _next_month(line: _Line, _found: re.Match[str]) -> date:
    return _months_on(line.here.date().replace(day=1), 1)


def _end_of_month(line: _Line, _found: re.Match[str]) -> date:
    return _months_on(line.here.date().replace(day=1), 1) - timedelta(days=1)


def _ahead(days: int) -> Callable[[_Line, re.Match[str]], date]:
    return lambda line, _found: line.here.date() + timedelta(days=days)


def _iso(_line: _Line, found: re.Match[str]) -> date:
    return date.fromisoformat(found["iso"])


def _in(line: _Line, found: re.Match[str]) -> date | datetime | None:
    return line._in(found)


def _weekday(line: _Line, found: re.Match[str]) -> date | None:
    return line._weekday(found)


def _of_month(line: _Line, found: re.Match[str]) -> date | None:
    return line._day_of_month(int(found["day"]))


_ISO = r"(?P<iso>\d{4}-\d{2}-\d{2})"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_PATTERNS: dict[str, dict[str, Any]] = {
    "pt": {
        "remind": (
            r"lembr(?:ar|e|ete)(?:[- ]me)? (?:"
            + _number_of("pt")
            + r" ?(?P<unit>minutos?|mins?|horas?|hs?|dias?) antes|na hora)"
        ),
        "after": r"(?P<after> (?:depois de|apos) (?:concluir|concluid[ao]|feit[ao]|terminar))?",
        "times": (
            r"(?:(?:as|a|ate as|pelas) )?(?P<hour>\d{1,2})(?:h(?P<minute>\d{2})|:(?P<minute2>\d{2})h?)",
            r"(?P<bare>(?:(?:as|a|ate as|pelas) )?(?P<hour>\d{1,2}) ?h(?:oras?|s)?)",
            r"(?P<bare>as (?P<hour>\d{1,2}))",
            r"(?:ao )?(?P<noon>meio[- ]dia)",
        ),
    },
    "en": {
        "remind": (
            r"remind(?: me)? (?:"
            + _number_of("en")
            + r" ?(?P<unit>minutes?|mins?|hours?|hrs?|h|days?) (?:before|earlier|ahead)|on time|at the time|when due)"
        ),
        "after": r"(?P<after> after (?:completion|completing|finishing|done|it is done))?",
        "times": (
            r"(?:at )?(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))? ?(?P<half>am|pm|a\.m\.|p\.m\.)",
            r"(?:at )?(?P<hour>\d{1,2}):(?P<minute>\d{2})",
            r"(?P<bare>at (?P<hour>\d{1,2}))",
            r"(?:at )?(?P<noon>noon)",
        ),
    },
}
_REPEATS: dict[str, tuple[tuple[str, Any], ...]] = {
    "pt": (
        (r"(?:todos os dias uteis|todo dia util|em dias uteis|nos dias uteis)", WORKDAYS),
        (r"a cada " + _number_of("pt") + r" (?P<unit>dias?|semanas?|mes(?:es)?|anos?)", _every),
        (
            r"tod[oa]s?(?: [oa]s)? " + _weekdays_of("pt", r", | e |, e ", r"(?:s(?!\w))?(?:[- ]feiras?)?"),
            _named,
        ),
        (r"(?:todo dia|todo mes(?: no)? dia|todo mes,? dia) (?P<day>\d{1,2})", _on_day),
        (r"(?:todo mes|mensalmente)", Rule("MONTHLY")),
        (r"(?:toda semana|todas as semanas|semanalmente)", Rule("WEEKLY")),
        (r"(?:todo ano|todos os anos|anualmente)", Rule("YEARLY")),
        (r"(?:todo dia|todos os dias|diariamente)", Rule("DAILY")),
    ),
    "en": (
        (
            r"(?:(?:every|each) (?:week ?day|work ?day|working day|business day)s?|on weekdays)",
            WORKDAYS,
        ),
        (r"every other (?P<unit>day|week|month|year)", _every),
        (r"every " + _number_of("en") + r" (?P<unit>days?|weeks?|months?|years?)", _every),
        (
            r"(?:every|each) " + _weekdays_of("en", r", | and |, and ", r"(?:s(?!\w))?"),
            _named,
        ),
        (r"every(?: month on the)? (?P<day>\d{1,2})(?:st|nd|rd|th)(?: of the month)?", _on_day),
        (r"(?:every|each) month", Rule("MONTHLY")),
        (r"(?:every|each) week", Rule("WEEKLY")),
        (r"(?:every|each) year", Rule("YEARLY")),
        (r"(?:(?:every|each) day|daily(?=\s*$|\s+at\b|\s+\d))", Rule("DAILY")),
    ),
}
_UNTIL_PT = r"(?:(?:ate|para|pra) )?"
_UNTIL_EN = r"(?:(?:by|on|until|for) )?"
_DAYS: dict[str, tuple[tuple[str, Any], ...]] = {
    "pt": (
        (_UNTIL_PT + _ISO, _iso),
        (_UNTIL_PT + r"depois de amanha", _ahead(2)),
        (_UNTIL_PT + r"amanha", _ahead(1)),
        (_UNTIL_PT + r"hoje", _ahead(0)),
        (
            r"(?:em|daqui a|daqui|dentro de) "
            + _number_of("pt")
            + r" ?(?P<unit>dias?|semanas?|mes(?:es)?|anos?|horas?|h|minutos?|min)",
            _in,
        ),
        (
            r"(?P<before>(?:no dia|dia|em|ate|para) )?(?P<one>\d{1,2})/(?P<two>\d{1,2})(?:/" + _YEAR + ")?",
            _numeric,
        ),
        (
            r"(?:(?:no dia|ate o dia|ate dia|dia|em|ate|para) )?(?P<day>\d{1,2})º? de "
            + _month_of("pt")
            + r"(?: de (?P<year>\d{4}))?",
            _spelled,
        ),
        (r"(?:(?:no|ate o|ate|para o|todo)? ?)?dia (?P<day>\d{1,2})", _of_month),
        (r"(?:n?a )?(?:semana que vem|proxima semana)", _next_week),
        (r"(?:n?o )?(?:mes que vem|proximo mes)", _next_month),
        (r"(?:(?:no|ate o) )?(?:fim|final) do mes", _end_of_month),
        (
            r"(?P<before>(?:n?[ao] proxim[oa]|proxim[oa]|n[ao]|nest[ea]|est[ea]|ate [ao]|ate|para [ao]|para|pr[ao]) )"
            + rf"(?P<weekday>{_any([*WEEKDAYS['pt'], *SHORT['pt']])})(?:[- ]feira)?(?P<behind> que vem)?",
            _weekday,
        ),
        (
            r"(?P<before>)" + rf"(?P<weekday>{_any(WEEKDAYS['pt'])})(?:[- ]feira)?(?P<behind> que vem)?",
            _weekday,
        ),
    ),
    "en": (
        (_UNTIL_EN + _ISO, _iso),
        (_UNTIL_EN + r"(?:the )?day after tomorrow", _ahead(2)),
        (_UNTIL_EN + r"tomorrow", _ahead(1)),
        (_UNTIL_EN + r"today", _ahead(0)),
        (
            r"in "
            + _number_of("en")
            + r" ?(?P<unit>days?|weeks?|months?|years?|hours?|hrs?|h|minutes?|mins?)",
            _in,
        ),
        (
            r"(?P<before>(?:on|by|until) )?(?P<one>\d{1,2})/(?P<two>\d{1,2})(?:/" + _YEAR + ")?",
            _numeric,
        ),
        (
            _UNTIL_EN + _month_of("en") + r" (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>\d{4}))?",
            _spelled,
        ),
        (
            _UNTIL_EN
            + r"(?:the )?(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? "
            + _month_of("en")
            + r"(?:,? (?P<year>\d{4}))?",
            _spelled,
        ),
        (r"(?:on|by|until) the (?P<day>\d{1,2})(?:st|nd|rd|th)", _of_month),
        (_UNTIL_EN + r"next week", _next_week),
        (_UNTIL_EN + r"next month", _next_month),
        (r"(?:(?:at|by) )?(?:the )?end of (?:the )?month", _end_of_month),
        (
            r"(?P<before>(?:on|by|until|this|next|by next|for) )"
            + rf"(?P<weekday>{_any([*WEEKDAYS['en'], *SHORT['en']])})(?P<behind>(?!\w))",
            _weekday,
        ),
        (
            rf"(?P<before>)(?P<weekday>{_any(WEEKDAYS['en'])})(?P<behind>(?!\w))",
            _weekday,
        ),
    ),
}
