"""Silences over HTTP: made from an alert or by themselves, listed, and ended."""

import time
from datetime import datetime, timedelta

import pytest

from services import alerts, db
from services.alerts import builtin, rules, silences, triage
from services.audit import Actor
from services.bus import LocalBus
from services.clock import now
from services.history.series import key_of

NODE = {"kind": "worker", "compute": "c", "worker": "1" * 32}
HOUR = timedelta(hours=1)


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
def lost(database):
    """A worker that was lost a moment ago."""
    db.write_now(builtin.ensure, now())
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    moved = evaluator.take(time.time(), NODE, {"up": 0.0})
    db.write_now(alerts.write, moved, {key_of(NODE): "aroeira-2"})
    return db.read_now(alerts.find)[0]


@pytest.fixture
def operator(client, enter, bruno):
    enter(client, bruno)
    return client


@pytest.fixture
def viewer(client, enter, carla):
    enter(client, carla)
    return client


def wanted(**more):
    return {
        "matchers": {"worker": "1" * 32},
        "ends_at": (now() + HOUR).isoformat(),
        "reason": "troca da fonte",
        **more,
    }


async def test_an_alert_is_silenced_and_says_until_when(operator, lost, bus):
    until = now() + HOUR
    at = f"/api/v1/alerts/{lost.id.hex}"
    assert (await operator.get(at)).json()["silenced_until"] is None
    said = (await operator.post(f"{at}/silence", json={"until": until.isoformat(), "reason": "fonte"})).json()
    assert datetime.fromisoformat(said["silenced_until"]) == until
    assert [(line["kind"], line["actor"], line["note"]) for line in said["story"]][-1] == (
        "silenced",
        "Bruno",
        "fonte",
    )
    assert bus.topics == ["alerts"]
    [row] = (await operator.get("/api/v1/alerts?fields=silenced_until")).json()["items"]
    assert row == {"silenced_until": said["silenced_until"]}
    [silence] = (await operator.get("/api/v1/silences")).json()["items"]
    assert (silence["matchers"], silence["rule_id"], silence["author"], silence["state"]) == (
        {"worker": "1" * 32},
        None,
        "Bruno",
        "running",
    )
    await operator.post(f"{at}/resolve", json={})
    assert (await operator.get(at)).json()["silenced_until"] is None
    again = await operator.post(f"{at}/silence", json={"until": until.isoformat(), "reason": "fonte"})
    assert (again.status_code, again.json()["code"]) == (409, "alerts.error.over")


async def test_one_is_made_listed_and_ended(operator, lost, bus):
    made = await operator.post("/api/v1/silences", json=wanted())
    assert made.status_code == 201
    other = await operator.post(
        "/api/v1/silences",
        json=wanted(matchers={}, rule_id=str(lost.rule_id), starts_at=(now() + HOUR / 2).isoformat()),
    )
    assert (other.json()["state"], other.json()["rule"]) == ("coming", "Worker perdido")
    assert (await operator.get(f"/api/v1/alerts/{lost.id.hex}")).json()["silenced_until"]
    one = f"/api/v1/silences/{made.json()['id']}"
    ended = await operator.delete(one)
    assert (ended.status_code, ended.json()["state"]) == (200, "over")
    assert ended.json()["ended_at"]
    assert (await operator.get(f"/api/v1/alerts/{lost.id.hex}")).json()["silenced_until"] is None
    again = await operator.delete(one)
    assert (again.status_code, again.json()["code"]) == (409, "silences.error.over")
    assert bus.topics == ["alerts"] * 3
    seen, cursor = [], ""
    while True:
        page = (await operator.get(f"/api/v1/silences?limit=1&cursor={cursor}")).json()
        seen += [row["state"] for row in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == ["coming", "over"]
    assert (await operator.delete(f"/api/v1/silences/{'0' * 32}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"matchers": {}}, "matchers"),
        ({"matchers": {"worker": ""}}, "matchers"),
        ({"rule_id": "0" * 32}, "rule_id"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2150-01-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2030-01-01T00:00:00"}, "ends_at"),
        ({"starts_at": "2030-01-01T00:00:00"}, "starts_at"),
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"why": "x"}, "why"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_its_field(operator, body, field):
    answer = await operator.post("/api/v1/silences", json=wanted(**body))
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"until": "2020-01-01T00:00:00Z", "reason": "x"}, "until"),
        ({"until": "2030-01-01T00:00:00", "reason": "x"}, "until"),
        ({"reason": "x"}, "until"),
    ],
)
async def test_an_alert_is_not_silenced_until_then(operator, lost, body, field):
    answer = await operator.post(f"/api/v1/alerts/{lost.id.hex}/silence", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_viewer_reads_them_and_changes_none(viewer, lost, bruno):
    draft = silences.Draft(now() + HOUR, "fonte", {"worker": "1" * 32})
    made = db.write_now(silences.create, now(), draft, Actor("person", bruno.id, "Bruno"))
    assert len((await viewer.get("/api/v1/silences")).json()["items"]) == 1
    until = {"until": (now() + HOUR).isoformat(), "reason": "x"}
    for answer in (
        await viewer.post("/api/v1/silences", json=wanted()),
        await viewer.post(f"/api/v1/alerts/{lost.id.hex}/silence", json=until),
        await viewer.delete(f"/api/v1/silences/{made.id.hex}"),
    ):
        assert answer.status_code == 403
    assert silences.is_running(db.read_now(silences.get, made.id), now())
