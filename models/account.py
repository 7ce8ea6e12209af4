"""People who sign in, and the roles they hold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Account(SQLModel, table=True):
    """A person. `email` is stored folded to lower case and is unique; `email_verified_at` is when the person last
    showed that mail to it reaches them. `version` is named by every access token and raised to end them all. Without a
    `password_hash` one signs in by an issuer alone."""

    __tablename__ = "account"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True, max_length=254)
    email_verified_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    name: str = Field(default="", max_length=120)
    password_hash: str = Field(default="", max_length=512)
    must_change_password: bool = False
    # Who had the password set anew by a link, until the person has read it.
    password_set_by: str = Field(default="", sa_column=Column(String(254), nullable=False, server_default=""))
    locale: str = Field(default="pt-BR", max_length=16)
    zone: str = Field(default="America/Sao_Paulo", max_length=64)
    theme: str = Field(default="system", max_length=8)
    checklist_hidden: bool = False
    version: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    deactivated_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class RoleGrant(SQLModel, table=True):
    """One role held by one account in one scope (`platform`, later a clinic)."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("account_id", "scope"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    role: str = Field(max_length=16)
    scope: str = Field(default="platform", max_length=64)
