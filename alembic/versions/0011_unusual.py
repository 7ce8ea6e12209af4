"""an alert says by which summary its value is to be understood"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.add_column(sa.Column("summary", sa.String(length=8), nullable=False, server_default="last"))
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.alter_column("summary", existing_type=sa.String(length=8), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_column("summary")
