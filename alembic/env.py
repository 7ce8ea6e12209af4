"""Runs migrations on the engine KeepAI uses (or on the one handed over by a test)."""

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import models  # noqa: F401  (fills the metadata)
from models.base import UtcDateTime
from services import db


def _render(kind: str, item: object, _context: object) -> str | bool:
    """Our types under the names that migrations import."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def _include(_item: object, name: str | None, _kind: str, reflected: bool, _other: object) -> bool:
    """The full-text indexes of the databases are made by hand (0016) and are no part of the models."""
    return not (reflected and (name or "").startswith(("passage_words", "ix_passage_words")))


def main() -> None:
    engine = context.config.attributes.get("engine") or db.engine()
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
            render_item=_render,
            include_object=_include,
        )
        with context.begin_transaction():
            context.run_migrations()


main()
