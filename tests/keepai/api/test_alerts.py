"""Alerts over HTTP: found, taken on, written about, ended; rules made, tried, changed and taken away."""

import time
from datetime import timedelta

import pytest

from services import alerts, db, history
from services.alerts import builtin, rules, triage
from services.bus import LocalBus
from services.clock import now
from services.history.series import key_of

NODE = {"kind": "worker", "compute": "c", "worker": "1" * 32}


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
def admin(client, enter, ana):
    enter(client, ana)
    return client


async def test_what_is_open_is_listed_and_what_is_over_apart(operator, lost):
    found = (await operator.get("/api/v1/alerts")).json()
    [row] = found["items"]
    assert found["next_cursor"] is None
    assert (row["id"], row["title"], row["state"], row["severity"]) == (
        lost.id.hex,
        "Worker aroeira-2 perdido",
        "firing",
        "critical",
    )
    assert (await operator.get("/api/v1/alerts?severity=warning")).json()["items"] == []
    assert (await operator.get("/api/v1/alerts?state=resolved")).json()["items"] == []
    assert (await operator.get("/api/v1/alerts?q=aroeira&fields=id,state")).json()["items"] == [
        {"id": lost.id.hex, "state": "firing"}
    ]
    for words, count in (("perdido", 1), ("Worker lost", 1), ("Disk", 0), ("{subject}", 0)):
        found = (await operator.get("/api/v1/alerts", params={"q": words})).json()["items"]
        assert len(found) == count, words


async def test_a_long_list_is_read_page_by_page(operator, database):
    db.write_now(builtin.ensure, now())
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    for number in range(7):
        labels = {**NODE, "worker": f"{number:032x}"}
        db.write_now(alerts.write, evaluator.take(1000.0 + number // 2, labels, {"up": 0.0}), {})
    seen, cursor = [], ""
    while True:
        page = (await operator.get(f"/api/v1/alerts?limit=3&cursor={cursor}")).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 7


async def test_somebody_takes_it_on_writes_hands_over_and_ends_it(operator, lost, bruno, carla, bus):
    at = f"/api/v1/alerts/{lost.id.hex}"
    until = (now() + timedelta(hours=1)).isoformat()
    said = (await operator.post(f"{at}/acknowledge", json={"note": "sem energia", "until": until})).json()
    assert (said["acknowledged_by"], said["assignee"], said["last_note"]) == ("Bruno", "Bruno", "sem energia")
    said = (await operator.post(f"{at}/assign", json={"user_id": str(carla.id)})).json()
    assert said["assignee"] == "Carla"
    said = (await operator.post(f"{at}/assign", json={"user_id": None})).json()
    assert said["assignee"] == ""
    assert (await operator.post(f"{at}/comment", json={"text": "ligando"})).status_code == 200
    said = (await operator.post(f"{at}/resolve", json={})).json()
    assert (said["state"], said["resolved_by"]) == ("resolved", "Bruno")
    assert [line["kind"] for line in said["story"]] == [
        "fired",
        "acknowledged",
        "assigned",
        "unassigned",
        "commented",
        "resolved_by_hand",
    ]
    assert bus.topics == ["alerts"] * 4 + ["alert_resolved", "alerts"]
    again = await operator.post(f"{at}/resolve", json={})
    assert (again.status_code, again.json()["code"]) == (409, "alerts.error.over")


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("acknowledge", {"until": "2020-01-01T00:00:00Z"}, 422, "until"),
        ("acknowledge", {"until": "2030-01-01T00:00:00"}, 422, "until"),
        ("assign", {"user_id": "0" * 32}, 422, "user_id"),
        ("comment", {"text": "  "}, 422, "text"),
        ("comment", {}, 422, "text"),
        ("resolve", {"why": "x"}, 422, "why"),
    ],
)
async def test_what_cannot_be_is_refused(operator, lost, path, body, status, field):
    answer = await operator.post(f"/api/v1/alerts/{lost.id.hex}/{path}", json=body)
    assert answer.status_code == status
    assert field in answer.text


async def test_nobody_has_an_alert_of_that_name(operator):
    assert (await operator.get("/api/v1/alerts/none")).status_code == 404
    assert (await operator.get(f"/api/v1/alerts/{'0' * 32}")).status_code == 404


RULE = {
    "name": "Memória alta",
    "measure": "worker.memory_share",
    "summary": "mean",
    "window": 60,
    "warning_fire": 70,
    "warning_clear": 65,
    "critical_fire": 80,
    "critical_clear": 75,
}


async def test_a_rule_is_made_changed_and_taken_away(admin, ana, bus):
    made = await admin.post("/api/v1/alert-rules", json=RULE)
    assert made.status_code == 201, made.text
    rule = made.json()
    assert (rule["unit"], rule["owner"], rule["enabled"]) == ("percent", ana.id.hex, True)
    at = f"/api/v1/alert-rules/{rule['id']}"
    changed = (
        await admin.patch(at, json={"critical_fire": None, "critical_clear": None, "pending": 30})
    ).json()
    assert (changed["critical_fire"], changed["pending"], changed["warning_fire"]) == (None, 30, 70)
    assert (await admin.patch(at, json={"warning_fire": 60})).json()["code"]
    assert (await admin.delete(at)).status_code == 204
    assert (await admin.delete(at)).status_code == 404
    assert "alert_rules" in bus.topics


async def test_those_that_come_with_keepai_can_only_be_switched_off(admin, lost):
    found = (await admin.get("/api/v1/alert-rules?limit=1")).json()["items"][0]
    at = f"/api/v1/alert-rules/{lost.rule_id.hex}"
    assert found["builtin"]
    assert (await admin.delete(at)).status_code == 409
    assert (await admin.patch(at, json={"enabled": False})).json()["enabled"] is False
    assert (await admin.get("/api/v1/alerts")).json()["items"] == []


async def test_a_rule_is_tried_on_what_is_stored_before_it_is_saved(operator, database):
    start = time.time() - 3600
    recorder = history.Recorder()
    for second in range(3500):
        value = 90.0 if 600 <= second < 900 or 2000 <= second < 2060 else 40.0
        recorder.add(start + second, NODE, {"memory_share": value})
        if second % 300 == 299:
            await recorder.flush(time.time(), everything=True)
    await recorder.flush(time.time(), everything=True)
    for span in ("2h", "24h"):
        trial = {**RULE, "summary": "last", "window": 0, "span": span}
        found = (await operator.post("/api/v1/alert-rules/preview", json=trial)).json()
        assert (found["subjects"], found["criticals"], found["warnings"]) == (1, 2, 0), span
        assert found["resolution"] == (1 if span == "2h" else 60)
        assert [round(one["peak"]) for one in found["episodes"]] == [90, 90]
    assert (await operator.get("/api/v1/alert-rules")).json()["items"] == []
    wrong = await operator.post("/api/v1/alert-rules/preview", json={**RULE, "warning_clear": 99})
    assert (wrong.status_code, "warning_clear" in wrong.text) == (422, True)


async def test_a_measure_that_is_added_is_there_for_rules_and_their_trial(
    operator, admin, database, monkeypatch
):
    from services import measures

    added = measures.Measure("generation", "first_token", "seconds", measures.field("first_token"))
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, added))
    labels = {"kind": "generation", "provider": "ollama"}
    row = {"first_token": 2.5}
    at = now()
    db.write_now(history.write, at, [(labels, measures.samples([added], row))])
    rule = {"name": "Lento", "measure": "generation.first_token", "warning_fire": 2, "warning_clear": 1}
    found = (await admin.post("/api/v1/alert-rules/preview", json={**rule, "span": "2h"})).json()
    assert (found["subjects"], found["warnings"]) == (1, 1)
    assert (await admin.post("/api/v1/alert-rules", json=rule)).status_code == 201
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    db.write_now(alerts.write, evaluator.take(at.timestamp(), labels, row), {})
    assert [one["rule"] for one in (await admin.get("/api/v1/alerts")).json()["items"]] == ["Lento"]


FILE = "/api/v1/alert-rules.yaml"


async def test_rules_go_out_as_a_file_and_come_in_again(admin, bus):
    await admin.post("/api/v1/alert-rules", json=RULE)
    answer = await admin.get(FILE)
    assert answer.headers["content-type"].startswith("application/yaml")
    assert 'filename="keepai-rules.yaml"' in answer.headers["content-disposition"]
    text = answer.text.replace("warning_fire: 70", "warning_fire: 72")
    tried = (await admin.post(f"{FILE}?dry_run=true", content=text)).json()
    assert tried == {
        "applied": False,
        "created": [],
        "changed": [{"rule": RULE["name"], "fields": ["warning_fire"]}],
        "removed": [],
        "left": 0,
    }
    assert (await admin.get(FILE)).text == answer.text
    assert (await admin.post(FILE, content=text)).json() == {**tried, "applied": True}
    assert (await admin.get(FILE)).text == text
    gone = (await admin.post(f"{FILE}?remove=true", content="version: 1\nrules: []\n")).json()
    assert (gone["removed"], gone["left"]) == ([RULE["name"]], 0)


async def test_a_file_of_rules_with_mistakes_is_refused_with_all_of_them(admin):
    text = "version: 1\nrules:\n- {name: Ruim, measure: x, warning_fire: 1, colour: red}\n"
    answer = await admin.post(FILE, content=text, headers={"accept-language": "en"})
    assert answer.status_code == 422
    wrong = {one["field"]: one["detail"] for one in answer.json()["errors"]}
    assert wrong.keys() == {"Ruim: colour", "Ruim: measure", "Ruim: warning_clear"}
    assert all(wrong.values())
    assert (await admin.post(FILE, content=b"\xff\xfe")).status_code == 422
    assert (await admin.post(FILE, content=b"x" * (1024 * 1024 + 1))).status_code == 413


async def test_an_operator_takes_rules_out_but_not_in(operator):
    assert (await operator.get(FILE)).status_code == 200
    assert (await operator.post(f"{FILE}?dry_run=true", content="version: 1\nrules: []\n")).status_code == 403
