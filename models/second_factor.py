"""What somebody proves with besides the password."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class SecondFactor(SQLModel, table=True):
    """The secret that an account shares with an authenticator app, encrypted. It counts once it was confirmed.

    `last_step` is the time step of the code used last: each code works once.
    """

    __tablename__ = "second_factor"

    account_id: UUID = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    secret: str = Field(max_length=300)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    confirmed_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    last_step: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))


class RecoveryCode(SQLModel, table=True):
    """A code that stands in for the app once. Only its SHA-256 is kept."""

    __tablename__ = "recovery_code"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    code_hash: str = Field(max_length=64)
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
