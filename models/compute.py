"""Computes (Dask clusters) and the workers seen on them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class Compute(SQLModel, table=True):
    """One Dask cluster. `key` is `embedded` or the configured scheduler address."""

    __tablename__ = "compute"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key: str = Field(unique=True, max_length=300)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class Worker(SQLModel, table=True):
    """A worker in our inventory; it keeps its id when it comes back under another address."""

    __tablename__ = "worker"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    compute_id: UUID = Field(foreign_key="compute.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=300)
    host: str = Field(default="", max_length=300)
    address: str = Field(default="", max_length=300)
    nanny: str | None = Field(default=None, max_length=300)
    state: str = Field(max_length=16)
    since: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    first_seen: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    restarts: int = 0
    reading: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
