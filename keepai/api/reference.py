"""The description of the API itself: as OpenAPI, and as a page that needs no script and nothing from elsewhere."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse

import keepai
from keepai.api import shapes
from keepai.api.access import Rule, rules, signed_in
from keepai.web import pages
from keepai.web.scope import API_DOCS, locale_of, theme_of
from services.i18n import translate
from services.identity import principals

router = APIRouter(include_in_schema=False)

DESCRIBES = "it describes what every person may find out by trying"
ABOUT = """Programs sign in with a key (`Authorization: Bearer keepai_…`, made in the settings) or with the tokens of
`/api/v1/auth/login`. Lists answer `{"items": […], "next_cursor": …}` and take `limit`, `cursor` and `fields`. Times are
RFC 3339 in UTC. Failures are `application/problem+json` (RFC 9457) in the language of the account or of
`Accept-Language`."""
SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that begins with keepai_, or an access token.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": principals.COOKIE,
        "description": "A browser that is signed in.",
    },
}
# What those routes may answer that ask who is there, those that take values, and all of them.
GUARDED = {
    "401": "Nobody is signed in, or the key or token does not hold.",
    "403": "The caller may not do this.",
}
UNFIT = {"422": "A value that was sent cannot be used."}
ALWAYS = {"default": "Anything else."}
REFERENCE = re.compile(r"#/components/schemas/(.+)")


def operation_id(route: APIRoute) -> str:
    """A short name that is the route's alone."""
    where = str(route.tags[0]).replace(" ", "_").lower() if route.tags else "page"
    return f"{where}_{route.name}_{min(route.methods).lower()}"


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title="KeepAI",
            version=keepai.__version__,
            description=ABOUT,
            routes=app.routes,
            servers=[{"url": "/"}],
        )
        schemas = made["components"]["schemas"]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        parts = shapes.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= parts.pop("$defs") | {"Problem": parts}
        made["components"]["securitySchemes"] = SCHEMES
        declared = {(method.lower(), path): given[0] for method, path, given in rules(app) if given}
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                _complete(operation, declared[method, path])
        app.openapi_schema = made
    return app.openapi_schema


def _complete(operation: dict[str, Any], rule: Rule) -> None:
    """Say of one operation who may call it and how it fails."""
    guarded = rule.kind != "public"
    answers = operation["responses"]
    unfit = UNFIT if answers.pop("422", None) else {}
    for status, text in {**(GUARDED if guarded else {}), **unfit, **ALWAYS}.items():
        answers[status] = _problem(text)
    operation["security"] = [{"key": []}, {"session": []}] if guarded else []
    if rule.permission:
        operation["x-permission"] = rule.permission


def _problem(text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


@router.get("/api/v1/openapi.json", dependencies=[signed_in(DESCRIBES)])
async def openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document."""
    described: dict[str, Any] = request.app.openapi()
    return described


@router.get(API_DOCS, dependencies=[signed_in(DESCRIBES)])
async def page(request: Request) -> HTMLResponse:
    """The same for people."""
    look = pages.Look(locale_of(request.scope), theme_of(request.scope))
    body = "".join(_body(request.app.openapi(), look.locale))
    return HTMLResponse(pages.document(look, translate(look.locale, "reference.title"), body, wide=True))


def _body(described: Mapping[str, Any], locale: str) -> Iterator[str]:
    def say(key: str) -> str:
        return escape(translate(locale, f"reference.{key}"))

    groups: dict[str, list[str]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(_operation(described, method, path, operation, say))
    ways = "".join(f'<a href="#{_anchor(tag)}">{_title(tag)}</a>' for tag in groups)
    yield f'<main class="reference"><h1>{say("title")}</h1><p>{_prose(described["info"]["description"])}</p>'
    yield f'<p><a href="/settings/keys">{say("keys")}</a> · '
    yield f'<a href="/api/v1/openapi.json">OpenAPI</a></p><nav aria-label="{say("groups")}">{ways}</nav>'
    for tag, found in groups.items():
        yield f'<section id="{_anchor(tag)}"><h2>{_title(tag)}</h2>{"".join(found)}</section>'
    yield "</main>"


def _operation(
    described: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any], say: Any
) -> str:
    allowed = operation.get("x-permission") or (say("signed_in") if operation["security"] else say("anybody"))
    parameters = [
        (p["name"] + " *" * p.get("required", False), _kind(p["schema"]), p.get("description", ""))
        for p in operation.get("parameters", [])
    ]
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers = operation["responses"]
    status = next(iter(answers))
    content = answers[status].get("content", {}).get("application/json", {})
    got = _example(described, content.get("schema")) if content.get("schema") else None
    failures = [(code, "", answer["description"]) for code, answer in answers.items() if code != status]
    return "".join(
        [
            f'<details><summary><b class="{method}">{method.upper()}</b> <code>{escape(path)}</code>'
            f'<span class="small">{escape(allowed)}</span></summary>',
            f"<p>{_prose(operation.get('description', ''))}</p>",
            _table(say("parameters"), parameters),
            _code(say("request"), _curl(described, method, path, sent, bool(operation["security"]))),
            _code(f"{say('answer')} {status}", json.dumps(got, indent=2, ensure_ascii=False) if got else ""),
            _table(say("failures"), failures),
            "</details>",
        ]
    )


def _curl(described: Mapping[str, Any], method: str, path: str, sent: Any, guarded: bool) -> str:
    lines = [f"curl -X {method.upper()} $KEEPAI{path}"]
    lines += ['-H "Authorization: Bearer $KEY"'] * guarded
    if sent:
        body = json.dumps(_example(described, sent), ensure_ascii=False)
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)


def _example(described: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of that shape: the example it has, else one made of its parts."""
    if found := REFERENCE.fullmatch(schema.get("$ref", "")):
        schema = described["components"]["schemas"][found[1]]
    if "examples" in schema:
        return schema["examples"][0]
    if "anyOf" in schema:
        return _example(described, schema["anyOf"][0], depth)
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties", {})
        return (
            {name: _example(described, part, depth + 1) for name, part in parts.items()} if depth < 5 else {}
        )
    if kind == "array":
        return [_example(described, schema["items"], depth + 1)]
    plain: Mapping[Any, Any] = {"string": "", "integer": 0, "number": 0.0, "boolean": False}
    return schema.get("default", plain.get(kind))


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if choices := schema.get("enum"):
        return " | ".join(map(str, choices))
    inner = schema.get("items", {}).get("type")
    return f"{schema.get('type', '')}{f' of {inner}' if inner else ''}"


def _table(title: str, rows: Sequence[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code></th><td>{escape(kind)}</td><td>{_prose(text)}</td></tr>"
        for name, kind, text in rows
    )
    return f"<h3>{title}</h3><div class=scroll tabindex=0><table>{lines}</table></div>"


def _code(title: str, text: str) -> str:
    return f"<h3>{title}</h3><pre tabindex=0><code>{escape(text)}</code></pre>" if text else ""


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)).replace("\n\n", "</p><p>")


def _title(tag: str) -> str:
    return escape(tag[:1].upper() + tag[1:])


def _anchor(tag: str) -> str:
    return tag.replace(" ", "-")
