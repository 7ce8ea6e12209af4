"""What the editor of a rule shows of it before it is saved: when it would have fired, of whom, and whether waiting
longer would spare people the short ones."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, func, select

from models import Worker, WorkerEvent
from services.alerts import words
from services.alerts.preview import Preview, preview
from services.alerts.rules import Draft
from services.history.series import Labels, chunks, key_of

LONGER = (120.0, 240.0, 480.0)  # s of pending that are tried
SOON_OVER = 180.0  # s after firing within which one is short
ENOUGH = 3  # short ones, before anything is proposed


@dataclass(frozen=True, slots=True)
class Proposal:
    """Waiting `pending` seconds before firing instead: of all alerts `remain` would, and every critical one.

    `short` of them were over within `within` seconds."""

    pending: float
    short: int
    within: float
    remain: int
    critical: int


@dataclass(frozen=True, slots=True)
class Advice:
    """The preview, the subject to draw (None where nothing is stored), names of subjects by key of their labels, and
    what would be calmer."""

    found: Preview
    drawn: Labels | None
    names: dict[str, str]
    proposal: Proposal | None


def advise(
    db: Session, draft: Draft, span: timedelta, now: datetime, locale: str, *, builtin: bool = False
) -> Advice:
    """Look at a rule on what is stored. Raises Invalid for one that cannot work."""
    found = preview(db, draft, span, now, builtin=builtin)
    fired = Counter(key_of(one.labels) for one in found.episodes)
    most = max(reversed(found.episodes), key=lambda one: fired[key_of(one.labels)], default=None)
    drawn = most.labels if most else found.worst
    concerned = [one.labels for one in found.episodes] + ([drawn] if drawn else [])
    return Advice(
        found, drawn, names(db, concerned, locale), _calmer(db, draft, span, now, found, builtin=builtin)
    )


def _calmer(
    db: Session, draft: Draft, span: timedelta, now: datetime, found: Preview, *, builtin: bool
) -> Proposal | None:
    within = draft.pending + SOON_OVER
    short = sum(one.lasted is not None and one.lasted < within for one in found.episodes)
    longer = next((pending for pending in LONGER if pending >= max(1.0, 2 * draft.pending)), None)
    if short < ENOUGH or longer is None:
        return None
    tried = preview(db, replace(draft, pending=longer), span, now, builtin=builtin)
    critical = found.count("critical")
    if len(tried.episodes) >= len(found.episodes) or tried.count("critical") < critical:
        return None
    return Proposal(longer, short, within, len(tried.episodes), critical)


def names(db: Session, subjects: Iterable[Labels], locale: str) -> dict[str, str]:
    """What people call these subjects, by the key of their labels."""
    wanted = {key_of(labels): labels for labels in subjects}
    ids = {_id(str(labels.get("worker", ""))) for labels in wanted.values()} - {None}
    workers = _workers(db, [one for one in ids if one])
    return {key: words.name_of(locale, labels, _known(labels, workers)) for key, labels in wanted.items()}


def _known(labels: Labels, workers: dict[str, str]) -> str:
    worker = str(labels.get("worker", ""))
    return workers.get(worker, worker[:8])


def _workers(db: Session, ids: list[UUID]) -> dict[str, str]:
    """Names of workers; those that left are known from what happened to them."""
    found: dict[str, str] = {}
    for some in chunks(ids, 500):
        gone = select(WorkerEvent.worker_id, func.max(WorkerEvent.worker_name))
        gone = gone.where(col(WorkerEvent.worker_id).in_(some)).group_by(col(WorkerEvent.worker_id))
        found |= {one.hex: name for one, name in db.exec(gone) if one}
        there = select(Worker.id, Worker.name).where(col(Worker.id).in_(some))
        found |= {one.hex: name for one, name in db.exec(there)}
    return found


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
