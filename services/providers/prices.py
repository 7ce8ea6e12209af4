"""What a call costs, where that is known: what somebody said, else a table of the vendors' prices with its date.

A price that is not known is None and never zero. Prices are whole millionths of a dollar for a million tokens, costs
whole millionths of a dollar, rounded up.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from sqlmodel import Session

from models import ModelPrice
from services.providers.base import Provider, Usage
from services.providers.kinds import LOCAL, is_usual

# The package that has the table, and the day its pinned release is of (a test holds the two together).
TABLE = "genai-prices 0.2.3"
TABLE_OF = date(2026, 11, 10)
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """For a million tokens read, read from the vendor's cache (None: as any other) and written; the table it is of, and
    its day."""

    read: int
    cached: int | None
    written: int
    table: str
    as_of: date

    def of(self, usage: Usage) -> int:
        """What a call costs."""
        cached = min(usage.cached, usage.read)
        whole = (
            (usage.read - cached) * self.read
            + cached * (self.read if self.cached is None else self.cached)
            + usage.written * self.written
        )
        return -(-whole // MILLION)


def find(db: Session, provider: Provider, model: str) -> Price | None:
    """The price of a model; None where it is not known, and where there is none."""
    if provider.kind in LOCAL:
        return None
    said = db.get(ModelPrice, (provider.id, model))
    if said:
        return Price(said.read, said.cached, said.written, "own", said.as_of)
    return of_table(provider.kind, model) if is_usual(provider) else None


def set_price(
    db: Session,
    provider: Provider,
    model: str,
    price: tuple[int, int | None, int] | None,
    as_of: date,
    now: datetime,
) -> None:
    """Say what a model costs: read, cached, written; or (None) leave it to the table."""
    row = db.get(ModelPrice, (provider.id, model))
    if price is None:
        if row:
            db.delete(row)
        return
    row = row or ModelPrice(
        provider_id=provider.id, model=model, read=0, written=0, as_of=as_of, updated_at=now
    )
    row.read, row.cached, row.written = price
    row.as_of, row.updated_at = as_of, now
    db.add(row)
    db.flush()


def dollars(amount: int) -> str:
    """Millionths of a dollar as people write dollars: 0.25, 12, 0.000031."""
    whole, rest = divmod(abs(amount), MILLION)
    text = f"{whole}.{rest:06}".rstrip("0").rstrip(".")
    return f"-{text}" if amount < 0 else text


def amount_of(text: str) -> int | None:
    """The other way round, rounded up; None for what is no amount."""
    found = re.fullmatch(r"(\d{1,9})(?:[.,](\d{1,12}))?", text.strip(), re.ASCII)
    if not found:
        return None
    whole = Decimal(f"{found[1]}.{found[2] or 0}") * MILLION
    return int(whole.to_integral_value(ROUND_CEILING))


@lru_cache(maxsize=512)
def of_table(kind: str, model: str) -> Price | None:
    """The price in the table. Where a longer text costs more a token, the highest price stands: money that was set
    aside must be enough."""
    import genai_prices  # it takes a while, and models on one's own machine have no price

    try:
        found = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1, output_tokens=1), model, provider_id=kind
        )
    except (LookupError, ValueError):
        return None
    read, written = (_highest(found.model_price, name) for name in ("input_mtok", "output_mtok"))
    if read is None or written is None:
        return None
    return Price(read, _highest(found.model_price, "cache_read_mtok"), written, TABLE, TABLE_OF)


def _highest(price: object, name: str) -> int | None:
    given = getattr(price, name, None)
    if given is None:
        return None
    some = [given] if isinstance(given, Decimal) else [given.base, *(tier.price for tier in given.tiers)]
    return int(max(Decimal(one) for one in some) * MILLION)
