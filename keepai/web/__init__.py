"""The layers around the app, from the outside in: real address, id, headers, words for failures, host, site,
other sites that may call the API, size, session, how often programs ask, what was kept, the pace of web sockets,
what need not be sent, page folders.

`wrap(app)` puts them around any ASGI app; `rx.App(api_transformer=[keepai.api.build(), keepai.web.wrap])` does it
for KeepAI.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from keepai.web.bodies import Bodies
from keepai.web.cors import Cors
from keepai.web.folders import Folders
from keepai.web.gate import Gate
from keepai.web.headers import Headers
from keepai.web.hosts import Hosts, Sites
from keepai.web.kept import Kept
from keepai.web.lean import Lean
from keepai.web.pace import Paced
from keepai.web.rates import Rates
from keepai.web.requests import Failures, Named, Origins
from keepai.web.scope import ASGIApp, principal_of
from services.settings import get_settings

# The supervisor says which finished build is served; a build in progress is somewhere else.
BUILD = Path(os.environ.get("REFLEX_WEB_WORKDIR") or Path(__file__).parents[2] / ".web")


def wrap(app: ASGIApp, *, build: Path = BUILD, more_origins: Iterable[str] = ()) -> ASGIApp:
    """`app` behind every layer. `build` is the folder of the frontend build; `more_origins` are further sites that
    count as ours (the development server of the frontend)."""
    settings = get_settings()
    inner: ASGIApp = Bodies(Gate(Rates(Kept(Paced(Lean(Folders(app, build)))))))
    callers = settings.origins_of_callers
    if callers:
        inner = Cors(inner, callers)
    checked = Hosts(Sites(inner, settings.public_url, more_origins, callers), settings.allowed_hosts)
    return Origins(Named(Headers(Failures(checked), build)), settings.trusted_proxies)


__all__ = ["principal_of", "wrap"]
