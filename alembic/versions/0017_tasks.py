"""tasks and their history"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("priority", sa.String(length=8), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_time", sa.String(length=5), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("remind_at", UtcDateTime(), nullable=True),
        sa.Column("tell_at", UtcDateTime(), nullable=True),
        sa.Column("until_done", sa.Boolean(), nullable=False),
        sa.Column("repeat", sa.String(length=120), nullable=False),
        sa.Column("repeat_from", sa.String(length=4), nullable=False),
        sa.Column("follows", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Float(), nullable=False),
        sa.Column("checklist", sa.JSON(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=True),
        sa.Column("about_kind", sa.String(length=8), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("about_name", sa.String(length=300), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["assignee_id"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["done_by"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("follows"),
    )
    for name in ("owner_id", "assignee_id", "note_id", "tell_at", "done_at", "deleted_at"):
        op.create_index(f"ix_task_{name}", "task", [name])
    op.create_index("ix_task_about", "task", ["about_id", "about_kind"])
    op.create_index("ix_task_state", "task", ["state", "due_at"])
    op.create_table(
        "task_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_task_event_task", "task_event", ["task_id", "at"])
    with op.batch_alter_table("notice_preference") as table:
        table.add_column(sa.Column("tasks", sa.String(length=16), nullable=False, server_default="all"))


def downgrade() -> None:
    with op.batch_alter_table("notice_preference") as table:
        table.drop_column("tasks")
    op.drop_table("task_event")
    op.drop_table("task")
