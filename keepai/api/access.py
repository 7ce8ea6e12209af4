"""Who may call a route. Every route declares it: `requires("compute:read")`, `signed_in(why)` or `public(why)`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import iter_route_contexts

from keepai.web.problems import NotSignedIn
from keepai.web.scope import principal_of
from services.errors import Forbidden
from services.identity.permissions import PERMISSIONS, Principal


@dataclass(frozen=True, slots=True)
class Rule:
    """What a route declares. `permission` is empty where the session alone, or nothing, is asked for."""

    kind: str
    permission: str = ""
    why: str = ""

    async def __call__(self, request: Request) -> None:
        """Let the request pass. Raises NotSignedIn or Forbidden."""
        if self.kind == "public":
            return
        person = person_of(request)
        if person.must_change_password:
            raise Forbidden("errors.must_change_password")
        if self.permission and not person.may(self.permission):
            raise Forbidden


def requires(permission: str) -> Any:
    """For routes that need a permission on the platform."""
    assert permission in PERMISSIONS, permission
    return Depends(Rule("requires", permission))


def signed_in(why: str) -> Any:
    """For routes that anyone with a session may call; `why` says what makes that right."""
    return Depends(Rule("signed_in", why=why))


def public(why: str) -> Any:
    """For routes that need no session; `why` says what makes that right."""
    return Depends(Rule("public", why=why))


def person_of(request: Request) -> Principal:
    """The signed-in person. Raises NotSignedIn."""
    principal = principal_of(request.scope)
    if principal is None:
        raise NotSignedIn
    return principal


def rules(app: FastAPI) -> Iterator[tuple[str, str, list[Rule]]]:
    """Every route of the app with its methods: (method, path, what it declares)."""
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        declared = [d.call for d in dependant.dependencies if isinstance(d.call, Rule)] if dependant else []
        for method in sorted(context.methods or ("*",)):
            yield method, context.path or "", declared
