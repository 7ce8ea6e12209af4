"""A person's page: what is open in their name is seen and ended by who manages people, and by nobody else."""

import pytest

from models import Account
from services import audit, db
from services.clock import now
from services.i18n import translate
from services.identity import accounts, api_keys, principals, sessions, tokens
from services.settings import get_settings
from state.person import PersonState

LONG = "a rather long passphrase"


@pytest.fixture
def root(database) -> Account:
    return db.write_now(accounts.create, "root@example.org", LONG, role="admin", name="Root")


@pytest.fixture
def eva(root) -> Account:
    return db.write_now(accounts.create, "eva@example.org", LONG, role="viewer", name="Eva")


@pytest.fixture
async def open_(tab, root, eva, monkeypatch, tmp_path):
    """Eva with a browser, a program and two keys, each on her page: what each of them comes with, and the page."""
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    owner = accounts.principal(eva, {"platform": "viewer"}, eva.id)
    given = {
        "browser": db.write_now(sessions.start, eva.id, now()),
        "program": db.write_now(tokens.start, eva.id, now()).access,
        **{
            name: db.write_now(api_keys.create, owner, now(), name=name, permissions=["compute:read"])[1]
            for name in ("ci", "grafana")
        },
    }
    screen = tab(root, f"/settings/people/{eva.id.hex}")
    await screen.call(PersonState.load)
    yield screen, given
    get_settings.cache_clear()


async def holds(given):
    """Whose of these still hold."""
    return {
        name
        for name, secret in given.items()
        if await (
            principals.principal_of_token(secret)
            if name == "browser"
            else principals.principal_of_bearer(secret)
        )
    }


async def test_everything_that_is_open_is_shown(open_):
    page = await open_[0].of(PersonState)
    assert (page.ready, page.found, page.who["name"]) == (True, True, "Eva")
    assert sorted(row["kind"] for row in page.get_value("sign_ins")) == ["browser", "token"]
    assert [row["name"] for row in page.get_value("keys")] == ["grafana", "ci"]
    assert not any(secret in str(page.get_value("keys")) for secret in open_[1].values())


async def test_one_sign_in_ends_and_the_log_says_who_ended_it(open_, root, eva):
    screen, given = open_
    assert await holds(given) == {"browser", "program", "ci", "grafana"}
    page = await screen.of(PersonState)
    browser = next(row for row in page.get_value("sign_ins") if row["kind"] == "browser")
    await screen.call(PersonState.end, browser["id"])
    assert await holds(given) == {"program", "ci", "grafana"}
    assert [row["kind"] for row in page.get_value("sign_ins")] == ["token"]
    ((event, detail),) = db.read_now(audit.find, 1)
    assert (event.action, event.actor_id, detail.object) == ("session.ended", root.id, "Eva")


async def test_all_sign_ins_end_after_a_question_and_keys_stay(open_):
    screen, given = open_
    await screen.call(PersonState.ask, "sign_ins", "")
    page = await screen.of(PersonState)
    assert page.question["kind"] == "sign_ins"
    await screen.call(PersonState.dismiss)
    assert page.question["kind"] == ""
    await screen.call(PersonState.end_all)
    assert await holds(given) == {"ci", "grafana"}
    assert (page.get_value("sign_ins"), page.others) == ([], False)
    said = (await screen.messages())[-1]["title"]
    assert said == translate("pt-BR", "person.ended.other", count=2)


async def test_a_key_and_all_keys_end(open_, root):
    screen, given = open_
    page = await screen.of(PersonState)
    key = page.get_value("keys")[0]
    await screen.call(PersonState.ask, "key", key["id"])
    assert page.question["name"] == "grafana"
    await screen.call(PersonState.revoke, key["id"])
    assert await holds(given) == {"browser", "program", "ci"}
    await screen.call(PersonState.revoke_all)
    assert await holds(given) == {"browser", "program"}
    assert page.get_value("keys") == []
    done = db.read_now(audit.find, 10, action="api_key.revoked")
    assert {event.actor_id for event, _ in done} == {root.id}
    assert len(done) == 2


async def test_whoever_looks_at_themselves_stays_signed_in(tab, root):
    other = db.write_now(sessions.start, root.id, now())
    screen = tab(root, f"/settings/people/{root.id}")
    await screen.call(PersonState.load)
    page = await screen.of(PersonState)
    assert page.others
    await screen.call(PersonState.end_all)
    assert await principals.principal_of_token(other) is None
    assert [row["current"] for row in page.get_value("sign_ins")] == [True]


@pytest.mark.parametrize("name", ["nobody", "0" * 32, "%00", "9" * 200])
async def test_an_address_of_nobody_is_told(tab, root, name):
    screen = tab(root, f"/settings/people/{name}")
    await screen.call(PersonState.load)
    page = await screen.of(PersonState)
    assert (page.ready, page.found, page.who["name"]) == (True, False, "")
    await screen.call(PersonState.end, name)
    await screen.call(PersonState.end_all)
    await screen.call(PersonState.revoke_all)
    assert [one["state"] for one in await screen.messages()][:1] == ["critical"]


async def test_others_see_and_end_nothing(open_, tab, eva, bruno):
    screen = tab(bruno, f"/settings/people/{eva.id.hex}")
    await screen.call(PersonState.load)
    page = await screen.of(PersonState)
    assert (page.ready, page.who["name"], page.get_value("sign_ins")) == (False, "", [])
    (await screen.of(PersonState)).account_id = eva.id.hex
    await screen.call(PersonState.end_all)
    await screen.call(PersonState.revoke_all)
    assert await holds(open_[1]) == {"browser", "program", "ci", "grafana"}
