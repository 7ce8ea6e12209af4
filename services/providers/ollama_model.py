"""Ollama's own API as a model of pydantic-ai, for agents: the library's own speaks `/v1`, where errors of a running
answer are lost and the size of the context cannot be said. Imported when first used."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponseStreamEvent,
    RetryPromptPart,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from services.providers.base import (
    Call,
    Done,
    Message,
    Picture,
    Text,
    Thinking,
    Tool,
    ToolCall,
)
from services.providers.ollama import Ollama, Part


class OllamaModel(Model):
    """One model of a provider. `call` says which, and what is asked where an agent does not say it. What goes wrong is
    raised as a ProviderError."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    @property
    def model_name(self) -> str:
        """See Model."""
        return self._call.model

    @property
    def system(self) -> str:
        """See Model."""
        return "ollama"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """See Model. It streams all the same: whoever waits for the whole would not see that it goes on."""
        async with self.request_stream(messages, model_settings, model_request_parameters) as stream:
            async for _ in stream:
                pass
            return stream.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """See Model."""
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        instructions = self._get_instruction_parts(messages, parameters) or ()
        turns = [turn for message in messages for turn in turns_of(message)]
        turns = [*(Message("system", one.content) for one in instructions), *turns]
        given: ModelSettings = settings or {}
        wishes = replace(
            self._call.wishes,
            **{
                ours: given[theirs]  # type: ignore[literal-required]
                for ours, theirs in (
                    ("temperature", "temperature"),
                    ("top_p", "top_p"),
                    ("most_tokens", "max_tokens"),
                    ("seed", "seed"),
                    ("stop", "stop_sequences"),
                )
                if given.get(theirs) is not None
            },
        )
        tools = [
            Tool(one.name, one.description or "", one.parameters_json_schema)
            for one in (*parameters.function_tools, *parameters.output_tools)
        ]
        call = replace(self._call, messages=turns, wishes=wishes, tools=tools)
        async with Ollama().answer(call) as parts:
            yield _Stream(model_request_parameters=parameters, _model=self.model_name, _parts=parts)


@dataclass
class _Stream(StreamedResponse):
    _model: str
    _parts: AsyncIterator[Part]
    _at: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        manager = self._parts_manager
        async for part in self._parts:
            if isinstance(part, Text):
                for event in manager.handle_text_delta(vendor_part_id="text", content=part.text):
                    yield event
            elif isinstance(part, Thinking):
                for event in manager.handle_thinking_delta(vendor_part_id="thought", content=part.text):
                    yield event
            elif isinstance(part, ToolCall):
                yield manager.handle_tool_call_part(
                    vendor_part_id=part.id, tool_name=part.name, args=part.arguments, tool_call_id=part.id
                )
            elif isinstance(part, Done):
                self._usage = RequestUsage(input_tokens=part.usage.read, output_tokens=part.usage.written)
                self.finish_reason = part.finish

    async def close_stream(self) -> None:
        """The connection closes with the answer it belongs to."""

    @property
    def model_name(self) -> str:
        return self._model

    @property
    def provider_name(self) -> str:
        return "ollama"

    @property
    def provider_url(self) -> None:
        return None

    @property
    def timestamp(self) -> datetime:
        return self._at


def turns_of(message: ModelMessage) -> list[Message]:
    """A message of the library as our turns."""
    if isinstance(message, ModelRequest):
        return [turn for part in message.parts if (turn := _turn(part))]
    calls = [ToolCall(part.tool_call_id, part.tool_name, part.args_as_dict()) for part in message.tool_calls]
    return [Message("assistant", message.text or "", calls=calls)]


def _turn(part: Any) -> Message | None:
    if isinstance(part, SystemPromptPart):
        return Message("system", part.content)
    if isinstance(part, ToolReturnPart):
        return Message("tool", part.model_response_str(), call_id=part.tool_call_id, name=part.tool_name)
    if isinstance(part, RetryPromptPart):
        role = "tool" if part.tool_name else "user"
        return Message(role, part.model_response(), call_id=part.tool_call_id, name=part.tool_name or "")  # type: ignore[arg-type]
    if isinstance(part, UserPromptPart):
        content = [part.content] if isinstance(part.content, str) else part.content
        text = "\n".join(one for one in content if isinstance(one, str))
        pictures = [Picture(one.data, one.media_type) for one in content if isinstance(one, BinaryContent)]
        return Message("user", text, pictures)
    return None
