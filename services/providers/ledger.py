"""The ledger: one row for each call of a model, written in the transaction that settles what it cost."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from models import ModelCall
from services.providers import budgets


def record(db: Session, call: ModelCall, reservation_id: UUID | None = None) -> UUID:
    """Write the row down and settle. Returns its id."""
    db.add(call)
    if call.account_id:
        month = budgets.month_of(call.at)
        budgets.settle(db, reservation_id, call.account_id, month, call.cost or 0)
    db.flush()
    return call.id


def newest(
    db: Session, limit: int, *, account_id: UUID | None = None, before: tuple[datetime, UUID] | None = None
) -> list[ModelCall]:
    """Calls, the newest first."""
    query = select(ModelCall).order_by(col(ModelCall.at).desc(), col(ModelCall.id).desc()).limit(limit)
    if account_id:
        query = query.where(ModelCall.account_id == account_id)
    if before:
        query = query.where(
            (col(ModelCall.at) < before[0])
            | ((col(ModelCall.at) == before[0]) & (col(ModelCall.id) < before[1]))
        )
    return list(db.exec(query))
