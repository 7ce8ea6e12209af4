"""Google's Gemini: chunks of which the last says why it finished. Errors on the way may come as bare JSON."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from services.compute.readings import integer, text
from services.providers.base import (
    Call,
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
from services.providers.kinds import loaded
from services.providers.wire import Events, Watch, said_in, wait_of

VERSION = "v1beta"
FINE = frozenset({"STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED"})
REFUSED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "JAILBREAK",
    }
)


class Google:
    """See Kind."""

    async def models(self, provider: Provider, patience: Patience) -> list[ModelInfo]:
        """All pages of them."""
        found: list[ModelInfo] = []
        token = ""
        for _ in range(20):
            url = f"{provider.urls[0]}/{VERSION}/models?pageSize=200"
            url += f"&pageToken={token}" if token else ""
            said = await ask(provider, patience, refusal, url, headers={"x-goog-api-key": provider.key})
            rows = said.get("models")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise Malformed("models")
            found += map(_info, rows)
            token = text(said.get("nextPageToken"))
            if not re.fullmatch(r"[\w=+/-]+", token):
                break
        return sorted(found, key=lambda info: info.name)

    @asynccontextmanager
    async def answer(self, call: Call) -> AsyncIterator[AsyncIterator[Text | Thinking | ToolCall | Done]]:
        """See Kind."""
        direct = await loaded("services.providers.direct")
        library = await loaded("services.providers.google_library")
        watch = Watch(call.patience, refusal, lambda _kind: Candidates())
        model = direct.model_of(call, lambda http: library.model(call, http))
        async with direct.relay(model, call, watch, direct.settings_of(call.wishes)) as parts:
            yield parts


def _info(row: dict[str, Any]) -> ModelInfo:
    methods = row.get("supportedGenerationMethods") or ()
    chats = "generateContent" in methods
    return ModelInfo(
        text(row.get("name")).removeprefix("models/"),
        frozenset({"chat", "tools"}) if chats else frozenset({"embedding"}),
        integer(row.get("inputTokenLimit")) or None,
    )


def refusal(status: int, given: httpx2.Headers, body: Any) -> ProviderError:
    """What an answer means that says no. A wrong key is 400 there."""
    if isinstance(body, list) and body:
        body = body[0]
    said, kind, _ = said_in(body)
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    if any(row.get("reason") == "API_KEY_INVALID" for row in rows) or status in (401, 403):
        return BadKey(said)
    if kind == "FAILED_PRECONDITION":  # billing, or a country
        return OutOfQuota(said)
    if status == 404:
        return NoSuchModel(said)
    if status == 429:
        limits = [str(one.get("quotaId")) for row in rows for one in row.get("violations") or ()]
        if any("PerDay" in one for one in limits):
            return OutOfQuota(said)
        waits = (_seconds(row.get("retryDelay")) for row in rows if "retryDelay" in row)
        return RateLimited(said, retry_after=next(waits, wait_of(given)))
    if status in (502, 503, 504):
        return Overloaded(said, retry_after=wait_of(given))
    if status >= 500:
        return Failed(said)
    if "token count" in said and "exceeds" in said:
        return TooLong(said)
    return Rejected(said)


def _seconds(text: Any) -> float | None:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", str(text))
    return float(found[1]) if found else None


class Candidates(Events):
    """The end is a reason to finish. A prompt that is refused has no candidates at all."""

    def __init__(self) -> None:
        super().__init__()
        self._finished = False

    @property
    def ended(self) -> bool:
        """See Events."""
        return self._finished

    def look(self, name: str, said: Any) -> None:
        """See Events."""
        if isinstance(said, list) and said:
            said = said[0]
        if not isinstance(said, dict):
            raise Malformed(str(said))
        if "error" in said:
            raise FailedInside(said_in(said)[0])
        feedback = said.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            raise Filtered(str(feedback["blockReason"]))
        for candidate in said.get("candidates") or ():
            reason = candidate.get("finishReason") if isinstance(candidate, dict) else None
            if reason in REFUSED:
                raise Filtered(reason)
            if reason and reason not in FINE:
                raise FailedInside(reason)
            self._finished = self._finished or bool(reason)
