"""Signing in with an issuer of OpenID Connect: the whole way there and back, and everything that may go wrong on it."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from models import AuditDetail, AuditEvent, ExternalIdentity
from services import db
from services.audit import Actor
from services.clock import now
from services.i18n import translate
from services.identity import accounts, links, oidc, pending, people, principals
from services.identity.oidc import discovery
from tests.issuer import CLIENT, SECRET, OpenIDIssuer

LONG = "a rather long passphrase"
ROOT = Actor("machine", label="root")


@pytest.fixture
def issuer(settings):
    discovery.forget()
    with OpenIDIssuer().served() as made:
        settings(oidc_issuer=made.url, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Casdoor")
        yield made


def ana(role="operator", verified=True):
    """An account here with the address that the issuer knows."""

    def make(database):
        account = accounts.create(database, "ana@example.org", LONG, role=role, name="Ana")
        account.email_verified_at = now() if verified else None
        database.add(account)
        return account

    return db.write_now(make)


def invite(email="ana@example.org", role="operator"):
    return db.write_now(links.invite, email, role, now(), by=ROOT)[0]


async def there(client, query="?next=/workers"):
    """To the issuer; returns the address that the browser is sent to."""
    answer = await client.get(f"/auth/oidc/oidc{query}")
    assert answer.status_code == 302, answer.headers.get("location")
    return answer.headers["location"]


async def sign_in(client, issuer, query="?next=/workers"):
    back = issuer.authorize(await there(client, query))
    return await client.get(back.partition("3000")[2])


def reason(answer):
    """Why somebody is sent back to where they began."""
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["location"]).query).get("error", [""])[0]


def events(database, action):
    return database.exec(select(AuditEvent).where(AuditEvent.action == action)).all()


def identities(database):
    return [(one.issuer, one.subject) for one in database.exec(select(ExternalIdentity))]


async def test_whoever_was_invited_gets_an_account_with_the_role_of_the_invitation(client, issuer):
    invite(role="operator")
    answer = await sign_in(client, issuer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/workers")
    me = (await client.get("/api/v1/session")).json()
    assert (me["email"], me["name"]) == ("ana@example.org", "Ana Lima")
    account = db.read_now(accounts.by_email, "ana@example.org")
    assert db.read_now(accounts.roles_of, account.id) == {"platform": "operator"}
    assert account.email_verified_at is not None
    assert db.read_now(links.invitations, now()) == []
    assert db.read_now(identities) == [(issuer.url, "s-1")]
    assert [len(db.read_now(events, a)) for a in ("invitation.accepted", "identity.connected")] == [1, 1]
    # No password opens it.
    wrong = await client.post("/auth/login", data={"email": "ana@example.org", "password": ""})
    assert "error=wrong" in wrong.headers["location"]


async def test_the_second_time_the_same_account_comes_in_whatever_its_address_is_now(client, issuer):
    invite()
    await sign_in(client, issuer)
    client.cookies.clear()
    issuer.claims |= {"email": "ana.maria@example.org", "email_verified": False}
    answer = await sign_in(client, issuer)
    assert answer.headers["location"] == "/workers"
    assert (await client.get("/api/v1/session")).json()["email"] == "ana@example.org"


async def test_an_account_of_before_is_taken_over_only_when_both_sides_verified_the_address(client, issuer):
    account = ana(verified=False)
    assert reason(await sign_in(client, issuer)) == "oidc.connect_first"
    assert principals.COOKIE not in client.cookies
    token = db.write_now(links.offer_reset, account.id, now(), by=Actor("nobody"))[1]
    db.write_now(links.reset, token, "another rather long passphrase", now(), by=Actor("nobody"))
    issuer.claims["email_verified"] = False
    assert reason(await sign_in(client, issuer)) == "oidc.unverified"
    issuer.claims["email_verified"] = "true"  # as text, from some
    assert (await sign_in(client, issuer)).headers["location"] == "/workers"
    assert (await client.get("/api/v1/session")).json()["email"] == "ana@example.org"


async def test_a_link_that_an_admin_made_proves_nothing_about_an_address(client, issuer):
    account = ana(verified=False)
    token = db.write_now(links.offer_reset, account.id, now(), by=ROOT)[1]
    db.write_now(links.reset, token, "another rather long passphrase", now(), by=Actor("nobody"))
    assert reason(await sign_in(client, issuer)) == "oidc.connect_first"


@pytest.mark.parametrize("said", [False, None, "false", 1, "yes", {}])
async def test_an_address_that_is_not_said_to_be_verified_is_nobodys(client, issuer, said):
    ana()
    issuer.claims["email_verified"] = said
    assert reason(await sign_in(client, issuer)) == "oidc.unverified"


async def test_nobody_else_comes_in(client, issuer):
    assert reason(await sign_in(client, issuer)) == "oidc.unknown"
    assert db.read_now(accounts.count) == 0
    page = await client.get("/login?error=oidc.unknown&via=oidc", headers={"accept-language": "en"})
    assert translate("en", "oidc.unknown") in page.text
    refused = db.read_now(events, "session.refused")
    assert [one.object_id for one in refused] == ["Casdoor"]


async def test_somebody_deactivated_does_not_come_in(client, issuer):
    account = ana()
    db.write_now(accounts.create, "root@example.org", LONG, role="admin")
    await sign_in(client, issuer)
    client.cookies.clear()
    db.write_now(people.deactivate, account.id, now(), by=ROOT)
    assert reason(await sign_in(client, issuer)) == "oidc.deactivated"


# -- what the issuer says of roles ------------------------------------------------------------------------------------


@pytest.fixture
def roles(issuer, settings):
    settings(oidc_roles="boss=admin, staff = operator,*=viewer", oidc_role_claim="realm_access.roles")
    return issuer


@pytest.mark.parametrize(
    ("said", "role"),
    [
        (["staff", "boss"], "admin"),
        ("staff", "operator"),
        (["else"], "viewer"),
        ([], "viewer"),
        (7, "viewer"),
    ],
)
async def test_the_claim_gives_the_role_also_to_somebody_new(client, roles, said, role):
    roles.claims["realm_access"] = {"roles": said}
    await sign_in(client, roles)
    account = db.read_now(accounts.by_email, "ana@example.org")
    assert db.read_now(accounts.roles_of, account.id) == {"platform": role}


async def test_the_role_follows_the_claim_at_each_sign_in_and_the_last_admin_stays(client, roles):
    account = ana(role="viewer")
    roles.claims["realm_access"] = {"roles": ["boss"]}
    assert (await sign_in(client, roles)).headers["location"] == "/workers"
    assert db.read_now(accounts.roles_of, account.id) == {"platform": "admin"}
    client.cookies.clear()
    roles.claims["realm_access"] = {"roles": ["staff"]}
    await sign_in(client, roles)
    assert db.read_now(accounts.roles_of, account.id) == {"platform": "admin"}
    db.write_now(accounts.create, "root@example.org", LONG, role="admin")
    client.cookies.clear()
    await sign_in(client, roles)
    assert db.read_now(accounts.roles_of, account.id) == {"platform": "operator"}
    assert len(db.read_now(events, "account.role_changed")) == 2
    assert (await client.get("/api/v1/session")).status_code == 200


async def test_without_a_role_nobody_comes_in_where_the_issuer_gives_them(client, issuer, settings):
    settings(oidc_roles="boss=admin")
    ana()
    assert reason(await sign_in(client, issuer)) == "oidc.no_role"


async def test_what_the_id_token_leaves_out_is_asked_of_userinfo(client, issuer, settings):
    settings(oidc_roles="staff=operator")
    issuer.userinfo = {**issuer.claims, "groups": ["staff"]}
    issuer.claims = {"sub": "s-1"}
    await sign_in(client, issuer)
    account = db.read_now(accounts.by_email, "ana@example.org")
    assert db.read_now(accounts.roles_of, account.id) == {"platform": "operator"}


async def test_userinfo_of_somebody_else_is_refused(client, issuer):
    ana()
    issuer.userinfo = {**issuer.claims, "sub": "s-2"}
    issuer.claims = {"sub": "s-1"}
    assert reason(await sign_in(client, issuer)) == "oidc.refused"


# -- everything that may be wrong with an answer ----------------------------------------------------------------------

WRONG = {
    "another nonce": lambda c: c.update(nonce="x" * 20),
    "no nonce": lambda c: c.pop("nonce"),
    "another audience": lambda c: c.update(aud="somebody else"),
    "another authorized party": lambda c: c.update(aud=[CLIENT, "other"], azp="other"),
    "another issuer": lambda c: c.update(iss="https://evil.example.org"),
    "over": lambda c: c.update(exp=int(time.time()) - 600),
    "no end": lambda c: c.pop("exp"),
    "from the future": lambda c: c.update(iat=int(time.time()) + 3600),
    "no subject": lambda c: c.pop("sub"),
    "an odd subject": lambda c: c.update(sub=["s-1"]),
    "a long subject": lambda c: c.update(sub="s" * 256),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_id_token_lets_nobody_in(client, issuer, wrong):
    ana()
    issuer.changes = WRONG[wrong]
    assert reason(await sign_in(client, issuer)) == "oidc.refused"
    assert principals.COOKIE not in client.cookies


async def test_a_token_that_nobody_signed_lets_nobody_in(client, issuer):
    ana()
    issuer.algorithm = "none"
    issuer.metadata["id_token_signing_alg_values_supported"] = ["none", "HS256", "RS256"]
    assert reason(await sign_in(client, issuer)) == "oidc.refused"


async def test_a_key_that_is_not_the_issuers_lets_nobody_in(client, issuer):
    ana()
    await sign_in(client, issuer)
    client.cookies.clear()
    back = issuer.authorize(await there(client))
    forged = OpenIDIssuer()  # signs with a key of its own and names the real one's id
    forged.keys[0]._dict_value = {**forged.keys[0].as_dict(), "kid": issuer.keys[0].kid}
    published, issuer.answers["/keys"] = (
        issuer.keys[0],
        (200, json.dumps({"keys": [issuer.keys[0].as_dict(private=False)]})),
    )
    issuer.keys = forged.keys
    answer = await client.get(back.partition("3000")[2])
    assert reason(answer) == "oidc.refused"
    forged.close()
    assert published.kid == issuer.keys[0].as_dict()["kid"]


async def test_new_keys_are_fetched_when_they_are_used(client, issuer):
    ana()
    await sign_in(client, issuer)
    client.cookies.clear()
    issuer.new_key()
    assert (await sign_in(client, issuer)).headers["location"] == "/workers"


async def test_a_code_works_once(client, issuer):
    ana()
    first = await there(client)
    back = issuer.authorize(first).partition("3000")[2]
    state = dict(client.cookies)
    assert (await client.get(back)).headers["location"] == "/workers"
    client.cookies.clear()
    for name, value in state.items():
        client.cookies.set(name, value)
    assert reason(await client.get(back)) == "oidc.refused"


async def test_an_answer_to_another_browser_is_late(client, issuer):
    ana()
    back = issuer.authorize(await there(client)).partition("3000")[2]
    client.cookies.clear()
    assert reason(await client.get(back)) == "oidc.late"


async def test_of_two_tabs_the_first_is_told_to_try_again(client, issuer):
    ana()
    first = issuer.authorize(await there(client)).partition("3000")[2]
    second = issuer.authorize(await there(client)).partition("3000")[2]
    sealed = dict(client.cookies)
    assert reason(await client.get(first)) == "oidc.late"
    for name, value in sealed.items():
        client.cookies.set(name, value)
    assert (await client.get(second)).headers["location"] == "/workers"


async def test_an_answer_in_the_name_of_another_issuer_is_refused(client, issuer):
    ana()
    back = issuer.authorize(await there(client)).partition("3000")[2]
    assert reason(await client.get(back.replace("iss=http", "iss=https"))) == "oidc.refused"


async def test_a_spoiled_cookie_is_late(client, issuer):
    back = issuer.authorize(await there(client)).partition("3000")[2]
    client.cookies.clear()
    client.cookies.set("keepai_oidc", "00000000.AAAA")
    assert reason(await client.get(back)) == "oidc.late"


async def test_not_agreeing_is_told(client, issuer):
    issuer.error = "access_denied"
    assert reason(await sign_in(client, issuer)) == "oidc.cancelled"


@pytest.mark.parametrize("path", ["/token", "/keys"])
@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (200, "not json"), (200, "[]"), (200, "{}")])
async def test_an_issuer_that_fails_on_the_way_back_is_told_in_words(client, issuer, path, status, body):
    ana()
    issuer.answers[path] = (status, body)
    assert reason(await sign_in(client, issuer)) in ("oidc.away", "oidc.refused")


@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (200, "not json"), (200, "[]"), (200, "{}")])
async def test_an_issuer_that_cannot_be_asked_is_told_in_words(client, issuer, status, body):
    issuer.answers["/.well-known/openid-configuration"] = (status, body)
    assert reason(await client.get("/auth/oidc/oidc")) == "oidc.away"
    issuer.answers.clear()
    await there(client)


async def test_an_issuer_that_says_another_name_is_not_believed(client, issuer):
    issuer.name = "https://accounts.google.com"
    assert reason(await client.get("/auth/oidc/oidc")) == "oidc.away"


async def test_a_slow_issuer_does_not_hold_up_others(client, issuer, monkeypatch):
    monkeypatch.setattr("services.outside.PATIENCE", 0.3)
    issuer.delay = 1.0
    assert reason(await client.get("/auth/oidc/oidc")) == "oidc.away"


async def test_one_issuer_that_is_not_set_up_is_not_found(client, issuer):
    assert (await client.get("/auth/oidc/google")).status_code == 404
    assert (await client.get("/auth/oidc/google/callback")).status_code == 404


async def test_where_to_go_afterwards_is_ours(client, issuer):
    ana()
    assert (await sign_in(client, issuer, "?next=https://evil.example.org")).headers["location"] == "/"


async def test_it_may_fail_only_so_often_and_each_failure_is_noted_until_then(client, issuer):
    ana()
    await sign_in(client, issuer)  # this one does not count
    client.cookies.clear()
    for _ in range(30):
        assert reason(await client.get("/auth/oidc/oidc/callback")) == "oidc.late"
    for _ in range(3):
        assert reason(await client.get("/auth/oidc/oidc/callback")) == "oidc.often"
    assert len(db.read_now(events, "session.refused")) == 30


async def test_another_role_ends_what_was_open(client, roles, enter):
    account = ana(role="viewer")
    before = enter(client, account)
    ended = []
    principals.on_end(ended.append)
    client.cookies.clear()
    roles.claims["realm_access"] = {"roles": ["staff"]}
    await sign_in(client, roles)
    assert [one.account_id for one in ended] == [account.id]
    assert await principals.principal_of_token(before) is None
    assert (await client.get("/api/v1/session")).status_code == 200
    client.cookies.clear()
    await sign_in(client, roles)
    assert len(ended) == 1


# -- a further way into one's account ---------------------------------------------------------------------------------


async def test_somebody_signed_in_connects_an_issuer_whatever_address_it_knows(client, issuer, enter):
    account = ana(verified=False)
    enter(client, account)
    issuer.claims |= {"email": "private@example.net", "email_verified": False}
    answer = await sign_in(client, issuer, f"?connect={pending.note('connect', account.id, now())}")
    assert answer.headers["location"] == "/settings/sign-in?connected=oidc"
    client.cookies.clear()
    assert (await sign_in(client, issuer)).headers["location"] == "/workers"
    (mine,) = db.read_now(oidc.of_account, account.id)
    db.write_now(oidc.disconnect, account.id, mine.id, now(), by=ROOT)
    client.cookies.clear()
    assert reason(await sign_in(client, issuer)) == "oidc.unverified"


async def test_a_note_of_somebody_else_connects_nothing(client, issuer, enter):
    account = ana()
    other = db.write_now(accounts.create, "eva@example.org", LONG, role="viewer")
    enter(client, account)
    for note in (
        pending.note("connect", other.id, now()),
        pending.note("code", account.id, now()),
        "made up",
        pending.note("connect", account.id, now() - pending.LASTS["connect"]),
    ):
        assert reason(await client.get(f"/auth/oidc/oidc?connect={note}")) == "oidc.late"
    # Somebody else signs in in between.
    back = issuer.authorize(await there(client, f"?connect={pending.note('connect', account.id, now())}"))
    enter(client, other)
    assert reason(await client.get(back.partition("3000")[2])) == "oidc.late"
    assert db.read_now(identities) == []


async def test_one_person_there_is_one_person_here(client, issuer, enter):
    ana()
    await sign_in(client, issuer)
    eva = db.write_now(accounts.create, "eva@example.org", LONG, role="viewer")
    client.cookies.clear()
    enter(client, eva)
    answer = await sign_in(client, issuer, f"?connect={pending.note('connect', eva.id, now())}")
    assert reason(answer) == "oidc.taken"


async def test_the_only_way_into_an_account_is_not_taken_off(client, issuer):
    invite()
    await sign_in(client, issuer)
    account = db.read_now(accounts.by_email, "ana@example.org")
    (mine,) = db.read_now(oidc.of_account, account.id)
    with pytest.raises(Exception, match=r"oidc\.last_way"):
        db.write_now(oidc.disconnect, account.id, mine.id, now(), by=ROOT)


async def test_without_a_password_a_fresh_sign_in_proves_who_one_is(client, issuer):
    invite()
    await sign_in(client, issuer)
    person = await principals.principal_of_token(client.cookies[principals.COOKIE])
    change = (accounts.prove, person.account_id, person.session_id, "")
    assert not person.has_password
    assert db.read_now(*change, now()).email == "ana@example.org"
    with pytest.raises(Exception, match="sign_in_again"):
        db.read_now(*change, now() + accounts.JUST_NOW + accounts.JUST_NOW)


# -- on the page ------------------------------------------------------------------------------------------------------


async def test_the_pages_offer_it(client, issuer):
    login = await client.get("/login?next=/workers", headers={"accept-language": "en"})
    assert 'href="/auth/oidc/oidc?next=/workers"' in login.text
    assert "Go on with Casdoor" in login.text
    token = db.write_now(links.invite, "ana@example.org", "viewer", now(), by=ROOT)[1]
    assert "/auth/oidc/oidc" in (await client.get(f"/join/{token}")).text


async def test_without_an_issuer_there_is_only_the_password(client):
    assert "/auth/oidc" not in (await client.get("/login")).text


async def test_nothing_of_the_way_is_left_in_the_browser_or_the_log(client, issuer, caplog):
    ana()
    await sign_in(client, issuer)
    assert "keepai_oidc" not in client.cookies
    assert SECRET not in caplog.text
    details = db.read_now(lambda d: [one.model_dump_json() for one in d.exec(select(AuditDetail))])
    assert not any(SECRET in one or "id_token" in one for one in details)
