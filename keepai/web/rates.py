"""How often the API may be asked: by key, by account, else by address; said in words, with when to come back."""

from keepai.web.problems import TooMany, problem_of
from keepai.web.scope import WEBHOOK, ASGIApp, Receive, Scope, Send, is_api, principal_of, respond
from services import limits
from services.limits import Limit

PER_MINUTE, PER_HOUR = 100, 1000
# Other services send as it comes, in bursts; what they may send besides is 1 MB each (`bodies`).
WEBHOOKS_PER_MINUTE = 30_000
# A browser in which somebody is signed in asks for files and offline copies from several tabs.
BROWSERS_TIMES = 10
# Asked by what watches an installation, at its own pace.
FREE = ("/api/v1/health", "/metrics")


class Rates:
    """Counts requests to the API and refuses those beyond the limits."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or not (is_api(path) or path.startswith(WEBHOOK)) or path.startswith(FREE):
            return await self._app(scope, receive, send)
        key, allowed = who_and_how_often(scope)
        verdict = await limits.counter().take(key, allowed)
        if verdict.allowed:
            return await self._app(scope, receive, send)
        await respond(scope, send, problem_of(scope, TooMany.of(verdict)))


def who_and_how_often(scope: Scope) -> tuple[str, tuple[Limit, ...]]:
    """Under which name a request is counted, and how many are allowed in a minute and an hour."""
    principal = principal_of(scope)
    address = scope["client"][0] if scope.get("client") else ""
    if scope["path"].startswith(WEBHOOK):
        return f"webhook:{limits.network(address)}", (Limit(WEBHOOKS_PER_MINUTE, 60),)
    if principal is None:
        return f"api:address:{limits.network(address)}", (Limit(PER_MINUTE, 60), Limit(PER_HOUR, 3600))
    whose = principal.session_id if principal.kind == "key" else principal.account_id
    times = BROWSERS_TIMES if principal.kind == "person" else 1
    minute, hour = principal.per_minute or times * PER_MINUTE, principal.per_hour or times * PER_HOUR
    return f"api:{principal.kind}:{whose.hex}", (Limit(minute, 60), Limit(hour, 3600))
