"""Everything that can be configured, read from `KEEPAI_*` variables, `.env` and, for secrets, files.

The table in README is generated from the fields below. A wrong value or an unknown name is reported as
`SettingsError` with one sentence key per problem; nothing else in KeepAI reads the environment.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.identity.permissions import ROLES

PREFIX = "KEEPAI_"
HOST = re.compile(r"\w[\w-]*(\.\w[\w-]*)*|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")
SCHEDULER_ADDRESS = re.compile(r"^(tcp|tls)://(\[[0-9a-fA-F:]+\]|[^\s:/\[\]]+):(\d{1,5})$")


class Settings(BaseSettings):
    """The settings of one installation. Field names in capitals, with `KEEPAI_` before them, are the variables."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    port: int = Field(3000, ge=1, le=65535, description="Port of the web server.")
    host: str = Field("127.0.0.1", description="Address to listen on. 0.0.0.0 listens on all of them.")
    public_url: str = Field(
        "", description="Address people use, when it is not localhost: https://keepai.example.org."
    )
    data_dir: Path = Field(
        Path(".keepai"), description="Folder for the database, keys, certificates and files."
    )
    database_url: str = Field(
        "", description="PostgreSQL: postgresql://user:password@host/name. Empty: SQLite in the data folder."
    )
    redis_url: SecretStr = Field(
        SecretStr(""), description="Redis, needed for more than one process: redis://host:6379/0."
    )
    dask_scheduler: str = Field(
        "",
        description="Scheduler of another Dask cluster: tcp://host:8786 or tls://host:8786. Empty: the embedded one.",
    )
    dask_http: str = Field(
        "",
        description="Its dashboard address, read when its Dask version differs too much for RPC: http://host:8787.",
    )
    dask_tls_ca: str = Field("", description="Certificate authority for tls:// (file).")
    dask_tls_cert: str = Field("", description="Our certificate for tls:// (file).")
    dask_tls_key: str = Field("", description="The key of our certificate for tls:// (file).")
    embedded_workers: int = Field(2, ge=1, le=64, description="Workers of the embedded compute.")
    web_processes: int = Field(1, ge=1, le=32, description="Web server processes. More than one needs Redis.")
    trusted_proxies: int = Field(
        0, ge=0, le=8, description="How many of your own proxies add X-Forwarded-For."
    )
    tls_cert: str = Field("", description="Certificate to serve HTTPS with (file).")
    tls_key: str = Field("", description="The key of that certificate (file).")
    cors_origins: str = Field(
        "",
        description="Other sites whose pages may call the API with a key, by comma: https://tools.example.org.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token for /metrics. Empty: only callers on this machine."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much the log says."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="text for people, json for programs: one object a line."
    )
    rate_limits: Literal["on", "off"] = Field(
        "on",
        description="off lets everybody ask as often as they like: for load tests on the machine itself.",
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="The installation's key. Empty: made once in the data folder."
    )
    admin_email: str = Field("", description="Address of the first admin, on an empty database.")
    admin_password: SecretStr = Field(
        SecretStr(""), description="Password of the first admin. Empty: made up and shown once."
    )
    ollama_url: str = Field("", description="Ollama to use and to watch: http://localhost:11434.")
    openwebui_url: str = Field("", description="OpenWebUI to use and to watch: http://localhost:8080.")
    openwebui_api_key: SecretStr = Field(
        SecretStr(""), description="API key of OpenWebUI. Empty: it is only watched."
    )
    openai_api_key: SecretStr = Field(SecretStr(""), description="API key of OpenAI or a compatible server.")
    openai_base_url: str = Field(
        "https://api.openai.com/v1",
        description="Where OpenAI's API is asked; a compatible server may need no key.",
    )
    anthropic_api_key: SecretStr = Field(SecretStr(""), description="API key of Anthropic.")
    anthropic_base_url: str = Field(
        "https://api.anthropic.com", description="Where Anthropic's API is asked."
    )
    google_api_key: SecretStr = Field(SecretStr(""), description="API key of Google's Gemini.")
    google_base_url: str = Field(
        "https://generativelanguage.googleapis.com", description="Where Gemini's API is asked."
    )
    oidc_issuer: str = Field(
        "", description="Issuer to sign in with (OpenID Connect): https://id.example.org/realms/team."
    )
    oidc_name: str = Field("", description="What people call it. Empty: its host name.")
    oidc_client_id: str = Field("", description="Our client id there.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Our client secret there.")
    oidc_role_claim: str = Field(
        "groups", description="Claim that roles are read from; dots go inside: realm_access.roles."
    )
    oidc_roles: str = Field(
        "",
        description="Roles by its values: keepai-admins=admin,staff=operator,*=viewer. Empty: roles are given here.",
    )
    google_login_client_id: str = Field("", description="Client id for signing in with Google.")
    google_login_client_secret: SecretStr = Field(SecretStr(""), description="Its client secret.")
    google_login_domain: str = Field(
        "", description="Google Workspace domain whose people alone may come that way: example.org."
    )
    private_hosts: str = Field(
        "",
        description="Hosts on this machine or a private network that addresses typed in KeepAI may lead to, by comma.",
    )
    audit_days: int = Field(
        400, ge=30, le=3650, description="Days for which the audit log keeps what was done."
    )
    smtp_host: str = Field("", description="Mail server: smtp.example.org. Empty: no mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port: 587 for starttls, 465 for tls.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection to it is secured: starttls, tls or none."
    )
    smtp_user: str = Field("", description="Name to sign in with there. Empty: without signing in.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password of that name.")
    smtp_from: str = Field("", description="Sender of KeepAI's mail, needed with a mail server.")
    twilio_account_sid: str = Field("", description="Account at Twilio that sends SMS: AC… Empty: no SMS.")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="Its auth token.")
    twilio_from: str = Field("", description="Sender of SMS there: +15550100, or a messaging service (MG…).")
    twilio_base_url: str = Field("https://api.twilio.com", description="Where Twilio's API is asked.")

    @field_validator("dask_scheduler")
    @classmethod
    def _is_scheduler(cls, value: str) -> str:
        match = SCHEDULER_ADDRESS.match(value)
        if value and (not match or not 0 < int(match[3]) < 65536):
            raise ValueError("cli.settings.not_a_scheduler")
        return value

    @field_validator(
        "public_url",
        "dask_http",
        "ollama_url",
        "openwebui_url",
        "openai_base_url",
        "anthropic_base_url",
        "google_base_url",
    )
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname):
            raise ValueError("cli.settings.not_http")
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str) -> str:
        # Its name is compared letter by letter, so a stroke at the end stays.
        parts = urlsplit(value)
        if value and not (
            parts.hostname
            and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname)))
        ):
            raise ValueError("cli.settings.not_an_issuer")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _is_role_map(cls, value: str) -> str:
        if any(role not in ROLES or not name for name, role in _pairs(value)):
            raise ValueError("cli.settings.not_roles")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in _listed(value):
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}".lower():
                raise ValueError("cli.settings.not_origins")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, value: str) -> str:
        if value and not value.startswith(
            ("postgresql://", "postgres://", "postgresql+psycopg://", "sqlite:///")
        ):
            raise ValueError("cli.settings.not_a_database")
        return value

    @field_validator("admin_email")
    @classmethod
    def _is_email(cls, value: str) -> str:
        if value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise ValueError("cli.settings.not_an_email")
        return value.strip().lower()

    @field_validator("smtp_host")
    @classmethod
    def _is_host(cls, value: str) -> str:
        if value and not HOST.fullmatch(value):
            raise ValueError("cli.settings.not_a_host")
        return value

    @field_validator("smtp_from")
    @classmethod
    def _is_sender(cls, value: str) -> str:
        # Left as it is written: some providers compare the part before the @ letter by letter.
        if value and not re.fullmatch(r"[^@\s<>(),;]+@[^@\s<>(),;]+", value):
            raise ValueError("cli.settings.not_an_email")
        return value

    @property
    def sqlalchemy_url(self) -> str:
        """The database as SQLAlchemy wants it; SQLite in the data folder by default."""
        if not self.database_url:
            return f"sqlite:///{(self.data_dir / 'keepai.db').absolute()}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def address(self) -> str:
        """Where a browser finds this installation."""
        if self.public_url:
            return self.public_url
        scheme = "https" if self.tls_cert else "http"
        everywhere = ("127.0.0.1", "0.0.0.0", "::", "::1", "")  # noqa: S104 (compared with, not bound to)
        host = "localhost" if self.host in everywhere else self.host
        return f"{scheme}://{host}:{self.port}"

    @property
    def origins_of_callers(self) -> list[str]:
        """The origins of other sites that may call the API."""
        return _listed(self.cors_origins)

    @property
    def hosts_allowed_inside(self) -> list[str]:
        """The hosts that typed addresses may lead to although they are not public ones."""
        return _listed(self.private_hosts)

    @property
    def roles_by_claim(self) -> dict[str, str]:
        """Which role each value of the issuer's claim gives."""
        return dict(_pairs(self.oidc_roles))

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Host names a request may carry; anything else is refused (DNS rebinding)."""
        names = {"localhost", "127.0.0.1", "::1"}
        if self.public_url:
            names.add(urlsplit(self.public_url).hostname or "")
        return frozenset(names)


class SettingsError(Exception):
    """The settings cannot be used. `problems` are (message key, parameters) pairs, one sentence each."""

    def __init__(self, problems: list[tuple[str, dict[str, str]]]):
        self.problems = problems
        super().__init__("; ".join(f"{key} {params}" for key, params in problems))


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Settings from the environment over `.env`. Raises SettingsError naming every problem at once."""
    given = dict(os.environ if environment is None else environment)
    if env_file and env_file.is_file():
        given = {**{k: v or "" for k, v in dotenv_values(env_file).items()}, **given}
    values, problems = _collect({k: v for k, v in given.items() if k.startswith(PREFIX)})
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_problem(e["loc"], e["msg"], e.get("ctx", {}), values) for e in error.errors()]
    if settings:
        problems += _contradictions(settings)
    if problems or settings is None:
        raise SettingsError(problems)
    return settings


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once."""
    return load()


def names() -> list[str]:
    """Every variable KeepAI knows."""
    return [PREFIX + field.upper() for field in Settings.model_fields]


def secret_names() -> list[str]:
    """The variables that hold secrets and may also be given as `…_FILE`."""
    return [PREFIX + n.upper() for n, f in Settings.model_fields.items() if f.annotation is SecretStr]


def table() -> str:
    """The settings as a Markdown table, for README."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = (
            field.default.get_secret_value() if isinstance(field.default, SecretStr) else str(field.default)
        )
        file = f" Or `{PREFIX}{name.upper()}_FILE`." if field.annotation is SecretStr else ""
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {field.description}{file} |"
        )
    return "\n".join(rows)


def _collect(given: dict[str, str]) -> tuple[dict[str, str], list[tuple[str, dict[str, str]]]]:
    """Field values by field name, and the problems with names and files."""
    known, secrets = set(names()), set(secret_names())
    values: dict[str, str] = {}
    problems: list[tuple[str, dict[str, str]]] = []
    for name, value in given.items():
        if name in known:
            values.setdefault(name.removeprefix(PREFIX).lower(), value)
        elif name.endswith("_FILE") and name.removesuffix("_FILE") in secrets:
            try:
                values[name.removeprefix(PREFIX).removesuffix("_FILE").lower()] = (
                    Path(value).read_text().strip()
                )
            except (OSError, UnicodeDecodeError):
                problems.append(("cli.settings.unreadable_file", {"name": name, "path": value[:200]}))
        else:
            nearest = difflib.get_close_matches(
                name, [*known, *(f"{s}_FILE" for s in secrets)], n=1, cutoff=0.0
            )
            problems.append(("cli.settings.unknown", {"name": name[:80], "nearest": nearest[0]}))
    return {k: v for k, v in values.items() if v != ""}, problems


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _pairs(text: str) -> list[tuple[str, str]]:
    parts = [part.rpartition("=") for part in text.split(",") if part.strip()]
    return [(name.strip(), role.strip()) for name, _, role in parts]


def _is_here(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _contradictions(settings: Settings) -> Iterator[tuple[str, dict[str, str]]]:
    """What is wrong although each value by itself is not."""
    if settings.web_processes > 1 and not settings.redis_url.get_secret_value():
        yield "cli.settings.needs_redis", {"name": f"{PREFIX}WEB_PROCESSES"}
    if bool(settings.tls_cert) != bool(settings.tls_key):
        yield "cli.settings.tls_pair", {}
    if settings.rate_limits == "off" and not _is_here(settings.host):
        yield "cli.settings.unlimited", {"name": f"{PREFIX}RATE_LIMITS"}
    if settings.smtp_host and not settings.smtp_from:
        yield "cli.settings.needs_sender", {"name": f"{PREFIX}SMTP_HOST"}
    oidc = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret.get_secret_value())
    if any(oidc) and not all(oidc):
        yield "cli.settings.oidc_parts", {}
    google = (settings.google_login_client_id, settings.google_login_client_secret.get_secret_value())
    if any(google) and not all(google):
        yield "cli.settings.google_pair", {}
    twilio = (
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.twilio_from,
    )
    if any(twilio) and not all(twilio):
        yield "cli.settings.twilio_parts", {}
    if bool(settings.smtp_user) != bool(settings.smtp_password.get_secret_value()):
        yield "cli.settings.smtp_pair", {}


def _problem(
    where: tuple[int | str, ...], message: str, context: Mapping[str, object], values: Mapping[str, str]
) -> tuple[str, dict[str, str]]:
    field = str(where[0]) if where else ""
    secret = PREFIX + field.upper() in secret_names()
    shown = "…" if secret else values.get(field, "")[:80]
    error = str(context.get("error", ""))
    key = error if error.startswith("cli.settings.") else "cli.settings.wrong"
    return key, {"name": PREFIX + field.upper(), "value": shown, "why": message}
