"""Alerts: from a sample to a rule, from a rule to an alert, from an alert to a person.

`engine` decides, pure; `evaluator` holds all rules over all subjects in memory; `book` writes down what happened and
what people do about it; `notices` tells people; `rules` and `builtin` are what is watched for; `words` says it all.
"""

from services.alerts.book import (
    OPEN,
    SEVERITIES,
    STATES,
    News,
    acknowledge,
    assign,
    close_without_rule,
    comment,
    counts,
    find,
    get,
    is_acknowledged,
    names,
    past,
    prune,
    resolve,
    standings,
    story,
    write,
)
from services.alerts.engine import Level, Rule, Standing, Transition, evaluate
from services.alerts.evaluator import Evaluator, Moved

TOPIC = "alerts"  # on the bus: something about alerts changed
RULES_TOPIC = "alert_rules"  # on the bus: the rules changed
RESOLVED_TOPIC = "alert_resolved"  # on the bus: somebody said that one is over

__all__ = [
    "OPEN",
    "RESOLVED_TOPIC",
    "RULES_TOPIC",
    "SEVERITIES",
    "STATES",
    "TOPIC",
    "Evaluator",
    "Level",
    "Moved",
    "News",
    "Rule",
    "Standing",
    "Transition",
    "acknowledge",
    "assign",
    "close_without_rule",
    "comment",
    "counts",
    "evaluate",
    "find",
    "get",
    "is_acknowledged",
    "names",
    "past",
    "prune",
    "resolve",
    "standings",
    "story",
    "write",
]
