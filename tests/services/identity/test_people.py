"""The team: invited, let in, given roles, let go; and never without an admin."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest

from models.base import new_id
from services import audit, db, outbox
from services.audit import Actor
from services.clock import now
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identity import accounts, links, people, sessions
from services.settings import Settings

NO_SESSION = UUID(int=0)

LONG = "a rather long passphrase"
ROOT = Actor("person", new_id(), "Root")


@pytest.fixture
def root(database):
    return db.write_now(accounts.create, "root@example.org", LONG, role="admin", name="Root")


@pytest.fixture
def mailing(tmp_path):
    """The settings of an installation with a mail server."""
    return Settings(data_dir=tmp_path, smtp_host="smtp.example.org", smtp_from="keepai@example.org")


@pytest.fixture
def ana(database):
    return db.write_now(accounts.create, "ana@example.org", LONG, role="viewer", name="Ana")


def actions():
    return [event.action for event, _ in db.read_now(audit.find, 50)][::-1]


def invited(email="eva@example.org", role="operator"):
    return db.write_now(links.invite, email, role, now(), by=ROOT)


def accept(token, name="Eva", password=LONG, at=None):
    return db.write_now(links.accept, token, name, password, at or now(), "en", by=Actor("nobody"))


def test_who_is_invited_joins_once_with_the_role_they_were_promised(root):
    link, token = invited("Eva@Example.org ")
    assert token not in str(link.model_dump())
    eva = accept(token)
    assert (eva.email, eva.name, eva.locale) == ("eva@example.org", "Eva", "en")
    assert db.read_now(accounts.roles_of, eva.id) == {"platform": "operator"}
    with pytest.raises(NotFound):
        accept(token)
    assert sorted(actions()[-3:]) == ["account.created", "invitation.accepted", "invitation.sent"]


def test_an_invitation_ends_after_a_day_when_taken_back_and_when_another_is_made(root):
    link, token = invited()
    with pytest.raises(NotFound):
        accept(token, at=now() + timedelta(hours=24, seconds=1))
    db.write_now(people.withdraw, link.id, now(), by=ROOT)
    with pytest.raises(NotFound):
        accept(token)
    with pytest.raises(NotFound):
        db.write_now(people.withdraw, link.id, now(), by=ROOT)
    _, first = invited()
    _, second = invited()
    with pytest.raises(NotFound):
        accept(first)
    assert accept(second).email == "eva@example.org"


@pytest.mark.parametrize("token", ["", "x", "a" * 43, "ä" * 43, "../../etc", "a" * 10_000])
def test_a_made_up_token_opens_nothing(root, token):
    with pytest.raises(NotFound):
        accept(token)


@pytest.mark.parametrize(
    ("email", "role", "fields"),
    [
        ("nobody", "viewer", {"email"}),
        ("a@b, c@d", "viewer", {"email"}),
        ("x" * 250 + "@example.org", "viewer", {"email"}),
        ("eva@example.org", "owner", {"role"}),
        ("", "", {"email", "role"}),
    ],
)
def test_what_is_wrong_with_an_invitation_is_said_by_field(root, email, role, fields):
    with pytest.raises(Invalid) as error:
        invited(email, role)
    assert set(error.value.fields) == fields


def test_whoever_has_an_account_is_not_invited(root, ana):
    with pytest.raises(Conflict):
        invited("ANA@example.org")


@pytest.mark.parametrize("password", ["short", "1234567890", "qwertyuiop", "eva@example.org", "senha12345"])
def test_a_password_that_anyone_would_try_first_is_refused_and_uses_nothing_up(root, password):
    _, token = invited()
    with pytest.raises(Invalid) as error:
        accept(token, password=password)
    assert set(error.value.fields) == {"new"}
    assert accept(token).email == "eva@example.org"


def test_two_who_use_a_link_at_once_make_one_account(root):
    _, token = invited()
    done, failed = [], []

    def use():
        try:
            done.append(accept(token))
        except (NotFound, Conflict) as error:
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(failed)) == (1, 3)


def test_a_reset_link_sets_another_password_ends_all_sessions_and_is_told(root, ana):
    token = db.write_now(sessions.start, ana.id, now())
    _, first = db.write_now(links.offer_reset, ana.id, now(), by=ROOT)
    _, second = db.write_now(links.offer_reset, ana.id, now(), by=ROOT)
    with pytest.raises(NotFound):  # only the newest works
        db.write_now(links.reset, first, "another long passphrase", now(), by=Actor("nobody"))
    db.write_now(links.reset, second, "another long passphrase", now(), by=Actor("nobody"))
    assert db.read_now(sessions.find, token, now()) is None
    assert db.read_now(sessions.check_password, "ana@example.org", LONG) is None
    assert db.read_now(sessions.check_password, "ana@example.org", "another long passphrase") == ana.id
    person = db.read_now(sessions.find, db.write_now(sessions.start, ana.id, now()), now())
    assert person.password_set_by == "Root"
    db.write_now(accounts.password_news_read, ana.id)
    assert db.read_now(accounts.get, ana.id).password_set_by == ""
    with pytest.raises(NotFound):
        db.write_now(links.reset, second, "yet another passphrase", now(), by=Actor("nobody"))


def test_links_of_one_kind_do_not_open_the_other(root, ana):
    _, reset = db.write_now(links.offer_reset, ana.id, now(), by=ROOT)
    _, invitation = invited()
    with pytest.raises(NotFound):
        accept(reset)
    with pytest.raises(NotFound):
        db.write_now(links.reset, invitation, LONG, now(), by=Actor("nobody"))


def test_another_role_ends_the_sessions_and_is_noted(root, ana):
    token = db.write_now(sessions.start, ana.id, now())
    db.write_now(people.set_role, ana.id, "viewer", now(), by=ROOT)  # the same: nothing happens
    assert db.read_now(sessions.find, token, now())
    db.write_now(people.set_role, ana.id, "operator", now(), by=ROOT)
    assert db.read_now(sessions.find, token, now()) is None
    ((event, detail),) = db.read_now(audit.find, 5, action="account.role_changed")
    assert (detail.before, detail.after, event.object_id) == (
        {"role": "viewer"},
        {"role": "operator"},
        ana.id.hex,
    )
    with pytest.raises(Invalid):
        db.write_now(people.set_role, ana.id, "owner", now(), by=ROOT)
    with pytest.raises(NotFound):
        db.write_now(people.set_role, new_id(), "viewer", now(), by=ROOT)


def test_who_is_deactivated_comes_in_no_longer_until_reactivated(root, ana):
    token = db.write_now(sessions.start, ana.id, now())
    _, reset = db.write_now(links.offer_reset, ana.id, now(), by=ROOT)
    db.write_now(people.deactivate, ana.id, now(), by=ROOT)
    db.write_now(people.deactivate, ana.id, now(), by=ROOT)
    assert db.read_now(sessions.find, token, now()) is None
    assert db.read_now(sessions.check_password, "ana@example.org", LONG) is None
    with pytest.raises(NotFound):
        db.write_now(links.reset, reset, "another long passphrase", now(), by=Actor("nobody"))
    with pytest.raises(Forbidden):
        db.write_now(links.offer_reset, ana.id, now(), by=ROOT)
    db.write_now(people.reactivate, ana.id, now(), by=ROOT)
    db.write_now(people.reactivate, ana.id, now(), by=ROOT)
    assert db.read_now(sessions.check_password, "ana@example.org", LONG) == ana.id
    assert [one for one in actions() if one.endswith("activated")] == [
        "account.deactivated",
        "account.reactivated",
    ]


def test_the_last_admin_stays(root, ana):
    for act in (
        lambda: db.write_now(people.set_role, root.id, "viewer", now(), by=ROOT),
        lambda: db.write_now(people.deactivate, root.id, now(), by=ROOT),
        lambda: db.write_now(people.delete, root.id, NO_SESSION, LONG, now(), by=ROOT),
    ):
        with pytest.raises(Conflict):
            act()
    db.write_now(people.set_role, ana.id, "admin", now(), by=ROOT)
    db.write_now(people.set_role, root.id, "viewer", now(), by=ROOT)
    assert db.read_now(accounts.count_admins) == 1


def test_two_admins_who_remove_each_other_at_once_leave_one(root, ana):
    db.write_now(people.set_role, ana.id, "admin", now(), by=ROOT)
    start = threading.Barrier(2)
    refused = []

    def remove(account):
        start.wait()
        try:
            db.write_now(people.deactivate, account.id, now(), by=ROOT)
        except Conflict:
            refused.append(account)

    threads = [threading.Thread(target=remove, args=(account,)) for account in (root, ana)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert db.read_now(accounts.count_admins) == 1


def test_everybody_is_listed_active_ones_first_and_found_by_name_or_address(root, ana):
    db.write_now(sessions.start, ana.id, now())
    invited("eva@example.org")
    bob = db.write_now(accounts.create, "bob@example.org", LONG, role="viewer")
    db.write_now(people.deactivate, bob.id, now(), by=ROOT)
    found = db.read_now(people.members, now())
    assert [(one.label, one.state, one.role) for one in found] == [
        ("Ana", "active", "viewer"),
        ("Root", "active", "admin"),
        ("eva@example.org", "invited", "operator"),
        ("bob@example.org", "deactivated", "viewer"),
    ]
    assert found[0].seen_at is not None
    assert found[1].seen_at is None
    assert [one.label for one in db.read_now(people.members, now(), "EVA")] == ["eva@example.org"]
    assert db.read_now(people.members, now(), "%") == []
    assert len(db.read_now(people.members, now() + timedelta(days=2))) == 3  # the invitation ran out


def test_one_takes_ones_own_data_along_without_any_digest(root, ana, mailing):
    by = Actor("person", ana.id, "Ana", address="10.0.0.7")
    token = db.write_now(sessions.start, ana.id, now(), by=by)
    db.write_now(accounts.update_profile, ana.id, name="Ana Lima", by=by)
    db.write_now(people.forgot, mailing, "ana@example.org", now(), by=Actor("nobody"))
    taken = db.read_now(people.export, mailing, ana.id, now())
    assert taken["account"]["email"] == "ana@example.org"
    assert taken["roles"] == {"platform": "viewer"}
    assert [one["address"] for one in taken["sessions"]] == ["10.0.0.7"]
    assert {"session.started", "account.renamed"} <= {one["action"] for one in taken["audit"]}
    assert [one["template"] for one in taken["messages"]] == ["password_reset"]
    assert "argon2" not in str(taken)
    assert sessions.hash_token(token) not in str(taken)


def test_who_deletes_their_account_leaves_nothing_but_ids_and_a_whole_chain(root, ana, mailing):
    db.write_now(people.forgot, mailing, "ana@example.org", now(), by=Actor("nobody"))
    by = Actor("person", ana.id, "Ana", address="10.0.0.7")
    db.write_now(sessions.start, ana.id, now(), by=by)
    with pytest.raises(Invalid):
        db.write_now(people.delete, ana.id, NO_SESSION, "not it", now(), by=by)
    db.write_now(people.delete, ana.id, NO_SESSION, LONG, now(), by=by)
    assert db.read_now(outbox.counts) == {"waiting": 0, "dead": 0}
    with pytest.raises(NotFound):
        db.read_now(accounts.get, ana.id)
    with db.engine().connect() as connection:
        for table in ("account", "session", "role_grant", "one_time_link", "audit_event", "audit_detail"):
            assert "ana" not in str(connection.exec_driver_sql(f"select * from {table}").all()).lower(), table
    head = db.write_now(audit.link_new, b"k" * 32, None)
    assert db.read_now(audit.verify, b"k" * 32, head).findings == []


def test_an_invitation_that_is_taken_back_is_not_mailed_any_more(root, mailing):
    made = db.write_now(people.invite, mailing, "eva@example.org", "viewer", now(), by=ROOT, locale="en")
    assert (made.mailed, db.read_now(outbox.counts)["waiting"]) == (True, 1)
    db.write_now(people.withdraw, made.id, now(), by=ROOT)
    assert db.read_now(outbox.counts) == {"waiting": 0, "dead": 0}


def test_old_links_are_forgotten(root):
    invited()
    assert db.write_now(links.prune, now()) == 0
    assert db.write_now(links.prune, now() + timedelta(days=32)) == 1
