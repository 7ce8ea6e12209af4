"""What a probe is and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

ProbeState = Literal["ok", "slow", "down", "not_configured"]
# A person who waits notices this, whatever answers so late.
SLOW = 2.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one check found. `latency` in seconds, None when nothing answered; `reason` is a message key with
    `params`, empty when all is well; `detail` is JSON-safe and differs from probe to probe."""

    state: ProbeState
    latency: float | None = None
    reason: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)


class Failure(Exception):
    """The other side does not do what it should; `reason` is a message key, `params` fill its placeholders."""

    def __init__(self, reason: str, **params: str) -> None:
        self.reason, self.params = reason, params
        super().__init__(reason)


class Probe(Protocol):
    """Checks one thing outside."""

    async def check(self) -> ProbeResult:
        """Ask. May raise Failure; may take long, since the caller sets the limit."""
        ...


def not_configured(setting: str) -> ProbeResult:
    """Nothing is asked until this setting, as it is called in the environment, says whom."""
    return ProbeResult("not_configured", detail={"setting": setting})


def answered(latency: float, **detail: Any) -> ProbeResult:
    """Something answered after `latency` seconds: ok or slow."""
    if latency < SLOW:
        return ProbeResult("ok", latency, detail=detail)
    return ProbeResult("slow", latency, "probes.reason.slow", {"seconds": f"{SLOW:g}"}, detail)
