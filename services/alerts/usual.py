"""What a rule that looks for the unusual knows of a subject at an instant, from what is stored: after a restart the
live engine goes on from it, and a preview begins with it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlmodel import Session

from services import history
from services.alerts.anomaly import KNOWN, Unusual
from services.alerts.engine import Rule
from services.history.series import HOUR, KEEP, MINUTE, Labels, floor, moment


def learnt(db: Session, rule: Rule, labels: Labels, until: datetime, now: datetime) -> Unusual:
    """Everything that was measured before `until`, taken in by the function that takes it in live: by the minute as
    far back as minutes are kept, by the hour before that."""
    seen = Unusual(rule.window)
    name = rule.measure.partition(".")[2]
    start = until - timedelta(hours=KNOWN, seconds=rule.window)
    fine = max(start, now - KEEP[MINUTE] + timedelta(hours=1))
    fine = moment(floor(fine.timestamp(), HOUR))
    for begin, end, resolution in ((start, fine, HOUR), (fine, until, MINUTE)):
        last = end.timestamp()
        for at, value in _means(db, labels, name, begin, end, now, resolution):
            if at < last:
                seen.add(at, value)
    return seen


def _means(
    db: Session, labels: Labels, name: str, start: datetime, end: datetime, now: datetime, resolution: int
) -> Iterator[tuple[float, float]]:
    if start >= end:
        return
    points = int((end - start).total_seconds() // resolution) + 2
    plot = history.query(db, labels, [name], start, end, now=now, points=points, resolution=resolution)
    for at, value in zip(plot.times, plot.bands[name].mean, strict=True):
        if value is not None:
            yield float(at), value
