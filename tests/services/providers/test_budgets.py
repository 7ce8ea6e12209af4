"""Money: as many calls pass as there is room for, however many ask at once, and what they cost is counted once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from models import ModelCall, ModelReservation
from models.base import new_id
from services import db
from services.providers import budgets, ledger
from services.providers.errors import OverBudget

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = 1_000
AN_HOUR = 3600.0


def spent(account, at=AT):
    return db.read_now(budgets.spent, account.id, at)


def limit(account, monthly):
    db.write_now(budgets.set_limit, account and account.id, monthly, AT)


def reserve(account, amount=PRICE, at=AT):
    return db.write_now(budgets.reserve, account.id, amount, at, AN_HOUR)


def settle(account, reservation, cost, at=AT):
    db.write_now(budgets.settle, reservation, account.id, budgets.month_of(at), cost)


async def test_of_twenty_at_once_exactly_those_pass_for_whom_there_is_room(ana):
    limit(ana, 7 * PRICE + PRICE // 2)

    async def ask():
        number = await db.write(budgets.reserve, ana.id, PRICE, AT, AN_HOUR)
        await asyncio.sleep(0.05)
        await db.write(budgets.settle, number, ana.id, "2026-11", PRICE)

    done = await asyncio.gather(*(ask() for _ in range(20)), return_exceptions=True)
    assert [type(one) for one in done if one is not None] == [OverBudget] * 13
    assert spent(ana) == (7 * PRICE, 0)


async def test_what_was_set_aside_and_not_used_is_there_for_others(ana):
    limit(ana, 2 * PRICE)
    first, _ = reserve(ana), reserve(ana)
    with pytest.raises(OverBudget):
        reserve(ana)
    settle(ana, first, PRICE // 10)
    with pytest.raises(OverBudget):
        reserve(ana)
    assert reserve(ana, PRICE - PRICE // 10)
    assert spent(ana) == (PRICE // 10, 2 * PRICE - PRICE // 10)


def test_what_a_dead_process_set_aside_is_given_back_after_its_time(ana):
    limit(ana, PRICE)
    lost = reserve(ana)
    with pytest.raises(OverBudget):
        reserve(ana, at=AT + timedelta(seconds=AN_HOUR - 1))
    late = AT + timedelta(seconds=AN_HOUR)
    assert reserve(ana, at=late)
    settle(ana, lost, PRICE)  # it lived after all: what it cost counts, and nothing is given back twice
    assert spent(ana) == (PRICE, PRICE)
    assert db.read_now(lambda session: len(session.exec(select(ModelReservation)).all())) == 1


def test_a_month_begins_anew(ana):
    limit(ana, PRICE)
    settle(ana, reserve(ana), PRICE)
    with pytest.raises(OverBudget):
        reserve(ana, at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC))
    december = datetime(2026, 12, 1, tzinfo=UTC)
    assert reserve(ana, at=december)
    assert spent(ana, december) == (0, PRICE)


def test_ones_own_budget_goes_before_that_of_everybody(ana, bruno, carla):
    limit(None, PRICE)
    limit(ana, 3 * PRICE)
    assert db.read_now(budgets.limit_of, ana.id) == 3 * PRICE
    assert db.read_now(budgets.limit_of, bruno.id) == PRICE
    limit(ana, None)
    limit(None, None)
    assert db.read_now(budgets.limit_of, carla.id) is None
    assert reserve(carla) is None


def test_a_budget_of_nothing_lets_nothing_pass(ana):
    limit(ana, 0)
    with pytest.raises(OverBudget):
        reserve(ana)


def test_what_was_spent_without_a_budget_counts_once_there_is_one(ana):
    settle(ana, None, PRICE)
    limit(ana, PRICE)
    with pytest.raises(OverBudget):
        reserve(ana)


def test_the_row_and_the_money_are_one_transaction(ana):
    limit(ana, PRICE)
    number = reserve(ana)
    call = ModelCall(
        at=AT, account_id=ana.id, purpose="chat", provider_id="openai", provider="OpenAI", model="m",
        cost=PRICE // 2, outcome="ok",
    )  # fmt: skip
    call.account_id = new_id()  # nobody
    with pytest.raises(Exception, match=r"(?i)foreign"):
        db.write_now(ledger.record, call, number)
    assert spent(ana) == (0, PRICE)
    assert db.read_now(ledger.newest, 10) == []
