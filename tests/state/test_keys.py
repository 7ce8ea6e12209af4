"""The page of keys: a secret is there once, and each sees and ends what is theirs."""

import pytest

from services import db
from services.clock import now
from services.identity import accounts, api_keys, principals, tokens
from services.settings import get_settings
from state.keys import KeysState
from state.settings import SettingsState, program


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


FORM = {"name": "CI", "may.compute:read": "on", "lasts": "90"}


async def test_a_secret_is_shown_until_it_is_put_away(tab, carla):
    screen = tab(carla, "/settings/keys")
    await screen.call(KeysState.load)
    await screen.call(KeysState.make, FORM)
    page = await screen.of(KeysState)
    secret = page.secret
    person = await principals.principal_of_bearer(secret)
    assert (person.account_id, person.permissions) == (carla.id, ("compute:read",))
    (row,) = page.get_value("mine")
    assert (row["name"], row["permissions"], row["used_at"]) == ("CI", "Ver painel, workers e histórico", 0.0)
    assert secret not in str(row)
    await screen.call(KeysState.put_away)
    assert page.secret == ""
    await screen.call(KeysState.make, FORM)
    await screen.call(KeysState.load)
    assert page.secret == ""


async def test_only_what_one_may_is_offered_and_taken(tab, carla):
    screen = tab(carla, "/settings/keys")
    await screen.call(KeysState.load)
    page = await screen.of(KeysState)
    assert {offer["name"] for offer in page.get_value("offers")} == {
        "alerts:read",
        "compute:read",
        "files:read",
        "files:write",
        "jobs:read",
        "jobs:write",
        "notes:read",
        "notes:write",
        "profile:write",
        "providers:read",
        "system:read",
        "tasks:read",
        "tasks:write",
    }
    await screen.call(KeysState.make, {**FORM, "may.people:manage": "on"})
    assert (page.secret, page.errors["scopes"]) == ("", "Uma chave não pode mais do que você.")


async def test_what_is_wrong_is_said_beside_its_field(tab, carla):
    screen = tab(carla, "/settings/keys")
    await screen.call(KeysState.load)
    page = await screen.of(KeysState)
    await screen.call(KeysState.make, {"name": " "})
    assert page.errors == {"name": "Falta este valor.", "scopes": "Escolha ao menos uma permissão."}
    await screen.call(KeysState.check_name, "x" * 81)
    assert page.errors["name"] == "O nome pode ter até 80 caracteres."
    await screen.call(KeysState.check_name, "CI")
    assert page.errors["name"] == ""
    await screen.call(KeysState.make, FORM)
    assert page.errors == {"name": "", "scopes": ""}


async def test_a_key_is_revoked_after_a_question(tab, carla):
    screen = tab(carla, "/settings/keys")
    await screen.call(KeysState.load)
    await screen.call(KeysState.make, FORM)
    page = await screen.of(KeysState)
    secret, (row,) = page.secret, page.get_value("mine")
    await screen.call(KeysState.ask, row["id"])
    assert page.pending_name == "CI"
    await screen.call(KeysState.dismiss)
    await screen.call(KeysState.confirm)
    assert await principals.principal_of_bearer(secret)
    await screen.call(KeysState.ask, row["id"])
    await screen.call(KeysState.confirm)
    assert await principals.principal_of_bearer(secret) is None
    assert page.get_value("mine") == []
    assert [message["title"] for message in await screen.messages()] == ["Chave “CI” revogada"]


async def test_who_manages_people_sees_those_of_all_and_others_only_their_own(tab, admin, carla):
    owner = accounts.principal(carla, {"platform": "viewer"}, carla.id)
    db.write_now(api_keys.create, owner, now(), name="hers", permissions=["compute:read"])
    screen = tab(admin, "/settings/keys")
    await screen.call(KeysState.load)
    page = await screen.of(KeysState)
    assert page.get_value("mine") == []
    assert [(row["name"], row["owner"]) for row in page.get_value("everybody")] == [("hers", "Carla")]
    other = tab(carla, "/settings/keys")
    await other.call(KeysState.load)
    assert (await other.of(KeysState)).get_value("everybody") == []


async def test_nobody_ends_the_key_of_another_by_its_id(tab, admin, bruno):
    owner = accounts.principal(admin, {"platform": "admin"}, admin.id)
    key, secret = db.write_now(api_keys.create, owner, now(), name="x", permissions=["compute:read"])
    screen = tab(bruno, "/settings/keys")
    await screen.call(KeysState.load)
    await screen.call(KeysState.ask, key.id.hex)
    (await screen.of(KeysState)).pending = key.id.hex
    await screen.call(KeysState.confirm)
    assert await principals.principal_of_bearer(secret)
    assert len(await screen.messages()) == 2


def test_a_program_is_called_by_the_first_name_it_gives_itself():
    assert program("curl/8.1 (x86)", "pt-BR") == "Programa (curl)"
    assert program("", "en") == "Program"


async def test_programs_are_among_the_sessions(tab, carla, monkeypatch, tmp_path):
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    access = db.write_now(tokens.start, carla.id, now()).access
    screen = tab(carla, "/settings")
    await screen.call(SettingsState.load)
    page = await screen.of(SettingsState)
    row = next(row for row in page.get_value("sessions") if row["kind"] == "token")
    assert (row["device"], row["current"]) == ("Programa", False)
    await screen.call(SettingsState.end_session, row["id"])
    assert await principals.principal_of_bearer(access) is None
    get_settings.cache_clear()
