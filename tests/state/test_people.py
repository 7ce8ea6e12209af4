"""The people page: who is there, links that are shown once, and changes that end what was open."""

import pytest

from models import Account
from services import db
from services.audit import Actor
from services.clock import now
from services.i18n import translate
from services.identity import accounts, links, sessions
from state.dashboard import DashboardState
from state.people import PeopleState
from state.session import SessionState

LONG = "a rather long passphrase"


def pt(key, **params):
    return translate("pt-BR", key, **params)


@pytest.fixture
def root(database) -> Account:
    return db.write_now(accounts.create, "root@example.org", LONG, role="admin", name="Root")


@pytest.fixture
def eva(root) -> Account:
    return db.write_now(accounts.create, "eva@example.org", LONG, role="viewer", name="Eva")


@pytest.fixture
async def screen(tab, root, eva):
    screen = tab(root, "/settings/people")
    await screen.call(PeopleState.load)
    return screen


async def rows(screen):
    page = await screen.of(PeopleState)
    return {row["email"]: dict(row) for row in page.get_value("rows")}


async def test_everybody_is_shown_and_oneself_is_marked(screen):
    page = await screen.of(PeopleState)
    assert page.ready
    assert page.counts == pt("people.count.active.other", count=2)
    shown = await rows(screen)
    assert shown["root@example.org"]["oneself"]
    assert (shown["eva@example.org"]["role_word"], shown["eva@example.org"]["seen_at"]) == ("Leitor", 0.0)
    await screen.call(PeopleState.search, "EVA")
    assert list(await rows(screen)) == ["eva@example.org"]


async def test_an_invitation_shows_its_link_once(screen):
    page = await screen.of(PeopleState)
    await screen.call(PeopleState.ask_invite)
    await screen.call(PeopleState.invite, {"email": "nobody", "role": "viewer"})
    assert (page.inviting, page.errors["email"]) == (True, pt("errors.email"))
    await screen.call(PeopleState.invite, {"email": "eva@example.org", "role": "viewer"})
    assert page.errors["email"] == pt("errors.email_taken")
    await screen.call(PeopleState.invite, {"email": "leo@example.org", "role": "operator"})
    assert not page.inviting
    path, token = page.link["url"].rsplit("/", 1)
    assert path.endswith("/join")
    assert db.read_now(links.find, "invitation", token, now()).email == "leo@example.org"
    assert (await rows(screen))["leo@example.org"]["state"] == "invited"
    await screen.call(PeopleState.close_invite)  # as the form's dialog says when it goes
    assert page.link["url"] != ""
    await screen.call(PeopleState.close_link)
    assert page.link["url"] == ""


async def test_an_invitation_is_taken_back(screen):
    await screen.call(PeopleState.invite, {"email": "leo@example.org", "role": "operator"})
    row = (await rows(screen))["leo@example.org"]
    await screen.call(PeopleState.ask, "withdraw", row["id"])
    assert (await screen.of(PeopleState)).pending["name"] == "leo"
    await screen.call(PeopleState.withdraw, row["id"])
    assert "leo@example.org" not in await rows(screen)


async def test_another_role_is_kept_and_ends_sessions(screen, eva):
    token = db.write_now(sessions.start, eva.id, now())
    await screen.call(PeopleState.set_role, eva.id.hex, "operator")
    assert (await rows(screen))["eva@example.org"]["role"] == "operator"
    assert db.read_now(sessions.find, token, now()) is None
    said = (await screen.messages())[-1]
    assert said["title"] == pt("people.role_changed", name="Eva", role="Operador")


async def test_who_is_let_go_and_let_in_again(screen, eva):
    await screen.call(PeopleState.ask, "deactivate", eva.id.hex)
    assert (await screen.of(PeopleState)).pending["kind"] == "deactivate"
    await screen.call(PeopleState.deactivate, eva.id.hex)
    assert (await rows(screen))["eva@example.org"]["state"] == "deactivated"
    await screen.call(PeopleState.reactivate, eva.id.hex)
    assert (await rows(screen))["eva@example.org"]["state"] == "active"


async def test_a_link_for_a_new_password(screen, eva):
    await screen.call(PeopleState.offer_reset, eva.id.hex)
    url = (await screen.of(PeopleState)).link["url"]
    assert db.read_now(links.find, "password_reset", url.rsplit("/", 1)[1], now()).account_id == eva.id


async def test_one_does_not_change_oneself(screen, root):
    for handler, args in (
        (PeopleState.set_role, (root.id.hex, "viewer")),
        (PeopleState.deactivate, (root.id.hex,)),
    ):
        await screen.call(handler, *args)
        assert (await screen.messages())[-1]["title"] == pt("people.not_oneself")
    assert (await rows(screen))["root@example.org"]["role"] == "admin"


async def test_nonsense_is_refused_in_words(screen, eva):
    await screen.call(PeopleState.set_role, eva.id.hex, "owner")
    await screen.call(PeopleState.set_role, "nobody", "viewer")
    await screen.call(PeopleState.withdraw, eva.id.hex)
    assert [one["state"] for one in await screen.messages()] == ["critical"] * 3
    await screen.call(PeopleState.ask, "erase", eva.id.hex)
    await screen.call(PeopleState.ask, "deactivate", "nobody")
    assert (await screen.of(PeopleState)).pending["kind"] == ""


async def test_others_may_not_look(tab, bruno):
    screen = tab(bruno, "/settings/people")
    await screen.call(PeopleState.load)
    assert not (await screen.of(PeopleState)).ready


async def test_who_had_the_password_set_anew_is_told_until_read(tab, root, eva):
    _, token = db.write_now(links.offer_reset, eva.id, now(), by=Actor("person", root.id, "Root"))
    db.write_now(links.reset, token, "another long passphrase", now(), by=Actor("nobody"))
    screen = tab(eva, "/")
    await screen.call(DashboardState.load)
    assert (await screen.of(SessionState)).password_set_by == "Root"
    await screen.call(SessionState.password_news_read)
    assert (await screen.of(SessionState)).password_set_by == ""
    assert db.read_now(accounts.get, eva.id).password_set_by == ""
