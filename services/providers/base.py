"""The words in which the rest of KeepAI and the providers speak with each other. Imports no vendor's library."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_call"]
# What a model can do, as far as it says so.
Capability = Literal["chat", "tools", "thinking", "vision", "embedding"]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image for models that see: bytes and their media type (image/png)."""

    data: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Text:
    """A part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A part of what the model thinks before it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool, with everything it gives it. `arguments` is an object, and None where what the model
    wrote is no JSON object."""

    id: str
    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. `calls` are those of an assistant's turn; a turn of a tool answers the call `call_id`
    of the tool `name`. `vendor` is an assistant's turn as its vendor wants it back, signatures and all (JSON)."""

    role: Role
    text: str = ""
    pictures: Sequence[Picture] = ()
    calls: Sequence[ToolCall] = ()
    call_id: str = ""
    name: str = ""
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """What the model may ask for. `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the answer should be made; None leaves it to the model. `context` is how many tokens are read at once, for
    models that need to be told (Ollama's num_ctx). `think` switches thinking on or off where that can be said."""

    temperature: float | None = None
    top_p: float | None = None
    most_tokens: int | None = None
    context: int | None = None
    think: bool | None = None
    stop: Sequence[str] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `read` are those of the question, `cached` of them came from the vendor's cache; `written`
    are those of the answer with its thinking."""

    read: int = 0
    cached: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """The whole answer is there. `cost` in millionths of a dollar, None where the price is not known; `local` says that
    the model costs nothing by itself. `context` is how much the model reads at once, None where that is not known.
    `turn` is the answer as a turn of the conversation, `call_id` its row in the ledger.
    Seconds: `first_token` until the first part, `duration` in all."""

    finish: Finish
    usage: Usage
    provider_id: str
    provider: str
    model: str
    cost: int | None
    local: bool
    first_token: float | None
    duration: float
    turn: Message
    context: int | None = None
    call_id: UUID | None = None

    @property
    def context_used(self) -> float | None:
        """Which share of its context the model used, 0 to 1."""
        return (self.usage.read + self.usage.written) / self.context if self.context else None


Event = Text | Thinking | ToolCall | End


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model of a provider. `context` in tokens, None where it is not told; so with `capabilities` when empty."""

    name: str
    capabilities: frozenset[Capability] = frozenset()
    context: int | None = None
    size: int | None = None  # bytes, of models on one's own machine

    @property
    def chats(self) -> bool:
        """Whether it answers questions, as far as is known."""
        return not self.capabilities or "chat" in self.capabilities


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds: for the connection, for the first byte (a cold model is loaded first), between
    two parts, and in all."""

    connect: float = 5.0
    first: float = 300.0
    idle: float = 60.0
    total: float = 900.0


@dataclass(frozen=True, slots=True)
class Provider:
    """An AI vendor as it is set up. `urls` are several for nodes of Ollama. What was `typed` on the page only leads to
    public addresses; what the environment names is trusted. `roles` says who may use a model: none named is everybody
    (`{"gpt-5": ["admin"]}`); where `only` is set, models that are not in it are not offered."""

    id: str
    kind: str
    name: str
    urls: tuple[str, ...]
    key: str = ""
    typed: bool = False
    enabled: bool = True
    position: int = 0
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)

    def offers(self, model: str) -> bool:
        """Whether the model is one of those that are offered."""
        return not self.only or model in self.only

    def lets(self, role: str, model: str) -> bool:
        """Whether somebody of this role may use the model."""
        allowed = self.roles.get(model)
        return self.offers(model) and (not allowed or role in allowed)


class Reader(Protocol):
    """Looks at a stream as it comes: hands complete parts on, and raises what they say is wrong."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The parts that are complete now. Raises ProviderError."""
        ...

    def close(self) -> Iterator[bytes]:
        """The rest, at the end of the stream. Raises CutOff where the end marker did not come."""
        ...


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom a model is asked: an account with its role, or KeepAI itself (no account, any model, no budget)."""

    account_id: UUID | None = None
    role: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """How a kind says that the answer is whole. `turn` is it as a turn of the conversation, to be sent back when the
    model asked for tools."""

    finish: Finish
    usage: Usage
    turn: Message


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one model."""

    asker: Asker
    provider: Provider
    model: str
    messages: Sequence[Message]
    wishes: Wishes
    tools: Sequence[Tool]
    patience: Patience
    info: ModelInfo | None = None


class Kind(Protocol):
    """One kind of provider. A new one is a module with a class like this and a line in `kinds.KINDS`; one that asks
    nobody over a network just answers."""

    async def models(self, provider: Provider, patience: Patience) -> list[ModelInfo]:
        """The models there are. Raises ProviderError."""
        ...

    def answer(
        self, call: Call
    ) -> AbstractAsyncContextManager[AsyncIterator[Text | Thinking | ToolCall | Done]]:
        """Ask, and give the answer as it comes, its last part being a `Done`. Raises ProviderError, when it begins or
        later."""
        ...
