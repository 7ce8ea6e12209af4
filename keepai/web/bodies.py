"""No request may send more than its address has use for."""

from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from keepai.web.scope import ASGIApp, Receive, Scope, Send
from services import files

UPLOAD = "/_upload"
FILES = "/api/v1/files"
MOST = 1024 * 1024
MOST_UPLOADED = 16 * 1024 * 1024
MOST_OF_FORM = 64 * 1024  # what a form has around a file


class Bodies:
    """Counts what is declared and what really arrives; too much is answered with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._usual = RequestBodyLimitMiddleware(app, max_body_size=MOST)  # type: ignore[arg-type]
        self._files = RequestBodyLimitMiddleware(app, max_body_size=files.MOST + MOST_OF_FORM)  # type: ignore[arg-type]
        self._uploads = RequestBodyLimitMiddleware(app, max_body_size=MOST_UPLOADED)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        limited = self._uploads if path.startswith(UPLOAD) else self._files if path == FILES else self._usual
        await limited(scope, receive, send)
