"""What a link that works once opens: joining the team, and a new password. Plain pages, outside the web socket.

Looking at one uses nothing up: mail programs open links before people do.
"""

import asyncio
import logging
from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from keepai.api.access import public
from keepai.api.auth import hashing, let_in, ways
from keepai.web import pages
from keepai.web.gate import LOGIN
from keepai.web.scope import actor_of, locale_of, theme_of
from models import Account, OneTimeLink
from services import db, format, limits, outbox
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Invalid, NotFound
from services.i18n import LOCALES, known_locale, translate
from services.identity import accounts, links, people, principals
from services.identity.passwords import LONGEST, SHORTEST
from services.limits import Limit
from services.settings import Settings, get_settings

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)
TRIES = (Limit(20, 60), Limit(100, 3600))  # of links that do not exist, by address
ASKING = (Limit(3, 60), Limit(20, 3600))  # for a link by mail, by address of the network and of the mail
_asked: set[asyncio.Task[None]] = set()
WHY = "the token in the address is what lets somebody in"
NOT_KEPT = {"cache-control": "no-store"}


@router.api_route("/join/{token}", methods=["GET", "HEAD"], dependencies=[public(WHY)])
async def joining(request: Request, token: str) -> Response:
    """Who invites, and a form for name and password."""
    return await _show(request, "invitation", token)


@router.post("/join/{token}", dependencies=[public(WHY)])
async def join(request: Request, token: str) -> Response:
    """Make the account and sign in."""
    return await _take(request, "invitation", token)


@router.api_route("/reset/{token}", methods=["GET", "HEAD"], dependencies=[public(WHY)])
async def resetting(request: Request, token: str) -> Response:
    """A form for a new password."""
    return await _show(request, "password_reset", token)


@router.post("/reset/{token}", dependencies=[public(WHY)])
async def reset(request: Request, token: str) -> Response:
    """Set the password and sign in; every other session of the account ends."""
    return await _take(request, "password_reset", token)


@router.api_route(
    "/forgot", methods=["GET", "HEAD"], dependencies=[public("where one asks for a new password")]
)
async def forgot_page(request: Request) -> Response:
    """A form for one's address; without a mail server, whom to ask."""
    look = _look(request)
    can_mail = outbox.can_mail(get_settings())
    form = (
        f"""<form method="post" action="/forgot"><div class="field"><label for="email">
{escape(translate(look.locale, "auth.email"))}</label><input id="email" name="email" type="email"
 autocomplete="username" required maxlength="254" autofocus></div>
<button class="button primary" type="submit">{escape(_say(look, "forgot", "submit"))}</button></form>"""
        if can_mail
        else ""
    )
    return _forgot(look, "text" if can_mail else "no_mail", form)


@router.post("/forgot", dependencies=[public("where one asks for a new password")])
async def forgot(request: Request) -> Response:
    """Mail a link to the address, if somebody has it; the answer is the same, and as quick, if nobody does."""
    form = await request.form(max_files=0, max_fields=8)
    email, by, settings = str(form.get("email", ""))[:254], actor_of(request.scope), get_settings()
    keys = (f"forgot:{limits.network(by.address)}", f"forgot:{accounts.fold_email(email)}")
    verdicts = [await limits.counter().take(key, ASKING) for key in keys]
    if outbox.can_mail(settings) and all(verdict.allowed for verdict in verdicts):
        asked = asyncio.create_task(_mail_link(settings, email, by))
        _asked.add(asked)
        asked.add_done_callback(_asked.discard)
    return _forgot(_look(request), "sent", "")


async def _mail_link(settings: Settings, email: str, by: Actor) -> None:
    try:
        await db.write(people.forgot, settings, email, now(), by=by)
    except Exception:
        log.exception("a link for a new password could not be mailed")


def _forgot(look: pages.Look, what: str, form: str) -> Response:
    title = _say(look, "forgot", "title")
    other = next(locale for locale in LOCALES if locale != look.locale)
    body = f"""<main class="card"><h1>{escape(title)}</h1><p>{escape(_say(look, "forgot", what))}</p>{form}</main>
<nav class="foot"><a href="{LOGIN}">{escape(translate(look.locale, "auth.title"))}</a>
<a href="?{urlencode({"lang": other})}" hreflang="{other}" lang="{other}" data-testid="language-switch"
>{escape(translate(look.locale, "auth.other_language"))}</a></nav>"""
    return HTMLResponse(pages.document(look, title, body), headers=NOT_KEPT)


async def _show(
    request: Request,
    kind: links.Kind,
    token: str,
    *,
    given: Mapping[str, str] | None = None,
    mistakes: Mapping[str, str] | None = None,
) -> Response:
    look = _look(request)
    try:
        link = await db.read(links.find, kind, token, now())
    except NotFound:
        return HTMLResponse(_gone(look), 404, headers=NOT_KEPT)
    body = _form(look, link, given or {}, mistakes or {})
    status = 422 if mistakes else 200
    return HTMLResponse(pages.document(look, _say(look, link.kind, "title"), body), status, headers=NOT_KEPT)


async def _take(request: Request, kind: links.Kind, token: str) -> Response:
    form = await request.form(max_files=0, max_fields=8)
    given = {name: value if isinstance(value, str) else "" for name, value in form.items()}
    by, look = actor_of(request.scope), _look(request)
    counted = f"link:{limits.network(by.address)}"
    verdict = await limits.counter().take(counted, TRIES)
    if not verdict.allowed:
        wait = format.age(look.locale, verdict.retry_after)
        limited = {"password": translate(look.locale, "auth.limited", wait=wait)}
        return await _show(request, kind, token, given=given, mistakes=limited)
    name, password = given.get("name", "").strip(), given.get("password", "")
    try:
        if len(name) > 120:
            raise Invalid(fields={"name": "settings.profile.name_too_long"})
        account = await hashing(lambda: db.write_now(_use, kind, token, name, password, look.locale, by))
    except NotFound:
        return HTMLResponse(_gone(look), 404, headers=NOT_KEPT)
    except (Invalid, Conflict) as error:
        fields = {"password" if field == "new" else field: key for field, key in error.fields.items()}
        fields = fields or {"password": error.key}
        said = {field: translate(look.locale, key, **error.params) for field, key in fields.items()}
        return await _show(request, kind, token, given=given, mistakes=said)
    await limits.counter().give_back(counted, TRIES)
    principals.end(account_id=account.id)
    return await let_in(request, account.id, "/", by)


def _use(database, kind: links.Kind, token: str, name: str, password: str, locale: str, by: Actor) -> Account:  # type: ignore[no-untyped-def]
    if kind == "invitation":
        return links.accept(database, token, name, password, now(), locale, by=by)
    return links.reset(database, token, password, now(), by=by)


def _look(request: Request) -> pages.Look:
    chosen = request.query_params.get("lang", "")
    locale = known_locale(chosen) if chosen in LOCALES else locale_of(request.scope)
    return pages.Look(locale, theme_of(request.scope))


def _form(look: pages.Look, link: OneTimeLink, given: Mapping[str, str], mistakes: Mapping[str, str]) -> str:
    invited = link.kind == "invitation"
    role = translate(look.locale, f"settings.role.{link.role}") if invited else ""
    what = "text" if link.by else "own"  # one asks for a new password oneself, too
    told = _say(look, link.kind, what, by=link.by, email=link.email, role=role)
    name = (
        _field(look, "name", given.get("name", ""), mistakes, "text", "name", 120, focus=True)
        if invited
        else ""
    )
    password = _field(look, "password", "", mistakes, "password", "new-password", LONGEST, focus=not invited)
    other = next(locale for locale in LOCALES if locale != look.locale)
    return f"""<main class="card"><h1>{escape(_say(look, link.kind, "title"))}</h1><p>{escape(told)}</p>
<form method="post"><input type="hidden" name="email" autocomplete="username" value="{escape(link.email)}">
{name}{password}
<button class="button primary" type="submit">{escape(_say(look, link.kind, "submit"))}</button></form>
{ways(look, "/") if invited else ""}</main>
<nav class="foot"><a href="?{urlencode({"lang": other})}" hreflang="{other}" lang="{other}"
 data-testid="language-switch">{escape(translate(look.locale, "auth.other_language"))}</a></nav>"""


def _field(
    look: pages.Look,
    name: str,
    value: str,
    mistakes: Mapping[str, str],
    kind: str,
    complete: str,
    longest: int,
    *,
    focus: bool,
) -> str:
    wrong = mistakes.get(name, "")
    sign = pages.icon("circle-alert", 16)
    help_ = translate(look.locale, f"links.{name}_help", least=SHORTEST)
    below = (
        f'<p class="error" id="{name}-why" role="alert">{sign}{escape(wrong)}</p>'
        if wrong
        else f'<p class="help" id="{name}-why">{escape(help_)}</p>'
    )
    focused = " autofocus" if wrong or (focus and not mistakes) else ""
    marked = ' aria-invalid="true"' if wrong else ""
    return f"""<div class="field"><label for="{name}">{escape(translate(look.locale, f"links.{name}"))}</label>
<input id="{name}" name="{name}" type="{kind}" autocomplete="{complete}" maxlength="{longest}" value="{escape(value)}"
 aria-describedby="{name}-why"{" required" * (name == "password")}{focused}{marked}>{below}</div>"""


def _gone(look: pages.Look) -> bytes:
    title = translate(look.locale, "links.gone.title")
    body = (
        f'<main class="notice"><span class="sign">{pages.icon("hourglass", 20)}</span><h1>{escape(title)}</h1>'
        f"<p>{escape(translate(look.locale, 'links.gone.text'))}</p>"
        f'<div class="actions"><a class="button primary" href="{LOGIN}">'
        f"{escape(translate(look.locale, 'auth.title'))}</a></div></main>"
    )
    return pages.document(look, title, body)


def _say(look: pages.Look, kind: str, what: str, **params: object) -> str:
    return translate(look.locale, f"links.{kind}.{what}", **params)
