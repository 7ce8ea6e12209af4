"""alerts that flap, and silences that recur"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("pair_key", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("alert", sa.Column("flaps", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE alert SET pair_key = open_key")
    op.create_index("ix_alert_pair", "alert", ["pair_key", "fired_at"], unique=False)
    op.create_table(
        "maintenance_window",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("matchers", sa.JSON(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("days", sa.String(length=7), nullable=False),
        sa.Column("begins", sa.String(length=5), nullable=False),
        sa.Column("ends", sa.String(length=5), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["rule_id"], ["alert_rule.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_maintenance_window_until", "maintenance_window", ["until"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_maintenance_window_until", "maintenance_window")
    op.drop_table("maintenance_window")
    op.drop_index("ix_alert_pair", "alert")
    op.drop_column("alert", "flaps")
    op.drop_column("alert", "pair_key")
