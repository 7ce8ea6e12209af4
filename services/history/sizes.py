"""How much room the history takes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from models import SampleBlock
from services.history.series import RESOLUTIONS


@dataclass(frozen=True, slots=True)
class LevelSize:
    """The blocks of one level: how many, their bytes without what the database adds, and from when on."""

    resolution: int
    blocks: int
    bytes: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """Room taken by each level, by the table of samples with its indexes (None where the database cannot
    tell), and by the whole database. In bytes."""

    levels: list[LevelSize]
    table: int | None
    database: int


def sizes(db: Session) -> Sizes:
    """Reads the whole table of samples: for a page that is opened now and then."""
    rows = db.execute(
        select(
            col(SampleBlock.resolution),
            func.count(),
            func.sum(func.length(col(SampleBlock.data))),
            func.min(col(SampleBlock.start)),
        ).group_by(col(SampleBlock.resolution))
    )
    found = {level: LevelSize(level, count, int(total), oldest) for level, count, total, oldest in rows}
    levels = [found.get(level, LevelSize(level, 0, 0, None)) for level in RESOLUTIONS]
    if db.get_bind().dialect.name == "postgresql":
        table = db.execute(text("SELECT pg_total_relation_size('sample_block')")).scalar_one()
        return Sizes(
            levels, table, db.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        )
    pages = db.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
    return Sizes(levels, None, pages.scalar_one())
