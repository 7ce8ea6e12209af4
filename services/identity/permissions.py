"""Who may do what. One table, checked in one place for events, routes and jobs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal
from uuid import UUID

Role = Literal["admin", "operator", "viewer"]
ROLES: tuple[Role, ...] = ("admin", "operator", "viewer")
Kind = Literal["person", "key", "token"]
PLATFORM = "platform"

# Held by everybody who is let in, wherever their roles hold.
EVERYBODY = frozenset({"profile:write"})
VIEWER = EVERYBODY | {
    "alerts:read",
    "compute:read",
    "files:read",
    "files:write",
    "jobs:read",
    "jobs:write",
    "notes:read",
    "notes:write",
    "providers:read",
    "system:read",
    "tasks:read",
    "tasks:write",
}
OPERATOR = VIEWER | {"alerts:act", "alerts:write", "compute:act"}
ADMIN = OPERATOR | {
    *("alerts:manage", "compute:scale", "system:act", "people:manage", "audit:read"),
    "providers:manage",
}
GRANTS: dict[str, frozenset[str]] = {"viewer": VIEWER, "operator": OPERATOR, "admin": ADMIN}
PERMISSIONS: tuple[str, ...] = tuple(sorted(ADMIN))


def _allows(roles: Iterable[str], permission: str, only: frozenset[str] | None) -> bool:
    if only is not None and permission not in only:
        return False
    return permission in EVERYBODY or any(permission in GRANTS.get(role, frozenset()) for role in roles)


@lru_cache(maxsize=1024)
def _granted(role: str, within: str, only: frozenset[str] | None) -> tuple[str, ...]:
    """What a role on the platform grants there: it is asked at each request."""
    return tuple(name for name in PERMISSIONS if within == PLATFORM and _allows([role], name, only))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: an account, what it came with, and the roles it holds by scope.

    `session_id` is the id of the browser's session, of the key or of the family of tokens, as `kind` says; `key` is
    the name of the key. A key may do at most `only` (None: whatever its owner may), within one scope, and has
    limits of its own where they are not None.
    """

    account_id: UUID
    session_id: UUID
    email: str
    name: str
    locale: str
    zone: str
    theme: str
    must_change_password: bool = False
    has_password: bool = True
    password_set_by: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    kind: Kind = "person"
    key: str = ""
    only: frozenset[str] | None = None
    within: str = PLATFORM
    per_minute: int | None = None
    per_hour: int | None = None

    def may(self, permission: str, scope: str = PLATFORM) -> bool:
        """Whether a role held in that scope, or on the whole platform, grants the permission."""
        if self.within not in (PLATFORM, scope):
            return False
        held = {self.roles.get(scope, ""), self.roles.get(PLATFORM, "")}
        return _allows(held, permission, self.only)

    @property
    def role(self) -> str:
        """The role held on the platform, or an empty text."""
        return self.roles.get(PLATFORM, "")

    @property
    def permissions(self) -> tuple[str, ...]:
        """All that is granted on the platform, sorted."""
        return _granted(self.role, self.within, self.only)

    @property
    def label(self) -> str:
        """The name to show, or the address where no name was given; with the name of the key, where one acts."""
        return f"{self.name or self.email}{f' ({self.key})' if self.key else ''}"
