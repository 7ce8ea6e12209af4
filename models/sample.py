"""Stored measurements. A series is a metric and the labels of its subject."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime


class Subject(SQLModel, table=True):
    """What is measured: a set of labels (`kind`, `compute`, `worker`, `probe`, …).

    `key` is the canonical text of the labels (sorted JSON), unique.
    """

    __tablename__ = "subject"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True, max_length=500)
    labels: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class SampleBlock(SQLModel, table=True):
    """The samples of one subject over one span of time, compressed.

    `resolution` is the seconds between points (1, 60 or 3600); `span` how many seconds the block covers
    from `start` on. The time comes first in the key, so that the table can be partitioned by it.
    """

    __tablename__ = "sample_block"
    __table_args__ = (Index("ix_sample_block_subject", "subject_id", "resolution", "start"),)

    start: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    subject_id: int = Field(primary_key=True, foreign_key="subject.id", ondelete="CASCADE")
    resolution: int = Field(primary_key=True)
    span: int
    data: bytes = Field(sa_column=Column(LargeBinary(), nullable=False))
