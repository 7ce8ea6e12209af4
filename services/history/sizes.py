"""How much room the history takes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session, col

from models import SampleBlock
from services.history.series import RESOLUTIONS

NEWEST = 1000


@dataclass(frozen=True, slots=True)
class LevelSize:
    """The blocks of one level: how many, about how many bytes without what the database adds, and from when."""

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
    """Counts blocks in the index alone and reckons their bytes from the newest ones, all of them where there
    are few: to read every block of a thousand workers takes seconds."""
    rows = db.execute(
        select(col(SampleBlock.resolution), func.count(), func.min(col(SampleBlock.start))).group_by(
            col(SampleBlock.resolution)
        )
    )
    counted = {level: (count, oldest) for level, count, oldest in rows}
    levels = []
    for level in RESOLUTIONS:
        count, oldest = counted.get(level, (0, None))
        levels.append(LevelSize(level, count, round(count * _typical(db, level)) if count else 0, oldest))
    if db.get_bind().dialect.name == "postgresql":
        table = db.execute(text("SELECT pg_total_relation_size('sample_block')")).scalar_one()
        return Sizes(
            levels, table, db.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        )
    pages = db.execute(text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"))
    return Sizes(levels, None, pages.scalar_one())


def _typical(db: Session, resolution: int) -> float:
    """The mean length of the newest blocks of a level."""
    newest = (
        select(func.length(col(SampleBlock.data)).label("bytes"))
        .where(col(SampleBlock.resolution) == resolution)
        .order_by(col(SampleBlock.start).desc(), col(SampleBlock.subject_id).desc())
        .limit(NEWEST)
        .subquery()
    )
    return float(db.execute(select(func.avg(newest.c.bytes))).scalar_one())
