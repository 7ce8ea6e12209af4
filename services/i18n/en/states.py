"""The word of each state, the same on every page."""

WORDS = {
    "states.ok": "Up",
    "states.warning": "Warning",
    "states.critical": "Critical",
    "states.unknown": "Unknown",
    "states.not_configured": "Not configured",
    "states.paused": "Paused",
    "states.info": "Information",
    "states.pending": "Pending",
    "states.running": "Running",
    "states.retiring": "Leaving",
    "states.lost": "Lost",
    "states.restarted": "Restarted",
}
