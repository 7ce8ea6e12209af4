"""What people may spend on models in a month, held to while many ask at once: set aside before, settled after.

Amounts are whole millionths of a dollar. Each step is one transaction whose UPDATE must change exactly one row, so that
both databases let through as many calls as there is room for and not one more.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from models import ModelBudget, ModelReservation, ModelSpending
from models.base import new_id
from services.providers.errors import OverBudget

EVERYBODY = "everybody"
MOST = 10**12  # a million dollars


def month_of(moment: datetime) -> str:
    """The month that an instant belongs to, in UTC: 2026-11."""
    return moment.strftime("%Y-%m")


def limit_of(db: Session, account_id: UUID) -> int | None:
    """What this person may spend in a month; None where nobody set a limit."""
    wanted = select(ModelBudget).where(col(ModelBudget.who).in_([account_id.hex, EVERYBODY]))
    found = {budget.who: budget.monthly for budget in db.exec(wanted)}
    return found.get(account_id.hex, found.get(EVERYBODY))


def everybodys(db: Session) -> int | None:
    """What whoever has no budget of their own may spend in a month; None where nobody set a limit."""
    budget = db.get(ModelBudget, EVERYBODY)
    return budget.monthly if budget else None


def listed(db: Session) -> list[ModelBudget]:
    """All budgets there are."""
    return list(db.exec(select(ModelBudget).order_by(col(ModelBudget.who))))


def set_limit(db: Session, account_id: UUID | None, monthly: int | None, now: datetime) -> None:
    """Give somebody (None: everybody who has none of their own) a budget, or take it away."""
    who = account_id.hex if account_id else EVERYBODY
    budget = db.get(ModelBudget, who)
    if monthly is None:
        if budget:
            db.delete(budget)
        return
    budget = budget or ModelBudget(who=who, account_id=account_id, monthly=0, updated_at=now)
    budget.monthly, budget.updated_at = monthly, now
    db.add(budget)
    db.flush()


def spent(db: Session, account_id: UUID, now: datetime) -> tuple[int, int]:
    """(spent, set aside) in this month."""
    found = db.get(ModelSpending, (month_of(now), account_id))
    return (found.spent, found.reserved) if found else (0, 0)


def reserve(db: Session, account_id: UUID, amount: int, now: datetime, seconds: float) -> UUID | None:
    """Set an amount aside, for at most so many seconds. None where nobody set a limit. Raises OverBudget."""
    limit = limit_of(db, account_id)
    if limit is None:
        return None
    release(db, now, account_id)
    month = month_of(now)
    _open(db, month, account_id)
    room = col(ModelSpending.spent) + col(ModelSpending.reserved) + amount <= limit
    if not _add(db, month, account_id, room, reserved=amount):
        raise OverBudget
    reservation = ModelReservation(
        id=new_id(),
        account_id=account_id,
        month=month,
        amount=amount,
        expires_at=now + timedelta(seconds=seconds),
    )
    db.add(reservation)
    db.flush()
    return reservation.id


def settle(db: Session, reservation_id: UUID | None, account_id: UUID, month: str, cost: int) -> None:
    """Give back what was set aside and count what it came to. What was given back already is not given back twice."""
    if reservation_id:
        _give_back(db, db.get(ModelReservation, reservation_id))
    if cost:
        _open(db, month, account_id)
        _add(db, month, account_id, True, spent=cost)


def release(db: Session, now: datetime, account_id: UUID | None = None) -> int:
    """Give back what calls have set aside whose process died. Returns how many."""
    wanted = select(ModelReservation).where(col(ModelReservation.expires_at) <= now)
    if account_id:
        wanted = wanted.where(ModelReservation.account_id == account_id)
    return sum(_give_back(db, one) for one in db.exec(wanted).all())


def _give_back(db: Session, reservation: ModelReservation | None) -> bool:
    if reservation is None:
        return False
    ours = delete(ModelReservation).where(col(ModelReservation.id) == reservation.id)
    if db.execute(ours.execution_options(synchronize_session=False)).rowcount != 1:  # type: ignore[attr-defined]
        return False
    db.expunge(reservation)
    return _add(db, reservation.month, reservation.account_id, True, reserved=-reservation.amount)


def _open(db: Session, month: str, account_id: UUID) -> None:
    insert = postgresql_insert if db.get_bind().dialect.name == "postgresql" else sqlite_insert
    row = {"month": month, "account_id": account_id, "spent": 0, "reserved": 0}
    db.execute(insert(ModelSpending).values(**row).on_conflict_do_nothing())


def _add(
    db: Session, month: str, account_id: UUID, condition: object, *, spent: int = 0, reserved: int = 0
) -> bool:
    change = (
        update(ModelSpending)
        .where(col(ModelSpending.month) == month, col(ModelSpending.account_id) == account_id)
        .values(spent=col(ModelSpending.spent) + spent, reserved=col(ModelSpending.reserved) + reserved)
        .execution_options(synchronize_session=False)
    )
    if condition is not True:
        change = change.where(condition)  # type: ignore[arg-type]
    return bool(db.execute(change).rowcount == 1)  # type: ignore[attr-defined]
