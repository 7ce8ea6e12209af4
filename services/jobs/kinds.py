"""The kinds of long work there are. One more is a class that keeps to `Kind`, a line here, and its words
`jobs.kind.…`."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from services.jobs.context import Context

KINDS: dict[str, str] = {"account_export": "services.jobs.account_export:AccountExport"}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it: `key` with `params` says it in words (a message key), `href` is where it leads, and whether that
    is something to `download`; with `until` (unix seconds) it leads there only so long."""

    key: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    href: str = ""
    download: bool = False
    until: float = 0.0


class Kind(Protocol):
    """One kind of long work. `cancellable` says whether it can be given up half done."""

    cancellable: bool

    async def run(self, context: "Context") -> Result:
        """Do it, from where `context.step` says that an earlier try came to.

        It may be run again from its last stored step at any time, so what it does twice must do no harm. What it raises
        as KeepAIError is told in words; Upstream that is not permanent is tried again."""
        ...


def kind_of(name: str) -> Kind:
    """The kind of that name. Raises KeyError."""
    module, _, attribute = KINDS[name].partition(":")
    made: Kind = getattr(importlib.import_module(module), attribute)()
    return made
