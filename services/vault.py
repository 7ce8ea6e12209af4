"""Encryption at rest with the installation's key: AES-256-GCM (NIST SP 800-38D), each time with a new nonce.

Every ciphertext names the key it was made with, so that one made with another is known as such, and so that keys
can be changed one row after the other.
"""

import base64
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session

from models import VaultCheck
from services import secret_key
from services.errors import KeepAIError
from services.settings import Settings

PURPOSE = "vault"  # of the key that is derived for it
NONCE = 12
CHECK, KNOWN = "key", "KeepAI"


class OtherKey(KeepAIError):
    """This was encrypted with another key than the installation's."""

    key = "errors.other_key"


class Altered(KeepAIError):
    """This is not what was encrypted, or not where it was put."""

    key = "errors.altered"


class Vault:
    """Seals and opens texts with one key of 32 bytes.

    `place` says where a text belongs (`outbox.body:<id>`): moved to another place it does not open.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.key_id = hmac.digest(key, b"id", "sha256")[:4].hex()

    def seal(self, text: str, place: str) -> str:
        """`<key id>.<nonce and ciphertext in URL-safe base64>`."""
        nonce = os.urandom(NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), place.encode())
        return f"{self.key_id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """The text. Raises OtherKey or Altered."""
        key_id, _, rest = sealed.partition(".")
        if key_id != self.key_id:
            raise OtherKey
        try:
            both = base64.b64decode(rest, altchars=b"-_", validate=True)
            return self._cipher.decrypt(both[:NONCE], both[NONCE:], place.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Altered from error

    def seal_bytes(self, data: bytes, place: str) -> bytes:
        """The same for bytes: the key's id, the nonce, the ciphertext."""
        nonce = os.urandom(NONCE)
        return bytes.fromhex(self.key_id) + nonce + self._cipher.encrypt(nonce, data, place.encode())

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """The bytes. Raises OtherKey or Altered."""
        if sealed[:4].hex() != self.key_id:
            raise OtherKey if len(sealed) >= 4 + NONCE else Altered
        try:
            return self._cipher.decrypt(sealed[4 : 4 + NONCE], sealed[4 + NONCE :], place.encode())
        except (InvalidTag, ValueError) as error:
            raise Altered from error


def of(settings: Settings) -> Vault:
    """The vault of this installation."""
    return Vault(secret_key.derive(settings, PURPOSE))


def check(db: Session, vault: Vault) -> None:
    """Leave a mark of the key in a database that has none. Raises OtherKey when there is one of another key."""
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    mark = {"name": CHECK, "sealed": vault.seal(KNOWN, CHECK)}
    db.execute(insert(VaultCheck).values(**mark).on_conflict_do_nothing())
    vault.open(db.get_one(VaultCheck, CHECK).sealed, CHECK)
