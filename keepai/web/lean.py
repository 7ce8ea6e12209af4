"""What programs need not be sent: bodies they have already, and bytes that compression saves."""

from hashlib import blake2b

from starlette.middleware.gzip import GZipMiddleware

from keepai.web.scope import ASGIApp, Message, Receive, Scope, Send, header, replace_headers

PREFIX = "/api/v1/"
SMALLEST = 1024  # bytes: below that the headers weigh more than what is saved


class Lean:
    """Compresses what the API answers and knows it again; the pages' files come compressed from the build."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._lean = GZipMiddleware(Conditional(app), minimum_size=SMALLEST, compresslevel=5)  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        lean = scope["type"] == "http" and scope["path"].startswith(PREFIX)
        await (self._lean(scope, receive, send) if lean else self._app(scope, receive, send))


class Conditional:
    """Gives every whole answer to a GET an ETag, and answers 304 to who has it already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        begun: Message | None = None

        async def judge(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                if message["status"] == 200 and _value(message, b"content-length"):
                    begun = message
                    return
            elif begun is not None:
                start, begun = begun, None
                if not message.get("more_body"):
                    start, message = _judged(start, message, header(scope, b"if-none-match"))
                await send(start)
            await send(message)

        await self._app(scope, receive, judge)


def etag_of(body: bytes) -> str:
    """The weak tag of a body: however it is compressed, it says the same."""
    return f'W/"{blake2b(body, digest_size=16).hexdigest()}"'


def _judged(start: Message, message: Message, known: str) -> tuple[Message, Message]:
    tag = _value(start, b"etag") or etag_of(message.get("body", b""))
    headers = replace_headers(start["headers"], {b"etag": tag.encode()})
    if not is_among(tag, known):
        return {**start, "headers": headers}, message
    # What describes a body that is not sent is left out.
    bare: dict[bytes, bytes | None] = dict.fromkeys(
        (b"content-length", b"content-type", b"content-encoding", b"content-disposition")
    )
    return (
        {**start, "status": 304, "headers": replace_headers(headers, bare)},
        {"type": "http.response.body", "body": b""},
    )


def is_among(tag: str, known: str) -> bool:
    """Whether an If-None-Match names this tag."""
    given = {one.strip().removeprefix("W/") for one in known.split(",")}
    return tag.removeprefix("W/") in given or "*" in given


def _value(message: Message, name: bytes) -> str:
    found = [value for key, value in message.get("headers", ()) if key.lower() == name]
    return found[0].decode("latin-1") if found else ""
