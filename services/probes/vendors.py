"""OpenAI, Anthropic and Google, where the environment has a key: whether they take it and list their models."""

import time

from services.probes.base import Failure, ProbeResult, answered, not_configured
from services.settings import Settings


class Vendor:
    """Asks for the list of models, which costs nothing. Detail: `models`, how many there are."""

    name = ""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def check(self) -> ProbeResult:
        """See Probe."""
        # They count calls among the metrics, which know the probes.
        from services.providers import ProviderError, catalogue, registry
        from services.providers.kinds import kind

        known = {one.id: one for one in registry.configured(self._settings)}
        if self.name not in known:
            return not_configured(f"KEEPAI_{self.name.upper()}_API_KEY")
        provider, began = known[self.name], time.perf_counter()
        try:
            found = await kind(provider.kind).models(provider, catalogue.PATIENCE)
        except ProviderError as failure:
            said = failure.at(provider.name, "")
            params = {name: str(value) for name, value in said.params.items()}
            raise Failure(said.key, **params) from failure
        return answered(time.perf_counter() - began, models=len(found))


class OpenAI(Vendor):
    """See Vendor."""

    name = "openai"


class Anthropic(Vendor):
    """See Vendor."""

    name = "anthropic"


class Google(Vendor):
    """See Vendor."""

    name = "google"
