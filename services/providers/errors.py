"""What can go wrong between KeepAI and an AI vendor: one small tree, whatever the vendor calls it.

Each class has a `code` for programs, a message key (`providers.error.<code>`), and says whether asking the same
provider again can help (`retryable`) and whether another provider can (`falls_back`).
"""

from typing import Literal

from services.errors import Upstream
from services.masking import masked
from services.providers.base import Usage

LONGEST_DETAIL = 300
Phase = Literal["connect", "first", "idle", "total"]


class ProviderError(Upstream):
    """Base of them all. `detail` is what the other side said, without what looks like a secret; `retry_after` are the
    seconds it asks to wait, where it does."""

    code = "failed"
    retryable = False
    falls_back = True
    again = False  # whether we ask again by ourselves, shortly after

    def __init__(self, detail: str = "", *, retry_after: float | None = None, **params: object) -> None:
        self.detail = masked(" ".join(detail.split()))[:LONGEST_DETAIL]
        self.retry_after = retry_after
        self.provider = self.model = ""
        self.usage: Usage | None = None  # what it took all the same, where the vendor told
        super().__init__(f"providers.error.{self.word}", permanent=not self.retryable, **params)

    @property
    def word(self) -> str:
        """The last part of the message key."""
        return self.code

    def at(self, provider: str, model: str) -> "ProviderError":
        """The same, with the names of whom was asked."""
        self.provider, self.model = provider, model
        self.params = {**self.params, "provider": provider, "model": model}
        return self


class Unreachable(ProviderError):
    """Nobody answers there: refused, no such name, a broken TLS."""

    code, retryable, again = "unreachable", True, True


class NotAllowedThere(ProviderError):
    """The typed address leads to this machine or a private network."""

    code = "address"


class BadKey(ProviderError):
    """The key is missing, wrong, or not allowed to do this."""

    code = "auth"


class NoSuchModel(ProviderError):
    """The provider does not have this model."""

    code = "no_model"


class RateLimited(ProviderError):
    """Too many requests for now."""

    code, retryable, again = "rate_limited", True, True


class OutOfQuota(ProviderError):
    """The account there has no money or no quota left; asking again only makes it worse."""

    code = "quota"


class Overloaded(ProviderError):
    """The provider has too much to do."""

    code, retryable, again = "overloaded", True, True


class Failed(ProviderError):
    """The provider failed inside (5xx)."""

    code, retryable, again = "failed", True, True


class TimedOut(ProviderError):
    """It took too long: to connect, until the first byte, between two parts, or in all."""

    code, retryable = "timeout", True

    def __init__(self, phase: Phase, seconds: float) -> None:
        self.phase: Phase = phase
        super().__init__(seconds=f"{seconds:g}")

    @property
    def word(self) -> str:
        return f"timeout_{self.phase}"


class CutOff(ProviderError):
    """The stream ended without its end marker: what came is not the whole answer."""

    code, retryable = "cut", True


class FailedInside(ProviderError):
    """The stream itself brought an error, after it had begun well."""

    code, retryable = "inside", True


class Malformed(ProviderError):
    """Something came that is not of the protocol."""

    code, retryable = "malformed", True


class Filtered(ProviderError):
    """The provider refuses to answer this. Another one is not asked behind its back."""

    code, falls_back = "filtered", False


class TooLong(ProviderError):
    """More text than the model can read at once."""

    code = "too_long"


class Rejected(ProviderError):
    """The provider does not take the request as it is. Every other one would get the same."""

    code, falls_back = "rejected", False


class NoProvider(ProviderError):
    """There is none that this person may use."""

    code, falls_back = "none", False


class OverBudget(ProviderError):
    """The person's budget of this month has no room for the call."""

    code, falls_back = "budget", False


class Unpriced(ProviderError):
    """The person has a budget, and what this model costs is not known: it could not be counted."""

    code = "unpriced"
