"""HTTP for programs and the plain pages: `build()` makes the FastAPI app that stands in front of Reflex."""

from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

import keepai
from keepai.api import (
    alert_routes,
    alerts,
    audit,
    auth,
    channels,
    dashboard,
    diagnostics,
    health,
    history,
    jobs,
    keys,
    links,
    maintenance,
    metrics,
    notes,
    nothing,
    notices,
    oidc,
    people,
    providers,
    push,
    reference,
    search,
    sessions,
    silences,
    stored_files,
    stream,
    tasks,
    tokens,
    workers,
)
from keepai.api.incoming import alertmanager, twilio
from keepai.web.problems import problem, problem_of
from keepai.web.requests import failure
from keepai.web.scope import Answer
from services.errors import KeepAIError

# In the order in which the description lists them.
PARTS = (
    tokens,
    keys,
    sessions,
    dashboard,
    stream,
    workers,
    history,
    alerts,
    silences,
    alertmanager,
    maintenance,
    channels,
    alert_routes,
    push,
    tasks,
    jobs,
    stored_files,
    notes,
    search,
    providers,
    people,
    audit,
    health,
    diagnostics,
    metrics,
)
ROUTERS = tuple(part.router for part in (*PARTS, auth, oidc, links, notices, twilio, reference))
# What pydantic calls a mistake, in our words.
FIELD_WORDS = {
    "missing": "errors.field.missing",
    "int_parsing": "errors.field.number",
    "int_type": "errors.field.number",
    "int_from_float": "errors.field.number",
    "float_parsing": "errors.field.number",
    "float_type": "errors.field.number",
    "timezone_aware": "errors.field.moment",
    "finite_number": "errors.field.number",
    "literal_error": "errors.field.choice",
    "enum": "errors.field.choice",
    "string_too_long": "errors.field.long",
    "too_long": "errors.field.long",
}


def build() -> FastAPI:
    """The app with every route; what it does not know goes on to whatever is mounted behind it."""
    api = FastAPI(
        title="KeepAI",
        version=keepai.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=reference.operation_id,
    )
    for router in ROUTERS:
        api.include_router(router)
    api.include_router(nothing.router)  # last: it takes every other address under /api
    api.openapi = lambda: reference.document(api)  # type: ignore[method-assign]
    api.add_exception_handler(KeepAIError, _told)
    api.add_exception_handler(RequestValidationError, _not_valid)
    api.add_exception_handler(HTTPException, _http)
    return api


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, KeepAIError)
    return as_response(problem_of(request.scope, error))


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = {_name(e["loc"]): _word(e["type"]) for e in error.errors()[:20]}
    return as_response(problem(request.scope, 422, fields=fields))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = failure(request.scope, error.status_code)
    given = [(key.lower().encode(), value.encode()) for key, value in (error.headers or {}).items()]
    return as_response(Answer(answer.status, answer.body, answer.content_type, answer.headers + given))


def as_response(answer: Answer) -> Response:
    """An answer of the web layers as a response of a route."""
    response = Response(answer.body, answer.status, media_type=answer.content_type)
    response.raw_headers.extend(answer.headers)
    return response


def _name(where: tuple[Any, ...]) -> str:
    if len(where) == 2 and isinstance(where[1], int):  # the place of the first character that is not JSON
        return str(where[0])
    return ".".join(str(part)[:80] for part in where[1:]) or str(where[0])


def _word(kind: str) -> str:
    if kind in FIELD_WORDS:
        return FIELD_WORDS[kind]
    if kind.startswith(("greater_than", "less_than")):
        return "errors.field.range"
    return "errors.field.moment" if kind.startswith(("datetime", "date")) else "errors.field.wrong"


__all__ = ["as_response", "build"]
