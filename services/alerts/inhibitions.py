"""What is not said while something else is known to be wrong: who is told that the compute is out of reach need not
hear of each of its workers.

Declared in `TABLE`; the evaluator goes by it, whatever the rules are called. As soon as a rule that watches the source
has a first sign of something wrong, nothing that depends on it begins or gets worse, so that one alert stands for all.
What stood open before stays, and may end. What is still wrong when the source is back is said then.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.alerts.engine import Standing
from services.compute.inventory import SETTLE


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While the measure `source` of a subject with the labels `having` is bad, nothing is said of `targets` (measures,
    or whole kinds of subjects) that have the same values of the labels `equal`.

    Of what is missing nothing is said for `settles` more seconds: what comes back does not come back all at once.
    """

    source: str
    targets: tuple[str, ...]
    equal: tuple[str, ...] = ()
    having: tuple[tuple[str, str], ...] = ()
    settles: float = 0.0

    def begins_with(self, measure: str, labels: Mapping[str, str]) -> bool:
        """Whether such a subject is a source of it."""
        return measure == self.source and all(labels.get(name) == value for name, value in self.having)

    def covers(self, source: Mapping[str, str], measure: str, labels: Mapping[str, str]) -> bool:
        """Whether this measure of this subject depends on that source."""
        return (
            measure != self.source
            and (measure in self.targets or measure.partition(".")[0] in self.targets)
            and all(labels.get(name) == source.get(name) for name in self.equal)
        )


TABLE: tuple[Inhibition, ...] = (
    # A scheduler that started anew hears of its workers one by one.
    Inhibition("compute.up", ("worker", "compute"), equal=("compute",), settles=SETTLE),
    Inhibition("probe.up", ("host.outbox_lag",), having=(("probe", "mail"),)),
    Inhibition("probe.up", ("host.outbox_lag", "host.database_seconds"), having=(("probe", "database"),)),
)
KINDS = frozenset(one.source.partition(".")[0] for one in TABLE)  # of subjects that may be a source


def inhibits(standing: Standing) -> bool:
    """Whether how things stand with a source is bad, or may be. Also when somebody said that it is over."""
    return not standing.at_rest and standing.state != "recovering"
