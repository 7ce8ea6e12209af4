"""What the claims of an issuer say of somebody, once they are known to be its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.errors import KeepAIError
from services.identity import accounts
from services.identity.oidc.issuers import Issuer
from services.identity.permissions import ROLES

EVERYBODY = "*"


class Refused(KeepAIError):
    """The issuer vouches for this person, and they are not let in all the same; `key` says why."""

    key = "oidc.refused"


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody as an issuer knows them. `email` is empty unless the issuer verified it; `role` is empty where it says
    none."""

    issuer: Issuer
    subject: str
    email: str
    name: str
    role: str


def read(issuer: Issuer, claims: Mapping[str, Any]) -> Vouched:
    """The person of validated claims. Raises Refused for one of another domain, or with no role where the issuer is
    to give one."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise Refused
    if issuer.domain and str(claims.get("hd", "")).lower() != issuer.domain:
        raise Refused("oidc.other_domain")
    role = _role(issuer, claims)
    if issuer.roles and not role:
        raise Refused("oidc.no_role")
    email = accounts.fold_email(str(claims.get("email") or ""))
    said = claims.get("email_verified")
    # Some say it as text; anything else is not yes (1 neither, which Python takes for True).
    verified = (said is True or said == "true") and accounts.is_email(email)
    name = str(claims.get("name") or "").replace("\x00", "").strip()[:120]
    return Vouched(issuer, subject, email if verified else "", name, role)


def needs_more(issuer: Issuer, claims: Mapping[str, Any]) -> bool:
    """Whether the ID token leaves out what the userinfo endpoint may say."""
    return not claims.get("email") or bool(issuer.roles and _at(claims, issuer.role_claim) is None)


def _role(issuer: Issuer, claims: Mapping[str, Any]) -> str:
    """The highest role that any value of the claim gives."""
    if not issuer.roles:
        return ""
    said = _at(claims, issuer.role_claim)
    values = [said] if isinstance(said, str) else said if isinstance(said, Sequence) else []
    given = {issuer.roles.get(str(value)) for value in values} | {issuer.roles.get(EVERYBODY)}
    return next((role for role in ROLES if role in given), "")


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The value under a name, or inside of others, by dots; a name with dots of its own (a URL) comes first."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
