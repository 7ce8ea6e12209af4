"""Silences: what tells nobody, until when, by whom and why."""

WORDS = {
    "silences.tomorrow_at": "tomorrow at {clock}",
    "silences.error.nothing": "Say what to silence: a label, or a rule.",
    "silences.error.matchers": "1 to 8 labels, each with a short name and value.",
    "silences.error.rule": "There is no such rule.",
    "silences.error.past": "Choose a moment in the future.",
    "silences.error.order": "The end has to come after the beginning.",
    "silences.error.days": "For 30 days at most.",
    "silences.error.reason": "Say why: the team will read it.",
    "silences.error.long": "Up to 300 letters.",
    "silences.error.over": "This silence is over already.",
}
