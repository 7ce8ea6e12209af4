"""Who an issuer of OpenID Connect says somebody is, tied to an account here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class ExternalIdentity(SQLModel, table=True):
    """One person at one issuer. `issuer` and `subject` name them for ever; `email` is only what was said last."""

    __tablename__ = "external_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    account_id: UUID = Field(foreign_key="account.id", index=True, ondelete="CASCADE")
    issuer: str = Field(max_length=300)
    subject: str = Field(max_length=255)
    email: str = Field(default="", max_length=254)
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    used_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
