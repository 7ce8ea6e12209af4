"""The installation's key: given, or made once in the data folder with mode 0600."""

import contextlib
import hmac
import os
import secrets
import tempfile
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
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written before it gets its name, so that nobody reads a key that is not whole yet.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # has mode 0600
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text().strip()
