"""What KeepAI watches for, what it found, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from models.base import UtcDateTime, new_id


class AlertRule(SQLModel, table=True):
    """When to say something of a measure. Seconds; thresholds in the unit of the measure.

    `builtin` names one that comes with KeepAI, whose name is in the catalogue as long as `name` is empty. `summary` is
    last, mean, min, max or unusual over `window` (the last in percent); `no_data` is keep, alert or ok. A level without
    its two thresholds is not watched for. `matchers` are labels that a subject must have.
    """

    __tablename__ = "alert_rule"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    builtin: str | None = Field(default=None, max_length=48, unique=True)
    name: str = Field(default="", max_length=120)
    enabled: bool = True
    measure: str = Field(max_length=80)
    matchers: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    above: bool = True
    summary: str = Field(default="last", max_length=8)
    window: float = 0.0
    warning_fire: float | None = None
    warning_clear: float | None = None
    critical_fire: float | None = None
    critical_clear: float | None = None
    pending: float = 0.0
    keep: float = 0.0
    hits: int = 1
    of: int = 1
    no_data: str = Field(default="keep", max_length=8)
    runbook: str = Field(default="", sa_column=Column(Text(), nullable=False))
    owner_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    created_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class AlertStanding(SQLModel, table=True):
    """How things stand for one rule and one subject, where something would be lost by forgetting it.

    `key` is the canonical text of the labels. `standing` are the fields of `services.alerts.engine.Standing`.
    """

    __tablename__ = "alert_standing"

    rule_id: UUID = Field(primary_key=True, foreign_key="alert_rule.id", ondelete="CASCADE")
    key: str = Field(primary_key=True, max_length=500)
    labels: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    standing: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    updated_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))


class Alert(SQLModel, table=True):
    """One thing that was or may be wrong, from the first sign of it until it is over.

    `state` is pending, firing, recovering, no_data or resolved; `severity` warning or critical, the worst it has been
    in `worst`. `open_key` says of which rule and subject it is while it is open, and is empty afterwards: there is at
    most one open alert of each; `pair_key` says the same also when it is over. `flaps` is how often these fired within
    half an hour, where that is too often, else 0. `rule_name` and `rule_builtin` stay when the rule is gone, and its
    `summary`, by which `value` is understood. `subject` is the name of what it is about as people know it. `fired_at`
    is None while pending.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_open",
            "open_key",
            unique=True,
            sqlite_where=text("open_key <> ''"),
            postgresql_where=text("open_key <> ''"),
        ),
        Index("ix_alert_id", "id"),
        Index("ix_alert_state", "state", "started_at"),
        Index("ix_alert_rule", "rule_id", "started_at"),
        Index("ix_alert_pair", "pair_key", "fired_at"),
    )

    started_at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    rule_id: UUID | None = None
    rule_builtin: str = Field(default="", max_length=48)
    rule_name: str = Field(default="", max_length=120)
    measure: str = Field(default="", max_length=80)
    summary: str = Field(default="last", max_length=8)
    open_key: str = Field(default="", max_length=64)
    pair_key: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})
    flaps: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    labels: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    subject: str = Field(default="", max_length=300)
    state: str = Field(max_length=16)
    severity: str = Field(max_length=16)
    worst: str = Field(max_length=16)
    value: float | None = None
    since: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    fired_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    resolved_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    resolved_by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    acknowledged_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    acknowledged_by: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    acknowledged_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    assignee_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    last_note: str = Field(default="", max_length=300)


class AlertEvent(SQLModel, table=True):
    """One line of an alert's story: a transition, a message or what somebody did.

    `kind` is what happened (`Happening` in services/alerts/engine.py) or what somebody did (services/alerts/book.py);
    `note` is what somebody wrote; `detail` what else fills its words.
    """

    __tablename__ = "alert_event"
    __table_args__ = (Index("ix_alert_event_alert", "alert_id", "at"),)

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    alert_id: UUID
    kind: str = Field(max_length=24)
    actor_id: UUID | None = None
    actor: str = Field(default="", max_length=254)
    note: str = Field(default="", sa_column=Column(Text(), nullable=False))
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class AlertOutside(SQLModel, table=True):
    """What is known of an alert that others find, by the key of what is meant: our alert of it, when it began the last
    time as they say it, whether they said that it is over, and what they said of it last."""

    __tablename__ = "alert_outside"

    key: str = Field(primary_key=True, max_length=64)
    alert_id: UUID = Field(index=True)
    began: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    over: bool = False
    note: str = Field(default="", max_length=300)


class AlertNotice(SQLModel, table=True):
    """What one person, or a channel that several read, is told of an alert; `channel` is the kind of it, or bell
    where there is no other way to tell them.

    `told_at` is None while it waits, until `due_at` or longer; `message_id` is the message of the outbox that says it.
    """

    __tablename__ = "alert_notice"
    __table_args__ = (
        Index("ix_alert_notice_account", "account_id", "told_at"),
        Index("ix_alert_notice_bell", "account_id", "at"),
        Index("ix_alert_notice_channel", "channel_id", "told_at"),
        Index("ix_alert_notice_alert", "alert_id", "account_id"),
        Index(
            "ix_alert_notice_waiting",
            "due_at",
            sqlite_where=text("told_at IS NULL"),
            postgresql_where=text("told_at IS NULL"),
        ),
    )

    at: datetime = Field(sa_column=Column(UtcDateTime(), primary_key=True))
    id: UUID = Field(default_factory=new_id, primary_key=True)
    alert_id: UUID
    account_id: UUID | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE")
    channel_id: UUID | None = Field(default=None, foreign_key="channel.id", ondelete="CASCADE")
    channel: str = Field(max_length=16)
    kind: str = Field(max_length=24)
    severity: str = Field(max_length=16)
    due_at: datetime = Field(sa_column=Column(UtcDateTime(), nullable=False))
    told_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime(), nullable=True))
    message_id: UUID | None = None
