"""Failures as programs read them: `application/problem+json` (RFC 9457) in the reader's language."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from keepai.web.scope import Answer, Scope, locale_of, request_id_of
from services.errors import Conflict, Forbidden, Invalid, KeepAIError, NotFound, Upstream
from services.i18n import translate
from services.limits import Verdict

CONTENT_TYPE = "application/problem+json"
WORDS: dict[int, str] = {
    400: "errors.invalid",
    401: "errors.not_signed_in",
    403: "errors.forbidden",
    404: "errors.not_found",
    409: "errors.conflict",
    413: "errors.too_large",
    422: "errors.invalid",
    429: "errors.too_many",
    502: "errors.upstream",
    503: "errors.database",
}


class NotSignedIn(KeepAIError):
    """Nobody is signed in, or the session is over."""

    key = "errors.not_signed_in"


class TooMany(KeepAIError):
    """The caller asks more often than is allowed."""

    key = "errors.too_many"

    @classmethod
    def of(cls, verdict: Verdict, key: str | None = None) -> "TooMany":
        """What a limit says: how many are allowed in which time, and in how many seconds there are more."""
        assert verdict.limit is not None
        per = "errors.too_many.minute" if verdict.limit.seconds == 60 else "errors.too_many.hour"
        return cls(key or per, most=verdict.limit.most, seconds=verdict.retry_after)


STATUS: dict[type[KeepAIError], int] = {
    Invalid: 422,
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    Upstream: 502,
}


def problem(
    scope: Scope,
    status: int,
    key: str = "",
    *,
    params: Mapping[str, object] | None = None,
    fields: Mapping[str, str] | None = None,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> Answer:
    """The answer for a failure. `fields` maps the names of wrong values to message keys."""
    key = key or WORDS.get(status, "errors.unexpected")
    locale = locale_of(scope)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _phrase(status),
        "status": status,
        "detail": _say(locale, key, params or {}),
        "code": key.removeprefix("errors."),
        "instance": scope["path"],
        "request_id": request_id_of(scope),
    }
    if fields:
        body["errors"] = [
            {"field": name, "detail": _say(locale, text, params or {})} for name, text in fields.items()
        ]
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), CONTENT_TYPE, list(headers or ()))


def problem_of(scope: Scope, error: KeepAIError) -> Answer:
    """The answer for a failure that a service raised."""
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    headers = {
        401: [(b"www-authenticate", b"Bearer")],
        429: [(b"retry-after", str(error.params.get("seconds", 60)).encode())],
    }.get(status)
    return problem(scope, status, error.key, params=error.params, fields=error.fields, headers=headers)


def _say(locale: str, key: str, params: Mapping[str, object]) -> str:
    """The message; a key without words or with other placeholders must not turn a failure into a worse one."""
    try:
        return translate(locale, key, **params)
    except (KeyError, IndexError, ValueError):
        return translate(locale, "errors.unexpected")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)
