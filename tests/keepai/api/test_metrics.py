"""Figures for Prometheus."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from services import db, live, metrics, outbox, vault
from services.clock import now
from services.outbox import Failed, MessageTest, Recipient
from services.settings import get_settings
from tests.conftest import PASSWORD
from tests.keepai.around import browser, snapshot, worker

LOCAL = {"peer": "127.0.0.1"}


def read(answer):
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1"])
async def test_a_caller_on_this_machine_may_read(app, peer):
    assert (await browser(app(), peer=peer).get("/metrics")).status_code == 200


@pytest.mark.parametrize("peer", ["10.0.0.2", "::2", "", "localhost", "127.0.0.1.evil.example"])
async def test_any_other_caller_may_not(app, peer):
    answer = await browser(app(), peer=peer).get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (401, "metrics_token")


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-host"])
@pytest.mark.parametrize("hops", [0, 1])
async def test_through_a_proxy_on_this_machine_nobody_is_local(app, settings, header, hops):
    settings(trusted_proxies=hops)
    client = browser(app())
    assert (await client.get("/metrics", headers={header: "127.0.0.1"})).status_code == 401


async def test_the_token_opens_it_from_anywhere(app, settings):
    settings(metrics_token="open sesame")
    client = browser(app(), peer="10.0.0.2")
    for right in ("Bearer open sesame", "bearer open sesame"):
        assert (await client.get("/metrics", headers={"authorization": right})).status_code == 200
    for wrong in (
        "Bearer open",
        "Bearer",
        "Basic open sesame",
        "open sesame",
        "Bearer öpen".encode("latin-1"),
        "",
    ):
        assert (await client.get("/metrics", headers={"authorization": wrong})).status_code == 401


async def test_without_a_token_set_an_empty_one_opens_nothing(app):
    client = browser(app(), peer="10.0.0.2")
    assert (await client.get("/metrics", headers={"authorization": "Bearer "})).status_code == 401


async def test_a_session_does_not_open_it(app, ana, enter):
    client = browser(app(), peer="10.0.0.2")
    enter(client, ana)
    assert (await client.get("/metrics")).status_code == 401


async def test_it_counts_the_compute(client):
    probes = [
        {"name": "ollama", "state": "ok", "latency": 0.25},
        {"name": "openwebui", "state": "down", "latency": None},
        {"name": "redis", "state": "not_configured", "latency": None},
    ]
    workers = [worker("a"), worker("b"), worker("c", state="lost")]
    live.publish(snapshot(workers=workers, probes=probes, totals={"threads": 8, "managed": 3, "cpu": 50.0}))
    found = read(await client.get("/metrics"))
    assert found["keepai_compute_up",] == 1
    assert found["keepai_compute_workers", ("state", "running")] == 2
    assert found["keepai_compute_workers", ("state", "lost")] == 1
    assert found["keepai_compute_workers", ("state", "paused")] == 0
    assert found["keepai_compute_threads",] == 8
    assert found["keepai_compute_cpu_ratio",] == 0.5
    assert found["keepai_compute_memory_bytes", ("kind", "managed")] == 3
    assert found["keepai_probe_up", ("probe", "ollama")] == 1
    assert found["keepai_probe_up", ("probe", "openwebui")] == 0
    assert ("keepai_probe_up", ("probe", "redis")) not in found
    assert found["keepai_probe_latency_seconds", ("probe", "ollama")] == 0.25
    assert found["process_resident_memory_bytes",] > 0


async def test_before_the_first_snapshot_the_compute_is_not_up(client):
    found = read(await client.get("/metrics"))
    assert found["keepai_compute_up",] == 0
    assert ("keepai_compute_threads",) not in found


async def test_it_counts_tabs_updates_and_sign_ins(client, ana, monkeypatch):
    monkeypatch.setattr(metrics, "_readers", {})
    metrics.read_from("live_tabs", lambda: 7)
    metrics.read_from("events_pushed_total", lambda: 1234)
    before = read(await client.get("/metrics")).get(("keepai_sign_ins_total", ("outcome", "ok")), 0)
    await client.post("/auth/login", data={"email": ana.email, "password": PASSWORD})
    found = read(await client.get("/metrics"))
    assert found["keepai_live_tabs",] == 7
    assert found["keepai_events_pushed_total",] == 1234
    assert found["keepai_sign_ins_total", ("outcome", "ok")] == before + 1
    assert found["keepai_http_answers_total", ("status", "3xx")] >= 1


async def test_it_counts_messages_that_wait_and_that_were_given_up(client, settings):
    settings(smtp_host="smtp.example.org", smtp_from="keepai@example.org")
    to = Recipient("address", "eve@example.org")
    for _ in range(3):
        db.write_now(outbox.put, get_settings(), now(), to, MessageTest(by="Ana"))
    (parcel,) = db.write_now(outbox.claim, vault.of(get_settings()), now(), 1)
    db.write_now(outbox.settle, parcel, Failed("outbox.error.refused", permanent=True), now(), 0.5)
    found = read(await client.get("/metrics"))
    assert found["keepai_outbox_messages", ("state", "waiting")] == 2
    assert found["keepai_outbox_messages", ("state", "dead")] == 1


async def test_without_the_database_the_rest_can_still_be_read(client):
    with db.engine().begin() as connection:
        connection.execute(text("alter table outbox rename to outbox_gone"))
    found = read(await client.get("/metrics"))
    assert found["process_resident_memory_bytes",] > 0
    assert ("keepai_outbox_messages", ("state", "dead")) not in found


async def test_no_label_names_a_person(client, ana, enter):
    enter(client, ana)
    await client.post("/auth/login", data={"email": ana.email, "password": "wrong"})
    assert "ana@" not in (await client.get("/metrics")).text
