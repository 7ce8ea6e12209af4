"""The four vendors on loopback, each as a provider that the environment would name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from services.providers import catalogue, nodes, registry
from services.providers.base import Asker, Call, Message, Patience, Provider, Text, Thinking, Wishes
from services.providers.kinds import kind
from tests.vendors.anthropic import Anthropic
from tests.vendors.far_end import FarEnd
from tests.vendors.gemini import Gemini
from tests.vendors.ollama import Ollama
from tests.vendors.openai import OpenAI

KEY = "sk-a-key-that-nobody-may-see-0123456789"
# Short, so that what never comes is told soon.
PATIENCE = Patience(connect=1.0, first=0.4, idle=0.4, total=5.0)
MADE = {"ollama": Ollama, "openai": OpenAI, "anthropic": Anthropic, "google": Gemini}
MODEL = {
    "ollama": "llama3.2:3b",
    "openai": "gpt-5-mini",
    "anthropic": "claude-haiku-5-5",
    "google": "gemini-3-flash",
}
ASKED = (Message("system", "Answer briefly."), Message("user", "Tudo bem?"))


@dataclass
class Vendor:
    """A stand-in and the provider that leads to it."""

    kind: str
    far: FarEnd
    model: str
    heard: list = field(default_factory=list)

    @property
    def provider(self) -> Provider:
        path = "/v1" if self.kind == "openai" else ""
        return Provider(self.kind, self.kind, self.kind.title(), (self.far.url + path,), KEY)

    async def ask(
        self, messages=ASKED, *, provider=None, model="", patience=PATIENCE, tools=(), info=None, **wishes
    ):
        """All parts of an answer; what came before something went wrong is in `heard`."""
        self.heard = []
        call = Call(
            Asker(),
            provider or self.provider,
            model or self.model,
            messages,
            Wishes(**wishes),
            tools,
            patience,
            info,
        )
        async with kind(self.kind).answer(call) as parts:
            async for part in parts:
                self.heard.append(part)
        return self.heard

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.heard if isinstance(part, Text))

    @property
    def thoughts(self) -> str:
        return "".join(part.text for part in self.heard if isinstance(part, Thinking))

    @property
    def questions(self) -> list:
        """The requests for an answer that came."""
        return [asked for asked in self.far.asked if asked.method == "POST" and "show" not in asked.path]


@pytest.fixture(autouse=True)
def _nothing_known():
    catalogue.forget()
    registry.forget()
    nodes._known.clear()


@pytest.fixture(params=list(MADE))
async def vendor(request) -> AsyncIterator[Vendor]:
    """Each of them."""
    far = MADE[request.param]()
    async with far.serving():
        yield Vendor(request.param, far, MODEL[request.param])


@pytest.fixture
async def ollama() -> AsyncIterator[Vendor]:
    far = Ollama()
    async with far.serving():
        yield Vendor("ollama", far, MODEL["ollama"])


@pytest.fixture
async def openai() -> AsyncIterator[Vendor]:
    far = OpenAI()
    async with far.serving():
        yield Vendor("openai", far, MODEL["openai"])


@pytest.fixture
async def anthropic() -> AsyncIterator[Vendor]:
    far = Anthropic()
    async with far.serving():
        yield Vendor("anthropic", far, MODEL["anthropic"])


@pytest.fixture
async def google() -> AsyncIterator[Vendor]:
    far = Gemini()
    async with far.serving():
        yield Vendor("google", far, MODEL["google"])
