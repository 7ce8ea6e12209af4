"""Lets pages of other sites call the API with a key or token, where an admin named those sites; else nobody."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware

from keepai.web.scope import ASGIApp, Receive, Scope, Send, is_api

METHODS = ("GET", "HEAD", "POST", "PATCH", "DELETE")
SENT = ("authorization", "content-type", "if-none-match", "x-request-id")
SHOWN = ("etag", "retry-after", "x-request-id", "x-version")


class Cors:
    """Starlette's middleware around the API alone. Cookies stay out of it, so a session is never at stake."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,  # type: ignore[arg-type]
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=SHOWN,
            allow_credentials=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_api(scope["path"]):
            return await self._open(scope, receive, send)
        await self._app(scope, receive, send)
