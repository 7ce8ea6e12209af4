"""Ollama, by its own API: `/api/chat` as lines of JSON, of which the last says `done`.

Its address that speaks like OpenAI swallows errors of a running answer and knows no size of the context, so it is not
used. Plain answers are read here, without a library in between; `ollama_model.OllamaModel` is the same for agents.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from services.compute.readings import integer, text
from services.providers import nodes
from services.providers.base import (
    Call,
    Capability,
    Done,
    Finish,
    Message,
    ModelInfo,
    Patience,
    Provider,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    Wishes,
)
from services.providers.clients import ask, http_of
from services.providers.errors import (
    BadKey,
    CutOff,
    Failed,
    FailedInside,
    Malformed,
    NoSuchModel,
    OutOfQuota,
    Overloaded,
    ProviderError,
    RateLimited,
    Rejected,
    TooLong,
    Unreachable,
)
from services.providers.wire import Lines, Watch, said_in, wait_of

CAPABILITIES: Mapping[str, Capability] = {
    "completion": "chat",
    "tools": "tools",
    "thinking": "thinking",
    "vision": "vision",
    "embedding": "embedding",
}
MOST_MODELS = 500
Part = Text | Thinking | ToolCall | Done


class Ollama:
    """See Kind. With several nodes, one is chosen for each call (`nodes`)."""

    async def models(self, provider: Provider, patience: Patience) -> list[ModelInfo]:
        """Those of all nodes that answer. Raises ProviderError when none does."""
        found: dict[str, ModelInfo] = {}
        failures = []
        for url in provider.urls:
            try:
                for info in await self._models(provider, url, patience):
                    found.setdefault(info.name, info)
            except ProviderError as failure:
                failures.append(failure)
        if len(failures) == len(provider.urls):
            raise failures[0]
        return sorted(found.values(), key=lambda info: info.name)

    async def _models(self, provider: Provider, url: str, patience: Patience) -> list[ModelInfo]:
        said = await ask(provider, patience, refusal, f"{url}/api/tags", headers=headers(provider))
        rows = said.get("models")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Malformed("models")
        return [await self._info(provider, url, row, patience) for row in rows[:MOST_MODELS]]

    async def _info(
        self, provider: Provider, url: str, row: Mapping[str, Any], patience: Patience
    ) -> ModelInfo:
        name, about = text(row.get("name") or row.get("model")), row.get("details")
        context = about.get("context_length") if isinstance(about, dict) else None
        able = row.get("capabilities")
        if not isinstance(able, list):  # an older server says it of each model alone
            shown = await ask(
                provider,
                patience,
                refusal,
                f"{url}/api/show",
                headers=headers(provider),
                body={"model": name},
            )
            able = shown.get("capabilities") or []
            more = shown.get("model_info")
            lengths = (value for key, value in (more or {}).items() if str(key).endswith(".context_length"))
            context = next(lengths, None)
        return ModelInfo(
            name,
            frozenset(CAPABILITIES[one] for one in able if one in CAPABILITIES),
            integer(context) or None,
            integer(row.get("size")) or None,
        )

    @asynccontextmanager
    async def answer(self, call: Call) -> AsyncIterator[AsyncIterator[Part]]:
        """See Kind. A node that does not answer is passed over."""
        ranked = await nodes.ranked(call.provider, call.model)
        for url in ranked:
            with nodes.busy(call.provider, url):
                try:
                    async with chat(call, url) as parts:
                        yield parts
                    return
                except Unreachable:
                    nodes.forget(call.provider, url)
                    if url == ranked[-1]:
                        raise


@asynccontextmanager
async def chat(call: Call, url: str) -> AsyncIterator[AsyncIterator[Part]]:
    """One answer of one node. Raises ProviderError."""
    watch = Watch(call.patience, refusal, lambda _kind: _Passing())
    request = http_of(call.provider).build_request(
        "POST", f"{url}/api/chat", json=body_of(call), headers=headers(call.provider)
    )
    with watch.on():
        try:
            response = await http_of(call.provider).send(request, stream=True)
        except Exception as error:
            if watch.failure:
                raise watch.failure from error
            raise
    try:
        yield _parts(response)
    finally:
        await response.aclose()  # Ollama stops working on it then


async def _parts(response: httpx2.Response) -> AsyncIterator[Part]:
    lines, said = Lines(), _Said()
    async for data in response.aiter_raw():
        for line in lines.feed(data):
            for part in said.line(line):
                yield part
            if said.done:
                yield said.done
                return
    for part in said.line(lines.close()):
        yield part
    if not said.done:
        raise CutOff
    yield said.done


class _Said:
    """What the lines of an answer say, one after the other."""

    def __init__(self) -> None:
        self.done: Done | None = None
        self._text: list[str] = []
        self._calls: list[ToolCall] = []

    def line(self, line: bytes) -> Iterator[Part]:
        """The parts of one line; with the last one `done` is set. Raises ProviderError."""
        if not line.strip():
            return
        try:
            row = json.loads(line)
        except ValueError as error:
            raise Malformed(line.decode("utf-8", "replace")) from error
        if not isinstance(row, dict):
            raise Malformed(line.decode("utf-8", "replace"))
        if "error" in row:
            raise FailedInside(said_in(row)[0])
        message = row.get("message")
        if isinstance(message, dict):
            yield from self._message(message)
        if row.get("done") is True:
            self.done = self._end(row)

    def _message(self, message: Mapping[str, Any]) -> Iterator[Part]:
        if isinstance(thought := message.get("thinking"), str) and thought:
            yield Thinking(thought)
        if isinstance(said := message.get("content"), str) and said:
            self._text.append(said)
            yield Text(said)
        for row in message.get("tool_calls") or ():
            function = row.get("function") or {}
            arguments = function.get("arguments")
            call = ToolCall(
                str(row.get("id") or f"call_{len(self._calls) + 1}"),
                str(function.get("name") or ""),
                arguments if isinstance(arguments, dict) else None,
            )
            self._calls.append(call)
            yield call

    def _end(self, row: Mapping[str, Any]) -> Done:
        finish: Finish = (
            "length" if row.get("done_reason") == "length" else "tool_call" if self._calls else "stop"
        )
        usage = Usage(integer(row.get("prompt_eval_count")), 0, integer(row.get("eval_count")))
        turn = Message("assistant", "".join(self._text), calls=tuple(self._calls))
        return Done(finish, usage, turn)


class _Passing:
    """The lines are looked at where they are read."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Reader."""
        yield data

    def close(self) -> Iterator[bytes]:
        """See Reader."""
        yield from ()


def headers(provider: Provider) -> dict[str, str]:
    """Those that a proxy before it, or its cloud, asks for."""
    return {"authorization": f"Bearer {provider.key}"} if provider.key else {}


def body_of(call: Call) -> dict[str, Any]:
    """The request. A text that is longer than the context is an error, and is not cut in silence."""
    wishes = call.wishes
    body: dict[str, Any] = {
        "model": call.model,
        "messages": [_message(one) for one in call.messages],
        "stream": True,
        "truncate": False,
        "options": _options(wishes, call.provider),
    }
    if call.tools:
        body["tools"] = [_tool(one) for one in call.tools]
    thinks = call.info is not None and "thinking" in call.info.capabilities
    if wishes.think is False or (wishes.think and thinks):
        body["think"] = wishes.think
    if keep := call.provider.options.get("keep_alive"):
        body["keep_alive"] = keep
    return body


def _options(wishes: Wishes, provider: Provider) -> dict[str, Any]:
    context = provider.options.get("context", "")
    given = {
        "num_ctx": wishes.context or (int(context) if context.isdecimal() else None),
        "num_predict": wishes.most_tokens,
        "temperature": wishes.temperature,
        "top_p": wishes.top_p,
        "seed": wishes.seed,
        "stop": list(wishes.stop) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _message(message: Message) -> dict[str, Any]:
    row: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.pictures:
        row["images"] = [base64.b64encode(one.data).decode() for one in message.pictures]
    if message.calls:
        row["tool_calls"] = [
            {"function": {"name": one.name, "arguments": one.arguments or {}}} for one in message.calls
        ]
    if message.role == "tool":
        row["tool_name"] = message.name
    return row


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


_LONG: Sequence[str] = (
    "context length",
    "context size",
    "exceeds the available context",
    "prompt is too long",
)


def refusal(status: int, given: httpx2.Headers, body: Any) -> ProviderError:
    """What an answer means that says no."""
    said, _, _ = said_in(body)
    wait = wait_of(given)
    if status in (401, 402, 403):
        return BadKey(said)
    if status == 404:
        return NoSuchModel(said)
    if status == 429:
        # Its cloud says by 429 alone that a week's or a month's share is used up.
        return OutOfQuota(said) if "usage limit" in said else RateLimited(said, retry_after=wait)
    if status in (502, 503, 504):
        return Overloaded(said, retry_after=wait)
    if status >= 500:
        return Failed(said)
    if any(words in said.lower() for words in _LONG):
        return TooLong(said)
    if "does not support chat" in said:
        return NoSuchModel(said)
    return Rejected(said)
