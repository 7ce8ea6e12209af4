"""Where a tab has to go because its sign-in ended. assets/pwa.js loads the address as soon as there is one.

Only ever sent, never set on the server: the next sign-in in the same tab finds the same state again.
"""

import reflex as rx


class Leaving(rx.State):
    """Empty while the tab may stay."""

    to: str = ""


REVOKED = (Leaving, {"to": "/login?reason=revoked"})
