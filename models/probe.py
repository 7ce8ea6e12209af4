"""The latest result of each probe; its history is kept as samples."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime


class ProbeStatus(SQLModel, table=True):
    """`state` is ok, slow, down or not_configured; `reason` a message key, empty when all is well."""

    __tablename__ = "probe_status"

    name: str = Field(primary_key=True, max_length=64)
    state: str = Field(max_length=16)
    since: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    checked_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    succeeded_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    latency: float | None = None
    reason: str = Field(default="", max_length=120)
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
