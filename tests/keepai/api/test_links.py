"""Plain pages of links that work once: looked at as often as one likes, used once, and never a way in for others."""

import re

import pytest

from keepai.api import links as pages
from models.base import new_id
from services import accounts, db, identity, links, sessions
from services.audit import Actor
from services.clock import now
from services.i18n import translate

LONG = "a rather long passphrase"
ROOT = Actor("person", new_id(), "Marina <b>")


@pytest.fixture(autouse=True)
def fresh():
    pages.by_address.clear()


@pytest.fixture
def invitation(database):
    """An invitation's token."""
    return db.write_now(links.invite, "eva@example.org", "operator", now(), by=ROOT)[1]


def said(answer):
    return re.sub(r"<[^>]+>", " ", answer.text)


async def test_an_invitation_says_who_invites_whom_and_is_not_used_up_by_looking(client, invitation):
    for _ in range(3):
        answer = await client.get(f"/join/{invitation}", headers={"accept-language": "en"})
        assert answer.status_code == 200
        assert "Marina &lt;b&gt; invites eva@example.org" in said(answer)
        # Not "no-referrer": browsers would then send the form without their Origin, and it would be refused.
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
    in_portuguese = await client.get(f"/join/{invitation}?lang=pt-BR", headers={"accept-language": "en"})
    assert translate("pt-BR", "links.invitation.title") in said(in_portuguese)


async def test_who_joins_is_signed_in_and_the_link_is_used(client, invitation):
    answer = await client.post(f"/join/{invitation}", data={"name": "Eva", "password": LONG})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = (await client.get("/api/v1/session")).json()
    assert (told["email"], told["name"], told["role"]) == ("eva@example.org", "Eva", "operator")
    client.cookies.clear()
    again = await client.post(f"/join/{invitation}", data={"name": "Eva", "password": LONG})
    assert again.status_code == 404
    assert translate("pt-BR", "links.gone.title") in said(again)
    assert identity.COOKIE not in again.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    ("password", "key"),
    [
        ("short", "settings.password.too_short"),
        ("password123", "settings.password.common"),
        ("", "settings.password.too_short"),
    ],
)
async def test_a_bad_password_is_said_beside_its_field_and_the_name_stays(client, invitation, password, key):
    answer = await client.post(f"/join/{invitation}", data={"name": 'Eva "x"', "password": password})
    assert answer.status_code == 422
    assert translate("pt-BR", key, least=10) in said(answer)
    assert 'value="Eva &quot;x&quot;"' in answer.text
    assert (
        await client.post(f"/join/{invitation}", data={"name": "Eva", "password": LONG})
    ).status_code == 303


async def test_a_name_that_is_too_long_is_said(client, invitation):
    answer = await client.post(f"/join/{invitation}", data={"name": "x" * 121, "password": LONG})
    assert translate("pt-BR", "settings.profile.name_too_long") in said(answer)


async def test_a_reset_link_sets_the_password_and_ends_what_was_open(client, carla, enter):
    old = enter(client, carla)
    client.cookies.clear()
    _, token = db.write_now(links.offer_reset, carla.id, now(), by=ROOT)
    assert carla.email in said(await client.get(f"/reset/{token}"))
    answer = await client.post(f"/reset/{token}", data={"password": LONG})
    assert answer.status_code == 303
    assert db.read_now(sessions.find, old, now()) is None
    assert (await client.get("/api/v1/session")).json()["email"] == carla.email
    assert db.read_now(accounts.get, carla.id).password_set_by == ROOT.label
    assert (await client.get(f"/reset/{token}")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/join/x", "/reset/x", f"/join/{'a' * 43}", f"/reset/{'a' * 9000}", "/join/%2e%2e"]
)
async def test_whatever_is_no_link_is_told_alike(client, database, path):
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "<h1>" in answer.text


async def test_guessing_ends_after_some_tries(client, database, invitation):
    for number in range(20):
        assert (await client.post(f"/join/{number:043d}", data={"password": LONG})).status_code == 404
    answer = await client.post(f"/join/{invitation}", data={"name": "Eva", "password": LONG})
    assert answer.status_code == 422
    assert translate("pt-BR", "auth.limited") in said(answer)


async def test_another_site_cannot_send_the_form(client, invitation):
    answer = await client.post(
        f"/join/{invitation}", data={"password": LONG}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
