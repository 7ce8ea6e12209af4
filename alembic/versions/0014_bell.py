"""what the bell keeps for each person"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notice_preference", sa.Column("bell", sa.String(length=16), nullable=False, server_default="all")
    )
    op.add_column("notice_preference", sa.Column("bell_read_at", UtcDateTime(), nullable=True))
    op.create_index("ix_alert_notice_bell", "alert_notice", ["account_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_alert_notice_bell", "alert_notice")
    op.drop_column("notice_preference", "bell_read_at")
    op.drop_column("notice_preference", "bell")
