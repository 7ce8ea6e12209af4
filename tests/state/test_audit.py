"""The audit page finds what its address asks for, follows a person or a thing, and checks the chain."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from models.base import new_id
from services import audit, db, secret_key
from services.audit import Actor
from services.clock import now
from services.i18n import translate
from services.identity import accounts
from services.settings import get_settings
from state.audit import PAGE, AuditState


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()


def act(by, action="worker.retired", ago=timedelta(minutes=1), **more):
    db.write_now(audit.record, now() - ago, by, action, **more)


async def shown(screen):
    page = await screen.of(AuditState)
    return [(row["actor"], row["action"], row["object"]) for row in page.get_value("rows")]


async def test_the_last_week_in_the_readers_words(tab, admin):
    ana = Actor("person", new_id(), "Ana", agent="Chrome")
    act(
        ana,
        object_kind="worker",
        object_id="w1",
        object="ipe-1",
        outcome="failed",
        reason="compute.action.gone",
    )
    act(ana, "session.started", ago=timedelta(days=30))
    act(audit.MACHINE, "account.renamed", before={"name": "A"}, after={"name": "B"})
    screen = tab(admin, "/settings/audit")
    await screen.call(AuditState.load)
    page = await screen.of(AuditState)
    rows = page.get_value("rows")
    assert {(row["actor"], row["action"]) for row in rows} == {
        ("Ana", "Retirou um worker"),
        ("O KeepAI", "Mudou um nome"),
        ("O KeepAI", "Criou uma conta"),
        ("Root", "Entrou"),
    }
    failed = next(row for row in rows if row["object"] == "ipe-1")
    assert (failed["word"], failed["outcome"], failed["object_query"]) == ("Falhou", "critical", "worker:w1")
    assert failed["more"].startswith(translate("pt-BR", "compute.action.gone", name="ipe-1"))
    renamed = next(row for row in rows if row["action"] == "Mudou um nome")
    assert renamed["changes"] == [{"name": "nome", "before": "A", "after": "B"}]
    assert page.ready


async def test_a_person_and_a_thing_are_followed_by_the_address(tab, admin):
    ana, bruno = Actor("person", new_id(), "Ana"), Actor("person", new_id(), "Bruno")
    act(ana, object_kind="worker", object_id="w1", object="ipe-1")
    act(bruno, object_kind="worker", object_id="w1", object="ipe-1")
    act(bruno, object_kind="worker", object_id="w2", object="ipe-2")
    screen = tab(admin, f"/settings/audit?actor={bruno.id.hex}")
    await screen.call(AuditState.load)
    assert [row[2] for row in await shown(screen)] == ["ipe-2", "ipe-1"]
    page = await screen.of(AuditState)
    assert page.actor_name == "Bruno"
    screen.at("/settings/audit?object=worker:w1&span=24h")
    await screen.call(AuditState.load)
    assert sorted(row[0] for row in await shown(screen)) == ["Ana", "Bruno"]
    assert page.object_name == "ipe-1"
    going = await screen.call(AuditState.narrow, "outcome", "failed")
    assert "/settings/audit?span=24h&object=worker:w1&outcome=failed" in str(going)
    going = await screen.call(AuditState.narrow, "object", "worker:w1")  # the same again lets it go
    assert "object" not in str(going.args)
    assert await screen.call(AuditState.narrow, "rows", "x") is None


async def test_further_rows_come_when_asked_for(tab, admin):
    ana = Actor("person", new_id(), "Ana")
    for number in range(PAGE + 5):
        act(ana, ago=timedelta(minutes=number + 1), object_id=str(number))
    screen = tab(admin, f"/settings/audit?actor={ana.id.hex}")
    await screen.call(AuditState.load)
    page = await screen.of(AuditState)
    assert (len(page.rows), page.next != "") == (PAGE, True)
    await screen.call(AuditState.more)
    assert (len(page.rows), page.next) == (PAGE + 5, "")
    await screen.call(AuditState.more)
    assert len(page.rows) == PAGE + 5


async def test_nonsense_in_the_address_finds_nothing_or_everything_and_never_fails(tab, admin):
    for query in ("actor=%00%ff", "outcome=maybe&span=never", f"object={'x' * 9000}", "action=' or 1=1 --"):
        screen = tab(admin, f"/settings/audit?{query}")
        await screen.call(AuditState.load)
        assert (await screen.of(AuditState)).ready


async def test_the_chain_is_checked_on_demand(tab, admin, settings):
    act(Actor("person", new_id(), "Ana"))
    key = secret_key.derive(settings, audit.PURPOSE)
    audit.write_head(settings.data_dir, db.write_now(audit.link_new, key, None))
    screen = tab(admin, "/settings/audit")
    await screen.call(AuditState.check)
    page = await screen.of(AuditState)
    assert (page.verdict, page.checking) == ("ok", False)
    with db.engine().begin() as connection:
        connection.execute(text("delete from audit_event where number = 1"))
    await screen.call(AuditState.check)
    assert page.verdict == "critical"
    assert (await screen.messages())[-1]["state"] == "critical"


async def test_others_may_not_look(tab, bruno):
    screen = tab(bruno, "/settings/audit")
    await screen.call(AuditState.load)
    assert not (await screen.of(AuditState)).ready
    assert (await screen.messages())[-1]["state"] == "critical"
