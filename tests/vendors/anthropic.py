"""A stand-in of Anthropic's messages: named server-sent events that end with `message_stop`.

An error in the stream is `event: error`, a refusal a normal end with `stop_reason: refusal`. Version 2026-10-21 takes
no sampling parameters.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.vendors.far_end import Asked, FarEnd, Fault, Wire, sse

ERRORS: dict[Fault, tuple[int, str, str]] = {
    "unauthorized": (401, "authentication_error", "invalid x-api-key"),
    "rate_limited": (429, "rate_limit_error", "This request would exceed your organization's rate limit"),
    "quota": (429, "rate_limit_error", "You have reached your specified API usage limits."),
    "failing": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "too_long": (400, "invalid_request_error", "prompt is too long: 209001 tokens > 200000 maximum"),
}


@dataclass
class Anthropic(FarEnd):
    """`names` are the models there are."""

    names: tuple[str, ...] = ("claude-haiku-5-5",)

    async def respond(self, asked: Asked, wire: Wire) -> None:
        """See FarEnd."""
        given = asked.headers.get("x-api-key") or asked.headers.get("authorization", "").removeprefix(
            "Bearer "
        )
        if self.key and given != self.key:
            return await self._refuse(wire, "unauthorized")
        path = asked.path.partition("?")[0]
        if "anthropic-version" not in asked.headers:
            return await self._error(
                wire, 400, "invalid_request_error", "anthropic-version: header is required"
            )
        if path == "/v1/models":
            rows = [
                {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
                for name in self.names
            ]
            return await wire.json(
                200, {"data": rows, "has_more": False, "first_id": self.names[0], "last_id": self.names[-1]}
            )
        if path == "/v1/messages" and asked.method == "POST":
            return await self._messages(asked, wire)
        await self._error(wire, 404, "not_found_error", "no such route")

    async def _refuse(self, wire: Wire, fault: Fault) -> None:
        status, kind, text = ERRORS[fault]
        headers = {"retry-after": "2"} if fault == "rate_limited" else {}
        details = {"error_code": "enforced_spend_limit_reached"} if fault == "quota" else None
        await self._error(wire, status, kind, text, details, headers)

    async def _error(
        self,
        wire: Wire,
        status: int,
        kind: str,
        text: str,
        details: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        error = {"type": kind, "message": text, "details": details}
        await wire.json(status, {"type": "error", "error": error, "request_id": "req_1"}, headers)

    async def _messages(self, asked: Asked, wire: Wire) -> None:
        body, fault = asked.body, self.fault()
        if fault in ERRORS:
            return await self._refuse(wire, fault)
        if body["model"] not in self.names:
            return await self._error(wire, 404, "not_found_error", f"model: {body['model']}")
        sampling = {"temperature", "top_p", "top_k"} & set(body)
        if asked.headers["anthropic-version"] >= "2026-10-21" and sampling:
            name = sampling.pop()
            text = f"{name}: Extra inputs are not permitted"
            return await self._error(wire, 400, "invalid_request_error", text)
        assert body["max_tokens"] > 0
        if fault == "silent":
            await asyncio.sleep(3600)
        await wire.begin("text/event-stream")
        usage = {"input_tokens": 11, "output_tokens": 1}
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": usage,
        }  # fmt: skip
        await self._event(wire, "message_start", message=message)
        index = 0
        if self.thinking:
            await self._event(
                wire,
                "content_block_start",
                index=0,
                content_block={"type": "thinking", "thinking": "", "signature": ""},
            )
            for thought in self.thinking:
                delta = {"type": "thinking_delta", "thinking": thought}
                await self._event(wire, "content_block_delta", index=0, delta=delta)
            delta = {"type": "signature_delta", "signature": "c2ln"}
            await self._event(wire, "content_block_delta", index=0, delta=delta)
            await self._event(wire, "content_block_stop", index=0)
            index = 1
        block = {"type": "text", "text": ""}
        await self._event(wire, "content_block_start", index=index, content_block=block)
        await self._event(wire, "ping")
        async for text in self.pieces(fault, wire):
            delta = {"type": "text_delta", "text": text}
            await self._event(wire, "content_block_delta", index=index, delta=delta)
        if fault == "error_inside":
            error = {"type": "overloaded_error", "message": "Overloaded"}
            await self._event(wire, "error", error=error, request_id="req_1")
        elif fault == "malformed":
            await wire.piece(b'event: content_block_delta\ndata: {"type":"content_blo\n\n')
        elif fault != "ends":
            await self._event(wire, "content_block_stop", index=index)
            await self._finish(wire, body, fault, index + 1)
        await wire.end()

    async def _finish(self, wire: Wire, body: dict[str, Any], fault: Fault | None, index: int) -> None:
        reason = "refusal" if fault == "filtered" else "end_turn"
        if self.call and body.get("tools"):
            name, arguments = self.call
            text, reason = json.dumps(arguments), "tool_use"
            block = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
            await self._event(wire, "content_block_start", index=index, content_block=block)
            for part in ("", text[:5], text[5:]):
                delta = {"type": "input_json_delta", "partial_json": part}
                await self._event(wire, "content_block_delta", index=index, delta=delta)
            await self._event(wire, "content_block_stop", index=index)
        stop = {"stop_reason": reason, "stop_sequence": None}
        usage = {"output_tokens": len(self.answer)}
        await self._event(wire, "message_delta", delta=stop, usage=usage)
        await self._event(wire, "message_stop")

    async def _event(self, wire: Wire, kind: str, **more: Any) -> None:
        await wire.piece(sse({"type": kind, **more}, kind))
