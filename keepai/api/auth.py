"""Signing in and out, outside the web socket: a plain page, a form post, a cookie."""

import asyncio
import re
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html import escape
from typing import Literal, TypeVar
from urllib.parse import quote, unquote, urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from keepai.api.access import public
from keepai.api.limits import Attempts
from keepai.web import pages
from keepai.web.gate import LOGIN, LONGEST_WAY, YEAR
from keepai.web.scope import LANGUAGE_COOKIE, actor_of, locale_of, principal_of, theme_of
from services import accounts, db, identity, metrics, sessions, sign_ins
from services.audit import Actor
from services.clock import now
from services.i18n import LOCALES, known_locale, translate
from services.passwords import LONGEST
from services.permissions import Principal

router = APIRouter(include_in_schema=False)
R = TypeVar("R")

TYPED = "keepai_typed"
CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
REASONS = ("wrong", "limited", "busy", "revoked", "expired", "password_changed")
LONGEST_EMAIL = 254
# Argon2 takes 64 MiB and a core each time: two at once, on threads of their own, and no endless queue behind them.
HASHING = 2
QUEUE = 200
_waiting = 0
by_pair = Attempts(5)
by_address = Attempts(50)
by_account = Attempts(50)


@router.api_route(LOGIN, methods=["GET", "HEAD"], dependencies=[public("where one signs in")])
async def login_page(request: Request) -> Response:
    """The sign-in page; a signed-in person goes on to where they wanted to be."""
    target = safe_next(request.query_params.get("next", ""))
    if principal_of(request.scope):
        return _see_other(target)
    chosen = request.query_params.get("lang", "")
    locale = known_locale(chosen) if chosen in LOCALES else locale_of(request.scope)
    reason = request.query_params.get("error") or request.query_params.get("reason") or ""
    email = unquote(request.cookies.get(TYPED, ""))[:LONGEST_EMAIL]
    empty = await db.read(accounts.count) == 0
    look = pages.Look(locale, theme_of(request.scope))
    response = HTMLResponse(_page(look, reason if reason in REASONS else "", email, target, empty))
    if chosen in LOCALES:
        _set(request, response, LANGUAGE_COOKIE, chosen, YEAR)
    return response


@router.post("/auth/login", dependencies=[public("where one signs in")])
async def login(request: Request) -> Response:
    """Check address and password; 303 to `next` with the session cookie, or back to the page with the reason."""
    form = await request.form(max_files=0, max_fields=8)
    given = {name: value if isinstance(value, str) else "" for name, value in form.items()}
    email = given.get("email", "").strip()
    target = safe_next(given.get("next", ""))
    by = actor_of(request.scope)
    outcome = await attempt(email, given.get("password", ""), by)
    if isinstance(outcome, str):
        return _back(request, outcome, email, target)
    if before := principal_of(request.scope):
        await end_session(before, by)
    token = await db.write(sessions.start, outcome, now(), by=by)
    response = _see_other(target)
    set_session(request, response, token)
    if TYPED in request.cookies:
        _set(request, response, TYPED, "", 0, LOGIN)
    return response


@router.post("/auth/logout", dependencies=[public("without a session it only clears the cookie")])
async def logout(request: Request) -> Response:
    """End this session everywhere it is open, and wipe what the browser kept of it."""
    if principal := principal_of(request.scope):
        await end_session(principal, actor_of(request.scope))
    response = _see_other(LOGIN)
    _set(request, response, identity.COOKIE, "", 0)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def safe_next(target: str) -> str:
    """Where to go after signing in: a path of ours with its query, or the dashboard for anything else."""
    if (
        not target.startswith("/")
        or target.startswith("//")
        or len(target) > LONGEST_WAY
        or CONTROL.search(target)
    ):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.rstrip("/") == LOGIN or parts.path.startswith("/auth/"):
        return "/"
    return quote(target, safe="/?#[]@!$&'()*+,;=:%~-._")


async def attempt(email: str, password: str, by: Actor) -> UUID | Literal["wrong", "limited", "busy"]:
    """The account that these belong to, or why nobody gets in; counted, and noted where it was wrong."""
    outcome = await _check(by.address, accounts.fold_email(email), password)
    metrics.sign_ins.labels(outcome if isinstance(outcome, str) else "ok").inc()
    if outcome == "wrong":
        await db.write(sessions.refused, email, now(), by=by)
    return outcome


async def _check(address: str, who: str, password: str) -> UUID | Literal["wrong", "limited", "busy"]:
    """The account, or why not."""
    if _waiting >= QUEUE:
        return "busy"
    return await hashing(lambda: _check_now(address, who, password))


async def hashing(work: Callable[[], R]) -> R:
    """What hashes a password, on the threads that are there for it."""
    global _waiting
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), work)
    finally:
        _waiting -= 1


def _check_now(address: str, who: str, password: str) -> UUID | Literal["wrong", "limited"]:
    """In a thread. Failures are counted here, so that guesses which queued up together are counted one by one."""
    counters = _counters(address, who)
    if any(attempts.exhausted(key) for attempts, key in counters):
        return "limited"
    sane = 0 < len(who) <= LONGEST_EMAIL and 0 < len(password) <= LONGEST and not CONTROL.search(who)
    account_id = db.read_now(sessions.check_password, who, password) if sane else None
    if account_id is None:
        for attempts, key in counters:
            attempts.failed(key)
        return "wrong"
    by_pair.succeeded((address, who))
    return account_id


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=HASHING, thread_name_prefix="keepai-hash")


def _counters(address: str, who: str) -> list[tuple[Attempts, Hashable]]:
    return [
        (by_pair, (address, who[:LONGEST_EMAIL])),
        (by_address, address),
        (by_account, who[:LONGEST_EMAIL]),
    ]


async def end_session(principal: Principal, by: Actor) -> None:
    """End what somebody came with: a browser's session, or a program's tokens."""
    came_with = principal.session_id
    await db.write(sign_ins.end, principal.account_id, came_with, now(), by=by, action="signed_out")
    identity.end(session_id=came_with)


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser the cookie of a new session."""
    _set(request, response, identity.COOKIE, token, int(sessions.LONGEST.total_seconds()))


def _back(request: Request, reason: str, email: str, target: str) -> Response:
    """To the sign-in page again, with what was typed except the password."""
    response = _see_other(f"{LOGIN}?{urlencode({'error': reason, 'next': target}, safe='/')}")
    _set(request, response, TYPED, quote(email[:LONGEST_EMAIL], safe=""), 300, LOGIN)
    return response


def _see_other(target: str) -> Response:
    return RedirectResponse(target, 303, headers={"cache-control": "no-store"})


def _set(request: Request, response: Response, name: str, value: str, max_age: int, path: str = "/") -> None:
    secure = request.scope.get("scheme") == "https"
    response.set_cookie(name, value, max_age=max_age, path=path, secure=secure, httponly=True, samesite="lax")


def _page(look: pages.Look, reason: str, email: str, target: str, empty: bool) -> bytes:
    def say(key: str) -> str:
        return escape(translate(look.locale, f"auth.{key}"))

    wrong = reason in ("wrong", "limited", "busy")
    why = say(reason) if reason else ""
    sign = pages.icon("circle-alert", 16)
    error = f'<p class="error" id="why" role="alert">{sign}{why}</p>' if wrong else ""
    marked = ' aria-invalid="true" aria-describedby="why"' if reason == "wrong" else ""
    told = f'<p class="callout" role="status">{pages.icon("info", 16)}<span>{why}</span></p>'
    first = (
        f'<div class="callout warning">{pages.icon("triangle-alert", 16)}<p>{say("empty.text")}'
        "<code>python -m keepai create-admin</code></p></div>"
    )
    other = next(locale for locale in LOCALES if locale != look.locale)
    switch = urlencode({"lang": other, "next": target}, safe="/")
    body = f"""<main class="card"><h1>{say("title")}</h1>{first if empty else ""}{told if why and not wrong else ""}
<form method="post" action="/auth/login"><input type="hidden" name="next" value="{escape(target)}">
<div class="field"><label for="email">{say("email")}</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="{LONGEST_EMAIL}"
 value="{escape(email)}"{"" if email else " autofocus"}{marked}></div>
<div class="field"><label for="password">{say("password")}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 maxlength="{LONGEST}"{" autofocus" if email else ""}{marked}>{error}</div>
<button class="button primary" type="submit">{say("submit")}</button></form></main>
<nav class="foot"><a href="/forgot">{say("forgot")}</a>
<a href="{LOGIN}?{escape(switch)}" hreflang="{other}" lang="{other}" data-testid="language-switch"
>{say("other_language")}</a></nav>"""
    return pages.document(look, translate(look.locale, "auth.title"), body)
