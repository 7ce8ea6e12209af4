"""Tasks as pages show them, in the reader's words."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from models import Account, Task, TaskEvent
from services.alerts import words
from services.i18n import has, translate
from services.tasks import Due, Quick, lists, repeat
from services.tasks.book import OPEN
from services.tasks.lists import Around, Listed
from services.tasks.when import local_of
from services.tasks.words import due_words, local_due, moment_words, repeat_words, when_words
from state.session import initials

# The icon and the colour of what is about.
ABOUT = {"alert": ("bell", "/alerts?alert="), "worker": ("server", "/workers?worker=")}
ICONS = {
    "due": "calendar",
    "time": "clock",
    "repeat": "repeat",
    "remind": "bell",
    "priority": "flag",
    "assignee": "user",
}
NODES = {
    "created": ("plus", "info"),
    "followed": ("repeat", "info"),
    "commented": ("message-square", "unknown"),
    "deleted": ("trash-2", "unknown"),
    "restored": ("undo-2", "unknown"),
    "assignee": ("user-plus", "unknown"),
    "due": ("calendar", "unknown"),
    "remind_at": ("bell", "unknown"),
    "snoozed": ("bell", "unknown"),
    "repeat": ("repeat", "unknown"),
    "priority": ("flag", "unknown"),
    "checklist": ("list-checks", "unknown"),
    "team": ("users", "unknown"),
}
STATE_NODES = {
    "done": ("check", "ok"),
    "dropped": ("ban", "unknown"),
    "doing": ("play", "info"),
    "open": ("undo-2", "unknown"),
}
CHOICES = ("daily", "workdays", "weekly", "monthly", "yearly")
RULES = {
    "daily": "FREQ=DAILY",
    "workdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "weekly": "FREQ=WEEKLY",
    "monthly": "FREQ=MONTHLY",
    "yearly": "FREQ=YEARLY",
}


class TaskRow(TypedDict):
    """One task in a list or on the board. `tone` says how its due date looks: late, today or empty; what is not there
    is an empty text."""

    id: str
    title: str
    state: str
    done: bool
    due: str
    tone: str
    priority: str
    priority_word: str
    repeat: str
    remind: str
    checklist: str
    comments: str
    about: str
    about_icon: str
    about_href: str
    note: str
    note_href: str
    owner: str
    initials: str
    team: bool


class TaskGroup(TypedDict):
    """Tasks that stand together under a word, and how many they are."""

    name: str
    word: str
    count: int
    rows: list[TaskRow]


class TaskItem(TypedDict):
    """A line of a checklist."""

    id: str
    text: str
    done: bool


class TaskLine(TypedDict):
    """A line of a task's history. `at` is unix seconds."""

    id: str
    at: float
    icon: str
    look: str
    title: str
    note: str


class TaskFacts(TypedDict):
    """The open task. Days and moments are as fields have them; `repeat_choice` is one of `CHOICES`, "none" or "own"."""

    id: str
    version: int
    title: str
    text: str
    state: str
    state_word: str
    open: bool
    may: bool
    due: str
    tone: str
    day: str
    time: str
    remind: str
    remind_said: str
    until_done: bool
    repeat: str
    repeat_choice: str
    repeat_from: str
    assignee_id: str
    assignee: str
    priority: str
    team: bool
    author: str
    created: float
    about: str
    about_icon: str
    about_href: str
    note: str
    note_href: str
    items: list[TaskItem]
    items_said: str


NO_TASK = TaskFacts(
    id="",
    version=0,
    title="",
    text="",
    state="open",
    state_word="",
    open=True,
    may=False,
    due="",
    tone="",
    day="",
    time="",
    remind="",
    remind_said="",
    until_done=False,
    repeat="",
    repeat_choice="none",
    repeat_from="due",
    assignee_id="",
    assignee="",
    priority="normal",
    team=False,
    author="",
    created=0.0,
    about="",
    about_icon="bell",
    about_href="",
    note="",
    note_href="",
    items=[],
    items_said="",
)


class TaskChip(TypedDict):
    """Something that was understood of a typed line."""

    kind: str
    icon: str
    text: str
    wrong: bool


class TaskPerson(TypedDict):
    """Somebody to whom a task can be given."""

    id: str
    name: str


def groups(found: Listed, locale: str, zone: str, now: datetime) -> list[TaskGroup]:
    """The groups of a list that hold something."""
    return [
        TaskGroup(
            name=name,
            word=translate(locale, f"tasks.group.{name}"),
            count=len(tasks),
            rows=[row(task, found.around, locale, zone, now) for task in tasks],
        )
        for name, tasks in found.groups.items()
        if tasks
    ]


def columns(found: Listed, locale: str, zone: str, now: datetime) -> list[TaskGroup]:
    """The columns of the board, the empty ones too."""
    return [
        TaskGroup(
            name=state,
            word=translate(locale, f"tasks.state.{state}"),
            count=len(tasks),
            rows=[row(task, found.around, locale, zone, now) for task in tasks],
        )
        for state, tasks in found.groups.items()
    ]


def row(task: Task, around: Around, locale: str, zone: str, now: datetime) -> TaskRow:
    """One task as a row."""
    owner = around.people.get(task.assignee_id, "") if task.assignee_id else ""
    said, icon, href = _about(task, around, locale)
    comments = around.comments.get(task.id, 0)
    note = around.notes.get(task.note_id, "") if task.note_id else ""
    return TaskRow(
        id=task.id.hex,
        title=task.title,
        state=task.state,
        done=task.state in ("done", "dropped"),
        due=due_words(task, locale, zone, now),
        tone=_tone(task, zone, now),
        priority="" if task.priority == "normal" else task.priority,
        priority_word=translate(locale, f"tasks.priority.{task.priority}"),
        repeat=repeat_words(locale, task.repeat),
        remind=_remind(task, locale, zone, now),
        checklist=_checklist(task, locale),
        comments=str(comments) if comments else "",
        about=said,
        about_icon=icon,
        about_href=href,
        note=note or (translate(locale, "tasks.untitled") if task.note_id in around.notes else ""),
        note_href=f"/notes/{task.note_id.hex}" if task.note_id and task.note_id in around.notes else "",
        owner=owner,
        initials=initials(owner) if owner else "",
        team=task.id in around.team,
    )


def facts(task: Task, around: Around, locale: str, zone: str, now: datetime, *, may: bool) -> TaskFacts:
    """One task as its panel shows it."""
    shown = row(task, around, locale, zone, now)
    due, remind_at = local_due(task, zone), task.tell_at or task.remind_at
    return TaskFacts(
        id=task.id.hex,
        version=task.version,
        title=task.title,
        text=task.text,
        state=task.state,
        state_word=translate(locale, f"tasks.state.{task.state}"),
        open=task.state in OPEN,
        may=may,
        due=shown["due"],
        tone=shown["tone"],
        day=due.day.isoformat() if due else "",
        time=due.time if due else "",
        remind=f"{local_of(remind_at, zone):%Y-%m-%dT%H:%M}" if remind_at else "",
        remind_said=shown["remind"],
        until_done=task.until_done,
        repeat=shown["repeat"],
        repeat_choice=choice_of(task.repeat),
        repeat_from=task.repeat_from,
        assignee_id=task.assignee_id.hex if task.assignee_id else "",
        assignee=shown["owner"],
        priority=task.priority,
        team=shown["team"],
        author=around.people.get(task.owner_id, ""),
        created=task.created_at.timestamp(),
        about=shown["about"],
        about_icon=shown["about_icon"],
        about_href=shown["about_href"],
        note=shown["note"],
        note_href=shown["note_href"],
        items=[TaskItem(id=one["id"], text=one["text"], done=bool(one["done"])) for one in task.checklist],
        items_said=_checklist(task, locale),
    )


def story(lines: Sequence[TaskEvent], locale: str, zone: str) -> list[TaskLine]:
    """What happened to a task, the oldest first."""
    return [_line(line, locale, zone) for line in lines]


def chips(said: Quick, people: Sequence[Account], locale: str, zone: str, now: datetime) -> list[TaskChip]:
    """What was understood of a typed line, in the order in which it stands there."""
    found: list[TaskChip] = []
    for kind in dict.fromkeys("due" if one.kind == "time" else one.kind for one in said.parts):
        text, wrong = "", False
        if kind == "due" and said.due:
            text = when_words(said.due, locale, local_of(now, zone).date())
        elif kind == "repeat":
            text = repeat_words(locale, said.repeat)
            if said.repeat_from == "done":
                text = translate(locale, "tasks.repeat.after", rule=text)
        elif kind == "remind" and (at := said.remind_at(zone)):
            text = translate(locale, "tasks.quick.remind", at=moment_words(at, locale, zone, now))
        elif kind == "priority":
            text = translate(locale, f"tasks.priority.{said.priority}")
        elif kind == "assignee":
            wrong = len(people) != 1
            text = f"@{said.assignee}" if wrong else called(people[0])
            if wrong:
                key = "tasks.quick.nobody" if not people else "tasks.quick.several"
                text = translate(locale, key, name=said.assignee)
        if text:
            found.append(TaskChip(kind=kind, icon=ICONS[kind], text=text, wrong=wrong))
    if said.repeat and said.due and not any(one["kind"] == "due" for one in found):
        first = when_words(said.due, locale, local_of(now, zone).date())
        found.append(TaskChip(kind="due", icon=ICONS["due"], text=first, wrong=False))
    return found


def person(account: Account) -> TaskPerson:
    """Somebody of the team."""
    return TaskPerson(id=account.id.hex, name=called(account))


def called(account: Account) -> str:
    """How a person is called."""
    return account.name or account.email


# -- words ------------------------------------------------------------------------------------------------------


def choice_of(text: str) -> str:
    """Which of the choices of the field a rule is."""
    if not text:
        return "none"
    rule = repeat.parse(text)
    if rule == repeat.WORKDAYS:
        return "workdays"
    plain = rule.interval == 1 and len(rule.days) <= 1
    return (
        {"DAILY": "daily", "WEEKLY": "weekly", "MONTHLY": "monthly", "YEARLY": "yearly"}[rule.frequency]
        if plain
        else "own"
    )


def _tone(task: Task, zone: str, now: datetime) -> str:
    if lists.is_late(task, now, zone):
        return "late"
    return "today" if lists.day_of(task, zone) == local_of(now, zone).date() else ""


def _remind(task: Task, locale: str, zone: str, now: datetime) -> str:
    """When it reminds next."""
    if task.tell_at is None or task.state not in OPEN:
        return ""
    return moment_words(task.tell_at, locale, zone, now)


def _checklist(task: Task, locale: str) -> str:
    if not task.checklist:
        return ""
    done = sum(bool(one["done"]) for one in task.checklist)
    return translate(locale, "tasks.checklist.of", done=done, all=len(task.checklist))


def _about(task: Task, around: Around, locale: str) -> tuple[str, str, str]:
    """What it is about: how that is called, its icon, and where it is to be seen."""
    if not task.about_id or task.about_kind not in ABOUT:
        return "", "bell", ""
    icon, href = ABOUT[task.about_kind]
    alert = around.alerts.get(task.about_id)
    if alert:
        return words.title(locale, alert), icon, f"{href}{task.about_id.hex}"
    name = around.workers.get(task.about_id, "")
    return name or task.about_name, icon, f"{href}{task.about_id.hex}" if name else ""


def _line(line: TaskEvent, locale: str, zone: str) -> TaskLine:
    icon, look = NODES.get(line.kind, ("circle-dashed", "unknown"))
    if line.kind == "state":
        icon, look = STATE_NODES.get(str(line.detail.get("to")), (icon, look))
    return TaskLine(
        id=line.id.hex,
        at=line.at.timestamp(),
        icon=icon,
        look=look,
        title=_said(line, locale, zone),
        note=line.note,
    )


def _said(line: TaskEvent, locale: str, zone: str) -> str:
    """What happened, in one sentence."""
    detail: Mapping[str, Any] = line.detail
    to, key, to_said = detail.get("to"), f"tasks.story.{line.kind}", ""
    if line.kind in ("state", "team"):
        key = f"{key}.{str(to).lower()}"
    elif line.kind in ("assignee", "due", "remind_at", "snoozed", "repeat") and not to:
        key = f"{key}.none"
    elif line.kind == "due":
        to_said = _due_said(str(to), locale, local_of(line.at, zone).date())
    elif line.kind in ("remind_at", "snoozed"):
        to_said = moment_words(datetime.fromisoformat(str(to)), locale, zone, line.at)
    elif line.kind == "repeat":
        to_said = repeat_words(locale, str(to))
    elif line.kind == "priority":
        to_said = translate(locale, f"tasks.priority.{to}")
    elif line.kind == "assignee":
        to_said = str(detail.get("name", ""))
    elif line.kind == "checklist":
        to_said = translate(
            locale, "tasks.checklist.of", done=detail.get("done", 0), all=detail.get("all", 0)
        )
    if not has(key):
        key = "tasks.story.other"
    return translate(locale, key, who=line.actor or translate(locale, "tasks.somebody"), to=to_said)


def _due_said(text: str, locale: str, today: date) -> str:
    day, _, time = text.partition("T")
    return when_words(Due(date.fromisoformat(day), time), locale, today)


def note_id_of(text: str) -> UUID | None:
    """The note that a page names, where it does."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
