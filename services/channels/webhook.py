"""Handing a message to a program, signed as the Standard Webhooks specification says (standardwebhooks.com): an id that
stays the same each time it is tried, the second it is sent, and an HMAC-SHA256 over both and the body."""

import base64
import hashlib
import hmac
import time

import httpx2

from services import outside
from services.outbox import Failed, Parcel, Sent
from services.settings import Settings

PATIENCE = 15.0  # s
SHOWN = 200  # letters of an answer
LATER = frozenset({408, 425, 429})  # worth another try although the fault is said to be ours


def signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    """What goes into `webhook-signature`. A secret that begins with `whsec_` is the rest of it in base64."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = hmac.new(key, b".".join((message_id.encode(), str(at).encode(), body)), hashlib.sha256)
    return "v1," + base64.b64encode(signed.digest()).decode()


async def send(settings: Settings, parcel: Parcel) -> Sent | Failed:
    """Try once. Whatever answers 2xx took it."""
    body, at, number = parcel.letter.text.encode(), int(time.time()), parcel.id.hex
    headers = {
        "content-type": "application/json",
        "user-agent": "KeepAI",
        "webhook-id": number,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(parcel.config.get("secret", ""), number, at, body),
    }
    try:
        async with outside.client(settings) as client:
            answer = await client.post(
                parcel.config.get("url", ""), content=body, headers=headers, timeout=PATIENCE
            )
    except outside.NotAllowed as error:
        return Failed("outbox.error.host_not_allowed", str(error))
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        return Failed("outbox.error.unreachable", str(error) or type(error).__name__)
    said = f"{answer.status_code} {' '.join(answer.text[:SHOWN].split())}".strip()
    if answer.is_success:
        return Sent(said)
    permanent = 300 <= answer.status_code < 500 and answer.status_code not in LATER
    return Failed("outbox.error.refused" if permanent else "outbox.error.later", said, permanent)
