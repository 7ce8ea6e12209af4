"""Where the scheduler is and with which certificates it is reached."""

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.compute.certificates import Certificates


class ComputeSettings(Protocol):
    """The settings that say which compute this is."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def dask_scheduler(self) -> str: ...
    @property
    def dask_tls_ca(self) -> str: ...
    @property
    def dask_tls_cert(self) -> str: ...
    @property
    def dask_tls_key(self) -> str: ...
    @property
    def dask_http(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A scheduler. `ca`, `cert` and `key` are paths; `http` is where its read-only pages are, if anywhere."""

    address: str
    ca: str | None
    cert: str | None
    key: str | None
    embedded: bool
    http: str | None = None

    def ssl_context(self) -> ssl.SSLContext | None:
        """What a tls:// connection needs: both sides show a certificate of the same authority.

        None for tcp://. Raises OSError (of which ssl.SSLError is one) when a file is missing or wrong.
        """
        if not self.address.startswith("tls://"):
            return None
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca or None)
        # As Dask does it: an authority of the cluster's own vouches, and people use addresses instead of names.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.cert:
            context.load_cert_chain(self.cert, self.key or None)
        return context


def compute_folder(data_dir: Path) -> Path:
    """Where everything of the embedded compute lies."""
    return data_dir / "compute"


def endpoint_file(data_dir: Path) -> Path:
    """The file in which the embedded compute says where it listens."""
    return compute_folder(data_dir) / "endpoint.json"


def resolve(settings: ComputeSettings) -> Endpoint | None:
    """The endpoint as of now, or None while the embedded compute has not said where it listens.

    Asked anew before each connection: a replaced compute listens on another port.
    """
    if settings.dask_scheduler:
        return Endpoint(
            address=settings.dask_scheduler,
            ca=settings.dask_tls_ca or None,
            cert=settings.dask_tls_cert or None,
            key=settings.dask_tls_key or None,
            embedded=False,
            http=settings.dask_http or None,
        )
    return embedded_endpoint(settings.data_dir)


def embedded_endpoint(data_dir: Path) -> Endpoint | None:
    """The embedded compute's endpoint, from the file it writes."""
    try:
        address = json.loads(endpoint_file(data_dir).read_text())["address"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(address, str):
        return None
    files = Certificates(compute_folder(data_dir) / "tls")
    return Endpoint(address, str(files.ca), str(files.cert), str(files.key), embedded=True)
