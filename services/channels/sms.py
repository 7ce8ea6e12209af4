"""Handing an SMS to Twilio's Messages resource, and what it says later of how it arrived."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from services import outside
from services.outbox import Failed, Parcel, Sent
from services.settings import Settings

PATIENCE = 15.0  # s
CALLBACK = "/webhook/twilio"
# The number cannot be written to, whoever tries (Twilio's error dictionary).
PERMANENT = frozenset({21211, 21408, 21608, 21610, 21612, 21614, 21617})
SIGN_IN = frozenset({20003})


async def send(settings: Settings, parcel: Parcel) -> Sent | Failed:
    """Try once. Twilio takes no key that would tell a repetition from a second message, so whoever tries again first
    looks whether the one before was taken."""
    if not settings.twilio_account_sid:
        return Failed("outbox.error.not_configured")
    base = settings.twilio_base_url.rstrip("/")
    url = f"{base}/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json"
    auth = (settings.twilio_account_sid, settings.twilio_auth_token.get_secret_value())
    named = urlsplit(base).hostname or ""
    sent = False
    try:
        async with outside.client(settings, named) as client:
            if parcel.tries > 1 and (known := await _taken_before(client, url, auth, parcel)):
                return known
            sent = True
            answer = await client.post(url, data=_form(settings, parcel), auth=auth, timeout=PATIENCE)
    except (httpx2.HTTPError, UnicodeError) as error:
        unknown = sent and not isinstance(error, httpx2.ConnectError)
        return Failed("outbox.error.unconfirmed" if unknown else "outbox.error.unreachable", str(error))
    return _meaning(answer)


def _form(settings: Settings, parcel: Parcel) -> dict[str, str]:
    sender = settings.twilio_from
    form = {
        "To": parcel.address,
        "Body": parcel.letter.text,
        "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
    }
    if settings.address.startswith("https://"):
        form["StatusCallback"] = callback(settings, parcel.id.hex)
    return form


def callback(settings: Settings, message: str) -> str:
    """The address at which Twilio says how that message arrived."""
    return f"{settings.address}{CALLBACK}?message={message}"


async def _taken_before(
    client: httpx2.AsyncClient, url: str, auth: tuple[str, str], parcel: Parcel
) -> Sent | None:
    day = parcel.created_at.date().isoformat()
    answer = await client.get(
        url, params={"To": parcel.address, "DateSent>": day}, auth=auth, timeout=PATIENCE
    )
    for one in _json(answer).get("messages", ()) if answer.is_success else ():
        if one.get("body") == parcel.letter.text and one.get("status") not in ("failed", "canceled"):
            return Sent(str(one.get("status", "")), str(one.get("sid", "")))
    return None


def _meaning(answer: httpx2.Response) -> Sent | Failed:
    said = _json(answer)
    if answer.is_success and said.get("sid"):
        return Sent(str(said.get("status", "")), str(said["sid"]))
    code, detail = said.get("code"), f"{answer.status_code} {said.get('code', '')} {said.get('message', '')}"
    if code in PERMANENT:
        return Failed("outbox.error.refused", detail, permanent=True)
    return Failed("outbox.error.sign_in" if code in SIGN_IN else "outbox.error.later", detail)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def is_signed(token: str, url: str, form: Iterable[tuple[str, str]], given: str) -> bool:
    """Whether Twilio signed this: HMAC-SHA1 by the auth token over the address and the fields, sorted by name, each
    followed by its values. The address may have been called with or without its usual port."""
    fields: dict[str, set[str]] = {}
    for name, value in form:
        fields.setdefault(name, set()).add(value)
    text = "".join(name + value for name in sorted(fields) for value in sorted(fields[name]))
    return any(
        hmac.compare_digest(_signature(token, one + text), given) for one in _with_and_without_port(url)
    )


def _signature(token: str, text: str) -> str:
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    usual = 443 if parts.scheme == "https" else 80
    host = parts.hostname or ""
    bare = parts._replace(netloc=host).geturl()
    return (
        [url, bare, parts._replace(netloc=f"{host}:{usual}").geturl()]
        if parts.port in (None, usual)
        else [url]
    )


def outcome(form: Mapping[str, str]) -> tuple[str, str]:
    """How it arrived, as the outbox says it (empty: nothing new), and what more there is to know."""
    status = form.get("MessageStatus", "")
    known = {
        "accepted": "queued",
        "scheduled": "queued",
        "queued": "queued",
        "sending": "sending",
        "sent": "sent",
    }
    ends = {"delivered": "delivered", "read": "delivered", "undelivered": "undelivered", "failed": "failed"}
    detail = f"{status} {form['ErrorCode']}" if form.get("ErrorCode") else ""
    return (known | ends | {"canceled": "failed"}).get(status, ""), detail
