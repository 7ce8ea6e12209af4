"""Alerts: from a sample to a rule, from a rule to an alert, from an alert to a person.

`rules` and `builtin` are what is watched for; `engine` decides, pure; `evaluator` holds all rules over all subjects in
memory, and leaves out what `inhibitions` say depends on something that is wrong already; `preview` does the same over
what is stored, `advice` shows it in the editor. `book` writes down what happened and what people do about it,
`silences` are times during which nobody is told, `flapping` makes what comes and goes wait; `triage` tells of that
whoever needs to know, `notices` sends it to people, `words` says it.
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
    forget,
    get,
    is_acknowledged,
    names,
    past,
    prune,
    resolve,
    silence,
    standings,
    story,
    write,
)
from services.alerts.engine import Level, Rule, Standing, Transition, evaluate
from services.alerts.evaluator import Evaluator, Moved
from services.alerts.triage import RESOLVED_TOPIC, RULES_TOPIC, TOPIC

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
    "forget",
    "get",
    "is_acknowledged",
    "names",
    "past",
    "prune",
    "resolve",
    "silence",
    "standings",
    "story",
    "write",
]
