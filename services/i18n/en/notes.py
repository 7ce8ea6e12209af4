"""Notes."""

WORDS = {
    "notes.error.stale": "The note was changed meanwhile.",
    "notes.error.trashed": "The note is in the trash. Take it out to write.",
    "notes.error.not_trashed": "Only what is in the trash is deleted for good.",
    "notes.error.version": "Say which version the change follows.",
    "notes.error.title": "At most 200 letters.",
    "notes.error.body": "At most 300,000 letters. Make two notes of it.",
    "notes.error.folder": "At most 200 letters.",
    "notes.error.tag": "A tag has letters or digits, at most 40.",
    "notes.error.tags": "At most 20 tags.",
    "notes.error.own": "The note is this person's already.",
    "notes.error.search_name": "Give it a name of at most 60 letters.",
    "notes.error.search_taken": "There is a search of that name already.",
    "notes.error.searches": "At most 30 saved searches.",
}
