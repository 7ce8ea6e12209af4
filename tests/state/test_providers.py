"""The page of AI providers: their order, prices and budgets, and the editor of one."""

import pytest
from pydantic import SecretStr

from services import db
from services.clock import now
from services.providers import budgets, prices, registry
from services.settings import Settings
from state import provider as editor
from state import providers as page_of
from state.provider import ProviderState
from state.providers import ProvidersState
from tests.vendors.ollama import Ollama

LIST = "/settings/providers"
KEY = "sk-proj-0123456789abcdef0123"
NEW = {"name": "Escritório", "key": KEY, "model": "gpt-5-mini", "roles": "gpt-5: admin, operator"}
PRICE = {
    "provider": "openai",
    "model": "m",
    "read": "0,25",
    "cached": "",
    "written": "2",
    "as_of": "2026-11-01",
}


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    made = Settings(
        data_dir=tmp_path,
        ollama_url="http://localhost:11434",
        openai_api_key=SecretStr("sk-of-the-environment-0123"),
        private_hosts="127.0.0.1",
    )
    for module in (page_of, editor):
        monkeypatch.setattr(module, "get_settings", lambda: made)
    return made


def listed(settings):
    return db.read_now(registry.listed, settings)


@pytest.fixture
async def screen(tab, ana):
    made = tab(ana, LIST)
    await made.call(ProvidersState.load)
    return made


@pytest.fixture
def at(tab, ana):
    async def at_(number):
        made = tab(ana, f"{LIST}/{number}")
        await made.call(ProviderState.load)
        return made

    return at_


async def names(screen):
    return [row["name"] for row in (await screen.of(ProvidersState)).get_value("providers")]


async def test_the_order_is_changed_and_switched(screen, settings):
    assert await names(screen) == ["Ollama", "OpenAI"]
    await screen.call(ProvidersState.earlier, "openai")
    assert await names(screen) == ["OpenAI", "Ollama"]
    await screen.call(ProvidersState.earlier, "openai")
    await screen.call(ProvidersState.earlier, "nobody")
    assert await names(screen) == ["OpenAI", "Ollama"]
    await screen.call(ProvidersState.switch, "openai", False)
    assert [one.enabled for one in listed(settings)] == [False, True]


async def test_a_new_one_goes_before_those_of_the_environment(screen, at, settings):
    made = await at("new")
    await made.call(ProviderState.choose_kind, "openai")
    await made.call(ProviderState.save, NEW)
    [new] = [one for one in listed(settings) if one.typed]
    await screen.call(ProvidersState.earlier, new.id)
    await screen.call(ProvidersState.earlier, new.id)
    assert await names(screen) == ["Escritório", "Ollama", "OpenAI"]


async def test_no_key_is_in_what_a_tab_has(at, settings):
    made = await at("new")
    await made.call(ProviderState.choose_kind, "openai")
    await made.call(ProviderState.save, NEW)
    [new] = [one for one in listed(settings) if one.typed]
    assert (new.key, new.roles, new.options) == (
        KEY,
        {"gpt-5": ["admin", "operator"]},
        {"model": "gpt-5-mini"},
    )
    opened = await at(new.id)
    state = await opened.of(ProviderState)
    assert KEY not in str(state.dict()) and state.kept_key == "•••0123"
    await opened.call(ProviderState.save, {**NEW, "key": "", "urls": new.urls[0], "name": "Outro"})
    [changed] = [one for one in listed(settings) if one.typed]
    assert (changed.name, changed.key) == ("Outro", KEY)


async def test_what_is_wrong_is_said_beside_its_field(at, settings):
    made = await at("new")
    state = await made.of(ProviderState)
    await made.call(ProviderState.save, {"name": "", "urls": "x", "roles": ""})
    assert all(state.errors[name] for name in ("name", "urls")) and not state.errors["key"]
    await made.call(ProviderState.save, {"name": "x", "urls": "https://a.example.org", "roles": "gpt king"})
    assert state.errors["roles"] and not state.errors["name"]
    await made.call(ProviderState.save, {"name": "x", "urls": "https://a.example.org", "context": "many"})
    assert state.errors["model"]
    assert [one for one in listed(settings) if one.typed] == []


async def test_one_of_the_environment_keeps_its_address_and_stays(at, settings):
    made = await at("ollama")
    state = await made.of(ProviderState)
    assert (state.configured, state.title) == (True, "Ollama")
    await made.call(
        ProviderState.save,
        {"name": "x", "urls": "https://evil.example.org", "context": "8192", "roles": "llama3.2:3b: admin"},
    )
    ollama = listed(settings)[0]
    assert (ollama.name, ollama.urls) == ("Ollama", ("http://localhost:11434",))
    assert (dict(ollama.options), ollama.roles) == ({"context": "8192"}, {"llama3.2:3b": ["admin"]})
    await made.call(ProviderState.remove)
    assert state.problem
    assert len(listed(settings)) == 2


async def test_one_that_is_gone_is_said_to_be(at):
    state = await (await at("0" * 32)).of(ProviderState)
    assert not state.there and state.ready


async def test_a_price_is_said_and_taken_away(screen, settings):
    await screen.call(ProvidersState.say_price, PRICE)
    state = await screen.of(ProvidersState)
    [row] = state.get_value("prices")
    assert (row["cost"], row["about"]) == ("US$ 0,25 lido, US$ 2 escrito", "OpenAI · 1 de nov. de 2026")
    openai = listed(settings)[1]
    assert db.read_now(prices.find, openai, "m").read == 250_000
    await screen.call(ProvidersState.forget_price, "openai", "m")
    assert state.get_value("prices") == []
    assert db.read_now(prices.find, openai, "m") is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"read": "much"}, "read"),
        ({"written": ""}, "written"),
        ({"cached": "-1"}, "cached"),
        ({"as_of": "tomorrow"}, "as_of"),
        ({"model": " "}, "model"),
    ],
)
async def test_a_price_that_is_none_is_not_kept(screen, given, field):
    await screen.call(ProvidersState.say_price, {**PRICE, **given})
    state = await screen.of(ProvidersState)
    assert [name for name, said in state.price_errors.items() if said] == [field]
    assert state.get_value("prices") == []


async def test_a_budget_is_given_shown_with_what_was_spent_and_taken_away(screen, ana):
    state = await screen.of(ProvidersState)
    await screen.call(ProvidersState.give_budget, {"who": ana.id.hex, "monthly": "20"})
    await screen.call(ProvidersState.give_budget, {"who": "everybody", "monthly": "5,50"})
    db.write_now(budgets.settle, None, ana.id, budgets.month_of(now()), 5_000_000)
    await screen.call(ProvidersState.load)
    rows = {row["name"]: row for row in state.get_value("budgets")}
    assert (rows["Ana"]["spent"], rows["Ana"]["percent"], rows["Ana"]["monthly"]) == (
        "US$ 5,00",
        25,
        "US$ 20",
    )
    assert rows["Quem não tem um próprio"]["monthly"] == "US$ 5,5"
    await screen.call(ProvidersState.forget_budget, ana.id.hex)
    assert len(state.get_value("budgets")) == 1
    await screen.call(ProvidersState.give_budget, {"who": "everybody", "monthly": "lots"})
    assert state.budget_errors["monthly"]


async def test_whoever_only_looks_gets_nothing_of_it(tab, carla):
    screen = tab(carla, LIST)
    await screen.call(ProvidersState.load)
    state = await screen.of(ProvidersState)
    assert (state.ready, state.get_value("providers"), state.get_value("people")) == (False, [], [])


async def test_a_test_shows_the_models_with_what_they_cost(ana, settings):
    far = Ollama()
    async with far.serving():
        provider = registry.Provider("ollama", "ollama", "Ollama", (far.url,))
        rows = await editor._models(provider, "en")
    assert rows[0] == {
        "name": "llama3.2:3b",
        "about": "chats · tools · 8,192 tokens of context",
        "price": "no price: runs on one's own machine",
    }
