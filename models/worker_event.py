"""What happened to workers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class WorkerEvent(SQLModel, table=True):
    """joined, lost, paused, resumed, retired, restarted, removed or restored; `by` names the person, if one did it."""

    __tablename__ = "worker_event"
    __table_args__ = (Index("ix_worker_event_worker", "worker_id", "at"),)

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    compute_id: UUID = Field(foreign_key="compute.id", ondelete="CASCADE")
    worker_id: UUID | None = None
    worker_name: str = Field(max_length=300)
    kind: str = Field(max_length=24)
    by: str = Field(default="", max_length=254)
    detail: str = Field(default="", max_length=500)
