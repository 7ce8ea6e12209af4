"""When a rule would have fired, on what is stored: the same functions as live, on the samples that are still there.

For the last two hours there is one sample a second, before that the least, the mean and the most of each minute. What a
rule that looks at single samples would have seen of such a minute is its worst one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session

from services import history, measures
from services.alerts.engine import NORMAL, Rule, Severity, evaluate
from services.alerts.rules import Draft, check, compiled
from services.alerts.usual import learnt
from services.alerts.windows import Last, window
from services.errors import Invalid
from services.history.series import KEEP, MINUTE, RAW, Labels

RANGES = {"2h": timedelta(hours=2), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
MOST_SUBJECTS = 200
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert that there would have been. Unix seconds; `ended` is None where it would still be open. `peak` is the
    worst value in between, `severity` the worst it would have said."""

    labels: Labels
    severity: Severity
    began: float
    ended: float | None
    peak: float

    @property
    def lasted(self) -> float | None:
        """Seconds, or None where it would still be open."""
        return None if self.ended is None else self.ended - self.began


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have happened between two instants (unix seconds), on samples `resolution` seconds apart.
    `subjects` is of how many there are any, `since` when the first of them is, and `worst` the subject that went
    furthest."""

    start: float
    end: float
    resolution: int
    subjects: int
    episodes: list[Episode] = field(default_factory=list)
    worst: Labels | None = None
    since: float | None = None

    @property
    def per_day(self) -> float:
        """How many alerts a day, of the time in which anything was measured."""
        began = self.start if self.since is None else max(self.start, self.since)
        return len(self.episodes) / (max(self.end - began, MINUTE) / DAY)

    @property
    def typical(self) -> float | None:
        """How long one lasts in the middle, in seconds; None where none ended."""
        lasted = sorted(one.lasted for one in self.episodes if one.lasted is not None)
        return lasted[len(lasted) // 2] if lasted else None

    def count(self, severity: Severity) -> int:
        """How many would have been this at worst."""
        return sum(one.severity == severity for one in self.episodes)


def preview(db: Session, draft: Draft, span: timedelta, now: datetime, *, builtin: bool = False) -> Preview:
    """Run a rule over what is stored of the last `span`. Raises Invalid for one that cannot work."""
    if wrong := check(draft, builtin=builtin):
        raise Invalid(fields=wrong)
    measure = measures.by_key()[draft.measure]
    rule = compiled(draft, measure, UUID(int=0))
    resolution = RAW if span <= KEEP[RAW] else MINUTE
    wanted = {"kind": measure.kind, **{name: str(value) for name, value in draft.matchers.items()}}
    subjects = [labels for _, labels in history.find_labels(db, wanted, MOST_SUBJECTS)]
    episodes: list[Episode] = []
    beyond = max if rule.above else min
    furthest: list[tuple[float, Labels]] = []
    since = now.timestamp()
    for labels in subjects:
        samples = list(_samples(db, labels, measure.name, rule, now - span, now, resolution))
        if rule.summary == "unusual":
            samples = _unusual(db, rule, labels, samples, now - span, now)
        known = [(at, value) for at, value in samples if value is not None]
        if not known:  # it was there before that, and is gone
            continue
        values = [value for _, value in known]
        since = min(since, known[0][0])
        furthest.append((beyond(values), labels))
        episodes += run(_at(rule, resolution), labels, samples)
    start, end = (now - span).timestamp(), now.timestamp()
    episodes.sort(key=lambda one: one.began)
    worst = beyond(furthest, key=lambda one: one[0])[1] if furthest else None
    return Preview(start, end, resolution, len(furthest), episodes, worst, since if furthest else None)


def run(rule: Rule, labels: Labels, samples: Sequence[tuple[float, float | None]]) -> list[Episode]:
    """The alerts that these samples of one subject would have made: (unix second, value or None where none was). For a
    rule that looks for the unusual they say how unusual it was."""
    standing = NORMAL
    seen = Last() if rule.summary == "unusual" else window(rule.summary, rule.window)
    episodes: list[Episode] = []
    began, worst, peak = None, rule.lowest, 0.0
    beyond = max if rule.above else min
    for at, sample in samples:
        value = None if sample is None else seen.add(at, sample)
        standing, happened = evaluate(rule, standing, value, at)
        if began is not None and value is not None:
            peak = beyond(peak, value)
        for one in happened:
            if one.kind in ("fired", "no_data") and one.severity:
                began, worst, peak = at, one.severity, value if value is not None else 0.0
            elif one.kind == "raised":
                worst = "critical"
            elif one.kind == "resolved" and began is not None:
                episodes.append(Episode(dict(labels), worst, began, at, peak))
                began = None
    if began is not None:
        episodes.append(Episode(dict(labels), worst, began, None, peak))
    return episodes


def _unusual(
    db: Session,
    rule: Rule,
    labels: Labels,
    samples: Sequence[tuple[float, float | None]],
    start: datetime,
    now: datetime,
) -> list[tuple[float, float | None]]:
    """How unusual each was, as far as it was known then; nothing is unusual while too little is known."""
    seen = learnt(db, rule, labels, start, now)
    return [(at, None if value is None else seen.add(at, value) or 0.0) for at, value in samples]


def _at(rule: Rule, resolution: int) -> Rule:
    """The rule for samples that are further apart: so many of so many within a minute are one of one."""
    if resolution <= rule.every:
        return rule
    times = resolution / rule.every
    of = max(1, round(rule.of / times))
    return replace(rule, every=resolution, of=of, hits=max(1, min(of, round(rule.hits / times))))


def _samples(
    db: Session, labels: Labels, name: str, rule: Rule, start: datetime, end: datetime, resolution: int
) -> Iterator[tuple[float, float | None]]:
    points = int((end - start).total_seconds() // resolution) + 2
    plot = history.query(db, labels, [name], start, end, now=end, points=points, resolution=resolution)
    band = plot.bands[name]
    several = rule.of > 1 or rule.summary in ("mean", "unusual")
    worst = band.max if rule.above else band.min
    values = {"min": band.min, "max": band.max}.get(rule.summary, band.mean if several else worst)
    return ((float(at), value) for at, value in zip(plot.times, values, strict=True))
