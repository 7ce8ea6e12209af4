"""The migrations make what the models describe, on both databases, and rows pass unchanged between the two."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import StatementError
from sqlmodel import Session, SQLModel

import models
from models.base import new_id
from services import db, history

AT = datetime(2026, 11, 20, 12, 34, 56, 789_012, tzinfo=UTC)
DAWN = datetime(1970, 1, 1, tzinfo=UTC)
ODD = "ação 'aspas\" \\ \n 🧠 ‏ %s :name"


@pytest.fixture
def engine(database: str) -> Engine:
    return db.engine()


FULL_TEXT = ("passage_words", "ix_passage_words")  # of the databases themselves, no part of the models


def tables(engine: Engine) -> set[str]:
    return {name for name in inspect(engine).get_table_names() if not name.startswith(FULL_TEXT)}


def test_up_down_and_up_again(engine: Engine, migrate: Callable[[str, str], None]) -> None:
    url = engine.url.render_as_string(hide_password=False)
    expected = set(SQLModel.metadata.tables) | {"alembic_version"}
    assert tables(engine) == expected
    migrate(url, "base")
    assert tables(engine) == {"alembic_version"}
    migrate(url, "head")
    assert tables(engine) == expected


def test_there_is_one_line_of_migrations(request: pytest.FixtureRequest) -> None:
    scripts = ScriptDirectory.from_config(Config(request.config.rootpath / "alembic.ini"))
    assert len(scripts.get_heads()) == 1
    assert all(not isinstance(script.down_revision, tuple) for script in scripts.walk_revisions())


def test_models_and_migrations_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        opts = {
            "compare_type": True,
            "include_object": lambda _item, name, *_: not str(name).startswith(FULL_TEXT),
        }
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_what_grows_without_end_has_the_time_first_in_its_key() -> None:
    keys = {
        "sample_block": "start",
        "worker_event": "at",
        "task_group_run": "finished_at",
        "audit_event": "at",
        "alert": "started_at",
        "alert_event": "at",
        "alert_notice": "at",
        "note_version": "at",
        "bell_notice": "at",
        "model_call": "at",
    }
    for table, column in keys.items():
        assert next(iter(SQLModel.metadata.tables[table].primary_key.columns)).name == column


def rows() -> Iterator[SQLModel]:
    """At least one row of every table, with values that databases like to change."""
    account, compute = new_id(), new_id()
    yield models.Account(id=account, email="ana@example.org", name=ODD, created_at=AT, checklist_hidden=True)
    yield models.Account(email="b@example.org", created_at=DAWN, deactivated_at=AT)
    yield models.RoleGrant(account_id=account, role="admin")
    session = new_id()
    yield models.AccountSession(
        id=session,
        account_id=account,
        token_hash="0" * 64,
        created_at=AT,
        seen_at=AT,
        expires_at=AT,
        revoked_at=None,
    )
    yield models.OneTimeLink(
        kind="invitation",
        token_hash="3" * 64,
        email="c@example.org",
        role="viewer",
        by=ODD,
        created_at=AT,
        expires_at=AT,
    )
    family = new_id()
    yield models.ApiKey(
        account_id=account, name=ODD, prefix="keepai_", secret_hash="0" * 64, permissions=[ODD], created_at=AT
    )
    yield models.TokenFamily(id=family, account_id=account, created_at=AT, seen_at=AT, expires_at=AT)
    yield models.RefreshToken(family_id=family, token_hash="0" * 64, created_at=AT, used_at=AT)
    yield models.SecondFactor(account_id=account, secret="x", created_at=AT, confirmed_at=AT, last_step=2**40)
    yield models.RecoveryCode(account_id=account, code_hash="0" * 64, used_at=AT)
    event = new_id()
    yield models.AuditEvent(
        at=AT, id=event, actor_kind="person", actor_id=account, action="x", digest="0" * 64, number=2**62
    )
    yield models.AuditDetail(
        at=AT, id=event, salt="0" * 32, actor=ODD, before={"a": ODD}, after={"b": [1, None]}
    )
    yield models.AuditCheckpoint(number=2**61, link="0" * 64, at=AT, seal="1" * 64)
    yield models.Compute(id=compute, key="embedded", created_at=AT)
    rule, alert = new_id(), new_id()
    yield models.AlertRule(
        id=rule,
        builtin="worker_lost",
        name=ODD,
        measure="worker.up",
        matchers={"worker": ODD},
        critical_fire=0.1,
        critical_clear=1e300,
        runbook=ODD,
        owner_id=account,
        created_at=AT,
        updated_at=DAWN,
    )
    yield models.AlertStanding(
        rule_id=rule, key=ODD[:500], labels={"a": ODD}, standing={"since": 0.1}, updated_at=AT
    )
    yield models.Alert(
        id=alert,
        started_at=AT,
        rule_id=rule,
        rule_name=ODD[:120],
        open_key="0" * 64,
        labels={"a": ODD},
        subject=ODD[:300],
        state="firing",
        severity="critical",
        worst="critical",
        value=0.1,
        since=DAWN,
        acknowledged_by=account,
    )
    yield models.AlertEvent(at=AT, alert_id=alert, kind="fired", note=ODD, detail={"value": None})
    yield models.AlertOutside(key="0" * 64, alert_id=alert, began=AT, over=True, note=ODD[:300])
    channel = new_id()
    yield models.Channel(
        id=channel,
        kind="chat",
        name=ODD[:120],
        config=ODD,
        locale="en",
        zone="UTC",
        created_at=AT,
        updated_at=DAWN,
    )
    for whose in ({"account_id": account}, {"channel_id": channel}):
        yield models.AlertNotice(
            at=AT, alert_id=alert, **whose, channel="mail", kind="fired", severity="critical", due_at=AT
        )
    yield models.AlertRoute(
        position=2**31 - 1,
        name=ODD[:120],
        severity="warning",
        matchers={"worker": ODD},
        hours={"days": [0, 6], "from": "22:00", "to": "06:00", "zone": "UTC"},
        steps=[{"after": 0.1, "targets": [{"kind": "channel", "id": channel.hex}]}],
        created_at=AT,
        updated_at=DAWN,
    )
    yield models.NoticePreference(
        account_id=account, phone=ODD, quiet_from="22:00", bell_read_at=DAWN, updated_at=DAWN
    )
    yield models.Silence(
        matchers={"worker": ODD},
        rule_id=rule,
        starts_at=DAWN,
        ends_at=AT,
        author_id=account,
        author=ODD,
        reason=ODD,
        created_at=AT,
        ended_at=AT,
        ended_by=account,
    )
    yield models.MaintenanceWindow(
        matchers={"worker": ODD},
        rule_id=rule,
        days="1234567",
        begins="22:00",
        ends="06:00",
        zone="America/Sao_Paulo",
        until=AT.date(),
        author_id=account,
        author=ODD,
        reason=ODD,
        created_at=AT,
        ended_at=AT,
        ended_by=account,
    )
    yield models.PushSubscription(
        account_id=account,
        session_id=session,
        endpoint_hash="0" * 64,
        sealed=ODD,
        user_agent=ODD,
        created_at=DAWN,
        seen_at=AT,
        sent_at=AT,
    )
    yield models.StoredFile(
        account_id=account,
        name=ODD[:200],
        type="text/plain",
        size=2**40,
        digest="0" * 64,
        encrypted=True,
        place=f"{account.hex}/{new_id().hex}",
        object_kind="note",
        object_id=new_id(),
        created_at=AT,
        expires_at=DAWN,
    )
    yield models.Job(
        account_id=account,
        kind="account_export",
        state="running",
        params={"a": [1, None, ODD]},
        step={"at": ODD},
        done=2**40,
        total=2**41,
        step_key="jobs.step.x",
        step_params={"name": ODD},
        result={"href": ODD},
        error="errors.unexpected",
        error_params={"a": 1.5},
        tries=3,
        runner=ODD,
        created_at=AT,
        due_at=DAWN,
        started_at=AT,
        ended_at=DAWN,
        beat_at=AT,
    )
    yield models.BellNotice(
        at=AT, account_id=account, kind="job", key="jobs.bell.done", params={"a": ODD}, tone="ok", href=ODD
    )
    yield models.ExternalIdentity(
        account_id=account, issuer="https://x", subject=ODD, email=ODD, created_at=AT, used_at=AT
    )
    note, other = new_id(), new_id()
    for number in (note, other):
        yield models.Note(
            id=number,
            owner_id=account,
            title=ODD[:200],
            body=ODD * 1000,
            folder=ODD[:200],
            tags=[ODD, "ação"],
            created_at=DAWN,
            updated_at=AT,
            updated_by=account,
            archived_at=DAWN,
            deleted_at=AT,
        )
    yield models.NoteVersion(
        at=AT,
        note_id=note,
        number=2**31 - 1,
        kind="conflict",
        title=ODD[:200],
        body=ODD,
        author=ODD,
        began_at=DAWN,
    )
    yield models.NoteAbout(kind="rule", about_id=rule, note_id=note)
    yield models.NoteTag(note_id=note, folded="acao", name=ODD[:40])
    yield models.NotePin(account_id=account, note_id=note)
    yield models.NoteLink(note_id=note, folded="acao", target_id=other)
    yield models.SavedSearch(account_id=account, name=ODD[:60], query={"q": ODD}, created_at=AT)
    yield models.Share(
        kind="note", object_id=note, account_id=account, level="write", created_at=AT, until=DAWN
    )
    yield models.Share(kind="note", object_id=note, role="*", created_at=AT)
    yield models.Passage(
        number=2**62,
        kind="note",
        object_id=note,
        owner_id=account,
        access_kind="note",
        access_id=note,
        title=ODD[:300],
        text=ODD * 100,
        folded="acao",
        updated_at=AT,
    )
    yield models.Lease(name="background", holder=ODD, expires_at=AT)
    yield models.OutboxMessage(
        created_at=AT,
        channel="mail",
        purpose="account",
        recipient_kind="person",
        recipient_id=account,
        address=ODD,
        template="invitation",
        locale="pt-BR",
        body=ODD * 1000,
        key=ODD,
        message_id="<x@example.org>",
        tries=12,
        due_at=AT,
        expires_at=AT,
        detail=ODD,
    )
    yield models.ProbeStatus(
        name="redis",
        state="ok",
        since=AT,
        checked_at=AT,
        latency=0.1 + 0.2,
        detail={"a": [1, None, 1.5, True, {"b": ODD}], "": {}},
    )
    yield models.Subject(id=7, key='{"kind":"host"}', labels={"kind": "host"}, created_at=AT)
    yield models.SampleBlock(start=AT, subject_id=7, resolution=1, span=60, data=bytes(range(256)))
    yield models.SampleBlock(start=DAWN, subject_id=7, resolution=3600, span=86_400, data=b"")
    yield models.TaskGroupRun(
        finished_at=AT, compute_id=compute, name=ODD, tasks=2**31 - 1, seconds=1e-9, nbytes=2**63 - 1
    )
    yield models.StoredProvider(
        id="openai",
        kind="openai",
        name=ODD[:120],
        urls=ODD,
        sealed=ODD,
        roles={ODD: ["admin"]},
        only=[ODD],
        options={"model": ODD},
        created_at=AT,
        updated_at=DAWN,
    )
    yield models.ModelCall(
        at=AT,
        account_id=account,
        purpose="chat",
        provider_id="openai",
        provider=ODD[:120],
        model=ODD[:200],
        read=2**31 - 1,
        price_read=2**40,
        cost=2**53,
        first_token=0.1 + 0.2,
        outcome="ok",
    )
    yield models.ModelPrice(
        provider_id="openai", model=ODD[:200], read=2**40, written=0, as_of=AT.date(), updated_at=AT
    )
    yield models.ModelBudget(who=account.hex, account_id=account, monthly=2**50, updated_at=AT)
    yield models.ModelSpending(month="2026-11", account_id=account, spent=2**53, reserved=-1)
    yield models.ModelReservation(account_id=account, month="2026-11", amount=2**53, expires_at=AT)
    yield models.VaultCheck(name="key", sealed=ODD)
    task = new_id()
    yield models.Task(
        id=task,
        owner_id=account,
        assignee_id=account,
        title=ODD[:200],
        text=ODD,
        due_on=AT.date(),
        due_time="09:00",
        zone="America/Sao_Paulo",
        due_at=AT,
        remind_at=DAWN,
        repeat="FREQ=DAILY",
        follows=new_id(),
        place=-1e9 / 3,
        checklist=[{"id": "1", "text": ODD, "done": True}],
        about_kind="alert",
        about_id=alert,
        created_at=AT,
        updated_at=AT,
        deleted_at=AT,
    )
    yield models.TaskEvent(
        task_id=task,
        at=AT,
        kind="commented",
        actor_id=account,
        actor=ODD[:254],
        note=ODD,
        detail={"to": None},
    )
    yield models.Worker(
        compute_id=compute, name=ODD, state="lost", since=AT, first_seen=AT, reading={"cpu": 101.7}
    )
    yield models.WorkerEvent(at=AT, compute_id=compute, worker_name=ODD, kind="lost", worker_id=None)


def contents(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, in the order of its key."""
    found = {}
    with engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            result = connection.execute(table.select().order_by(*table.primary_key.columns))
            found[table.name] = [dict(row) for row in result.mappings()]
    return found


def copy(source: Engine, target: Engine) -> None:
    """All rows of one database into another, empty one, parents first."""
    with target.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            if found := contents(source)[table.name]:
                connection.execute(table.insert(), found)
        if target.dialect.name == "postgresql":
            # Numbers that the database gives go on after the copied ones.
            connection.execute(text("SELECT setval('subject_id_seq', (SELECT max(id) FROM subject))"))


@pytest.mark.parametrize("start", ["sqlite", "postgresql"])
def test_rows_pass_unchanged_to_the_other_database_and_back(
    start: str, sqlite_url: str, postgresql_url: str, tmp_path_factory: Any, migrate: Any
) -> None:
    first, second = (sqlite_url, postgresql_url) if start == "sqlite" else (postgresql_url, sqlite_url)
    one, two = db.open_engine(first), db.open_engine(second)
    third = f"sqlite:///{tmp_path_factory.mktemp('third') / 'back.db'}"
    migrate(third, "head")
    three = db.open_engine(third)
    try:
        with Session(one) as session:
            for row in rows():
                session.add(row)
                session.flush()
            session.commit()
        before = contents(one)
        assert all(before.values()), "a table without a row here is not tested"
        copy(one, two)
        assert contents(two) == before
        copy(two, three)
        assert contents(three) == before
    finally:
        for engine in (one, two, three):
            engine.dispose()


def test_history_goes_on_after_a_copy(sqlite_url: str, postgresql_url: str) -> None:
    labels = {"kind": "host"}
    db.configure(sqlite_url)
    db.write_now(history.write, AT, [(labels, {"cpu": 1.5})])
    one, two = db.open_engine(sqlite_url), db.open_engine(postgresql_url)
    copy(one, two)
    one.dispose()
    two.dispose()
    db.configure(postgresql_url)
    db.write_now(
        history.write, AT.replace(second=57), [(labels, {"cpu": 2.5}), ({"kind": "new"}, {"x": 1.0})]
    )
    later = AT.replace(minute=36)
    plot = db.read_now(history.query, labels, ["cpu"], AT, later, now=later, resolution=history.RAW)
    assert plot.bands["cpu"].mean[:3] == [1.5, 2.5, None]
    db.configure(None)


def test_ids_are_sorted_by_the_time_they_were_made(engine: Engine) -> None:
    made = [new_id() for _ in range(200)]
    with Session(engine) as session:
        for number in reversed(made):
            session.add(models.Compute(id=number, key=number.hex, created_at=AT))
        session.commit()
        stored = [row[0] for row in session.execute(text("SELECT id FROM compute ORDER BY id"))]
    assert [UUID(str(number)) for number in stored] == made


def test_a_time_without_zone_is_refused(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(models.Lease(name="x", expires_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        with pytest.raises(StatementError, match="without time zone"):
            session.commit()


def test_times_of_other_zones_are_the_same_instant(engine: Engine) -> None:
    from zoneinfo import ZoneInfo

    local = AT.astimezone(ZoneInfo("America/Sao_Paulo"))
    with Session(engine) as session:
        session.add(models.Lease(name="x", expires_at=local))
        session.commit()
        session.expire_all()
        found = session.get(models.Lease, "x")
        assert found is not None
        assert (found.expires_at, found.expires_at.tzinfo) == (AT, UTC)
