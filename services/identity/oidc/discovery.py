"""How to speak with an issuer, as it says itself (OpenID Connect Discovery 1.0, section 4)."""

import time
from typing import Any
from urllib.parse import urlsplit

import httpx2

from services import outside
from services.errors import Upstream
from services.identity.oidc.issuers import Issuer
from services.settings import Settings

KEPT = 3600.0  # s; afterwards asked again, since issuers change
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Signed by a key that is the issuer's alone. With a shared secret, or with none, anybody might have written a token.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_known: dict[str, tuple[float, dict[str, Any]]] = {}


async def discover(settings: Settings, issuer: Issuer, *, anew: bool = False) -> dict[str, Any]:
    """Its endpoints and what it can do, of which nothing is taken over that would weaken a check. Raises Upstream."""
    known = _known.get(issuer.url)
    if known and not anew and time.monotonic() < known[0] + KEPT:
        return known[1]
    metadata = _checked(issuer, await _fetch(settings, issuer))
    _known[issuer.url] = time.monotonic(), metadata
    return metadata


def forget() -> None:
    """Ask every issuer again."""
    _known.clear()


async def _fetch(settings: Settings, issuer: Issuer) -> Any:
    try:
        async with outside.client(settings, issuer.host) as http:
            answer = await http.get(issuer.discovery)
            answer.raise_for_status()
            return answer.json()
    except httpx2.HTTPStatusError as error:
        raise Upstream("oidc.answered", name=issuer.name, status=error.response.status_code) from error
    except httpx2.HTTPError as error:
        raise Upstream("oidc.away", name=issuer.name) from error
    except ValueError as error:
        raise Upstream("oidc.nonsense", name=issuer.name) from error


def _checked(issuer: Issuer, said: Any) -> dict[str, Any]:
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in NEEDED):
        raise Upstream("oidc.nonsense", permanent=True, name=issuer.name)
    if said.get("issuer") != issuer.url:
        raise Upstream(
            "oidc.other_name", permanent=True, name=issuer.name, said=str(said.get("issuer"))[:200]
        )
    secure = urlsplit(issuer.url).scheme == "https"
    if secure and any(urlsplit(said[name]).scheme != "https" for name in NEEDED):
        raise Upstream("oidc.nonsense", permanent=True, name=issuer.name)
    offered = said.get("id_token_signing_alg_values_supported") or []
    algorithms = [name for name in ALGORITHMS if name in offered] or ["RS256"]
    return {**said, "id_token_signing_alg_values_supported": algorithms}
