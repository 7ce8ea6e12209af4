"""Anthropic's library with pydantic-ai's model of it. Imported when first used."""

from typing import Any

import httpx2
from anthropic import AsyncAnthropic, Omit
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from services.providers.anthropic import headers
from services.providers.base import Call


def model(call: Call, http: httpx2.AsyncClient) -> Model:
    """The model, which asks once and never again by itself."""
    given: dict[str, Any] = dict(headers(call.provider))
    given.setdefault("authorization", Omit())  # its library would send the key twice
    client = AsyncAnthropic(
        api_key=call.provider.key,
        base_url=call.provider.urls[0],
        max_retries=0,
        http_client=http,
        default_headers=given,
    )
    return AnthropicModel(call.model, provider=AnthropicProvider(anthropic_client=client))
