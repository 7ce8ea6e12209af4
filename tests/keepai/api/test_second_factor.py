"""Signing in with a second factor: in the form, over the API, and after a link for a new password."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest

from services import audit, db, vault
from services.audit import Actor
from services.clock import now
from services.i18n import translate
from services.identity import accounts, links, pending, principals, second_factor
from services.settings import get_settings

NO_SESSION = UUID(int=0)

LONG = "a rather long passphrase"


@dataclass
class Guarded:
    """Somebody with an authenticator app and recovery codes."""

    id: UUID
    app: pyotp.TOTP
    codes: list[str]


@pytest.fixture
def eva(database):
    account = db.write_now(accounts.create, "eva@example.org", LONG, role="viewer", name="Eva")
    box, by = vault.of(get_settings()), Actor("person", account.id, "Eva")
    app = pyotp.TOTP(db.write_now(second_factor.begin, box, account.id, NO_SESSION, LONG, now()).secret)
    # With the code of the half minute before, so that the present one is left for the test.
    before = app.at(now() - timedelta(seconds=30))
    return Guarded(
        account.id, app, db.write_now(second_factor.confirm, box, account.id, before, now(), by=by)
    )


async def password(client, next="/workers"):
    return await client.post("/auth/login", data={"email": "eva@example.org", "password": LONG, "next": next})


async def code(client, given, next="/workers"):
    return await client.post("/login/code", data={"code": given, "next": next})


async def test_the_password_alone_opens_nothing(client, eva):
    answer = await password(client)
    assert answer.headers["location"] == "/login/code?next=/workers"
    assert principals.COOKIE not in client.cookies
    assert (await client.get("/api/v1/session")).status_code == 401
    page = await client.get(answer.headers["location"])
    assert translate("pt-BR", "auth.code_title") in page.text


async def test_password_and_code_open(client, eva):
    await password(client)
    answer = await code(client, eva.app.now())
    assert (answer.status_code, answer.headers["location"]) == (303, "/workers")
    assert (await client.get("/api/v1/session")).json()["email"] == "eva@example.org"
    assert "keepai_pending" not in client.cookies


async def test_a_recovery_code_opens_as_well(client, eva):
    await password(client)
    assert (await code(client, eva.codes[0])).headers["location"] == "/workers"


async def test_a_wrong_code_is_said_noted_and_counted(client, eva):
    await password(client)
    for _ in range(5):
        answer = await code(client, "000000")
        assert answer.headers["location"] == "/login/code?error=code_wrong&next=/workers"
    assert translate("pt-BR", "auth.code_wrong") in (await client.get(answer.headers["location"])).text
    answer = await code(client, eva.app.now())
    assert "error=limited" in answer.headers["location"]
    assert principals.COOKIE not in client.cookies
    noted = [event.outcome for event, _ in db.read_now(audit.find, 9, action="session.refused")]
    assert noted == ["refused"] * 5


async def test_without_the_password_there_is_no_second_step(client, eva):
    assert (await client.get("/login/code")).headers["location"].startswith("/login?")
    answer = await code(client, eva.app.now())
    assert answer.headers["location"] == "/login?error=code_late&next=/workers"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note[:-1] + ("0" if note[-1] != "0" else "1"),
        lambda note: "0" * 32 + note[32:],
        lambda note: note.replace(".", ".9", 1),
        lambda _note: "x",
        lambda _note: "..",
    ],
)
async def test_a_made_up_note_is_not_taken(client, eva, spoil):
    client.cookies.set("keepai_pending", spoil(pending.note("code", eva.id, now())))
    assert (await code(client, eva.app.now())).headers["location"].startswith("/login?error=code_late")


async def test_the_note_ends_after_some_minutes(eva):
    note = pending.note("code", eva.id, now())
    assert pending.account_of("code", note, now()) == eva.id
    assert pending.account_of("code", note, now() + pending.LASTS["code"]) is None


async def test_a_link_for_a_new_password_does_not_go_round_it(client, eva):
    _, token = db.write_now(links.offer_reset, eva.id, now(), by=Actor("nobody"))
    answer = await client.post(f"/reset/{token}", data={"password": "another long passphrase"})
    assert answer.headers["location"] == "/login/code?next=/"
    assert principals.COOKIE not in client.cookies
    assert (await code(client, eva.app.now(), "/")).headers["location"] == "/"


async def test_programs_give_the_code_with_the_password(client, eva):
    async def sign_in(**more):
        return await client.post(
            "/api/v1/auth/login", json={"email": "eva@example.org", "password": LONG, **more}
        )

    answer = await sign_in()
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.code_needed")
    answer = await sign_in(totp="000000")
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.code_wrong")
    assert (await sign_in(totp=eva.app.now())).status_code == 200
    assert (await sign_in(totp=eva.app.now())).status_code == 401
