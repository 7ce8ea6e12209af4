"""The diagnostics bundle: what helps is in it, and nothing that is secret or of people."""

import io
import json
import logging
import zipfile
from datetime import timedelta
from uuid import UUID

import pytest

from keepai import logs
from models import ExternalIdentity, ProbeStatus
from services import audit, db, outbox, vault, workers
from services.audit import Actor
from services.clock import now
from services.identity import accounts, api_keys, links, second_factor, sessions, tokens
from services.identity.permissions import PERMISSIONS
from services.settings import get_settings

ADDRESS = "xaviera.quintanilha@planted-people.example"
NAME = "Xaviera Quintanilha"
GIVEN = {
    "redis_url": "redis://plantedredisuser:plantedredispass@127.0.0.1:9/0",
    "secret_key": "planted-secret-key-0123456789-0123456789",
    "metrics_token": "plantedmetricstoken",
    "admin_email": "planted-admin@planted-admins.example",
    "admin_password": "planted admin password",
    "ollama_url": "http://plantedollama.example:11434",
    "openwebui_url": "http://plantedwebui.example:8080",
    "public_url": "https://plantedpublic.example",
    "dask_scheduler": "tcp://127.0.0.1:9",
    "cors_origins": "https://plantedorigin.example",
    "oidc_issuer": "https://plantedissuer.example",
    "oidc_name": "Planted People",
    "oidc_client_id": "plantedclientid",
    "oidc_client_secret": "plantedclientsecret",
    "smtp_host": "127.0.0.1",
    "smtp_port": 9,
    "smtp_user": "plantedmailuser",
    "smtp_password": "plantedmailpassword",
    "smtp_from": "plantedsender@planted-senders.example",
}
# Whatever of these is to be read anywhere in the bundle is one too many.
# The address of this machine alone is told: it is nobody's.
PLANTED = (
    *(
        "xaviera",
        "quintanilha",
        "planted",
        "leopoldina",
        "zwetschge",
        "127.0.0.1:9",
        "10.99.88.77",
        "2001:db8",
    ),
    *("Firefox/143", "my diary", "keepai_session="),
)


@pytest.fixture
def kept(monkeypatch):
    """The latest log lines of this process, empty at first."""
    fresh, root = logs.Recent(), logging.getLogger()
    monkeypatch.setattr(logs, "RECENT", fresh)
    root.addHandler(fresh)
    yield fresh
    root.removeHandler(fresh)


@pytest.fixture
def planted(settings, database, tmp_path, kept):
    """Settings, rows and log lines full of secrets, addresses, names and texts; each secret that was made."""
    settings(**GIVEN)
    by = Actor("person", None, NAME, address="10.99.88.77", agent="Mozilla/5.0 Firefox/143")
    person = db.write_now(accounts.create, ADDRESS, "planted long passphrase", role="admin", name=NAME, by=by)
    owner = accounts.principal(person, {"platform": "admin"}, person.id)
    session = db.write_now(sessions.start, person.id, now(), by=by)
    pair = db.write_now(tokens.start, person.id, now(), by=by)
    _, key = db.write_now(api_keys.create, owner, now(), name="planted key", permissions=PERMISSIONS, by=by)
    _, invited = db.write_now(links.invite, "leopoldina@planted-people.example", "viewer", now(), by=by)
    factor = db.write_now(
        second_factor.begin,
        vault.of(get_settings()),
        person.id,
        UUID(int=0),
        "planted long passphrase",
        now(),
    )
    db.write_now(
        outbox.put, get_settings(), now(), outbox.person(person), outbox.MessageTest(by=NAME), key="planted"
    )
    db.write_now(
        audit.record, now(), by, "account.renamed", object_kind="account", object=NAME, after={"name": NAME}
    )
    status = ProbeStatus(
        name="redis",
        state="down",
        since=now() - timedelta(hours=1),
        checked_at=now(),
        reason="probes.reason.refused",
        detail={"version": f"7 of {ADDRESS}", "reason_params": {"address": "planted.example:6379"}},
    )
    db.write_now(lambda database: database.add(status))
    elsewhere = ExternalIdentity(
        account_id=person.id,
        issuer="https://plantedissuer.example",
        subject="zwetschge",
        email="zwetschge@plantedissuer.example",
        created_at=now(),
        used_at=now(),
    )
    db.write_now(lambda database: database.add(elsewhere))
    db.write_now(workers.ensure_compute, "tcp://planted-scheduler.example:8786", now())
    secrets = [session, pair.access, pair.refresh, key, invited, str(factor)]
    log = logging.getLogger("services.planted")
    log.warning("%s of %s asked with %s", NAME.upper(), ADDRESS, key)
    log.warning("cookie: keepai_session=%s; authorization: Bearer %s", session, pair.access)
    log.warning("%s does not answer at 10.99.88.77 nor 2001:db8::7", GIVEN["redis_url"])
    log.warning("%s and %s", GIVEN["smtp_password"], GIVEN["admin_password"])
    log.warning("refresh_token=%s link /join/%s", pair.refresh, invited)
    log.warning("zwetschge was not taken over")
    log.warning("in words\nof %s: my diary", NAME)
    try:
        raise RuntimeError(f"{NAME} wrote: my diary")
    except RuntimeError as error:
        log.exception("request 0192f0c0d1e27a3b8c4d5e6f70819203 failed: %s", error)
    logging.getLogger("reflex.x").error("Event(token='planted', name='state.x', payload={'a': 'my diary'})")
    return person, secrets


def files_of(answer):
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


async def test_nothing_secret_and_nobody_is_in_it(client, enter, planted):
    person, secrets = planted
    enter(client, person)
    files = files_of(await client.get("/api/v1/diagnostics"))
    found = [
        (name, one)
        for name, text in files.items()
        for one in (
            *PLANTED,
            *secrets,
            *(str(value) for value in GIVEN.values() if value not in (9, "127.0.0.1")),
        )
        if one.lower() in text.lower()
    ]
    assert found == []


async def test_what_helps_is_in_it(client, enter, planted, tmp_path):
    enter(client, planted[0])
    answer = await client.get("/api/v1/diagnostics")
    files = files_of(answer)
    read = {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}
    assert answer.headers["content-disposition"].startswith('attachment; filename="keepai-diagnostics-')
    assert read["versions.json"]["database"]["kind"] == "SQLite"
    assert read["versions.json"]["packages"]["dask"]
    given = read["settings.json"]
    assert given["KEEPAI_SMTP_PORT"] == {"value": 9, "changed": True}
    assert given["KEEPAI_LOG_LEVEL"] == {"value": "info", "changed": False}
    assert given["KEEPAI_SMTP_PASSWORD"] == {"value": "•••", "changed": True}
    assert given["KEEPAI_TLS_CERT"] == {"value": "", "changed": False}
    said = {one["verdict"]: one["says"] for one in read["doctor.json"]}
    assert said["problem"]
    assert str(tmp_path) not in files["doctor.json"]
    assert read["health.json"]["status"] == "degraded"
    assert read["database.json"]["tables"]["account"] == 1
    (probe,) = read["database.json"]["probes"]
    assert (probe["state"], probe["reason"], probe["version"]) == ("down", "probes.reason.refused", "")
    lines = files["log.txt"].splitlines()
    assert any(
        "request 0192f0c0d1e27a3b8c4d5e6f70819203 failed: RuntimeError [Runtime" in one for one in lines
    )
    assert any(one.endswith("event state.x could not be processed") for one in lines)


async def test_that_it_was_taken_is_noted(client, enter, planted):
    person, _ = planted
    enter(client, person)
    await client.get("/api/v1/diagnostics")
    ((event, _),) = db.read_now(audit.find, 1)
    assert (event.action, event.actor_id) == ("diagnostics.downloaded", person.id)


async def test_others_get_none(client, bruno, enter):
    assert (await client.get("/api/v1/diagnostics")).status_code == 401
    enter(client, bruno)
    assert (await client.get("/api/v1/diagnostics")).status_code == 403
    assert db.read_now(audit.find, 5, action="diagnostics") == []


async def test_the_other_database_is_told_as_well(client, enter, postgresql_url, password_hash):
    db.configure(postgresql_url)
    person = db.write_now(accounts.create, ADDRESS, "planted long passphrase", role="admin", name=NAME)
    enter(client, person)
    files = files_of(await client.get("/api/v1/diagnostics"))
    told = json.loads(files["versions.json"])["database"]
    assert told["kind"] == "PostgreSQL"
    assert told["version"][0].isdigit()
    assert not [name for name, text in files.items() if "planted" in text.lower()]
