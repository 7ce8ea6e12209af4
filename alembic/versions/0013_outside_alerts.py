"""outside alerts"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_outside",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("began", UtcDateTime(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    with op.batch_alter_table("alert_outside", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_outside_alert_id"), ["alert_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("alert_outside", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_outside_alert_id"))

    op.drop_table("alert_outside")
