"""The kinds of channels: what each is made of, what is wrong with that, and how it is shown without giving it away."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from services.identity import accounts
from services.outbox.gate import masked
from services.outbox.templates import PLACES, fill

if TYPE_CHECKING:
    import apprise

Kind = Literal["mail", "sms", "chat", "webhook"]
KINDS: tuple[Kind, ...] = ("mail", "sms", "chat", "webhook")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "mail": ("address",),
    "sms": ("numbers",),
    "chat": ("url",),
    "webhook": ("url", "secret", "template"),
}
# What is never shown again once it was typed: left empty, it stays as it is.
SECRETS: Mapping[str, frozenset[str]] = {"chat": frozenset({"url"}), "webhook": frozenset({"secret"})}

# Apprise can do far more, like running programs. These send a text over HTTPS to the service's own host…
FIXED_HOST = frozenset({"slack", "discord", "tgram", "gchat", "pover", "webexteams", "line"})
# …and these to a host that is typed, which must be a public one (`services.outside`).
TYPED_HOST = frozenset(
    {"workflow", "workflows", "mmost", "mmosts", "rocket", "rockets", "ntfy", "ntfys", "gotify", "gotifys"}
    | {"matrix", "matrixs", "nctalk", "nctalks"}
)
NUMBER = re.compile(r"\+[1-9]\d{6,14}")  # E.164
MOST_NUMBERS = 10
LONGEST_URL, LONGEST_TEMPLATE, LONGEST_SECRET = 1000, 4000, 200


def numbers(text: str) -> list[str]:
    """The phone numbers of a list by comma or line."""
    return [part for part in re.split(r"[,;\n]+", re.sub(r"[ ().-]", "", text)) if part]


def room(url: str) -> "apprise.NotifyBase | None":
    """The room of a chat that an address of Apprise stands for; None where it is none that is allowed."""
    import apprise  # it takes a while, and who has no such channel needs none of it

    asset = apprise.AppriseAsset(http_redirects=False, async_mode=False)
    found = apprise.Apprise.instantiate(url.strip(), asset=asset, suppress_exceptions=True)
    if not isinstance(found, apprise.NotifyBase) or not set(_schemes(found)) & (FIXED_HOST | TYPED_HOST):
        return None
    found.redirects = False  # an address could ask for it; a redirect leads past the gate
    return found


def typed_host(found: "apprise.NotifyBase") -> str:
    """The host that was typed; empty where the service itself has one."""
    return str(found.host or "") if set(_schemes(found)) & TYPED_HOST else ""


def _schemes(found: "apprise.NotifyBase") -> list[str]:
    schemes: list[str] = []
    for some in (found.protocol, found.secure_protocol):
        schemes += [some] if isinstance(some, str) else list(some or ())
    return schemes


def check(kind: str, config: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with it: field -> message key. Empty when it can be used."""
    wrong: dict[str, str] = {}
    if kind not in KINDS:
        return {"kind": "channels.error.kind"}
    if set(config) - set(FIELDS[kind]):
        return {"config": "channels.error.config"}
    if kind == "mail" and not accounts.is_email(config.get("address", "")):
        wrong["address"] = "channels.error.address"
    if kind == "sms":
        found = numbers(config.get("numbers", ""))
        if not 1 <= len(found) <= MOST_NUMBERS or not all(map(NUMBER.fullmatch, found)):
            wrong["numbers"] = "channels.error.numbers"
    if kind == "chat":
        url = config.get("url", "")
        if not url or len(url) > LONGEST_URL or room(url) is None:
            wrong["url"] = "channels.error.room"
    if kind == "webhook":
        wrong |= _check_webhook(config)
    return wrong


def _check_webhook(config: Mapping[str, str]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    url = config.get("url", "")
    if len(url) > LONGEST_URL or not _is_http(url):
        wrong["url"] = "channels.error.url"
    if not 16 <= len(config.get("secret", "")) <= LONGEST_SECRET:
        wrong["secret"] = "channels.error.secret"  # noqa: S105 (a message key)
    template = config.get("template", "")
    if len(template) > LONGEST_TEMPLATE:
        wrong["template"] = "channels.error.template_long"
    elif template:
        try:
            json.loads(fill(template, dict.fromkeys(PLACES, 'a "b"\n\\')))
        except KeyError:
            wrong["template"] = "channels.error.template_place"
        except ValueError:  # a $ alone, or what comes out is no JSON
            wrong["template"] = "channels.error.template"
    return wrong


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    whole = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    return whole and not re.search(r"[\s\x00-\x1f]", url)


def shown(kind: str, config: Mapping[str, Any]) -> str:
    """Where it goes, as somebody recognises it who knows it, without what opens it."""
    if kind == "mail":
        return masked(str(config.get("address", "")))
    if kind == "sms":
        return ", ".join(
            f"{number[:3]}•••{number[-3:]}" for number in numbers(str(config.get("numbers", "")))
        )
    if kind == "chat":
        found = room(str(config.get("url", "")))
        name = str(found.service_name or "") if found else ""
        host = typed_host(found) if found else ""
        return f"{name}, {host}" if host else name
    parts = urlsplit(str(config.get("url", "")))
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}/…"
