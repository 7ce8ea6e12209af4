"""Providers as they are kept: keys are sealed, what the environment names stays as it is, what is wrong is said."""

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr
from sqlmodel import select

from models import AuditDetail, AuditEvent, StoredProvider
from services import db
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.i18n import has
from services.providers import book, budgets, prices, registry
from services.providers.book import Draft
from services.providers.kinds import KINDS, LOCAL, URLS
from services.settings import Settings
from tests.vendors.ollama import Ollama

BY = Actor("machine")
KEY = "sk-proj-0123456789abcdef0123"


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


@pytest.fixture
def create(database, settings):
    def create_(kind="openai", name="Escritório", key=KEY, **more):
        return db.write_now(book.create, settings, now(), Draft(kind, name, key=key, **more), BY)

    return create_


@pytest.fixture
def update(settings):
    def update_(provider, **changes):
        draft = replace(book.draft_of(provider), **changes)
        return db.write_now(book.update, settings, now(), provider.id, draft, BY)

    return update_


def listed(settings):
    return db.read_now(registry.listed, settings)


def rows(model):
    return db.read_now(lambda session: list(session.exec(select(model))))


def actions():
    return [row.action for row in rows(AuditEvent)]


def test_each_kind_has_an_address_or_asks_for_one_and_its_options():
    assert KINDS.keys() == URLS.keys() == book.OPTIONS.keys()
    assert KINDS.keys() >= LOCAL


def test_a_key_is_neither_in_the_table_nor_in_the_audit_log(create, update, settings):
    provider = create()
    update(provider, key="sk-another-0123456789abcdef")
    stored = json.dumps([one.model_dump(mode="json") for one in rows(StoredProvider) + rows(AuditDetail)])
    assert KEY not in stored and "another" not in stored
    assert listed(settings)[0].key == "sk-another-0123456789abcdef"
    assert actions() == ["provider.created", "provider.changed"]
    assert book.masked(KEY) == "•••0123" and book.masked("short") == "•••" and book.masked("") == ""


def test_without_an_address_it_is_the_vendors_own(create):
    provider = create()
    assert provider.urls == (URLS["openai"],)
    assert provider.typed


def test_an_empty_key_stays_as_it_is_but_is_not_sent_to_another_address(create, update):
    provider = create(urls=["https://one.example.org/v1/"])
    same = update(provider, name="Outro nome")
    assert (same.key, same.name, same.urls) == (KEY, "Outro nome", ("https://one.example.org/v1",))
    assert update(same, urls=["https://evil.example.org/v1"]).key == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "magic"}, "kind"),
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"kind": "ollama"}, "urls"),
        ({"urls": ["ftp://example.org"]}, "urls"),
        ({"urls": ["https://user:secret@example.org"]}, "urls"),
        ({"urls": ["https://example.org/?key=1"]}, "urls"),
        ({"urls": ["https://example.org:x"]}, "urls"),
        ({"urls": ["https://a.example.org", "https://b.example.org"]}, "urls"),
        ({"key": "chave\nX-Admin: 1"}, "key"),
        ({"key": "çã"}, "key"),
        ({"key": ""}, "key"),
        ({"position": -1}, "position"),
        ({"roles": {"m": ["king"]}}, "roles"),
        ({"only": [""]}, "only"),
        ({"options": {"context": "4096"}}, "options"),
        ({"options": {"most_tokens": "all"}}, "options"),
    ],
)
def test_what_is_wrong_is_said_by_field_and_nothing_is_kept(create, given, field):
    with pytest.raises(Invalid) as raised:
        create(**given)
    assert field in raised.value.fields
    assert all(has(key) for key in raised.value.fields.values())
    assert rows(StoredProvider) == []


def test_two_do_not_share_a_name(create, update):
    create()
    other = create(name="Casa")
    for call in (lambda: create(name="escritório"), lambda: update(other, name="Escritório")):
        with pytest.raises(Invalid):
            call()


def test_a_server_of_ones_own_needs_no_key_and_may_have_nodes(create):
    nodes = ["http://gpu-1.example.org:11434/", "http://gpu-2.example.org:11434"]
    provider = create("ollama", key="", urls=nodes, options={"context": "8192", "keep_alive": "10m"})
    assert provider.urls == (nodes[0].rstrip("/"), nodes[1])
    assert create("openai", name="vLLM", key="", urls=["https://vllm.example.org/v1"]).key == ""


def test_those_of_the_environment_come_without_a_table(database, tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        ollama_url="http://localhost:11434",
        openwebui_url="http://localhost:8080",
        openwebui_api_key=SecretStr("sk-webui"),
        openai_api_key=SecretStr("sk-openai"),
        anthropic_api_key=SecretStr("sk-ant"),
        google_api_key=SecretStr("g"),
    )
    found = {one.id: one for one in listed(settings)}
    assert list(found) == ["ollama", "openwebui", "openai", "anthropic", "google"]
    assert found["openwebui"].urls == ("http://localhost:8080/api",)
    assert not any(one.typed for one in found.values())
    only_watched = Settings(data_dir=tmp_path, openwebui_url="http://localhost:8080")
    assert listed(only_watched) == []
    compatible = Settings(data_dir=tmp_path, openai_base_url="http://localhost:8000/v1")
    assert [one.key for one in listed(compatible)] == [""]


def test_of_one_of_the_environment_order_roles_and_models_change_but_not_where_it_is(
    database, tmp_path, update
):
    settings = Settings(
        data_dir=tmp_path, ollama_url="http://localhost:11434", openai_api_key=SecretStr("sk-openai-key")
    )
    ollama, openai = listed(settings)

    def change(provider, **changes):
        draft = replace(book.draft_of(provider), **changes)
        return db.write_now(book.update, settings, now(), provider.id, draft, BY)

    change(ollama, position=9, roles={"llama3.2:3b": ["admin"]}, options={"context": "8192"})
    first, last = listed(settings)
    assert (first.id, last.id, last.key, last.urls) == ("openai", "ollama", "", ("http://localhost:11434",))
    assert last.lets("admin", "llama3.2:3b") and not last.lets("viewer", "llama3.2:3b")
    for changes in ({"urls": ["https://evil.example.org"]}, {"key": "sk-other"}, {"name": "x"}):
        with pytest.raises(Forbidden):
            change(openai, **changes)
    with pytest.raises(Conflict):
        db.write_now(book.remove, settings, now(), "openai", BY)
    assert "sk-openai-key" not in str([row.model_dump() for row in rows(StoredProvider)])


def test_one_whose_key_was_sealed_with_another_key_is_off(create, settings):
    provider = create()

    def break_(session):
        session.get_one(StoredProvider, provider.id).sealed = "00000000.AAAA"

    db.write_now(break_)
    [found] = listed(settings)
    assert (found.enabled, found.key) == (False, "")


def test_it_is_taken_away(create, settings):
    provider = create()
    db.write_now(book.remove, settings, now(), provider.id, BY)
    assert listed(settings) == []
    with pytest.raises(NotFound):
        db.write_now(book.remove, settings, now(), provider.id, BY)


async def test_a_test_says_how_long_it_took_and_which_models_there_are(database):
    far = Ollama()
    async with far.serving():
        provider = registry.Provider("ollama", "ollama", "Ollama", (far.url,))
        tested = await book.test(provider)
        assert tested.latency is not None and 0 < tested.latency < 5
        assert [info.name for info in tested.models] == ["llama3.2:3b", "nomic-embed-text:latest"]
        far.wrong_host = True
        failed = await book.test(provider)
    assert failed.failure is not None and (failed.failure.code, failed.latency) == ("auth", None)
    await db.write(book.note_test, now(), provider, failed, BY)
    assert [(row.action, row.outcome) for row in rows(AuditEvent)] == [("provider.tested", "failed")]


def test_prices_and_budgets_are_audited(create, ana):
    provider = create()
    price = (250_000, None, 2_000_000)
    db.write_now(book.set_price, now(), provider, "gpt-x", price, now().date(), BY)
    db.write_now(book.set_budget, now(), ana, 20_000_000, BY)
    db.write_now(book.set_budget, now(), None, 5_000_000, BY)
    assert db.read_now(prices.find, provider, "gpt-x").written == 2_000_000
    assert db.read_now(budgets.limit_of, ana.id) == 20_000_000
    assert db.read_now(budgets.everybodys) == 5_000_000
    assert actions()[1:] == ["model_price.changed", "model_budget.changed", "model_budget.changed"]
    after = [row.after for row in rows(AuditDetail)]
    assert {"monthly": "20"} in after and {"price": ["0.25", "2"]} in after
    with pytest.raises(Invalid):
        db.write_now(book.set_budget, now(), ana, -1, BY)
    local = registry.Provider("ollama", "ollama", "Ollama", ("http://localhost:11434",))
    with pytest.raises(Invalid):
        db.write_now(book.set_price, now(), local, "llama", price, now().date(), BY)
