"""A loopback push service that keeps to RFC 8030, and browsers whose messages it takes.

It is told apart from what it tests by being the other end: it looks into each request as a push service may, checks
who sends (RFC 8292), and its browsers open what came with keys of their own (RFC 8291, written down here once more from
the receiver's side).
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.channels.devices import Subscription
from tests.http_server import Asked, HttpServer

MOST = 4096


@dataclass
class Received:
    """A message that was taken: what it says, and what the push service was told of it."""

    said: dict[str, Any]
    ttl: int
    urgency: str
    topic: str
    contact: str


@dataclass
class Browser:
    """One that subscribed; `waiting` is what it was sent."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))
    waiting: list[Received] = field(default_factory=list)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def subscription(self) -> Subscription:
        return Subscription(self.endpoint, encoded(self.point), encoded(self.auth))

    @property
    def as_json(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON` gives."""
        keys = {"p256dh": encoded(self.point), "auth": encoded(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def open(self, body: bytes) -> bytes:
        """Decrypt as a browser does."""
        salt, (size, length) = body[:16], struct.unpack("!IB", body[16:21])
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert size >= len(sealed) >= 17  # one record
        shared = self.key.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        )
        prk = hmac.digest(self.auth, shared, "sha256")
        secret = hmac.digest(prk, b"WebPush: info\0" + self.point + theirs + b"\1", "sha256")
        prk = hmac.digest(salt, secret, "sha256")
        key = hmac.digest(prk, b"Content-Encoding: aes128gcm\0\1", "sha256")[:16]
        nonce = hmac.digest(prk, b"Content-Encoding: nonce\0\1", "sha256")[:12]
        message, end, padding = AESGCM(key).decrypt(nonce, sealed, None).rpartition(b"\2")
        assert end and not padding.strip(b"\0")
        return message


class PushService:
    """`answers` are said to the next requests instead of taking them: a status, and what to wait; `refused` is why
    something was not taken."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self.url = server.url
        self.browsers: dict[str, Browser] = {}
        self.answers: list[int] = []
        self.refused: list[str] = []
        self.application_key = b""
        server.answer = self._answer

    def browser(self) -> Browser:
        """A browser that subscribes here."""
        path = f"/send/{len(self.browsers)}-{os.urandom(8).hex()}"
        made = self.browsers[path] = Browser(self.url + path)
        return made

    def forget(self, browser: Browser) -> None:
        """It unsubscribes."""
        self.browsers = {path: one for path, one in self.browsers.items() if one is not browser}

    def _answer(self, asked: Asked) -> tuple[int, str]:
        if self.answers:
            return self.answers.pop(0), "not now"
        browser = self.browsers.get(asked.path)
        if browser is None:
            return 410, "gone"
        headers = asked.headers
        if asked.method != "POST" or "ttl" not in headers or headers.get("content-encoding") != "aes128gcm":
            return self._refuse(400, "no message")
        if len(asked.body) > MOST:
            return self._refuse(413, "too large")
        try:
            contact = self._who(headers.get("authorization", ""))
        except (AssertionError, ValueError, KeyError, InvalidSignature) as error:
            return self._refuse(403, f"who: {error!r}")
        topic = headers.get("topic", "")
        if len(topic) > 32 or (not topic.replace("-", "").replace("_", "").isalnum() and topic):
            return self._refuse(400, "topic")
        said = json.loads(browser.open(asked.body))
        received = Received(said, int(headers["ttl"]), headers.get("urgency", "normal"), topic, contact)
        if topic:
            browser.waiting[:] = [one for one in browser.waiting if one.topic != topic]
        browser.waiting.append(received)
        return 201, ""

    def _who(self, authorization: str) -> str:
        scheme, _, rest = authorization.partition(" ")
        assert scheme == "vapid"
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = decoded(given["k"])
        assert len(point) == 65 and self.application_key in (b"", point)
        head, claims, signature = given["t"].split(".")
        assert json.loads(decoded(head))["alg"] == "ES256"
        both = decoded(signature)
        der = encode_dss_signature(int.from_bytes(both[:32]), int.from_bytes(both[32:]))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        said = json.loads(decoded(claims))
        assert said["aud"] == self.url
        assert time.time() < said["exp"] <= time.time() + 86_400
        assert said["sub"].startswith(("mailto:", "https://"))
        return str(said["sub"])

    def _refuse(self, status: int, why: str) -> tuple[int, str]:
        self.refused.append(why)
        return status, why


@contextmanager
def serving() -> Iterator[PushService]:
    """One that runs."""
    with HttpServer().serving() as server:
        yield PushService(server)


def fingerprint(browser: Browser) -> str:
    return hashlib.sha256(browser.endpoint.encode()).hexdigest()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
