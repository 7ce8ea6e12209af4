"""Handing a notification to the push service of somebody's browser (RFC 8030), encrypted for that browser alone."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx2

from services import outside
from services.channels import web_push
from services.clock import now
from services.outbox import GONE, Failed, Parcel, Sent
from services.settings import Settings

PATIENCE = 15.0  # s
SHOWN = 200  # letters of an answer
# For how long the push service keeps what it cannot deliver: a phone that was off over night hears of what is still so.
KEPT = timedelta(days=1)
KEPT_TEST = timedelta(minutes=5)
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")
NOT_OURS = frozenset({401, 403})  # our name, our clock or our key is not what this subscription was made with
NO_MORE = frozenset({404, 410})
LATER = frozenset({408, 425, 429})


async def send(settings: Settings, parcel: Parcel) -> Sent | Failed:
    """Try once. That a push service took it says nothing of whether anybody sees it."""
    endpoint = parcel.config.get("endpoint", "")
    if not endpoint:
        return Failed(GONE, permanent=True)
    try:
        said = json.loads(parcel.letter.text)
        p256dh, auth = (web_push.decoded(parcel.config[name]) for name in ("p256dh", "auth"))
        body = web_push.encrypt(parcel.letter.text.encode(), p256dh, auth)
    except (ValueError, KeyError) as error:
        return Failed("outbox.error.refused", str(error), permanent=True)
    headers = {
        **_about(said),
        "authorization": web_push.authorization(settings, endpoint, now()),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "user-agent": "KeepAI",
    }
    try:
        async with outside.client(settings) as client:
            answer = await client.post(endpoint, content=body, headers=headers, timeout=PATIENCE)
    except outside.NotAllowed as error:
        return Failed("outbox.error.host_not_allowed", str(error))
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        return Failed("outbox.error.unreachable", str(error) or type(error).__name__)
    return _meaning(answer)


def _about(said: dict[str, Any]) -> dict[str, str]:
    """What the push service may know: for how long, how urgent, and what this takes the place of where it still waits
    there."""
    tag, of_alert = str(said.get("tag", "")), bool(said.get("state"))
    kept = KEPT if of_alert or said.get("severity") else KEPT_TEST
    about = {
        "ttl": str(int(kept.total_seconds())),
        "urgency": "high" if said.get("severity") == "critical" else "normal",
    }
    return {**about, "topic": tag} if of_alert and TOPIC.fullmatch(tag) else about


def _meaning(answer: httpx2.Response) -> Sent | Failed:
    status = answer.status_code
    said = f"{status} {' '.join(answer.text[:SHOWN].split())}".strip()
    if answer.is_success:
        return Sent(said)
    if status in NO_MORE:
        return Failed(GONE, said, permanent=True)
    if status in NOT_OURS:
        return Failed("outbox.error.sign_in", said)
    permanent = 300 <= status < 500 and status not in LATER
    error = "outbox.error.refused" if permanent else "outbox.error.later"
    return Failed(error, said, permanent, _wait(answer.headers.get("retry-after", "")))


def _wait(asked: str) -> timedelta:
    """How long to wait, where it is said in seconds."""
    return timedelta(seconds=int(asked)) if re.fullmatch(r"\d{1,6}", asked) else timedelta()
