"""Finished work of a compute."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class TaskGroupRun(SQLModel, table=True):
    """A task group that ended: how many tasks, how long (seconds summed over tasks), bytes and errors."""

    __tablename__ = "task_group_run"

    finished_at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    compute_id: UUID = Field(foreign_key="compute.id", ondelete="CASCADE")
    name: str = Field(max_length=300)
    started_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    tasks: int = 0
    errors: int = 0
    seconds: float = 0.0
    nbytes: int = Field(default=0, sa_column=Column(BigInteger(), nullable=False, default=0))
