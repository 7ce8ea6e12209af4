"""Serves `/workers` at once from the folder it was built into, instead of by way of a redirect to `/workers/`."""

from pathlib import Path

from keepai.web.scope import ASGIApp, Receive, Scope, Send


class Folders:
    """Adds the final slash that the file server below asks for; the address in the browser stays as it is."""

    def __init__(self, app: ASGIApp, build: Path) -> None:
        self._app = app
        root = build / "build" / "client"
        self._pages = {
            f"/{page.parent.relative_to(root).as_posix()}" for page in root.glob("*/**/index.html")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in self._pages and scope["method"] in ("GET", "HEAD"):
            scope = {**scope, "path": f"{scope['path']}/"}
        await self._app(scope, receive, send)
