"""The installation's key: given, or made once in the data folder with mode 0600."""

import hmac
import os
import secrets
from pathlib import Path

from services.settings import Settings

FILE = "secret.key"


def load(settings: Settings) -> str:
    """The key, made at first use. Two processes that start together end with the same one."""
    given = settings.secret_key.get_secret_value()
    return given or _from_file(settings.data_dir / FILE)


def derive(settings: Settings, purpose: str) -> bytes:
    """32 bytes for one purpose (HMAC-SHA256 of its name), so that no two uses share a key."""
    return hmac.digest(load(settings).encode(), purpose.encode(), "sha256")


def _from_file(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(48)
        file.write(key + "\n")
    return key
