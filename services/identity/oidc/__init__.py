"""Signing in with OpenID Connect: which issuers there are, what they say of somebody, and whose account that is.

The protocol itself (state, nonce, PKCE, the checks of ID tokens) is Authlib's, in `keepai/api/oidc.py`.
"""

from services.identity.oidc.claims import Refused, Vouched, needs_more, read
from services.identity.oidc.discovery import discover
from services.identity.oidc.identities import connect, disconnect, enter, of_account
from services.identity.oidc.issuers import GOOGLE, Issuer, issuers

# Why somebody may not get in, for the sign-in page: message keys.
REASONS = (
    "oidc.refused",
    "oidc.away",
    "oidc.late",
    "oidc.often",
    "oidc.cancelled",
    "oidc.unverified",
    "oidc.connect_first",
    "oidc.unknown",
    "oidc.no_role",
    "oidc.other_domain",
    "oidc.deactivated",
    "oidc.taken",
)

__all__ = [
    "GOOGLE",
    "REASONS",
    "Issuer",
    "Refused",
    "Vouched",
    "connect",
    "disconnect",
    "discover",
    "enter",
    "issuers",
    "needs_more",
    "of_account",
    "read",
]
