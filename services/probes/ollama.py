"""Ollama: its version, the models it has, and what is loaded into which memory."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from services.compute.readings import integer, text
from services.probes.base import Failure, ProbeResult, answered, not_configured
from services.probes.http import client, get_json
from services.settings import Settings

MOST_MODELS = 200


class Ollama:
    """Asks `/api/version`, whose latency counts, then `/api/tags` and `/api/ps`.

    Detail: `version`, `models` (name, size, family, parameters, quantization), `loaded` (name, size, vram,
    expires_at); sizes in bytes.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.ollama_url

    async def check(self) -> ProbeResult:
        """See Probe."""
        if not self._url:
            return not_configured("KEEPAI_OLLAMA_URL")
        async with client(self._url) as http:
            began = time.perf_counter()
            try:
                version = await get_json(http, "/api/version")
            except Failure as failure:
                # A server on loopback answers so to a name that is not its own.
                if failure.params.get("status") == "403":
                    raise Failure("probes.reason.wrong_host") from failure
                raise
            latency = time.perf_counter() - began
            models = [_model(model) for model in _models(await get_json(http, "/api/tags"))]
            loaded = [_loaded(model) for model in _models(await get_json(http, "/api/ps"))]
        return answered(latency, version=text(version.get("version")), models=models, loaded=loaded)


def _models(answer: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The models listed in an answer. Raises Failure when it holds no list of them."""
    models = answer.get("models")
    if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
        raise Failure("probes.reason.not_understood")
    return models[:MOST_MODELS]


def _model(model: Mapping[str, Any]) -> dict[str, Any]:
    details = model.get("details")
    about: Mapping[str, Any] = details if isinstance(details, dict) else {}
    return {
        "name": _name(model),
        "size": integer(model.get("size")),
        "family": text(about.get("family")),
        "parameters": text(about.get("parameter_size")),
        "quantization": text(about.get("quantization_level")),
    }


def _loaded(model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _name(model),
        "size": integer(model.get("size")),
        "vram": integer(model.get("size_vram")),
        "expires_at": text(model.get("expires_at")),
    }


def _name(model: Mapping[str, Any]) -> str:
    return text(model.get("name") or model.get("model"))
