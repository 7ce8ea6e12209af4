"""Asking by pydantic-ai, which speaks with each vendor by the vendor's own library.

Imported only when a model of such a vendor is first asked: all of it takes seconds to load.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
from pydantic_ai.direct import model_request_stream
from pydantic_ai.exceptions import UserError
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from services.providers.base import (
    Call,
    Done,
    Finish,
    Message,
    Picture,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    Wishes,
)
from services.providers.clients import client_of
from services.providers.errors import Filtered, Malformed, ProviderError
from services.providers.wire import Watch

log = logging.getLogger(__name__)

Part = Text | Thinking | ToolCall | Done
FINISHES: dict[str | None, Finish] = {"length": "length", "tool_call": "tool_call"}
MOST_MODELS = 100  # kept of one client


def model_of(call: Call, make: Callable[[httpx2.AsyncClient], Model]) -> Model:
    """The model of the library for a call, made once for each client."""
    client, provider = client_of(call.provider), call.provider
    which = (provider.key, call.model, *sorted(provider.options.items()))
    if which not in client.made:
        if len(client.made) > MOST_MODELS:
            client.made.clear()
        client.made[which] = make(client.http)
    model: Model = client.made[which]
    return model


@asynccontextmanager
async def relay(
    model: Model, call: Call, watch: Watch, settings: ModelSettings
) -> AsyncIterator[AsyncIterator[Part]]:
    """Ask, and give on what comes. Raises ProviderError."""
    stack = AsyncExitStack()
    try:
        with watch.on():
            request = model_request_stream(
                model,
                messages_of(call.messages),
                model_settings=settings,
                model_request_parameters=parameters_of(call.tools),
                instrument=False,
            )
            stream = await stack.enter_async_context(request)
    except Exception as error:
        raise _meant(watch, error) from error
    try:
        yield _parts(stream, watch)
    finally:
        await _hang_up(stack, watch)


async def _hang_up(stack: AsyncExitStack, watch: Watch) -> None:
    """Close the answer; how it closes changes nothing about what came of it."""
    try:
        await stack.aclose()
    except Exception as error:
        log.debug("an answer did not close in good order: %r", error)
    await watch.hang_up()


async def _parts(stream: StreamedResponse, watch: Watch) -> AsyncIterator[Part]:
    try:
        async for event in stream:
            if isinstance(event, PartDeltaEvent):
                delta = event.delta
                if isinstance(delta, TextPartDelta):
                    if delta.content_delta:
                        yield Text(delta.content_delta)
                elif isinstance(delta, ThinkingPartDelta) and delta.content_delta:
                    yield Thinking(delta.content_delta)
            elif isinstance(event, PartStartEvent):
                part = event.part
                if isinstance(part, TextPart | ThinkingPart) and part.content:
                    yield (Text if isinstance(part, TextPart) else Thinking)(part.content)
        response = stream.get()
    except Exception as error:
        raise _meant(watch, error, usage_of(stream)) from error
    if response.finish_reason == "content_filter":
        raise _meant(watch, Filtered(), usage_of(stream))
    calls = [_call(part) for part in response.parts if isinstance(part, ToolCallPart)]
    for one in calls:
        yield one
    yield Done(
        "tool_call" if calls else FINISHES.get(response.finish_reason, "stop"),
        usage_of(stream),
        _turn(response, calls),
    )


def _meant(watch: Watch, error: Exception, usage: Usage | None = None) -> ProviderError:
    """What the watch saw go wrong, whatever the library made of it."""
    failure = watch.failure or (error if isinstance(error, ProviderError) else None)
    if failure is None:
        if isinstance(error, UserError):  # ours: a request that cannot be made
            raise error
        log.warning("a vendor's library failed on an answer: %r", error)
        failure = Malformed(type(error).__name__)
    if usage and (usage.read or usage.written):
        failure.usage = usage
    return failure


def usage_of(stream: StreamedResponse) -> Usage:
    """The tokens so far, as the vendor tells them."""
    found = stream.usage
    return Usage(found.input_tokens, found.cache_read_tokens, found.output_tokens)


def _call(part: ToolCallPart) -> ToolCall:
    try:
        arguments = part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError):
        return ToolCall(part.tool_call_id, part.tool_name, None)
    return ToolCall(part.tool_call_id, part.tool_name, arguments)


def _turn(response: ModelResponse, calls: Sequence[ToolCall]) -> Message:
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    vendor = ModelMessagesTypeAdapter.dump_json([response]).decode() if calls else ""
    return Message("assistant", text, calls=tuple(calls), vendor=vendor)


def messages_of(messages: Sequence[Message]) -> list[ModelMessage]:
    """The conversation as the library has it: turns of ours that follow each other are one request."""
    found: list[ModelMessage] = []
    for message in messages:
        if message.role == "assistant":
            found.append(_response(message))
            continue
        if not found or not isinstance(found[-1], ModelRequest):
            found.append(ModelRequest(parts=[]))
        last = found[-1]
        assert isinstance(last, ModelRequest)
        last.parts = [*last.parts, _request_part(message)]
    return found


def _request_part(message: Message) -> SystemPromptPart | UserPromptPart | ToolReturnPart:
    if message.role == "system":
        return SystemPromptPart(message.text)
    if message.role == "tool":
        return ToolReturnPart(message.name, message.text, message.call_id)
    if message.pictures:
        return UserPromptPart([message.text, *(_picture(one) for one in message.pictures)])
    return UserPromptPart(message.text)


def _picture(picture: Picture) -> BinaryContent:
    return BinaryContent(picture.data, media_type=picture.media_type)


def _response(message: Message) -> ModelResponse:
    if message.vendor:
        [kept] = ModelMessagesTypeAdapter.validate_json(message.vendor)
        assert isinstance(kept, ModelResponse)
        return kept
    calls = [ToolCallPart(one.name, one.arguments or {}, one.id) for one in message.calls]
    text = [TextPart(message.text)] if message.text or not calls else []
    return ModelResponse(parts=[*text, *calls])


def parameters_of(tools: Sequence[Tool]) -> ModelRequestParameters:
    """The tools as the library has them."""
    found = [
        ToolDefinition(
            name=one.name, description=one.description, parameters_json_schema=dict(one.parameters)
        )
        for one in tools
    ]
    return ModelRequestParameters(function_tools=found, allow_text_output=True)


def settings_of(wishes: Wishes, *, sampling: bool = True) -> ModelSettings:
    """How the answer should be made, without what was left to the model."""
    settings = ModelSettings()
    if wishes.most_tokens is not None:
        settings["max_tokens"] = wishes.most_tokens
    if sampling and wishes.temperature is not None:
        settings["temperature"] = wishes.temperature
    if sampling and wishes.top_p is not None:
        settings["top_p"] = wishes.top_p
    if wishes.seed is not None:
        settings["seed"] = wishes.seed
    if wishes.stop:
        settings["stop_sequences"] = list(wishes.stop)
    if wishes.think is not None:
        settings["thinking"] = wishes.think
    return settings
