"""What Reflex is told. Everything a person can configure is in services/settings.py."""

from urllib.parse import urlsplit

import reflex as rx

from services.settings import Settings, get_settings


def origins(settings: Settings) -> list[str]:
    """The origins whose pages may open a socket: ours, and nobody else's."""
    scheme = "https" if settings.tls_cert else "http"
    own = [f"{scheme}://{host}:{settings.port}" for host in ("localhost", "127.0.0.1", "[::1]")]
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        own.append(f"{parts.scheme}://{parts.netloc}")
    return own


config = rx.Config(
    app_name="keepai",
    state_manager_mode="memory",
    cors_allowed_origins=origins(get_settings()),
    transport="websocket",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    trusted_proxy_hops=get_settings().trusted_proxies,
    frontend_compression_formats=["brotli", "gzip"],  # the first that exists is served
    disable_plugins=[rx.plugins.SitemapPlugin],
)
