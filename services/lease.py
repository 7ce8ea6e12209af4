"""A right that exactly one process holds: a row with an expiry, taken by an UPDATE that must change one row."""

from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from models import Lease

LASTS = timedelta(seconds=6)


def take(db: Session, name: str, holder: str, now: datetime) -> bool:
    """Take or renew the lease. True when `holder` has it until `now + LASTS`."""
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    db.execute(insert(Lease).values(name=name, holder="", expires_at=now).on_conflict_do_nothing())
    mine_or_over = or_(col(Lease.holder) == holder, col(Lease.expires_at) <= now)
    changed = db.execute(
        update(Lease)
        .where(col(Lease.name) == name, mine_or_over)
        .values(holder=holder, expires_at=now + LASTS)
    )
    return bool(changed.rowcount == 1)  # type: ignore[attr-defined]


def give_up(db: Session, name: str, holder: str, now: datetime) -> None:
    """Let somebody else have it at once, on an orderly stop."""
    db.execute(
        update(Lease).where(col(Lease.name) == name, col(Lease.holder) == holder).values(expires_at=now)
    )


def holder_of(db: Session, name: str, now: datetime) -> str:
    """Who holds the lease, or an empty text."""
    lease = db.get(Lease, name)
    return lease.holder if lease is not None and lease.expires_at > now else ""
