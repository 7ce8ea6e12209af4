"""What is asked of the settings before anything starts: whether they can be used, and what to know about them."""

import ssl
from pathlib import Path
from typing import Any

from keepai.cli.say import Stop, say
from services.settings import PREFIX, Settings, SettingsError, get_settings

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def settings() -> Settings:
    """The settings of this installation. Raises Stop with one sentence for each problem."""
    try:
        found = get_settings()
    except SettingsError as error:
        raise Stop([_sentence(key, params) for key, params in error.problems]) from None
    if problems := list(_unusable_files(found)):
        raise Stop(problems)
    return found


def notices(found: Settings) -> list[str]:
    """What does not keep KeepAI from starting, but should be known."""
    said = []
    if found.host not in LOOPBACK and not found.tls_cert and not found.trusted_proxies:
        said.append(say("cli.notice.open_without_tls", host=found.host))
    if found.rate_limits == "off":
        said.append(say("cli.notice.unlimited"))
    return said


def _sentence(key: str, params: dict[str, str]) -> str:
    field = Settings.model_fields.get(params.get("name", "").removeprefix(PREFIX).lower())
    if key == "cli.settings.wrong" and field is not None:
        limits = {type(m).__name__: m for m in field.metadata}
        if "Ge" in limits and "Le" in limits:
            low, high = limits["Ge"].ge, limits["Le"].le
            return say("cli.settings.not_a_number", lowest=low, highest=high, **params)
        if options := getattr(field.annotation, "__args__", None):
            return say("cli.settings.not_one_of", options=", ".join(map(str, options)), **params)
    return say(key, **params)


def _unusable_files(found: Settings) -> Any:
    given = {
        "DASK_TLS_CA": found.dask_tls_ca,
        "DASK_TLS_CERT": found.dask_tls_cert,
        "DASK_TLS_KEY": found.dask_tls_key,
        "TLS_CERT": found.tls_cert,
        "TLS_KEY": found.tls_key,
    }
    for name, path in given.items():
        if path and not _readable(Path(path)):
            yield say("cli.settings.unreadable_file", name=PREFIX + name, path=path)
            return
    if found.tls_cert:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(found.tls_cert, found.tls_key)
        except (ssl.SSLError, OSError):
            yield say("cli.settings.tls_does_not_match")


def _readable(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True
