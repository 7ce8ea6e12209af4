"""AI vendors as they are set up, every call of their models, and what people may spend."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class StoredProvider(SQLModel, table=True):
    """An AI vendor that somebody added; or, with the name of a configured one as its id, what was changed about that.

    `urls` are joined by line breaks, `sealed` is its key, encrypted. `roles` says by model which roles may use it,
    `only` which models are offered (none: all of them). Providers are asked in the order of `position`.
    """

    __tablename__ = "provider"

    id: str = Field(primary_key=True, max_length=32)
    kind: str = Field(max_length=16)
    name: str = Field(max_length=120, unique=True)
    urls: str = Field(default="", sa_column=Column(Text(), nullable=False))
    sealed: str = Field(default="", sa_column=Column(Text(), nullable=False))
    enabled: bool = True
    position: int = 0
    roles: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    only: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    options: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class ModelCall(SQLModel, table=True):
    """One call of one model, whatever came of it.

    Tokens: `read` of the question, `cached` of them from the vendor's cache, `written` of the answer; `estimated` where
    the vendor did not tell. `cost` in millionths of a dollar, None where it is not known; `local` where there is no
    price to know. Prices are millionths of a dollar for a million tokens, of the table `prices_of`. Seconds:
    `first_token`, `duration`. `outcome` is ok, stopped, or the code of what went wrong.
    """

    __tablename__ = "model_call"
    __table_args__ = (Index("ix_model_call_account", "account_id", "at"),)

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    purpose: str = Field(max_length=32)
    provider_id: str = Field(max_length=32)
    provider: str = Field(max_length=120)
    model: str = Field(max_length=200)
    read: int = 0
    cached: int = 0
    written: int = 0
    estimated: bool = False
    local: bool = False
    price_read: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    price_cached: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    price_written: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    prices_of: str = Field(default="", max_length=48)
    cost: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    first_token: float | None = None
    duration: float = 0.0
    outcome: str = Field(max_length=32)


class ModelPrice(SQLModel, table=True):
    """What somebody said that a model costs: millionths of a dollar for a million tokens, as of a day."""

    __tablename__ = "model_price"

    provider_id: str = Field(primary_key=True, max_length=32)
    model: str = Field(primary_key=True, max_length=200)
    read: int = Field(sa_column=Column(BigInteger(), nullable=False))
    cached: int | None = Field(default=None, sa_column=Column(BigInteger(), nullable=True))
    written: int = Field(sa_column=Column(BigInteger(), nullable=False))
    as_of: date
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class ModelBudget(SQLModel, table=True):
    """What a person may spend in a month (of UTC), in millionths of a dollar. `who` is the id of the account, or
    `everybody` for those who have none of their own."""

    __tablename__ = "model_budget"

    who: str = Field(primary_key=True, max_length=32)
    account_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE", unique=True)
    monthly: int = Field(sa_column=Column(BigInteger(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class ModelSpending(SQLModel, table=True):
    """What a person spent in a month ("2026-11"), and what calls that go on have set aside. Millionths of a dollar."""

    __tablename__ = "model_spending"

    month: str = Field(primary_key=True, max_length=7)
    account_id: UUID = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    spent: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))
    reserved: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False))


class ModelReservation(SQLModel, table=True):
    """What one call has set aside. When its process died, it is given back after `expires_at`."""

    __tablename__ = "model_reservation"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    month: str = Field(max_length=7)
    amount: int = Field(sa_column=Column(BigInteger(), nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
