"""channels, routes and preferences"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WAITING = sa.text("told_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("config", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "alert_route",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("alert_route", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_route_position"), ["position"], unique=False)
    op.create_table(
        "notice_preference",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("mail", sa.String(length=16), nullable=False),
        sa.Column("sms", sa.String(length=16), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("quiet_from", sa.String(length=5), nullable=False),
        sa.Column("quiet_to", sa.String(length=5), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outside_id", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("delivery", sa.String(length=32), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("delivery_at", UtcDateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_outbox_outside_id"), ["outside_id"], unique=False)
    with op.batch_alter_table("alert_notice", schema=None) as batch_op:
        batch_op.alter_column("account_id", existing_type=sa.Uuid(), nullable=True)
        batch_op.add_column(sa.Column("channel_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("due_at", UtcDateTime(), nullable=True))
        batch_op.create_foreign_key(
            "fk_alert_notice_channel_id_channel", "channel", ["channel_id"], ["id"], ondelete="CASCADE"
        )
    op.execute(sa.text("UPDATE alert_notice SET due_at = at"))
    with op.batch_alter_table("alert_notice", schema=None) as batch_op:
        batch_op.alter_column("due_at", existing_type=UtcDateTime(), nullable=False)
        batch_op.create_index("ix_alert_notice_channel", ["channel_id", "told_at"], unique=False)
        batch_op.create_index(
            "ix_alert_notice_waiting",
            ["due_at"],
            unique=False,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        )


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM alert_notice WHERE account_id IS NULL"))
    with op.batch_alter_table("alert_notice", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_notice_waiting")
        batch_op.drop_index("ix_alert_notice_channel")
        batch_op.drop_constraint("fk_alert_notice_channel_id_channel", type_="foreignkey")
        batch_op.drop_column("due_at")
        batch_op.drop_column("channel_id")
        batch_op.alter_column("account_id", existing_type=sa.Uuid(), nullable=False)
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_outside_id"))
        batch_op.drop_column("delivery_at")
        batch_op.drop_column("delivery")
        batch_op.drop_column("outside_id")
    op.drop_table("notice_preference")
    with op.batch_alter_table("alert_route", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_route_position"))
    op.drop_table("alert_route")
    op.drop_table("channel")
