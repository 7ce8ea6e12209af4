"""A stand-in of Google's Gemini: `streamGenerateContent?alt=sse`, whose last chunk has a `finishReason`.

There is no `[DONE]`. An error in the stream comes as bare JSON over several lines, without `data:` (`raw`), or as a
chunk; a wrong key is 400 and not 401; a prompt that is refused is one chunk without candidates.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.vendors.far_end import Asked, FarEnd, Fault, Wire, sse

RPC = "type.googleapis.com/google.rpc."
ERRORS: dict[Fault, tuple[int, str, str, list[dict[str, Any]]]] = {
    "unauthorized": (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        [{"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
    ),
    "rate_limited": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota.",
        [
            {
                "@type": f"{RPC}QuotaFailure",
                "violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}],
            },
            {"@type": f"{RPC}RetryInfo", "retryDelay": "2.5s"},
        ],
    ),
    "quota": (
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota.",
        [
            {
                "@type": f"{RPC}QuotaFailure",
                "violations": [{"quotaId": "GenerateRequestsPerDayPerProject-FreeTier"}],
            }
        ],
    ),
    "failing": (500, "INTERNAL", "An internal error has occurred.", []),
    "overloaded": (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", []),
    "too_long": (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        [],
    ),
}


@dataclass
class Gemini(FarEnd):
    """`raw` sends an error in the stream as bare JSON, `prompt_blocked` refuses the prompt instead of the answer."""

    names: tuple[str, ...] = ("gemini-3-flash",)
    raw: bool = True
    prompt_blocked: bool = False

    async def respond(self, asked: Asked, wire: Wire) -> None:
        """See FarEnd."""
        if self.key and asked.headers.get("x-goog-api-key") != self.key:
            return await self._refuse(wire, "unauthorized")
        path, _, query = asked.path.partition("?")
        if path == "/v1beta/models":
            rows: list[dict[str, Any]] = [
                {
                    "name": f"models/{name}",
                    "displayName": name,
                    "inputTokenLimit": 1048576,
                    "outputTokenLimit": 65536,
                    "supportedGenerationMethods": ["generateContent", "countTokens"],
                }
                for name in self.names
            ]
            rows.append({"name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"]})
            return await wire.json(200, {"models": rows})
        name, _, method = path.removeprefix("/v1beta/models/").partition(":")
        if method == "streamGenerateContent":
            assert "alt=sse" in query
            return await self._stream(name, asked.body, wire)
        await self._error(wire, 404, "NOT_FOUND", "no such route", [])

    async def _refuse(self, wire: Wire, fault: Fault) -> None:
        status, code, text, details = ERRORS[fault]
        await self._error(wire, status, code, text, details)

    async def _error(self, wire: Wire, status: int, code: str, text: str, details: list[Any]) -> None:
        await wire.json(
            status, {"error": {"code": status, "message": text, "status": code, "details": details}}
        )

    async def _stream(self, name: str, body: dict[str, Any], wire: Wire) -> None:
        fault = self.fault()
        if fault in ERRORS:
            return await self._refuse(wire, fault)
        if name not in self.names:
            return await self._error(wire, 404, "NOT_FOUND", f"models/{name} is not found", [])
        if fault == "silent":
            await asyncio.sleep(3600)
        await wire.begin("text/event-stream")
        if fault == "filtered" and self.prompt_blocked:
            blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}
            await wire.piece(sse(blocked))
            return await wire.end()
        for thought in self.thinking:
            await wire.piece(sse(self._chunk([{"text": thought, "thought": True}])))
        async for text in self.pieces(fault, wire):
            await wire.piece(sse(self._chunk([{"text": text}])).replace(b"\n", b"\r\n"))
        if fault == "error_inside":
            error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
            await wire.piece(json.dumps(error, indent=2).encode() if self.raw else sse(error))
        elif fault == "malformed":
            await wire.piece(b'data: {"candidates": [{"content": {"par\r\n\r\n')
        elif fault == "filtered":
            await wire.piece(sse(self._chunk([], "SAFETY")))
        elif fault != "ends":
            parts: list[dict[str, Any]] = [{"text": ""}]
            if self.call and body.get("tools"):
                parts = [
                    {"functionCall": {"name": self.call[0], "args": self.call[1]}, "thoughtSignature": "c2ln"}
                ]
            await wire.piece(sse(self._chunk(parts, "STOP")))
        await wire.end()

    def _chunk(self, parts: list[dict[str, Any]], finish: str = "") -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        usage = {"promptTokenCount": 4, "candidatesTokenCount": len(self.answer), "totalTokenCount": 10}
        return {
            "candidates": [candidate],
            "usageMetadata": usage | {"thoughtsTokenCount": 2 if self.thinking else 0},
            "modelVersion": "gemini-3-flash",
            "responseId": "r1",
        }
