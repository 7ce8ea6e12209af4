"""How each person wants to be told of alerts: by what, from which severity on, and when warnings may wait."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from models import Account, NoticePreference
from services import audit, outbox, vault
from services.alerts.routes import CLOCK, clock, until
from services.audit import Actor
from services.channels import devices
from services.channels.kinds import NUMBER
from services.errors import Invalid
from services.identity.accounts import FIRST_ADMIN_EMAIL
from services.outbox import Recipient
from services.outbox.gate import number_of
from services.settings import Settings

LEVELS = ("all", "critical", "none")
BY_LEVEL = ("mail", "sms", "push", "bell")
JOBS = ("all", "bell", "none")
TASKS = ("all", "push", "bell")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody wants; `jobs` is one of `JOBS`, `tasks` of `TASKS`. `phone` is in E.164; quiet times are
    "22:00", both or none."""

    mail: str = "all"
    sms: str = "critical"
    push: str = "all"
    phone: str = ""
    quiet_from: str = ""
    quiet_to: str = ""
    bell: str = "all"
    jobs: str = "all"
    tasks: str = "all"


def of(db: Session, settings: Settings, account_id: UUID) -> Wishes:
    """What a person wants; what is usual for who never said."""
    kept = db.get(NoticePreference, account_id)
    if kept is None:
        return Wishes()
    number = number_of(db, vault.of(settings), account_id)
    return Wishes(
        mail=kept.mail,
        sms=kept.sms,
        push=kept.push,
        phone=number,
        quiet_from=kept.quiet_from,
        quiet_to=kept.quiet_to,
        bell=kept.bell,
        jobs=kept.jobs,
        tasks=kept.tasks,
    )


def tidy(wishes: Wishes) -> Wishes:
    """The same without what people put into numbers and times to read them better."""
    return replace(
        wishes,
        phone=re.sub(r"[ ().-]", "", wishes.phone),
        quiet_from=clock(wishes.quiet_from),
        quiet_to=clock(wishes.quiet_to),
    )


def check(wishes: Wishes) -> dict[str, str]:
    """What is wrong with it: field -> message key."""
    wrong = {name: "notices.error.choice" for name in BY_LEVEL if getattr(wishes, name) not in LEVELS}
    if wishes.jobs not in JOBS:
        wrong["jobs"] = "notices.error.choice"
    if wishes.tasks not in TASKS:
        wrong["tasks"] = "notices.error.choice"
    if wishes.phone and not NUMBER.fullmatch(wishes.phone):
        wrong["phone"] = "notices.error.phone"
    if bool(wishes.quiet_from) != bool(wishes.quiet_to):
        wrong["quiet_to" if wishes.quiet_from else "quiet_from"] = "notices.error.both"
    for name in ("quiet_from", "quiet_to"):
        if getattr(wishes, name) and not CLOCK.fullmatch(getattr(wishes, name)):
            wrong[name] = "notices.error.clock"
    if not wrong and wishes.quiet_from and wishes.quiet_from == wishes.quiet_to:
        wrong["quiet_to"] = "notices.error.same"
    return wrong


def save(db: Session, settings: Settings, now: datetime, account_id: UUID, wishes: Wishes, by: Actor) -> None:
    """Keep what a person wants. Raises Invalid."""
    wishes = tidy(wishes)
    if wrong := check(wishes):
        raise Invalid(fields=wrong)
    kept = db.get(NoticePreference, account_id) or NoticePreference(account_id=account_id, updated_at=now)
    kept.mail, kept.sms, kept.push, kept.updated_at = wishes.mail, wishes.sms, wishes.push, now
    kept.quiet_from, kept.quiet_to, kept.bell = wishes.quiet_from, wishes.quiet_to, wishes.bell
    kept.jobs, kept.tasks = wishes.jobs, wishes.tasks
    sealed = vault.of(settings).seal(wishes.phone, f"notice.phone:{account_id}") if wishes.phone else ""
    kept.phone = sealed
    db.add(kept)
    db.flush()
    said = {name: getattr(wishes, name) for name in (*BY_LEVEL, "jobs", "tasks")}
    said["quiet"] = f"{wishes.quiet_from}-{wishes.quiet_to}"
    audit.record(
        db,
        now,
        by,
        "notice_preference.changed",
        object_kind="account",
        object_id=account_id.hex,
        object=by.label,
        after=said,
    )


def ways(db: Session, settings: Settings, account: Account, severity: str) -> list[Recipient]:
    """How a person is told of something of this severity. Of what is critical at least by mail or SMS: nobody can be
    left without having been told by a wish that they made long ago, and what a push service took may never be shown."""
    wishes = of(db, settings, account.id)
    found = []
    if wishes.phone and outbox.can_send(settings, "sms") and _wanted(wishes.sms, severity):
        found.append(outbox.phone(account, wishes.phone))
    has_address = account.email != FIRST_ADMIN_EMAIL
    if (
        has_address
        and outbox.can_mail(settings)
        and (_wanted(wishes.mail, severity) or (severity == "critical" and not found))
    ):
        found.append(outbox.person(account))
    if _wanted(wishes.push, severity):
        found += devices.recipients(db, account)
    return found


def rings(db: Session, settings: Settings, account: Account, severity: str) -> bool:
    """Whether the bell says it to a person whom nothing else tells. What is critical is always somewhere."""
    return severity == "critical" or _wanted(of(db, settings, account.id).bell, severity)


def ways_of_tasks(db: Session, account: Account) -> list[Recipient]:
    """How a person is reminded of a task beside the bell."""
    kept = db.get(NoticePreference, account.id)
    wanted = kept.tasks if kept else "all"
    found = devices.recipients(db, account) if wanted in ("all", "push") else []
    if wanted == "all" and account.email != FIRST_ADMIN_EMAIL:
        found.append(outbox.person(account))
    return found


def quiet_until(db: Session, settings: Settings, account: Account, now: datetime) -> datetime | None:
    """When their quiet time ends, while it lasts."""
    wishes = of(db, settings, account.id)
    return until(wishes.quiet_from, wishes.quiet_to, account.zone, now)


def _wanted(level: str, severity: str) -> bool:
    return level == "all" or (level == "critical" and severity == "critical")
