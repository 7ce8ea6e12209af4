"""The mails KeepAI writes: what each says, in plain text and in simple HTML. The words are in `i18n/*/mail.py`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, ClassVar, Protocol

from services import format
from services.clock import rfc3339
from services.i18n import translate
from services.outbox.gate import Purpose, Via
from services.outbox.templates import fill

# Mail programs know neither stylesheets nor our fonts, and some draw light text on what they make dark.
BODY = (
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;max-width:560px;margin:0 auto;padding:24px"
)
BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:8px;background:#0b5cad;color:#ffffff;"
    "text-decoration:none;font-weight:600"
)
LONGEST_SMS = 280
# Of a notification: push services take 4096 bytes, encrypted, and no screen shows more.
LONGEST_TITLE, LONGEST_BODY, MOST_CLOSED = 150, 500, 20
QUIET = "font-size:14px;opacity:.75"


class Letter(Protocol):
    """What a mail is about. `name` is its template; with `link` it has a button, and `until` is when that ends."""

    name: ClassVar[str]
    purpose: ClassVar[Purpose]

    @property
    def link(self) -> str:
        """Where the button leads, or an empty text."""
        ...

    @property
    def until(self) -> datetime | None:
        """When nobody needs it any more."""
        ...

    def words(self, locale: str) -> dict[str, str]:
        """What fills its placeholders besides `until` and `address`."""
        ...


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody may join."""

    name: ClassVar[str] = "invitation"
    purpose: ClassVar[Purpose] = "account"
    link: str
    until: datetime
    by: str  # who invites
    role: str

    def words(self, locale: str) -> dict[str, str]:
        return {"by": self.by, "role": translate(locale, f"settings.role.{self.role}")}


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """Somebody may choose another password."""

    name: ClassVar[str] = "password_reset"
    purpose: ClassVar[Purpose] = "account"
    link: str
    until: datetime

    def words(self, locale: str) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class MessageTest:
    """Whether mail arrives."""

    name: ClassVar[str] = "test"
    purpose: ClassVar[Purpose] = "test"
    by: str  # who asked for it
    link: str = ""
    until: datetime | None = None

    def words(self, locale: str) -> dict[str, str]:
        return {"by": self.by}


@dataclass(frozen=True, slots=True)
class AlertNews:
    """Something is wrong, or wrong no more. `title` and `fact` are already in the reader's language; `acknowledge` is
    the address by which the reader may say "mine", where they may."""

    name: ClassVar[str] = "alert"
    purpose: ClassVar[Purpose] = "alert"
    link: str
    head: str  # what it is: "Crítico", "Resolvido"
    title: str
    fact: str
    runbook: str = ""
    alerts: tuple[Mapping[str, Any], ...] = ()  # the same for programs
    acknowledge: str = ""
    until: datetime | None = None

    def words(self, locale: str) -> dict[str, str]:
        return {
            "head": self.head,
            "title": self.title,
            "fact": self.fact[:1].upper() + self.fact[1:],
            "runbook": self.runbook or translate(locale, "mail.alert.no_runbook"),
        }


@dataclass(frozen=True, slots=True)
class AlertDigest:
    """Much is wrong at once: what came within a minute, in one message. `over` are the ids of those that are over."""

    name: ClassVar[str] = "alert_digest"
    purpose: ClassVar[Purpose] = "alert"
    link: str
    count: str
    lines: str
    alerts: tuple[Mapping[str, Any], ...] = ()
    over: tuple[str, ...] = ()
    until: datetime | None = None

    def words(self, locale: str) -> dict[str, str]:
        return {"count": self.count, "lines": self.lines}


@dataclass(frozen=True, slots=True)
class JobNews:
    """Long work of the reader ended. All of it is already in their language: `head` is how it ended, `job` what it was,
    `said` what came of it or why it failed."""

    name: ClassVar[str] = "job"
    purpose: ClassVar[Purpose] = "job"
    link: str
    head: str
    job: str
    said: str = ""
    until: datetime | None = None

    def words(self, locale: str) -> dict[str, str]:
        return {"head": self.head, "job": self.job, "said": self.said or f"{self.job}: {self.head}."}


@dataclass(frozen=True, slots=True)
class TaskReminder:
    """The reader wanted to be reminded of a task. `due` is already in their language, and empty where there is no
    date."""

    name: ClassVar[str] = "task"
    purpose: ClassVar[Purpose] = "task"
    link: str
    title: str
    due: str = ""
    until: datetime | None = None

    def words(self, locale: str) -> dict[str, str]:
        said = translate(locale, "mail.task.due", due=self.due) if self.due else ""
        return {"title": self.title, "said": said or translate(locale, "mail.task.undated")}


LETTERS: tuple[type[Letter], ...] = (
    Invitation,
    PasswordReset,
    MessageTest,
    AlertNews,
    AlertDigest,
    JobNews,
    TaskReminder,
)


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it goes out. Only a mail has `html`; a program and a device get JSON as `text`."""

    subject: str
    text: str
    html: str = ""


def write(
    letter: Letter,
    locale: str,
    zone: str,
    address: str,
    *,
    via: Via = "mail",
    template: str = "",
    at: datetime | None = None,
) -> Written:
    """The letter in one language, as long as it may be there; `address` is where this KeepAI is found. `template` is
    that of a webhook. Raises KeyError when a word is missing."""
    given = {**letter.words(locale), "address": address}
    if letter.until:
        given["until"] = format.deadline(locale, letter.until, zone)

    def say(part: str) -> str:
        return translate(locale, f"mail.{letter.name}.{part}", **given)

    # A name with a line break in it must not begin another header.
    subject = " ".join(say("subject").split())
    said, note, foot = say("text"), say("note"), translate(locale, "mail.foot", address=address)
    if via == "sms":
        return Written(
            "", _short(f"{subject}. {said}" if letter.name == "alert_digest" else said, letter.link)
        )
    if via == "chat":
        return Written(subject, "\n\n".join(part for part in (said, note, letter.link) if part))
    if via == "push":
        return Written(subject, _push(letter, locale, subject, said, address, at))
    if via == "webhook":
        return Written(subject, _json(letter, template, subject, said, at))
    action = say("action") if letter.link else ""
    return Written(
        subject,
        _plain(said, letter.link, note, foot),
        _html(locale, subject, said, action, letter.link, note, foot),
    )


def _short(said: str, link: str) -> str:
    """One that costs little: each 70 letters are paid for."""
    return f"KeepAI: {_cut(said, LONGEST_SMS)} {link}".strip()


def _push(letter: Letter, locale: str, subject: str, said: str, address: str, at: datetime | None) -> str:
    """What the service worker (assets/sw.js) shows, words included: it has none of its own. What has the same `tag`
    takes the place of what is shown; `closes` are tags that are no more to be seen."""
    alerts = getattr(letter, "alerts", ())
    alert = alerts[0] if isinstance(letter, AlertNews) and alerts else {}
    at_ms = int(at.timestamp() * 1000) if at else 0
    critical = any(one["severity"] == "critical" and one["state"] != "resolved" for one in alerts)
    body = letter.words(locale)["fact"] if isinstance(letter, AlertNews) else said
    acknowledge = letter.acknowledge if isinstance(letter, AlertNews) else ""
    shown = {
        "title": _cut(subject, LONGEST_TITLE),
        "body": _cut(body, LONGEST_BODY),
        "lang": locale,
        "tag": alert.get("id") or f"{letter.name}-{at_ms}",
        "at": at_ms,
        "url": letter.link.removeprefix(address) or "/",
        "state": alert.get("state", ""),
        "severity": "critical" if critical else "warning" if alerts else "",
        "over": alert.get("state") == "resolved",
        "closes": list(letter.over[:MOST_CLOSED]) if isinstance(letter, AlertDigest) else [],
        "acknowledge": acknowledge,
        "words": {name: translate(locale, f"push.{name}") for name in ("acknowledge", "open")},
    }
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _json(letter: Letter, template: str, subject: str, said: str, at: datetime | None) -> str:
    alerts = [dict(one) for one in getattr(letter, "alerts", ())]
    time = (rfc3339(at) or "") if at else ""
    if template:
        first = alerts[0] if len(alerts) == 1 else {}
        return fill(
            template,
            {
                "title": subject,
                "text": said,
                "severity": str(first.get("severity", "")),
                "state": str(first.get("state", "")),
                "link": letter.link,
                "time": time,
            },
        )
    body = {
        "version": 1,
        "kind": letter.name,
        "title": subject,
        "text": said,
        "link": letter.link,
        "time": time,
    }
    return json.dumps({**body, "alerts": alerts}, ensure_ascii=False)


def _plain(said: str, link: str, note: str, foot: str) -> str:
    parts = [said, *([link] if link else []), note, f"-- \n{foot}"]
    return "\n\n".join(parts) + "\n"


def _html(locale: str, subject: str, said: str, action: str, link: str, note: str, foot: str) -> str:
    button = f'<p><a href="{escape(link)}" style="{BUTTON}">{escape(action)}</a></p>' if link else ""
    # A button that does not work can still be copied by hand.
    copied = f'<p style="{QUIET};word-break:break-all">{escape(link)}</p>' if link else ""
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>{escape(subject)}</title>'
        f'<meta name="color-scheme" content="light dark"></head><body><div style="{BODY}">'
        f"<p>{escape(said)}</p>{button}<p>{escape(note)}</p>{copied}"
        f'<p style="{QUIET}">{escape(foot)}</p></div></body></html>\n'
    )
