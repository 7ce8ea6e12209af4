"""The kinds of providers there are. Each is loaded when it is first used: the libraries of vendors take seconds."""

import asyncio
import importlib
import sys
from functools import cache
from types import ModuleType

from services.providers.base import Kind, Provider

# A new kind is a module with a class that is a `Kind`, a line here, and its words as `providers.kind.<name>`.
KINDS: dict[str, str] = {
    "ollama": "services.providers.ollama:Ollama",
    "openai": "services.providers.openai:OpenAI",
    "anthropic": "services.providers.anthropic:Anthropic",
    "google": "services.providers.google:Google",
}
# What each has where no address is given; empty where one must be. Known without loading any.
URLS: dict[str, str] = {
    "ollama": "",
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
}
LOCAL = frozenset({"ollama"})


@cache
def kind(name: str) -> Kind:
    """The kind of that name."""
    module, _, made = KINDS[name].partition(":")
    found: Kind = getattr(importlib.import_module(module), made)()
    return found


def is_usual(provider: Provider) -> bool:
    """Whether it is the vendor itself, and not something that only speaks like it."""
    return provider.urls == (URLS.get(provider.kind),)


async def loaded(name: str) -> ModuleType:
    """A module that takes seconds to import, on a thread: the loop goes on meanwhile."""
    if name in sys.modules:
        return importlib.import_module(name)  # waits while another task imports it
    return await asyncio.to_thread(importlib.import_module, name)
