"""The one call: whom it asks, what it falls back to, what it writes down, and what it costs."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlmodel import select

from models import ModelCall, ModelReservation
from services import db, metrics, providers
from services.clock import now
from services.providers import asking, budgets, catalogue, errors, prices, registry
from services.providers.base import Asker, End, Message, Patience, Text, Wishes
from services.settings import Settings
from tests.vendors.anthropic import Anthropic
from tests.vendors.far_end import ANSWER
from tests.vendors.ollama import Ollama, model
from tests.vendors.openai import OpenAI

ASKED = [Message("user", "Tudo bem?")]
WHOLE = "".join(ANSWER)
PATIENCE = Patience(connect=1.0, first=0.4, idle=0.4, total=5.0)
PRICE = (250_000, None, 2_000_000)  # a quarter of a dollar, two dollars


@pytest.fixture
async def house(database, monkeypatch, tmp_path):
    """Ollama, OpenAI and Anthropic on loopback, as the environment names them."""
    ends = {"ollama": Ollama(), "openai": OpenAI(), "anthropic": Anthropic()}
    async with AsyncExitStack() as stack:
        for end in ends.values():
            await stack.enter_async_context(end.serving())
        settings = Settings(
            data_dir=tmp_path,
            ollama_url=ends["ollama"].url,
            openai_base_url=f"{ends['openai'].url}/v1",
            anthropic_base_url=ends["anthropic"].url,
            anthropic_api_key="sk-ant-nobody",
        )
        monkeypatch.setattr(asking, "get_settings", lambda: settings)
        monkeypatch.setattr(asking, "TRIES", 1)
        yield ends


def asker(account, role="admin"):
    return Asker(account.id, role)


async def ask(who, *, patience=PATIENCE, **more):
    """(text, End) of an answer."""
    text, end = "", None
    async with providers.stream(who, "chat", ASKED, patience=patience, **more) as answer:
        async for event in answer:
            if isinstance(event, Text):
                text += event.text
            elif isinstance(event, End):
                end = event
    return text, end


def calls():
    rows = db.read_now(lambda session: session.exec(select(ModelCall).order_by(ModelCall.id)).all())
    return [(row.provider_id, row.model, row.outcome) for row in rows]


def last_call():
    return db.read_now(lambda session: session.exec(select(ModelCall).order_by(ModelCall.id.desc())).first())


def price(provider_id, name, settings=None):
    known = registry.Provider(provider_id, provider_id, provider_id, ("x",))
    db.write_now(prices.set_price, known, name, PRICE, now().date(), now())


async def test_ollamas_first_model_that_chats_is_the_default(house, ana):
    text, end = await ask(asker(ana))
    assert text == WHOLE
    assert (end.provider_id, end.model, end.finish) == ("ollama", "llama3.2:3b", "stop")
    assert (end.local, end.cost) == (True, None)
    assert end.context == 8192 and end.context_used == (26 + len(ANSWER)) / 8192
    assert end.first_token <= end.duration
    assert calls() == [("ollama", "llama3.2:3b", "ok")]
    row = last_call()
    assert (row.account_id, row.purpose, row.read, row.written) == (ana.id, "chat", 26, len(ANSWER))
    assert (row.local, row.cost, row.price_read, row.estimated) == (True, None, None, False)
    assert row.id == end.call_id


async def test_a_chosen_provider_and_model_are_asked(house, ana):
    text, end = await ask(asker(ana), provider="openai", model="gpt-5-mini")
    assert text == WHOLE
    assert (end.provider, end.model, end.cost, end.local) == ("OpenAI", "gpt-5-mini", None, False)
    assert calls() == [("openai", "gpt-5-mini", "ok")]


async def test_a_model_alone_finds_its_provider(house, ana):
    _, end = await ask(asker(ana), model="claude-haiku-5-5")
    assert end.provider_id == "anthropic"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("unauthorized", "auth"),
        ("rate_limited", "rate_limited"),
        ("quota", "quota"),
        ("failing", "failed"),
        ("overloaded", "overloaded"),
        ("silent", "timeout"),
        ("too_long", "too_long"),
    ],
)
async def test_before_the_first_token_the_next_provider_is_asked(house, ana, fault, code):
    house["ollama"].faults.append(fault)
    text, end = await ask(asker(ana))
    assert (text, end.provider_id) == (WHOLE, "openai")
    assert calls() == [("ollama", "llama3.2:3b", code), ("openai", "gpt-5-mini", "ok")]


@pytest.mark.parametrize(
    ("fault", "code", "raised"),
    [
        ("cut", "cut", errors.CutOff),
        ("ends", "cut", errors.CutOff),
        ("error_inside", "inside", errors.FailedInside),
        ("malformed", "malformed", errors.Malformed),
        ("stalls", "timeout", errors.TimedOut),
    ],
)
async def test_after_the_first_token_nobody_else_is_asked(house, ana, fault, code, raised):
    house["ollama"].faults.append(fault)
    with pytest.raises(raised) as failure:
        await ask(asker(ana))
    assert failure.value.params["provider"] == "Ollama"
    assert calls() == [("ollama", "llama3.2:3b", code)]
    row = last_call()
    assert row.estimated and row.read > 0 and row.first_token is not None
    assert house["openai"].asked == []


async def test_what_one_refuses_no_other_is_asked_behind_its_back(house, ana):
    house["openai"].faults.append("filtered")
    house["openai"].answer = ()
    with pytest.raises(errors.Filtered):
        await ask(asker(ana), provider="openai", model="gpt-5-mini")
    assert calls() == [("openai", "gpt-5-mini", "filtered")]
    assert house["ollama"].asked == []


async def test_when_all_fail_the_one_that_was_wanted_says_why(house, ana):
    house["openai"].faults.append("quota")
    house["ollama"].faults.append("failing")
    house["anthropic"].faults.append("overloaded")
    with pytest.raises(errors.OutOfQuota) as failure:
        await ask(asker(ana), provider="openai", model="gpt-5-mini")
    assert failure.value.params["provider"] == "OpenAI"
    assert [outcome for *_, outcome in calls()] == ["quota", "failed", "overloaded"]


async def test_without_fallback_only_the_one_is_asked(house, ana):
    house["openai"].faults.append("failing")
    with pytest.raises(errors.Failed):
        await ask(asker(ana), provider="openai", model="gpt-5-mini", fallback=False)
    assert len(calls()) == 1


async def test_the_last_that_is_left_is_asked_again_where_that_can_help(house, ana, monkeypatch):
    monkeypatch.setattr(asking, "TRIES", 3)
    monkeypatch.setattr(asking.random, "uniform", lambda *_: 0.01)
    house["ollama"].faults += ["overloaded", "failing"]
    text, _ = await ask(asker(ana), provider="ollama", fallback=False)
    assert text == WHOLE
    assert [outcome for *_, outcome in calls()] == ["overloaded", "failed", "ok"]
    house["ollama"].faults += ["quota", "quota"]
    with pytest.raises(errors.OutOfQuota):
        await ask(asker(ana), provider="ollama", fallback=False)
    assert len(house["ollama"].faults) == 1, "money does not come back by asking again"


async def test_a_wait_that_is_asked_for_is_waited(house, ana, monkeypatch):
    monkeypatch.setattr(asking, "TRIES", 2)
    house["ollama"].faults.append("rate_limited")  # Retry-After: 2
    began = asyncio.get_running_loop().time()
    await ask(asker(ana), provider="ollama", fallback=False)
    assert asyncio.get_running_loop().time() - began >= 2


async def test_whoever_leaves_in_the_middle_is_written_down(house, ana):
    house["openai"].pace = 20
    async with providers.stream(asker(ana), "chat", ASKED, provider="openai", model="gpt-5-mini") as answer:
        async for _ in answer:
            break
    row = last_call()
    assert (row.outcome, row.estimated) == ("stopped", True)


async def test_whoever_is_cancelled_in_the_middle_is_written_down(house, ana):
    house["openai"].pace = 20
    begun = asyncio.Event()

    async def go():
        async with providers.stream(
            asker(ana), "chat", ASKED, provider="openai", model="gpt-5-mini"
        ) as answer:
            async for _ in answer:
                begun.set()

    task = asyncio.create_task(go())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(*asking._writing)
    assert last_call().outcome == "stopped"


async def test_who_may_not_use_a_model_is_not_helped_by_asking(house, ana, carla):
    known = registry.StoredProvider(
        id="ollama",
        kind="ollama",
        name="Ollama",
        roles={"llama3.2:3b": ["admin"]},
        created_at=now(),
        updated_at=now(),
    )
    db.write_now(lambda session: session.add(known))
    with pytest.raises(errors.NoProvider):
        await ask(asker(carla, "viewer"), provider="ollama", model="llama3.2:3b")
    _, end = await ask(asker(carla, "viewer"))
    assert end.provider_id == "openai", "the next one that she may use"
    _, end = await ask(asker(ana), provider="ollama", model="llama3.2:3b")
    assert end.provider_id == "ollama"


async def test_a_provider_that_is_switched_off_is_not_asked(house, ana):
    for name in ("ollama", "openai"):
        row = registry.StoredProvider(
            id=name, kind=name, name=name, enabled=False, created_at=now(), updated_at=now()
        )
        db.write_now(lambda session, row=row: session.add(row))
    _, end = await ask(asker(ana))
    assert end.provider_id == "anthropic"
    with pytest.raises(errors.NoProvider):
        await ask(asker(ana), provider="openai", model="gpt-5-mini")


async def test_the_order_is_the_one_that_was_set(house, ana):
    row = registry.StoredProvider(
        id="anthropic", kind="anthropic", name="Anthropic", position=-1, created_at=now(), updated_at=now()
    )
    db.write_now(lambda session: session.add(row))
    _, end = await ask(asker(ana))
    assert end.provider_id == "anthropic"


async def test_with_no_provider_it_is_said_so(database, ana, monkeypatch, tmp_path):
    monkeypatch.setattr(asking, "get_settings", lambda: Settings(data_dir=tmp_path))
    with pytest.raises(errors.NoProvider):
        await ask(asker(ana))


async def test_what_a_call_cost_is_counted_against_the_budget(house, ana):
    price("openai", "gpt-5-mini")
    db.write_now(budgets.set_limit, ana.id, 1_000_000, now())
    _, end = await ask(asker(ana), provider="openai", model="gpt-5-mini", wishes=Wishes(most_tokens=100))
    cost = -(-(9 * 250_000 + len(ANSWER) * 2_000_000) // 1_000_000)
    assert end.cost == cost
    assert db.read_now(budgets.spent, ana.id, now()) == (cost, 0)
    row = last_call()
    assert (row.cost, row.price_read, row.price_written, row.prices_of) == (cost, 250_000, 2_000_000, "own")


@pytest.mark.parametrize(
    "fault", ["unauthorized", "rate_limited", "quota", "failing", "overloaded", "too_long"]
)
async def test_what_was_refused_costs_nothing(house, ana, fault):
    price("openai", "gpt-5-mini")
    db.write_now(budgets.set_limit, ana.id, 1_000_000, now())
    house["openai"].faults.append(fault)
    with pytest.raises(providers.ProviderError):
        await ask(asker(ana), provider="openai", model="gpt-5-mini", fallback=False)
    assert db.read_now(budgets.spent, ana.id, now()) == (0, 0)
    assert (last_call().cost, last_call().estimated) == (0, False)


@pytest.mark.parametrize("fault", ["cut", "ends", "error_inside", "malformed", "filtered", "stalls"])
async def test_what_broke_off_is_counted_as_far_as_it_came(house, ana, fault):
    price("openai", "gpt-5-mini")
    db.write_now(budgets.set_limit, ana.id, 1_000_000, now())
    house["openai"].faults.append(fault)
    with pytest.raises(providers.ProviderError):
        await ask(asker(ana), provider="openai", model="gpt-5-mini")
    spent, reserved = db.read_now(budgets.spent, ana.id, now())
    assert 0 < spent < 1_000 and reserved == 0
    assert last_call().estimated


async def test_of_twenty_at_once_exactly_seven_pass(house, ana):
    price("openai", "gpt-5-mini")
    one = prices.Price(*PRICE, "own", now().date()).of(
        providers.Usage(len(b"Tudo bem?") // 2 + 8 + 100, 0, 1000)
    )
    # None may be done, and give back what it did not need, before the last has asked for its share.
    patience = Patience(connect=10.0, first=10.0, idle=10.0, total=60.0)
    house["openai"].pace = 2
    db.write_now(budgets.set_limit, ana.id, 7 * one + one // 2, now())

    async def go():
        return await ask(
            asker(ana),
            provider="openai",
            model="gpt-5-mini",
            fallback=False,
            wishes=Wishes(most_tokens=1000),
            patience=patience,
        )

    done = await asyncio.gather(*(go() for _ in range(20)), return_exceptions=True)
    passed = [one for one in done if not isinstance(one, BaseException)]
    assert [type(one) for one in done if isinstance(one, BaseException)] == [errors.OverBudget] * 13
    assert len(passed) == 7
    assert len([asked for asked in house["openai"].asked if asked.method == "POST"]) == 7
    assert db.read_now(lambda session: session.exec(select(ModelReservation)).all()) == []


async def test_over_the_budget_nothing_is_asked_of_anybody(house, ana):
    price("openai", "gpt-5-mini")
    db.write_now(budgets.set_limit, ana.id, 10, now())
    with pytest.raises(errors.OverBudget):
        await ask(asker(ana), provider="openai", model="gpt-5-mini")
    assert house["openai"].asked == [] and house["ollama"].asked == []
    text, _ = await ask(asker(ana), provider="ollama")
    assert text == WHOLE, "what costs nothing is not stopped"


async def test_with_a_budget_a_model_without_a_known_price_is_not_asked(house, ana):
    db.write_now(budgets.set_limit, ana.id, 1_000_000, now())
    with pytest.raises(errors.Unpriced):
        await ask(asker(ana), provider="openai", model="gpt-5-mini", fallback=False)
    assert house["openai"].asked == []


async def test_an_answer_is_never_longer_than_the_money_that_was_set_aside(house, ana):
    price("openai", "gpt-5-mini")
    db.write_now(budgets.set_limit, ana.id, 1_000_000, now())
    await ask(asker(ana), provider="openai", model="gpt-5-mini")
    assert house["openai"].asked[-1].body["max_tokens"] == asking.MOST_TOKENS


async def test_calls_are_counted_for_prometheus(house, ana):
    await ask(asker(ana), provider="openai", model="gpt-5-mini")
    house["openai"].faults.append("quota")
    with pytest.raises(errors.OutOfQuota):
        await ask(asker(ana), provider="openai", model="gpt-5-mini", fallback=False)
    text = metrics.text("1", {}).decode()
    assert 'keepai_model_calls_total{model="gpt-5-mini",outcome="ok",provider="OpenAI"}' in text
    assert 'outcome="quota",provider="OpenAI"' in text
    assert 'keepai_model_first_token_seconds_count{model="gpt-5-mini",provider="OpenAI"}' in text


async def test_the_list_of_models_is_asked_once_for_many(house):
    settings = asking.get_settings()
    ollama = registry.configured(settings)[0]
    await asyncio.gather(*(catalogue.models(ollama) for _ in range(10)))
    assert [asked.path for asked in house["ollama"].asked] == ["/api/tags"]


async def test_a_first_model_that_only_makes_vectors_is_passed_over(house, ana):
    house["ollama"].models = [model("a-embed", ("embedding",)), model("b-chat"), model("c-chat")]
    _, end = await ask(asker(ana))
    assert end.model == "b-chat"


async def test_what_is_set_up_is_not_read_again_with_every_question(house, ana, monkeypatch):
    read, real = [], registry.listed
    monkeypatch.setattr(registry, "listed", lambda *given: read.append(1) or real(*given))
    await ask(asker(ana))
    await ask(asker(ana))
    assert read == [1]
    monkeypatch.setattr(registry, "REMEMBERED", -1.0)
    registry.forget()
    await ask(asker(ana))
    await ask(asker(ana))
    assert read == [1] * 3
