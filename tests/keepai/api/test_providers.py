"""AI providers over HTTP: set up, tested, priced; and who sees what of them."""

import asyncio

import pytest

from services import providers
from services.i18n import translate
from services.providers import Asker, Message, catalogue
from tests.vendors.ollama import Ollama
from tests.vendors.openai import OpenAI

KEY = "sk-proj-0123456789abcdef0123"


@pytest.fixture
async def ollama():
    catalogue.forget()
    far = Ollama()
    async with far.serving():
        yield far


@pytest.fixture
def client(settings, ollama, request):
    """With Ollama in the environment."""
    settings(ollama_url=ollama.url, private_hosts="127.0.0.1")
    return request.getfixturevalue("app_client")


@pytest.fixture
def app_client(app):
    from tests.keepai.around import browser

    return browser(app())


@pytest.fixture
def admin(client, enter, ana):
    return enter(client, ana)


async def made(client, **more):
    given = {"kind": "openai", "name": "Escritório", "key": KEY, **more}
    answer = await client.post("/api/v1/providers", json=given)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_ollama_of_the_environment_is_there_and_is_tested(admin, client):
    [one] = (await client.get("/api/v1/providers")).json()["items"]
    assert (one["id"], one["configured"], one["local"]) == ("ollama", True, True)
    tested = (await client.post("/api/v1/providers/ollama/test")).json()
    assert tested["error"] is None and 0 < tested["latency"] < 5
    assert tested["models"] == ["llama3.2:3b", "nomic-embed-text:latest"]


async def test_a_test_that_fails_says_why_in_the_readers_language(admin, client, ollama):
    ollama.wrong_host = True
    answer = await client.post("/api/v1/providers/ollama/test")
    assert answer.status_code == 200
    error = answer.json()["error"]
    assert (error["code"], error["retryable"]) == ("auth", False)
    assert error["message"] == translate("pt-BR", "providers.error.auth", provider="Ollama")


async def test_a_provider_is_added_changed_and_taken_away_and_its_key_is_never_told(admin, client):
    one = await made(client, options={"model": "gpt-5-mini"})
    assert (one["key"], one["urls"], one["configured"]) == ("•••0123", ["https://api.openai.com/v1"], False)
    address = f"/api/v1/providers/{one['id']}"
    changed = await client.patch(address, json={"position": 0, "roles": {"gpt-5": ["admin"]}})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["key"], changed.json()["roles"]) == ("•••0123", {"gpt-5": ["admin"]})
    listed = await client.get("/api/v1/providers")
    assert [row["name"] for row in listed.json()["items"]] == ["Escritório", "Ollama"]
    assert KEY not in listed.text
    assert (await client.delete(address)).status_code == 204
    assert (await client.delete(address)).status_code == 404


async def test_what_is_wrong_is_said_by_field(admin, client):
    answer = await client.post("/api/v1/providers", json={"kind": "openai", "name": "", "urls": ["x"]})
    assert answer.status_code == 422
    assert {row["field"] for row in answer.json()["errors"]} == {"name", "urls"}


async def test_one_of_the_environment_keeps_its_address(admin, client):
    path = "/api/v1/providers/ollama"
    assert (await client.patch(path, json={"urls": ["https://evil.example.org"]})).status_code == 403
    assert (await client.delete(path)).status_code == 409
    assert (await client.patch(path, json={"enabled": False})).json()["enabled"] is False


async def test_a_typed_address_on_a_private_network_is_refused(admin, client, ollama, settings):
    settings(ollama_url="", private_hosts="")
    one = await made(client, kind="ollama", urls=[ollama.url])
    tested = (await client.post(f"/api/v1/providers/{one['id']}/test")).json()
    assert tested["error"]["code"] == "address"
    assert ollama.asked == []


async def test_whoever_only_looks_sees_neither_addresses_nor_keys(client, enter, ana, carla):
    enter(client, ana)
    one = await made(client)
    enter(client, carla)
    listed = await client.get("/api/v1/providers")
    assert {(tuple(row["urls"]), row["key"]) for row in listed.json()["items"]} == {((), "")}
    for call in (
        client.post("/api/v1/providers", json={"kind": "openai", "name": "x", "key": "y"}),
        client.patch(f"/api/v1/providers/{one['id']}", json={"enabled": False}),
        client.post(f"/api/v1/providers/{one['id']}/test"),
        client.delete(f"/api/v1/providers/{one['id']}"),
        client.put("/api/v1/model-budgets", json={"monthly": None}),
    ):
        assert (await call).status_code == 403


async def test_the_models_are_those_that_one_may_use(client, enter, ana, carla):
    enter(client, ana)
    await client.patch("/api/v1/providers/ollama", json={"roles": {"llama3.2:3b": ["admin"]}})
    path = "/api/v1/providers/ollama/models"
    names = [row["name"] for row in (await client.get(path)).json()["items"]]
    assert names == ["llama3.2:3b", "nomic-embed-text:latest"]
    enter(client, carla)
    found = (await client.get(path)).json()["items"]
    assert [row["name"] for row in found] == ["nomic-embed-text:latest"]
    assert found[0] == {
        "name": "nomic-embed-text:latest",
        "capabilities": ["embedding"],
        "context": 2048,
        "size": 2019393189,
        "price": None,
    }


async def test_prices_budgets_and_calls(admin, client, ana):
    far = OpenAI()
    async with far.serving():
        one = await made(client, urls=[f"{far.url}/v1"])
        path = f"/api/v1/providers/{one['id']}"
        price = {"model": "gpt-5-mini", "read": "0.25", "written": "2,00", "as_of": "2026-11-01"}
        assert (await client.put(f"{path}/prices", json=price)).status_code == 204
        wrong = await client.put(f"{path}/prices", json={**price, "read": "much"})
        assert wrong.json()["errors"][0]["field"] == "read"
        rows = (await client.get(f"{path}/models")).json()["items"]
        found = {row["name"]: row["price"] for row in rows}
        assert found["gpt-5-mini"] == {
            "read": "0.25",
            "cached": None,
            "written": "2",
            "table": "own",
            "as_of": "2026-11-01",
        }
        assert found["text-embedding-3-small"] is None, "not known, and not zero"
        budget = {"account_id": ana.id.hex, "monthly": "1"}
        assert (await client.put("/api/v1/model-budgets", json=budget)).status_code == 204
        asked = [Message("user", "?")]
        async with providers.stream(
            Asker(ana.id, "admin"), "chat", asked, provider=one["id"], model="gpt-5-mini"
        ) as answer:
            [_ async for _ in answer]
    [row] = (await client.get("/api/v1/model-budgets")).json()["items"]
    assert row == {"account_id": ana.id.hex, "monthly": "1", "spent": "0.000015", "set_aside": "0"}
    [call] = (await client.get("/api/v1/model-calls")).json()["items"]
    assert (call["cost"], call["outcome"], call["prices_of"]) == ("0.000015", "ok", "own")
    assert (await client.put("/api/v1/model-budgets", json={**budget, "monthly": None})).status_code == 204
    assert (await client.get("/api/v1/model-budgets")).json()["items"] == []


async def test_calls_are_paged_and_ones_own(client, enter, ana, bruno):
    async def ask(account):
        async with providers.stream(Asker(account.id, "admin"), "chat", [Message("user", "?")]) as answer:
            [_ async for _ in answer]

    enter(client, ana)
    for _ in range(3):
        await ask(ana)
        await asyncio.sleep(0.002)
    await ask(bruno)
    first = (await client.get("/api/v1/model-calls?limit=2")).json()
    rest = (await client.get(f"/api/v1/model-calls?limit=2&cursor={first['next_cursor']}")).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    ids = [row["id"] for row in first["items"] + rest["items"]]
    assert len(set(ids)) == 3
