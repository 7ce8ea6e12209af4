"""Plain pages of links that work once: looked at as often as one likes, used once, and never a way in for others."""

import asyncio
import re

import pytest
from sqlmodel import select

from keepai.api import links as pages
from models import OutboxMessage
from models.base import new_id
from services import audit, db
from services.audit import Actor
from services.clock import now
from services.i18n import translate
from services.identity import accounts, links, people, principals, sessions
from services.settings import get_settings

LONG = "a rather long passphrase"
ROOT = Actor("person", new_id(), "Marina <b>")


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
    assert principals.COOKIE not in again.headers.get("set-cookie", "")


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
    assert translate("pt-BR", "auth.limited", wait="").partition("{")[0].split(".")[0] in said(answer)


async def test_another_site_cannot_send_the_form(client, invitation):
    answer = await client.post(
        f"/join/{invitation}", data={"password": LONG}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403


@pytest.fixture
def mail(settings):
    """A mail server is configured; nothing is sent in these tests."""
    settings(smtp_host="mail.example.org", smtp_from="keepai@example.org")


def put():
    """What was put into the outbox: (template, recipient's kind)."""
    return db.read_now(
        lambda session: [(m.template, m.recipient_kind) for m in session.exec(select(OutboxMessage))]
    )


async def until_put(count):
    async with asyncio.timeout(10):
        while len(put()) < count:
            await asyncio.sleep(0.02)


async def test_who_forgot_the_password_gets_a_link_and_nobody_learns_who_has_an_account(mail, client, carla):
    assert 'name="email"' in (await client.get("/forgot")).text
    known = await client.post("/forgot", data={"email": carla.email.upper()})
    unknown = await client.post("/forgot", data={"email": "who@example.org"})
    assert known.text == unknown.text
    assert translate("pt-BR", "links.forgot.sent") in said(known)
    await until_put(1)
    await asyncio.gather(*pages._asked)
    assert put() == [("password_reset", "person")]
    (event, _), *_ = db.read_now(audit.find, 1)
    assert (event.action, event.actor_kind) == ("account.reset_offered", "nobody")


async def test_asking_again_and_again_ends(mail, client, carla):
    for _ in range(8):
        assert (await client.post("/forgot", data={"email": carla.email})).status_code == 200
    await asyncio.gather(*pages._asked)
    assert len(put()) == 3


async def test_without_a_mail_server_one_is_told_whom_to_ask(client, carla):
    answer = await client.get("/forgot")
    assert translate("pt-BR", "links.forgot.no_mail") in said(answer)
    assert "<form" not in answer.text
    await client.post("/forgot", data={"email": carla.email})
    assert put() == []


async def test_ones_own_link_does_not_tell_of_somebody_else(mail, client, carla):
    made = db.write_now(people.offer_reset, get_settings(), carla.id, now(), by=Actor("nobody"))
    path = made.url.removeprefix(get_settings().address)
    assert translate("pt-BR", "links.password_reset.own", email=carla.email) in said(await client.get(path))
    await client.post(path, data={"password": LONG})
    assert db.read_now(accounts.get, carla.id).password_set_by == ""


async def test_who_is_invited_gets_a_mail_and_the_link_is_still_shown(mail, client, database, enter):
    root = db.write_now(accounts.create, "root@example.org", LONG, role="admin", name="Root")
    enter(client, root)
    told = (await client.post("/api/v1/users", json={"email": "leo@example.org", "role": "viewer"})).json()
    assert told["mailed"]
    assert put() == [("invitation", "address")]
    path = told["link"].removeprefix(get_settings().address)
    assert "leo@example.org" in said(await client.get(path))
