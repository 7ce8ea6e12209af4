"""OpenAI's chat completions, and whatever speaks like them: OpenWebUI, vLLM, llama.cpp, gateways.

Compatible servers word their errors in many ways, end their streams in fewer than they should, and may answer with one
whole object although a stream was asked for.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from services.compute.readings import integer, text
from services.providers.base import (
    Call,
    Capability,
    Done,
    ModelInfo,
    Patience,
    Provider,
    Text,
    Thinking,
    ToolCall,
)
from services.providers.clients import ask
from services.providers.errors import (
    BadKey,
    CutOff,
    Failed,
    FailedInside,
    Filtered,
    Malformed,
    NoSuchModel,
    OutOfQuota,
    Overloaded,
    ProviderError,
    RateLimited,
    Rejected,
    TooLong,
)
from services.providers.kinds import is_usual, loaded
from services.providers.wire import MOST_PART, Events, Watch, said_in, wait_of

MONEY = ("insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "billing_not_active")
BUSY = ("server_is_overloaded", "slow_down", "engine_overloaded")
LONG = (
    "context_length_exceeded",
    "maximum context length",
    "context size",
    "too many tokens",
    "context window",
)
OTHERS = ("embed", "whisper", "tts", "dall-e", "moderation", "image", "realtime", "transcribe", "rerank")


class OpenAI:
    """See Kind."""

    async def models(self, provider: Provider, patience: Patience) -> list[ModelInfo]:
        """Those that the key opens. What they can do is told by few servers."""
        said = await ask(provider, patience, refusal, f"{provider.urls[0]}/models", headers=headers(provider))
        rows = said.get("data")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Malformed("data")
        return sorted((_info(row) for row in rows if text(row.get("id"))), key=lambda info: info.name)

    @asynccontextmanager
    async def answer(self, call: Call) -> AsyncIterator[AsyncIterator[Text | Thinking | ToolCall | Done]]:
        """See Kind."""
        direct = await loaded("services.providers.direct")
        library = await loaded("services.providers.openai_library")
        watch = Watch(call.patience, refusal, reader)
        model = direct.model_of(call, lambda http: library.model(call, http))
        async with direct.relay(model, call, watch, direct.settings_of(call.wishes)) as parts:
            yield parts


def headers(provider: Provider) -> dict[str, str]:
    """Who asks; a server of one's own may need no key."""
    return {"authorization": f"Bearer {provider.key}"} if provider.key else {}


def says_max_tokens(provider: Provider) -> bool:
    """Whether the most tokens are said by the field that compatible servers know and OpenAI's newer models refuse."""
    return provider.options.get("most_tokens", "" if is_usual(provider) else "max_tokens") == "max_tokens"


def _info(row: dict[str, Any]) -> ModelInfo:
    name = text(row["id"])
    # vLLM and gateways tell how much a model reads at once.
    context = integer(row.get("max_model_len") or row.get("context_length")) or None
    able: frozenset[Capability] = frozenset()
    if any(part in name.lower() for part in OTHERS):
        able = frozenset({"embedding"})
    return ModelInfo(name, able, context)


def refusal(status: int, given: httpx2.Headers, body: Any) -> ProviderError:
    """What an answer means that says no."""
    said, kind, code = said_in(body)
    words = f"{code} {kind} {said}".lower()
    if any(word in words for word in MONEY) or status == 402:
        return OutOfQuota(said)
    if any(word in words for word in LONG) and status in (0, 400, 413, 422, 500):
        return TooLong(said)
    if status in (401, 403):
        return BadKey(said)
    if status == 404:
        return NoSuchModel(said)
    if status == 429 or code == "rate_limit_exceeded":
        return RateLimited(said, retry_after=wait_of(given))
    if status in (502, 503, 504, 529) or any(word in words for word in BUSY):
        return Overloaded(said, retry_after=wait_of(given))
    if status >= 500 or status in (408, 409):
        return Failed(said)
    if "content_filter" in words or "content_policy" in words:
        return Filtered(said)
    if status == 400 and "not authenticated" in said.lower():
        return BadKey(said)
    return Rejected(said)


def reader(kind: str) -> "Chunks":
    """What looks at an answer of that type."""
    return WholeAnswer() if kind.startswith("application/json") else Chunks()


class Chunks(Events):
    """The end is `[DONE]` after a reason to finish."""

    def __init__(self) -> None:
        super().__init__()
        self._finished = self._done = False

    @property
    def ended(self) -> bool:
        """See Events."""
        return self._finished and self._done

    def marked(self, text: bytes) -> bool:
        """See Events."""
        self._done = self._done or text.strip() == b"[DONE]"
        return text.strip() == b"[DONE]"

    def look(self, name: str, said: Any) -> None:
        """See Events."""
        if not isinstance(said, dict):
            raise Malformed(str(said))
        if said.get("error") or said.get("object") == "error" or name == "error":
            raise inside(said)
        for choice in said.get("choices") or ():
            finish = choice.get("finish_reason") if isinstance(choice, dict) else None
            if finish == "content_filter":
                raise Filtered()
            if finish == "error":
                raise FailedInside()
            self._finished = self._finished or bool(finish)


class WholeAnswer(Chunks):
    """One object, given on as the stream that was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._body = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Reader."""
        self._body += data
        if len(self._body) > MOST_PART:
            raise Malformed("too large")
        yield from ()

    def close(self) -> Iterator[bytes]:
        """See Reader."""
        try:
            said = json.loads(self._body)
        except ValueError as error:
            raise CutOff from error
        self.look("", said)
        if not isinstance(said.get("choices"), list):
            raise inside(said) if "detail" in said else Malformed(str(said))
        for choice in said["choices"]:
            choice["delta"] = choice.pop("message", None) or {}
            for number, call in enumerate(choice["delta"].get("tool_calls") or ()):
                call.setdefault("index", number)
        said["object"] = "chat.completion.chunk"
        if not self._finished:
            raise CutOff
        yield b"data: " + json.dumps(said).encode() + b"\n\ndata: [DONE]\n\n"


def inside(body: Any) -> ProviderError:
    """What an error in a stream means: what can be told apart, else that it failed on the way."""
    found = refusal(0, httpx2.Headers(), body)
    return found if isinstance(found, OutOfQuota | TooLong | Filtered) else FailedInside(said_in(body)[0])
