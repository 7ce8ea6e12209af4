"""AI vendors: which there are, what their models cost, and the one call by which everything asks them.

    async with providers.stream(asker, "chat", messages, provider=…, model=…) as answer:
        async for event in answer: …

The vendors' libraries are imported when one of them is first asked, never at a start.
"""

from services.providers.asking import default_model, stream
from services.providers.base import (
    Asker,
    End,
    Event,
    Message,
    ModelInfo,
    Patience,
    Picture,
    Provider,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    Wishes,
)
from services.providers.errors import ProviderError

__all__ = [
    "Asker",
    "End",
    "Event",
    "Message",
    "ModelInfo",
    "Patience",
    "Picture",
    "Provider",
    "ProviderError",
    "Text",
    "Thinking",
    "Tool",
    "ToolCall",
    "Usage",
    "Wishes",
    "default_model",
    "stream",
]
