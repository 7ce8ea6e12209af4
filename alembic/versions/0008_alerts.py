"""alerts"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = sa.text("open_key <> ''")


def upgrade() -> None:
    op.create_table(
        "alert_event",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("at", "id"),
    )
    with op.batch_alter_table("alert_event", schema=None) as batch_op:
        batch_op.create_index("ix_alert_event_alert", ["alert_id", "at"], unique=False)

    op.create_table(
        "alert",
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("rule_builtin", sa.String(length=48), nullable=False),
        sa.Column("rule_name", sa.String(length=120), nullable=False),
        sa.Column("measure", sa.String(length=80), nullable=False),
        sa.Column("open_key", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("worst", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("fired_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_until", UtcDateTime(), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("last_note", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["assignee_id"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["resolved_by"], ["account.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("started_at", "id"),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_id", ["id"], unique=False)
        batch_op.create_index("ix_alert_rule", ["rule_id", "started_at"], unique=False)
        batch_op.create_index("ix_alert_state", ["state", "started_at"], unique=False)
        batch_op.create_index(
            "uq_alert_open",
            ["open_key"],
            unique=True,
            sqlite_where=sa.text("open_key <> ''"),
            postgresql_where=sa.text("open_key <> ''"),
        )

    op.create_table(
        "alert_notice",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("at", "id"),
    )
    with op.batch_alter_table("alert_notice", schema=None) as batch_op:
        batch_op.create_index("ix_alert_notice_account", ["account_id", "told_at"], unique=False)
        batch_op.create_index("ix_alert_notice_alert", ["alert_id", "account_id"], unique=False)

    op.create_table(
        "alert_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("builtin", sa.String(length=48), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("measure", sa.String(length=80), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("above", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.String(length=8), nullable=False),
        sa.Column("window", sa.Float(), nullable=False),
        sa.Column("warning_fire", sa.Float(), nullable=True),
        sa.Column("warning_clear", sa.Float(), nullable=True),
        sa.Column("critical_fire", sa.Float(), nullable=True),
        sa.Column("critical_clear", sa.Float(), nullable=True),
        sa.Column("pending", sa.Float(), nullable=False),
        sa.Column("keep", sa.Float(), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("no_data", sa.String(length=8), nullable=False),
        sa.Column("runbook", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("builtin"),
    )
    op.create_table(
        "alert_standing",
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("standing", sa.JSON(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["alert_rule.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("rule_id", "key"),
    )


def downgrade() -> None:
    op.drop_table("alert_standing")
    op.drop_table("alert_rule")
    with op.batch_alter_table("alert_notice", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_notice_alert")
        batch_op.drop_index("ix_alert_notice_account")

    op.drop_table("alert_notice")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_alert_open",
            sqlite_where=sa.text("open_key <> ''"),
            postgresql_where=sa.text("open_key <> ''"),
        )
        batch_op.drop_index("ix_alert_state")
        batch_op.drop_index("ix_alert_rule")
        batch_op.drop_index("ix_alert_id")

    op.drop_table("alert")
    with op.batch_alter_table("alert_event", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_event_alert")

    op.drop_table("alert_event")
