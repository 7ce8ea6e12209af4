"""How KeepAI is read: language, theme, time zone."""

WORDS = {
    "appearance.title": "Appearance",
    "appearance.look": "Language and theme",
    "appearance.times": "Times",
    "appearance.language.help": "Of the screen, of messages and of the mail that KeepAI sends you.",
    "appearance.theme.help": "In all your browsers. “As the system”: each follows the device it is on.",
    "appearance.zone.now": "It is now",
    "appearance.zone.save": "Save time zone",
    "appearance.zone.saved": "Time zone saved",
    "appearance.language": "Language",
    "appearance.zone": "Time zone",
    "appearance.zone.help": "The times on every page follow this zone.",
    "appearance.theme": "Theme",
    "appearance.no_such_language": "Choose one of the languages listed.",
    "appearance.no_such_zone": "Choose a zone from the list, such as America/Sao_Paulo.",
    "appearance.no_such_theme": "Choose one of the themes listed.",
}
