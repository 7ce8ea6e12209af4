"""The bell: what one was told of."""

WORDS = {
    "bell.title": "What you were told",
    "bell.unread": "{number} new for you",
    "bell.read_all": "Mark all as read",
    "bell.nothing": "When you are told of an alert, it stays here.",
    "bell.all": "All alerts",
    "bell.wishes": "How I want to be told",
    "bell.new": "New",
    "bell.by": "by {by}",
    "bell.waits": "by {by} at {at}",
    "bell.way.mail": "mail",
    "bell.way.sms": "SMS",
    "bell.way.push": "browser notification",
    "bell.way.bell": "this bell",
    "bell.escalated": "Nobody acknowledged it in time",
    "bell.repeated": "Goes on, and nobody acknowledged it",
}
