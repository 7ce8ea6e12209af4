"""Who may do what. One table, checked in one place for events, routes and jobs."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Role = Literal["admin", "operator", "viewer"]
ROLES: tuple[Role, ...] = ("admin", "operator", "viewer")
PLATFORM = "platform"

VIEWER = frozenset({"compute:read", "system:read", "profile:write"})
OPERATOR = VIEWER | {"compute:act"}
ADMIN = OPERATOR | {"compute:scale", "system:act", "people:manage", "audit:read"}
GRANTS: dict[str, frozenset[str]] = {"viewer": VIEWER, "operator": OPERATOR, "admin": ADMIN}
PERMISSIONS: tuple[str, ...] = tuple(sorted(ADMIN))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: an account, its session and the roles it holds by scope."""

    account_id: UUID
    session_id: UUID
    email: str
    name: str
    locale: str
    zone: str
    theme: str
    must_change_password: bool = False
    password_set_by: str = ""
    roles: dict[str, str] = field(default_factory=dict)

    def may(self, permission: str, scope: str = PLATFORM) -> bool:
        """Whether a role held in that scope, or on the whole platform, grants the permission."""
        held = {self.roles.get(scope), self.roles.get(PLATFORM)}
        return any(permission in GRANTS.get(role, frozenset()) for role in held if role)

    @property
    def role(self) -> str:
        """The role held on the platform, or an empty text."""
        return self.roles.get(PLATFORM, "")

    @property
    def label(self) -> str:
        """The name to show, or the address where no name was given."""
        return self.name or self.email
