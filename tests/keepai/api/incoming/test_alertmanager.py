"""Alertmanager's messages over HTTP: taken whole or not at all, from those who may."""

import copy
import json
from datetime import timedelta

import pytest
from sqlmodel import select

from keepai.api.incoming.alertmanager import EXAMPLE
from models import Alert, AlertOutside
from services import db
from services.alerts import triage
from services.bus import LocalBus
from services.clock import now, rfc3339
from services.identity import api_keys
from services.identity.accounts import principal, roles_of
from tests.keepai.around import browser

AT = "/webhook/alertmanager"
# What Alertmanager 0.25 sent; its first alert alone, begun when a clock of nanoseconds said so.
SENT = json.loads(
    r"""{
 "receiver": "keepai",
 "status": "firing",
 "alerts": [
  {
   "status": "firing",
   "labels": {
    "alertname": "DiskAlmostFull",
    "instance": "db-0:9100",
    "job": "node",
    "severity": "critical"
   },
   "annotations": {
    "description": "97 % of / is taken.",
    "summary": "Disk of db-0 almost full"
   },
   "startsAt": "2026-11-28T12:00:00.123456789Z",
   "endsAt": "0001-01-01T00:00:00Z",
   "generatorURL": "http://prometheus:9090/graph?g0.expr=disk",
   "fingerprint": "d98f5818d580160b"
  }
 ],
 "groupLabels": {
  "alertname": "DiskAlmostFull"
 },
 "commonLabels": {
  "alertname": "DiskAlmostFull",
  "job": "node",
  "severity": "critical"
 },
 "commonAnnotations": {
  "description": "97 % of / is taken."
 },
 "externalURL": "http://vm:47041",
 "version": "4",
 "groupKey": "{}:{alertname=\"DiskAlmostFull\"}",
 "truncatedAlerts": 0
}"""
)


class Heard(LocalBus):
    """A bus of which the test hears."""

    def __init__(self):
        super().__init__()
        self.topics = []

    def publish(self, topic, message):
        self.topics.append(topic)
        super().publish(topic, message)


@pytest.fixture(autouse=True)
def bus(database):
    made = Heard()
    triage.configure(made)
    return made


@pytest.fixture
async def alertmanager(app, bruno):
    """A program with a key of Bruno's that may tell of alerts and nothing else."""
    async with browser(app(), authorization=f"Bearer {_key(bruno, 'alerts:write')}") as made:
        yield made


def _key(person, *permissions):
    def make(session):
        owner = principal(person, roles_of(session, person.id), person.id)
        return api_keys.create(session, owner, now(), name="prometheus", permissions=permissions)[1]

    return db.write_now(make)


def one(**changed):
    return {**copy.deepcopy(EXAMPLE["alerts"][0]), **changed}


def message(*some, **changed):
    return {**EXAMPLE, "alerts": list(some), **changed}


def stored(model=Alert):
    return db.read_now(lambda session: list(session.exec(select(model))))


async def test_what_it_sends_is_an_alert_and_its_end(alertmanager, client, enter, bruno, bus):
    answer = await alertmanager.post(AT, json=SENT)
    assert (answer.status_code, answer.json()) == (
        200,
        {"alerts": 1, "opened": 1, "changed": 0, "closed": 0, "left_out": 0},
    )
    assert (await alertmanager.post(AT, json=SENT)).json()["opened"] == 0
    enter(client, bruno)
    [row] = (await client.get("/api/v1/alerts")).json()["items"]
    assert (row["title"], row["rule"], row["severity"], row["state"], row["last_note"]) == (
        "DiskAlmostFull: db-0:9100 (node)",
        "DiskAlmostFull",
        "critical",
        "firing",
        "Disk of db-0 almost full",
    )
    [line] = (await client.get(f"/api/v1/alerts/{row['id']}")).json()["story"]
    assert (line["actor"], line["detail"]["link"]) == (
        "Bruno (prometheus)",
        "http://prometheus:9090/graph?g0.expr=disk",
    )
    over = {**SENT["alerts"][0], "status": "resolved", "endsAt": rfc3339(now())}
    assert (await alertmanager.post(AT, json={**SENT, "alerts": [over]})).json()["closed"] == 1
    assert [one.state for one in stored()] == ["resolved"]
    assert bus.topics == ["alerts", "alerts"]


async def test_what_people_do_about_others_they_do_about_these(alertmanager, client, enter, bruno):
    await alertmanager.post(AT, json=message(one()))
    [alert] = stored()
    enter(client, bruno)
    at = f"/api/v1/alerts/{alert.id.hex}"
    until = (now() + timedelta(hours=1)).isoformat()
    for action, body in (
        ("acknowledge", {"note": "minha"}),
        ("assign", {"user_id": str(bruno.id)}),
        ("comment", {"text": "vendo"}),
        ("silence", {"until": until, "reason": "troca"}),
        ("resolve", {}),
    ):
        assert (await client.post(f"{at}/{action}", json=body)).status_code == 200, action
    assert (await alertmanager.post(AT, json=message(one()))).json()["opened"] == 0


def without(name):
    changed = one()
    del changed[name]
    return message(changed)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "version"),
        (message(version="3"), "version"),
        (message(version=4), "version"),
        ({"version": "4"}, "alerts"),
        (message(one(), alerts={}), "alerts"),
        (without("status"), "alerts.0.status"),
        (without("labels"), "alerts.0.labels"),
        (without("startsAt"), "alerts.0.startsAt"),
        (message(one(), one(status="maybe")), "alerts.1.status"),
        (message(one(), one(labels={})), "alerts.1.labels"),
        (message(one(), one(labels={"instance": "a"})), "alerts.1.labels.alertname"),
        (message(one(labels={"alertname": 1})), "alerts.0.labels.alertname"),
        (message(one(), one(startsAt="soon")), "alerts.1.startsAt"),
        (message(one(), one(startsAt="2026-01-31T12:00:00")), "alerts.1.startsAt"),
        (message(one(), one(startsAt="0001-01-01T00:00:00Z")), "alerts.1.startsAt"),
        (message(one(), one(endsAt="never")), "alerts.1.endsAt"),
        (message(one(labels={"alertname": "a\0"})), "alerts.0.labels.alertname"),
        (message(one(annotations={"summary": ["x"]})), "alerts.0.annotations.summary"),
    ],
)
async def test_what_cannot_be_used_is_named_and_nothing_is_kept(alertmanager, bus, sent, field):
    answer = await alertmanager.post(AT, json=sent)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert field in [wrong["field"] for wrong in answer.json()["errors"]]
    assert stored() == stored(AlertOutside) == []
    assert bus.topics == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"4"', b"\xff\xfe", b'{"version": "4", "alerts": [}']
)
async def test_a_broken_body_is_a_problem(alertmanager, body):
    answer = await alertmanager.post(AT, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (422, 422)
    assert [wrong["field"] for wrong in answer.json()["errors"]] in (["body"], ["version", "alerts"])


async def test_more_than_a_megabyte_is_refused(alertmanager):
    labels = {"alertname": "a", "text": "x" * 2**20}
    answer = await alertmanager.post(AT, json=message(one(labels=labels)))
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert stored() == []


async def test_odd_texts_are_kept_or_refused_but_never_break(alertmanager):
    odd = message(one(labels={"alertname": "ação 🧠 'x\" \\ %s", "instance": "‏"}, fingerprint="é" * 200))
    assert (await alertmanager.post(AT, json=odd)).status_code == 200
    surrogate = json.dumps(message(one())).replace("db-1:9100", "\\ud800").encode()
    refused = await alertmanager.post(AT, content=surrogate, headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert len(stored()) == 1


@pytest.mark.parametrize("permissions", [("alerts:read", "alerts:act"), ("compute:read",)])
async def test_a_key_without_the_scope_is_refused(app, bruno, permissions):
    async with browser(app(), authorization=f"Bearer {_key(bruno, *permissions)}") as other:
        assert (await other.post(AT, json=message(one()))).status_code == 403
    assert stored() == []


async def test_a_key_that_does_not_hold_is_refused(app, database):
    async with browser(app(), authorization="Bearer keepai_nothing") as other:
        answer = await other.post(AT, json=message(one()))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_viewer_has_no_such_key(carla):
    from services.errors import Invalid

    with pytest.raises(Invalid):
        _key(carla, "alerts:write")
