"""A stand-in of Ollama: `/api/chat` as NDJSON, its models, and what is loaded.

After the first piece an error is a line `{"error": …}` and the status stays 200; before it the real status is sent. Of
what is wrong only a line with `done: true` says that an answer is whole. A model of the cloud can ask for signing in.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.vendors.far_end import Asked, FarEnd, Fault, Wire

AT = "2026-11-20T10:00:00.123456789Z"
ERRORS: dict[Fault, tuple[int, str]] = {
    "unauthorized": (401, "unauthorized"),
    "rate_limited": (429, "too many requests"),
    "quota": (429, "you have reached your weekly usage limit, upgrade for higher limits"),
    "failing": (500, "llama runner process has terminated: exit status 2"),
    "overloaded": (503, "server busy, please try again.  maximum pending requests exceeded"),
    "too_long": (400, "the input length exceeds the context length"),
}


def model(
    name: str, capabilities: tuple[str, ...] = ("completion", "tools"), context: int = 8192
) -> dict[str, Any]:
    """An entry of `/api/tags`, as newer servers have it."""
    return {
        "name": name,
        "model": name,
        "modified_at": AT,
        "size": 2019393189,
        "digest": "a" * 64,
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": None,
            "parameter_size": "3.2B",
            "quantization_level": "Q4_K_M",
            "context_length": context,
        },
        "capabilities": list(capabilities),
    }


@dataclass
class Ollama(FarEnd):
    """`models` are entries of `/api/tags`; `loaded` of `/api/ps`: name -> bytes of VRAM. `shown` is `/api/show`."""

    models: list[dict[str, Any]] = field(
        default_factory=lambda: [model("nomic-embed-text:latest", ("embedding",), 2048), model("llama3.2:3b")]
    )
    loaded: dict[str, int] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    wrong_host: bool = False

    async def respond(self, asked: Asked, wire: Wire) -> None:
        """See FarEnd."""
        if self.wrong_host:
            return await wire.answer(403, b"", "text/plain")
        if asked.path == "/api/version":
            return await wire.json(200, {"version": "0.14.2"})
        if asked.path == "/api/tags":
            return await wire.json(200, {"models": self.models})
        if asked.path == "/api/ps":
            ours = [
                {"name": name, "model": name, "size": vram, "size_vram": vram, "digest": "a" * 64,
                 "details": {}, "expires_at": AT}
                for name, vram in self.loaded.items()
            ]  # fmt: skip
            return await wire.json(200, {"models": ours})
        if asked.path == "/api/show":
            return await wire.json(200, self.shown or {"capabilities": ["completion"], "model_info": {}})
        if asked.path == "/api/chat" and asked.method == "POST":
            return await self._chat(asked.body, wire)
        await wire.answer(404, b"404 page not found", "text/plain")

    async def _chat(self, body: dict[str, Any], wire: Wire) -> None:
        fault = self.fault()
        if fault in ERRORS:
            status, text = ERRORS[fault]
            more = {"signin_url": "https://ollama.com/connect"} if status == 401 else {}
            headers = {"retry-after": "2"} if fault == "rate_limited" else {}
            return await wire.json(status, {"error": text, **more}, headers)
        known = next((one for one in self.models if one["name"] == body["model"]), None)
        if known is None:
            return await wire.json(404, {"error": f"model '{body['model']}' not found"})
        if "completion" not in known.get("capabilities", ["completion"]):
            return await wire.json(400, {"error": f'"{body["model"]}" does not support chat'})
        if body.get("think") and "thinking" not in known.get("capabilities", []):
            return await wire.json(400, {"error": f'"{body["model"]}" does not support thinking'})
        assert body.get("stream", True) is True
        begun = False
        for thought in self.thinking if body.get("think", "thinking" in known["capabilities"]) else ():
            begun = begun or await _begin(wire)
            await wire.piece(self._line({"content": "", "thinking": thought}))
        async for text in self.pieces(fault, wire):
            begun = begun or await _begin(wire)
            await wire.piece(self._line({"content": text}))
        begun = begun or await _begin(wire)
        if fault == "error_inside" or fault == "filtered":
            await wire.piece(b'{"error":"an error was encountered while running the model: CUDA error"}\n')
        elif fault == "malformed":
            await wire.piece(b'{"model":"m","message":{"role":"assis\n')
        elif fault != "ends":
            await wire.piece(self._last(body))
        await wire.end()

    def _line(self, message: dict[str, Any]) -> bytes:
        row = {"model": "m", "created_at": AT, "message": {"role": "assistant", **message}, "done": False}
        return json.dumps(row, ensure_ascii=False).encode() + b"\n"

    def _last(self, body: dict[str, Any]) -> bytes:
        message: dict[str, Any] = {"role": "assistant", "content": ""}
        if self.call and body.get("tools"):
            name, arguments = self.call
            message["tool_calls"] = [{"function": {"index": 0, "name": name, "arguments": arguments}}]
        row = {
            "model": body["model"],
            "created_at": AT,
            "message": message,
            "done": True,
            "done_reason": "stop",
        }
        counts = {
            "total_duration": 812000000,
            "load_duration": 21000000,
            "prompt_eval_count": 26,
            "prompt_eval_duration": 130000000,
            "eval_count": len(self.answer),
            "eval_duration": 590000000,
        }
        return json.dumps(row | counts).encode() + b"\n"


async def _begin(wire: Wire) -> bool:
    await wire.begin("application/x-ndjson")
    return True
