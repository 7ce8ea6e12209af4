"""What web push asks for, without any network: who we are (VAPID, RFC 8292) and how a message is encrypted for one
browser (RFC 8291 in the encoding of RFC 8188), so that the push service in between reads nothing.

Both are put together from `cryptography` and PyJWT, which are here anyway.
"""

import base64
import os
import struct
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services import secret_key
from services.settings import Settings

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
PURPOSES = ("push", "push.more")  # of what the key is made from
VALID = timedelta(hours=12)  # for how long a push service may take our word; RFC 8292 allows a day
RECORD = 4096
HEAD = 16 + 4 + 1 + 65  # salt, size of a record, length of the key, the key
LONGEST = RECORD - HEAD - 1 - 16  # bytes of a message: its end is marked by one, its tag takes 16


def key(settings: Settings) -> ec.EllipticCurvePrivateKey:
    """The key by which push services know this installation. It follows from the installation's own, so that there is
    nothing more to keep; twice as many bits as it needs make every key as likely as any other (FIPS 186-5, A.2.1)."""
    bits = b"".join(secret_key.derive(settings, purpose) for purpose in PURPOSES)
    return ec.derive_private_key(int.from_bytes(bits) % (ORDER - 1) + 1, CURVE)


def public_key(settings: Settings) -> str:
    """What a browser must be given to subscribe: its messages are then taken from us alone."""
    return encoded(_point(key(settings).public_key()))


def authorization(settings: Settings, endpoint: str, now: datetime) -> str:
    """The header with which we may send to an endpoint: a token for its origin, signed with ES256."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + VALID).timestamp())}
    token = jwt.encode({**claims, "sub": _contact(settings)}, key(settings), algorithm="ES256")
    return f"vapid t={token}, k={public_key(settings)}"


def encrypt(
    message: bytes,
    p256dh: bytes,
    auth: bytes,
    *,
    once: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes = b"",
) -> bytes:
    """The message for one browser, as `aes128gcm`: `p256dh` is its public key, `auth` its secret. Raises ValueError for
    a key that is none, or a message longer than push services take. `once` and `salt` are made anew each time; they are
    given to compare with the example of the specification."""
    if len(message) > LONGEST:
        raise ValueError("too long for a push service")
    once, salt = once or ec.generate_private_key(CURVE), salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    ours = _point(once.public_key())
    shared = once.exchange(ec.ECDH(), theirs)
    secret = _hkdf(auth, shared, b"WebPush: info\0" + p256dh + ours, 32)
    content_key = _hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(content_key).encrypt(nonce, message + b"\x02", None)
    return salt + struct.pack("!IB", RECORD, len(ours)) + ours + sealed


def check(endpoint: str, p256dh: str, auth: str, inside: frozenset[str] = frozenset()) -> dict[str, str]:
    """What is wrong with what a browser gave: field -> message key. Plain http is for hosts that an admin allowed."""
    wrong = {}
    parts = urlsplit(endpoint)
    plain = parts.scheme == "http" and (parts.hostname or "") in inside
    if not parts.hostname or not (parts.scheme == "https" or plain) or parts.username or "\\" in endpoint:
        wrong["endpoint"] = "push.error.endpoint"
    for name, text, size in (("p256dh", p256dh, 65), ("auth", auth, 16)):
        try:
            data = decoded(text)
            if len(data) != size:
                raise ValueError
            if name == "p256dh":
                ec.EllipticCurvePublicKey.from_encoded_point(CURVE, data)
        except ValueError:
            wrong[name] = "push.error.key"
    return wrong


def encoded(data: bytes) -> str:
    """As browsers write bytes: base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """The bytes that a browser wrote. Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _contact(settings: Settings) -> str:
    """Whom a push service may write to about what comes from here. Some refuse a contact that is on this machine."""
    if settings.address.startswith("https://"):
        return settings.address
    return f"mailto:{settings.smtp_from or 'keepai@localhost'}"


def _point(public: ec.EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
