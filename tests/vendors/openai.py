"""A stand-in of OpenAI's chat completions, and of servers that are compatible with it.

Chunks as server-sent events without names, the usage in a chunk without choices, then `[DONE]`. In a stream an error is
a chunk with `error`, after which `[DONE]` does not come. `style` are the shapes of errors that compatible servers have.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Literal

from tests.vendors.far_end import Asked, FarEnd, Fault, Wire, sse

ERRORS: dict[Fault, tuple[int, str, str]] = {
    "unauthorized": (401, "invalid_api_key", "Incorrect API key provided: sk-no***ey."),
    "rate_limited": (429, "rate_limit_exceeded", "Rate limit reached for requests"),
    "quota": (429, "insufficient_quota", "You exceeded your current quota, please check your plan."),
    "failing": (500, "server_error", "The server had an error while processing your request."),
    "overloaded": (503, "server_is_overloaded", "The engine is currently overloaded."),
    "too_long": (
        400,
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
    ),
}
Style = Literal["openai", "plain", "vllm", "openwebui", "openrouter"]


@dataclass
class OpenAI(FarEnd):
    """`style` is how it words errors; `whole` answers with one JSON object although a stream was asked for."""

    style: Style = "openai"
    whole: bool = False
    names: tuple[str, ...] = ("gpt-5-mini", "text-embedding-3-small")
    prefix: str = "/v1"

    async def respond(self, asked: Asked, wire: Wire) -> None:
        """See FarEnd."""
        if self.key and asked.headers.get("authorization") != f"Bearer {self.key}":
            return await self._refuse(wire, "unauthorized")
        if asked.path == f"{self.prefix}/models":
            rows = [
                {"id": name, "object": "model", "created": 1700000000, "owned_by": "o"} for name in self.names
            ]
            return await wire.json(200, {"object": "list", "data": rows})
        if asked.path == f"{self.prefix}/chat/completions" and asked.method == "POST":
            return await self._chat(asked.body, wire)
        await wire.json(
            404, {"error": {"message": "no such route", "type": "x", "param": None, "code": None}}
        )

    async def _refuse(self, wire: Wire, fault: Fault) -> None:
        status, code, text = ERRORS[fault]
        headers = {"retry-after": "2", "x-request-id": "req_1"} if fault == "rate_limited" else {}
        await wire.json(status, self._error(status, code, text), headers)

    def _error(self, status: int, code: str, text: str) -> dict[str, Any]:
        return {
            "openai": {"error": {"message": text, "type": "x", "param": None, "code": code}},
            "plain": {"error": f"{code}: {text}"},
            "vllm": {"object": "error", "message": text, "type": code, "code": status},
            "openwebui": {"detail": text},
            "openrouter": {"error": {"message": text, "code": status, "metadata": {"raw": code}}},
        }[self.style]

    async def _chat(self, body: dict[str, Any], wire: Wire) -> None:
        fault = self.fault()
        if fault in ERRORS:
            return await self._refuse(wire, fault)
        if body["model"] not in self.names:
            error = {"message": "no such model", "type": "x", "param": "model", "code": "model_not_found"}
            return await wire.json(404, {"error": error})
        if self.whole:
            return await wire.json(200, self._whole())
        if fault == "silent":
            await asyncio.sleep(3600)
        await wire.begin("text/event-stream")
        await wire.piece(b": keep-alive\n\n" + sse(self._chunk({"role": "assistant", "content": ""})))
        for thought in self.thinking:
            await wire.piece(sse(self._chunk({"reasoning_content": thought})))
        async for text in self.pieces(fault, wire):
            await wire.piece(sse(self._chunk({"content": text}) | {"obfuscation": "x8"}))
        if fault == "error_inside":
            error = {
                "message": "The server had an error",
                "type": "server_error",
                "param": None,
                "code": None,
            }
            await wire.piece(sse({"error": error}))
        elif fault == "malformed":
            await wire.piece(b'data: {"id":"chatcmpl-1","choices":[{"ind\n\n')
        elif fault == "filtered":
            await wire.piece(sse(self._chunk({}, "content_filter")) + sse("[DONE]"))
        elif fault != "ends":
            await self._finish(body, wire)
        await wire.end()

    async def _finish(self, body: dict[str, Any], wire: Wire) -> None:
        finish = "stop"
        if self.call and body.get("tools"):
            name, arguments = self.call
            text, finish = json.dumps(arguments), "tool_calls"
            first = {
                "index": 0,
                "id": "call_1",
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }
            await wire.piece(sse(self._chunk({"tool_calls": [first]})))
            for part in (text[:5], text[5:]):
                await wire.piece(
                    sse(self._chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}))
                )
        await wire.piece(sse(self._chunk({}, finish)))
        if (body.get("stream_options") or {}).get("include_usage"):
            await wire.piece(sse(self._chunk(None) | {"usage": self._usage()}))
        await wire.piece(sse("[DONE]"))

    def _usage(self) -> dict[str, Any]:
        out = len(self.answer)
        return {
            "prompt_tokens": 9,
            "completion_tokens": out,
            "total_tokens": 9 + out,
            "prompt_tokens_details": {"cached_tokens": 4},
        }

    def _chunk(self, delta: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": "gpt-5-mini-2026-08-07",
            "choices": [] if delta is None else [choice],
            "usage": None,
        }

    def _whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(self.answer), "refusal": None}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1700000000,
            "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": self._usage(),
        }
