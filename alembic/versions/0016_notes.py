"""notes, what is shared, and the one index"""

import sqlalchemy as sa
from alembic import op

from models.base import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Both databases have an index of their own over the same folded words. SQLite's is a table beside, kept by triggers so
# that nobody who writes a passage can forget it.
SQLITE = (
    """CREATE VIRTUAL TABLE passage_words USING fts5(
        folded_title, folded, content='passage', content_rowid='number', tokenize='unicode61', prefix='2 3'
    )""",
    """CREATE TRIGGER passage_added AFTER INSERT ON passage BEGIN
        INSERT INTO passage_words(rowid, folded_title, folded) VALUES (new.number, new.folded_title, new.folded);
    END""",
    """CREATE TRIGGER passage_removed AFTER DELETE ON passage BEGIN
        INSERT INTO passage_words(passage_words, rowid, folded_title, folded)
        VALUES ('delete', old.number, old.folded_title, old.folded);
    END""",
    """CREATE TRIGGER passage_changed AFTER UPDATE OF folded_title, folded ON passage BEGIN
        INSERT INTO passage_words(passage_words, rowid, folded_title, folded)
        VALUES ('delete', old.number, old.folded_title, old.folded);
        INSERT INTO passage_words(rowid, folded_title, folded) VALUES (new.number, new.folded_title, new.folded);
    END""",
)
POSTGRESQL = """CREATE INDEX ix_passage_words ON passage
    USING gin (to_tsvector('simple', folded_title || ' ' || folded))"""


def upgrade() -> None:
    op.create_table(
        "note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("folded_title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("folder", sa.String(length=200), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("editor", sa.String(length=64), nullable=False),
        sa.Column("run_from", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["updated_by"], ["account.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_note_owner_id", "note", ["owner_id"])
    op.create_index("ix_note_folded_title", "note", ["folded_title"])
    op.create_index("ix_note_updated_at", "note", ["updated_at"])
    op.create_index("ix_note_deleted_at", "note", ["deleted_at"])
    op.create_table(
        "note_version",
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author", sa.String(length=254), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["author_id"], ["account.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("at", "id"),
    )
    op.create_index("ix_note_version_note_id", "note_version", ["note_id"])
    op.create_table(
        "note_tag",
        sa.Column("folded", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("folded", "note_id"),
    )
    op.create_index("ix_note_tag_note_id", "note_tag", ["note_id"])
    op.create_table(
        "note_about",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kind", "about_id", "note_id"),
    )
    op.create_index("ix_note_about_note_id", "note_about", ["note_id"])
    op.create_table(
        "note_pin",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "note_id"),
    )
    op.create_index("ix_note_pin_note_id", "note_pin", ["note_id"])
    op.create_table(
        "note_link",
        sa.Column("note_id", sa.Uuid(), nullable=False),
        sa.Column("folded", sa.String(length=200), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["note_id"], ["note.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["note.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("note_id", "folded"),
    )
    op.create_index("ix_note_link_target_id", "note_link", ["target_id"])
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_id", "name"),
    )
    op.create_table(
        "share",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by"], ["account.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "object_id", "account_id", "role"),
    )
    op.create_index("ix_share_account", "share", ["account_id", "kind"])
    op.create_index("ix_share_role", "share", ["role", "kind"])
    op.create_table(
        "passage",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("access_kind", sa.String(length=8), nullable=False),
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded_title", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["account.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_passage_owner_id", "passage", ["owner_id"])
    op.create_index("ix_passage_object", "passage", ["kind", "object_id"])
    op.create_index("ix_passage_access", "passage", ["access_id", "access_kind"])
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE:
            op.execute(statement)
    else:
        op.execute(POSTGRESQL)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE passage_words")
    for table in (
        *("passage", "share", "saved_search", "note_link", "note_pin", "note_about", "note_tag"),
        *("note_version", "note"),
    ):
        op.drop_table(table)
