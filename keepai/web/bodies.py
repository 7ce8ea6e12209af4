"""No request may send more than its address has use for."""

from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from keepai.web.scope import ASGIApp, Receive, Scope, Send

UPLOAD = "/_upload"
MOST = 1024 * 1024
MOST_UPLOADED = 16 * 1024 * 1024


class Bodies:
    """Counts what is declared and what really arrives; too much is answered with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._usual = RequestBodyLimitMiddleware(app, max_body_size=MOST)  # type: ignore[arg-type]
        self._uploads = RequestBodyLimitMiddleware(app, max_body_size=MOST_UPLOADED)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limited = self._uploads if scope.get("path", "").startswith(UPLOAD) else self._usual
        await limited(scope, receive, send)
