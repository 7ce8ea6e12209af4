"""Who runs the background loops just now."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime


class Lease(SQLModel, table=True):
    """A named right with an expiry; its holder renews it, anyone may take it once it has run out."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True, max_length=64)
    holder: str = Field(default="", max_length=128)
    expires_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
