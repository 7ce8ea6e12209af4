"""What programs come with instead of a browser's session: keys that last, and tokens that are renewed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class ApiKey(SQLModel, table=True):
    """One key of one account. Only the SHA-256 of its secret is kept, and the beginning that people know it by.

    `permissions` is the most it may do; what its owner may do bounds it at every use. The limits are requests, None
    for the usual ones.
    """

    __tablename__ = "api_key"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    scope: str = Field(default="platform", max_length=64)
    name: str = Field(max_length=80)
    prefix: str = Field(max_length=16)
    secret_hash: str = Field(unique=True, max_length=64)
    permissions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    per_minute: int | None = None
    per_hour: int | None = None
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    last_used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class TokenFamily(SQLModel, table=True):
    """One sign-in of a program: all the tokens that came of it, the later ones by renewal."""

    __tablename__ = "token_family"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    scope: str = Field(default="platform", max_length=64)
    user_agent: str = Field(default="", max_length=300)
    address: str = Field(default="", max_length=64)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))


class RefreshToken(SQLModel, table=True):
    """One link of a family. It can be used once; being used again means that two have it."""

    __tablename__ = "refresh_token"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    family_id: UUID = Field(foreign_key="token_family.id", index=True, ondelete="CASCADE")
    token_hash: str = Field(unique=True, max_length=64)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
