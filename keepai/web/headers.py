"""Security headers and how long answers may be kept."""

import base64
import hashlib
import json
import logging
import re
from functools import cache
from pathlib import Path

from keepai.web.hosts import host_and_port
from keepai.web.scope import ASGIApp, Message, Receive, Scope, Send, header, is_api, replace_headers

log = logging.getLogger(__name__)

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
HASHED_ASSET = re.compile(r"/assets/.+[-.][A-Za-z0-9_-]{8,}\.\w+")
INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
HASH = re.compile(r"sha(256|384|512)-[A-Za-z0-9+/=_-]+")
FOREVER = b"public, max-age=31536000, immutable"
ASK_AGAIN = b"no-cache"
ASK_AGAIN_ALONE = b"private, no-cache"
NEVER = b"no-store"
DENIED = "accelerometer camera display-capture geolocation gyroscope magnetometer microphone midi payment usb"
ALWAYS: dict[bytes, bytes | None] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": ", ".join(f"{name}=()" for name in DENIED.split()).encode(),
}


class Headers:
    """Adds the headers that make browsers careful, and says what may be kept and for how long."""

    def __init__(self, app: ASGIApp, build: Path) -> None:
        self._app = app
        self._build = build

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"]
        secure = scope.get("scheme") == "https" and _is_public_name(header(scope, b"host"))

        async def careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {key.lower(): value for key, value in message.get("headers", ())}
                values = dict(ALWAYS)
                if given.get(b"content-type", b"").startswith(b"text/html"):
                    values[b"content-security-policy"] = policy(self._build).encode()
                if secure:
                    values[b"strict-transport-security"] = b"max-age=31536000"
                if b"cache-control" not in given:
                    values[b"cache-control"] = keeping(path, message["status"], b"etag" in given)
                message["headers"] = replace_headers(message.get("headers", ()), values)
            await send(message)

        await self._app(scope, receive, careful)


def keeping(path: str, status: int, has_etag: bool) -> bytes:
    """The Cache-Control of an answer that says nothing about it itself."""
    if status in (200, 206, 304) and HASHED_ASSET.fullmatch(path):
        return FOREVER
    if status < 400 and is_api(path) and has_etag:
        return ASK_AGAIN_ALONE
    if status >= 400 or is_api(path) or path.startswith(("/auth/", "/login")) or not has_etag:
        return NEVER
    return ASK_AGAIN


@cache
def policy(build: Path) -> str:
    """The Content-Security-Policy of every page: our own files, and the inline scripts of this very build."""
    scripts = " ".join(["'self'", *(f"'{value}'" for value in script_hashes(build))])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def script_hashes(build: Path) -> list[str]:
    """The hashes of the inline scripts of the built pages: noted by the build, else taken from its HTML."""
    try:
        noted = json.loads((build / "csp.json").read_text(encoding="utf-8"))["script_hashes"]
        return sorted({text for text in noted if isinstance(text, str) and HASH.fullmatch(text)})
    except (OSError, ValueError, KeyError, TypeError):
        pages = sorted((build / "build" / "client").rglob("*.html"))
        return sorted({hash_of(script) for page in pages for script in inline_scripts(page)})


def inline_scripts(page: Path) -> list[str]:
    """The inline scripts of a page, exactly as they stand there."""
    return INLINE_SCRIPT.findall(page.read_text(encoding="utf-8"))


def hash_of(script: str) -> str:
    """The hash of one inline script as a Content-Security-Policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _is_public_name(host: str) -> bool:
    # On localhost HSTS would lock out every other program that a developer serves without TLS.
    place = host_and_port(host, "https")
    return place is not None and place[0] not in LOOPBACK_NAMES
