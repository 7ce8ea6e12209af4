"""Google's library with pydantic-ai's model of it. Imported when first used."""

import httpx2
from google.genai import Client
from google.genai.types import HttpOptions, HttpRetryOptions
from pydantic_ai.models import Model
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from services.providers.base import Call


def model(call: Call, http: httpx2.AsyncClient) -> Model:
    """The model, which asks once and never again by itself."""
    options = HttpOptions(
        base_url=call.provider.urls[0],
        httpx_async_client=http,
        retry_options=HttpRetryOptions(attempts=1),
    )
    client = Client(api_key=call.provider.key or "none", vertexai=False, http_options=options)
    return GoogleModel(call.model, provider=GoogleProvider(client=client))
