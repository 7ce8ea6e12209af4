"""OpenAI's library with pydantic-ai's model of it. Imported when first used."""

import httpx2
from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider

from services.providers.base import Call
from services.providers.openai import says_max_tokens


def model(call: Call, http: httpx2.AsyncClient) -> Model:
    """The model, which asks once and never again by itself."""
    provider = call.provider
    client = AsyncOpenAI(
        api_key=provider.key or "none",
        base_url=provider.urls[0],
        max_retries=0,
        http_client=http,
    )
    profile = OpenAIModelProfile(
        openai_chat_streaming_requires_finish_reason=True,
        openai_chat_supports_max_completion_tokens=not says_max_tokens(provider),
    )
    return OpenAIChatModel(call.model, provider=OpenAIProvider(openai_client=client), profile=profile)
