"""Signing in and out, outside the web socket: a plain page, a form post, a cookie."""

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html import escape
from typing import Literal, TypeVar
from urllib.parse import quote, unquote, urlencode, urlsplit
from uuid import UUID
from weakref import WeakValueDictionary

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from keepai.api.access import public
from keepai.web import pages
from keepai.web.gate import LOGIN, LONGEST_WAY, YEAR
from keepai.web.scope import LANGUAGE_COOKIE, actor_of, locale_of, principal_of, theme_of
from services import db, format, limits, metrics, vault
from services.audit import Actor
from services.clock import now
from services.i18n import LOCALES, known_locale, translate
from services.identity import accounts, oidc, pending, principals, second_factor, sessions, sign_ins
from services.identity.passwords import LONGEST
from services.identity.permissions import Principal
from services.limits import FAILURES, Verdict
from services.settings import get_settings

router = APIRouter(include_in_schema=False)
R = TypeVar("R")

CODE = "/login/code"
TYPED = "keepai_typed"
PENDING = "keepai_pending"
CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
TOLD = ("wrong", "limited", "busy", "revoked", "expired", "password_changed", "code_late")
REASONS = (*(f"auth.{reason}" for reason in TOLD), *oidc.REASONS)
# What is no mistake of whoever signs in.
MILD = ("auth.revoked", "auth.expired", "auth.password_changed", "auth.code_late")
LONGEST_EMAIL = 254
# Argon2 takes 64 MiB and a core each time: two at once, on threads of their own, and no endless queue behind them.
HASHING = 2
QUEUE = 200
_waiting = 0
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@router.api_route(LOGIN, methods=["GET", "HEAD"], dependencies=[public("where one signs in")])
async def login_page(request: Request) -> Response:
    """The sign-in page; a signed-in person goes on to where they wanted to be."""
    target = safe_next(request.query_params.get("next", ""))
    if principal_of(request.scope):
        return see_other(target)
    chosen = request.query_params.get("lang", "")
    locale = known_locale(chosen) if chosen in LOCALES else locale_of(request.scope)
    reason = _reason(request)
    email = unquote(request.cookies.get(TYPED, ""))[:LONGEST_EMAIL]
    empty = await db.read(accounts.count) == 0
    look = pages.Look(locale, theme_of(request.scope))
    via = oidc.issuers(get_settings()).get(request.query_params.get("via", ""))
    params = {"wait": format.age(locale, _wait(request)), "name": via.name if via else ""}
    why = translate(locale, reason, **params) if reason else ""
    response = HTMLResponse(_page(look, reason, why, email, target, empty))
    if chosen in LOCALES:
        set_cookie(request, response, LANGUAGE_COOKIE, chosen, YEAR)
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
    if isinstance(outcome, Verdict):
        return _back(request, "limited", email, target, wait=outcome.retry_after)
    if isinstance(outcome, str):
        return _back(request, outcome, email, target)
    return await let_in(request, outcome, target, by)


@router.api_route(CODE, methods=["GET", "HEAD"], dependencies=[public("the second step of signing in")])
async def code_page(request: Request) -> Response:
    """Where the code of the app is asked for, after the right password."""
    target = safe_next(request.query_params.get("next", ""))
    if pending.account_of("code", request.cookies.get(PENDING, ""), now()) is None:
        return see_other(f"{LOGIN}?{urlencode({'next': target}, safe='/')}")
    look = pages.Look(locale_of(request.scope), theme_of(request.scope))
    reason = request.query_params.get("error", "")
    return HTMLResponse(_code_page(look, reason, target, _wait(request)))


@router.post(CODE, dependencies=[public("the second step of signing in")])
async def code(request: Request) -> Response:
    """Check the code; 303 to `next` with the session cookie, or back with the reason."""
    form = await request.form(max_files=0, max_fields=8)
    given, target = str(form.get("code", ""))[:40], safe_next(str(form.get("next", "")))
    account_id = pending.account_of("code", request.cookies.get(PENDING, ""), now())
    if account_id is None:
        return see_other(f"{LOGIN}?{urlencode({'error': 'code_late', 'next': target}, safe='/')}")
    outcome = await try_code(account_id, given, actor_of(request.scope))
    if outcome is not True:
        limited = isinstance(outcome, Verdict)
        query = {"error": "limited", "wait": outcome.retry_after} if limited else {"error": "code_wrong"}  # type: ignore[union-attr]
        return see_other(f"{CODE}?{urlencode({**query, 'next': target}, safe='/')}")
    response = await _begin(request, account_id, target, actor_of(request.scope))
    set_cookie(request, response, PENDING, "", 0)
    return response


async def try_code(account_id: UUID, given: str, by: Actor) -> bool | Verdict:
    """Whether the code is right, or the limit that is reached; failures are counted by account."""
    key = f"code:{account_id.hex}"
    verdict = await limits.counter().take(key, FAILURES)
    if not verdict.allowed:
        return verdict
    right = await db.write(second_factor.check, vault.of(get_settings()), account_id, given, now())
    if right:
        await limits.counter().give_back(key, FAILURES)
    else:
        await db.write(sessions.refused_code, account_id, now(), by=by)
    return right


async def let_in(request: Request, account_id: UUID, target: str, by: Actor) -> Response:
    """What follows on the right password: a session, or the question for the second factor."""
    if not await db.read(second_factor.is_on, account_id):
        return await _begin(request, account_id, target, by)
    response = see_other(f"{CODE}?{urlencode({'next': target}, safe='/')}")
    set_cookie(
        request,
        response,
        PENDING,
        pending.note("code", account_id, now()),
        int(pending.LASTS["code"].total_seconds()),
    )
    return response


async def _begin(request: Request, account_id: UUID, target: str, by: Actor) -> Response:
    """A new session; one that somebody leaves here ends."""
    if before := principal_of(request.scope):
        await end_session(before, by)
    token = await db.write(sessions.start, account_id, now(), by=by)
    response = see_other(target)
    set_session(request, response, token)
    if TYPED in request.cookies:
        set_cookie(request, response, TYPED, "", 0, LOGIN)
    return response


@router.post("/auth/logout", dependencies=[public("without a session it only clears the cookie")])
async def logout(request: Request) -> Response:
    """End this session everywhere it is open, and wipe what the browser kept of it."""
    if principal := principal_of(request.scope):
        await end_session(principal, actor_of(request.scope))
    response = see_other(LOGIN)
    set_cookie(request, response, principals.COOKIE, "", 0)
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


async def attempt(email: str, password: str, by: Actor) -> UUID | Literal["wrong", "busy"] | Verdict:
    """The account that these belong to, or why nobody gets in; failures are counted, and noted in the audit log."""
    email = CONTROL.sub("\ufffd", email)  # nobody's address, and a text that every database keeps
    who, network = accounts.fold_email(email)[:LONGEST_EMAIL], limits.network(by.address)
    outcome = await _counted(who, password, network)
    metrics.sign_ins.labels(_label(outcome)).inc()
    if outcome == "wrong":
        await db.write(sessions.refused, email, now(), by=by)
    return outcome


async def _counted(who: str, password: str, network: str) -> UUID | Literal["wrong", "busy"] | Verdict:
    """One after the other for each network: guesses that come together are counted one by one, and many people of one
    office who sign in at once are not taken for guessing."""
    global _waiting
    if _waiting >= QUEUE:
        return "busy"
    _waiting += 1
    try:
        async with _turns.setdefault(network, asyncio.Lock()):
            return await _tried(who, password, network)
    finally:
        _waiting -= 1


async def _tried(who: str, password: str, network: str) -> UUID | Literal["wrong"] | Verdict:
    keys = [f"sign-in:address:{network}"]
    # Whoever guesses from elsewhere must not lock out those who come from where they always did.
    if not await db.read(sessions.came_from, who, network):
        keys.append(f"sign-in:account:{who}")
    for place, key in enumerate(keys):
        verdict = await limits.counter().take(key, FAILURES)
        if not verdict.allowed:
            await _give_back(keys[:place])
            return verdict
    sane = 0 < len(who) <= LONGEST_EMAIL and 0 < len(password) <= LONGEST
    account_id = await hashing(lambda: db.read_now(sessions.check_password, who, password)) if sane else None
    if account_id is None:
        return "wrong"
    await _give_back(keys)
    return account_id


async def _give_back(keys: Sequence[str]) -> None:
    for key in keys:
        await limits.counter().give_back(key, FAILURES)


def _label(outcome: UUID | str | Verdict) -> str:
    if isinstance(outcome, Verdict):
        return "limited"
    return outcome if isinstance(outcome, str) else "ok"


async def hashing(work: Callable[[], R]) -> R:
    """What hashes a password, on the threads that are there for it."""
    return await asyncio.get_running_loop().run_in_executor(_threads(), work)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=HASHING, thread_name_prefix="keepai-hash")


async def end_session(principal: Principal, by: Actor) -> None:
    """End what somebody came with: a browser's session, or a program's tokens."""
    came_with = principal.session_id
    await db.write(sign_ins.end, principal.account_id, came_with, now(), by=by, action="signed_out")
    principals.end(session_id=came_with)


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser the cookie of a new session."""
    set_cookie(request, response, principals.COOKIE, token, int(sessions.LONGEST.total_seconds()))


def _reason(request: Request) -> str:
    """The message key of why one is here, as the address says; empty for none or one that is not ours."""
    said = request.query_params.get("error") or request.query_params.get("reason") or ""
    key = said if said.startswith("oidc.") else f"auth.{said}"
    return key if key in REASONS else ""


def _back(request: Request, reason: str, email: str, target: str, *, wait: int = 0) -> Response:
    """To the sign-in page again, with what was typed except the password."""
    query = {"error": reason, **({"wait": wait} if wait else {}), "next": target}
    response = see_other(f"{LOGIN}?{urlencode(query, safe='/')}")
    set_cookie(request, response, TYPED, quote(email[:LONGEST_EMAIL], safe=""), 300, LOGIN)
    return response


def _wait(request: Request) -> int:
    """In how many seconds one may try again, as the address says."""
    wait = request.query_params.get("wait", "")
    return int(wait) if re.fullmatch(r"\d{1,4}", wait) else 60


def see_other(target: str) -> Response:
    """To another address of ours, with a GET, and not to be kept."""
    return RedirectResponse(target, 303, headers={"cache-control": "no-store"})


def set_cookie(
    request: Request, response: Response, name: str, value: str, max_age: int, path: str = "/"
) -> None:
    """A cookie that scripts cannot read, for `max_age` seconds; 0 takes it away."""
    secure = request.scope.get("scheme") == "https"
    response.set_cookie(name, value, max_age=max_age, path=path, secure=secure, httponly=True, samesite="lax")


def _page(look: pages.Look, reason: str, why: str, email: str, target: str, empty: bool) -> bytes:
    def say(key: str) -> str:
        return escape(translate(look.locale, f"auth.{key}"))

    # Beside the password stands what is wrong with what was typed; what an issuer said stands above.
    typed = reason in ("auth.wrong", "auth.limited", "auth.busy")
    sign = pages.icon("circle-alert", 16)
    error = f'<p class="error" id="why" role="alert">{sign}{escape(why)}</p>' if typed else ""
    marked = ' aria-invalid="true" aria-describedby="why"' if reason == "auth.wrong" else ""
    mild = reason in MILD
    told = (
        f'<p class="callout{"" if mild else " warning"}" role="{"status" if mild else "alert"}">'
        f"{pages.icon('info' if mild else 'triangle-alert', 16)}<span>{escape(why)}</span></p>"
    )
    first = (
        f'<div class="callout warning">{pages.icon("triangle-alert", 16)}<p>{say("empty.text")}'
        "<code>python -m keepai create-admin</code></p></div>"
    )
    other = next(locale for locale in LOCALES if locale != look.locale)
    switch = urlencode({"lang": other, "next": target}, safe="/")
    body = f"""<main class="card"><h1>{say("title")}</h1>{first if empty else ""}{told if why and not typed else ""}
<form method="post" action="/auth/login"><input type="hidden" name="next" value="{escape(target)}">
<div class="field"><label for="email">{say("email")}</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="{LONGEST_EMAIL}"
 value="{escape(email)}"{"" if email else " autofocus"}{marked}></div>
<div class="field"><label for="password">{say("password")}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
 maxlength="{LONGEST}"{" autofocus" if email else ""}{marked}>{error}</div>
<button class="button primary" type="submit">{say("submit")}</button></form>{ways(look, target)}</main>
<nav class="foot"><a href="/forgot">{say("forgot")}</a>
<a href="{LOGIN}?{escape(switch)}" hreflang="{other}" lang="{other}" data-testid="language-switch"
>{say("other_language")}</a></nav>"""
    return pages.document(look, translate(look.locale, "auth.title"), body)


def ways(look: pages.Look, target: str) -> str:
    """The other ways to sign in, for below a form; nothing where there are none."""
    links = [
        f'<a class="button" href="/auth/oidc/{issuer.key}?{escape(urlencode({"next": target}, safe="/"))}">'
        f"{escape(translate(look.locale, 'oidc.go', name=issuer.name))}</a>"
        for issuer in oidc.issuers(get_settings()).values()
    ]
    return f'<p class="or">{escape(translate(look.locale, "oidc.or"))}</p>{"".join(links)}' if links else ""


def _code_page(look: pages.Look, reason: str, target: str, wait: int) -> bytes:
    def say(key: str) -> str:
        return escape(translate(look.locale, f"auth.{key}", wait=format.age(look.locale, wait)))

    sign = pages.icon("circle-alert", 16)
    wrong = reason in ("code_wrong", "limited")
    error = f'<p class="error" id="why" role="alert">{sign}{say(reason)}</p>' if wrong else ""
    marked = ' aria-invalid="true" aria-describedby="why"' if wrong else ""
    body = f"""<main class="card"><h1>{say("code_title")}</h1><p>{say("code_text")}</p>
<form method="post" action="{CODE}"><input type="hidden" name="next" value="{escape(target)}">
<div class="field"><label for="code">{say("code")}</label>
<input id="code" name="code" autocomplete="one-time-code" inputmode="text" required maxlength="20" autofocus{marked}
>{error}</div><button class="button primary" type="submit">{say("code_submit")}</button></form></main>
<nav class="foot"><a href="{LOGIN}">{say("title")}</a></nav>"""
    return pages.document(look, translate(look.locale, "auth.code_title"), body)
