"""With whom a thing is shared."""

WORDS = {
    "sharing.error.whom": "There is no such person or role.",
    "sharing.error.many": "At most 50 people and roles.",
}
