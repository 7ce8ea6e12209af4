"""OpenWebUI: whether it says that it is well, and its version."""

import time

from services.compute.readings import text
from services.probes.base import Failure, ProbeResult, answered, not_configured
from services.probes.http import client, get_json
from services.settings import Settings


class OpenWebUI:
    """Asks `/health`, then `/api/version`. Detail: `version`, empty where it is not told."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.openwebui_url

    async def check(self) -> ProbeResult:
        """See Probe."""
        if not self._url:
            return not_configured("KEEPAI_OPENWEBUI_URL")
        async with client(self._url) as http:
            began = time.perf_counter()
            health = await get_json(http, "/health")
            latency = time.perf_counter() - began
            if health.get("status") is not True:
                raise Failure("probes.reason.unwell")
            try:
                version = text((await get_json(http, "/api/version")).get("version"))
            except Failure:
                version = ""
        return answered(latency, version=version)
