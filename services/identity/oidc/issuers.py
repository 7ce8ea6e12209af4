"""The issuers that the settings name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

from services.settings import Settings

GOOGLE = "https://accounts.google.com"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who vouches for people. `key` is its name in our addresses, `url` its own name for itself.

    With `roles` (by the values of `role_claim`) it decides who holds which role; without, roles are given here.
    Only people of `domain` come in, where there is one.
    """

    key: str
    name: str
    url: str
    client_id: str
    client_secret: SecretStr
    role_claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""

    @property
    def discovery(self) -> str:
        """Where it says how to speak with it (OpenID Connect Discovery 1.0, section 4)."""
        return f"{self.url.rstrip('/')}/.well-known/openid-configuration"

    @property
    def host(self) -> str:
        """Its host, which whoever named it in the settings allowed."""
        return urlsplit(self.url).hostname or ""

    def callback(self, settings: Settings) -> str:
        """Where it sends people back to; it must know this very address."""
        return f"{settings.address}/auth/oidc/{self.key}/callback"


def issuers(settings: Settings) -> dict[str, Issuer]:
    """Every issuer that is set up, by its key, in the order in which they are offered."""
    found = []
    if settings.oidc_issuer:
        found.append(
            Issuer(
                key="oidc",
                name=settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or "OpenID Connect",
                url=settings.oidc_issuer,
                client_id=settings.oidc_client_id,
                client_secret=settings.oidc_client_secret,
                role_claim=settings.oidc_role_claim,
                roles=settings.roles_by_claim,
            )
        )
    if settings.google_login_client_id:
        found.append(
            Issuer(
                key="google",
                name="Google",
                url=GOOGLE,
                client_id=settings.google_login_client_id,
                client_secret=settings.google_login_client_secret,
                domain=settings.google_login_domain.strip().lower(),
            )
        )
    return {issuer.key: issuer for issuer in found}
