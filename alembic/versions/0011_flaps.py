"""alerts that flap"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("pair_key", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("alert", sa.Column("flaps", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE alert SET pair_key = open_key")
    op.create_index("ix_alert_pair", "alert", ["pair_key", "fired_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_alert_pair", "alert")
    op.drop_column("alert", "flaps")
    op.drop_column("alert", "pair_key")
