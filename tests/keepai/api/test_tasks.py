"""Tasks over HTTP: made, read by whom they concern, changed, finished, thrown away."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from models import Alert, AlertEvent
from services import db
from services.alerts import triage
from services.bus import LocalBus
from services.clock import now
from services.tasks import desk


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
    desk.configure(made)
    triage.configure(made)
    return made


@pytest.fixture
async def people(app, enter, ana, bruno, carla):
    """A client of each."""
    from tests.keepai.around import browser

    made = app()
    clients = {one.name: browser(made) for one in (ana, bruno, carla)}
    for person in (ana, bruno, carla):
        enter(clients[person.name], person)
    yield clients
    for client in clients.values():
        await client.aclose()


async def create(client, title="Pedir fontes", **more):
    answer = await client.post("/api/v1/tasks", json={"title": title, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def titles(client, query=""):
    answer = await client.get(f"/api/v1/tasks{query}")
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


async def test_a_task_is_made_changed_finished_and_comes_back(people, bus, bruno):
    client = people["Bruno"]
    made = await create(
        client,
        due="2027-01-31T09:00",
        zone="America/Sao_Paulo",
        remind_at="2027-01-31T11:45:00Z",
        repeat="monthly",
        assignee="me",
        priority="high",
        checklist=["cabos"],
    )
    assert (made["due"], made["repeat"]) == ("2027-01-31T12:00:00Z", "FREQ=MONTHLY;BYMONTHDAY=31")
    assert (made["assignee"], made["author"], made["team"], made["version"]) == ("Bruno", "Bruno", False, 1)
    assert bus.topics == ["tasks"]
    path = f"/api/v1/tasks/{made['id']}"
    item = f"{path}/checklist/{made['checklist'][0]['id']}"
    assert (await client.patch(item, json={"done": True})).json()["checklist"][0]["done"] is True
    assert len((await client.post(f"{path}/checklist", json={"text": "fita"})).json()["checklist"]) == 2
    assert [one["text"] for one in (await client.delete(item)).json()["checklist"]] == ["fita"]
    said = (await client.post(f"{path}/comments", json={"text": "chega sexta"})).json()
    assert (said["comments"], said["history"][-1]["note"]) == (1, "chega sexta")
    stale = await client.patch(path, json={"title": "x", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "tasks.error.changed")
    done = (await client.patch(path, json={"state": "done", "version": said["version"]})).json()
    assert (done["state"], done["done_at"] is not None) == ("done", True)
    [following] = (await client.get("/api/v1/tasks?state=active")).json()["items"]
    assert (following["due"], following["remind_at"]) == ("2027-02-28T12:00:00Z", "2027-02-28T11:45:00Z")
    cleared = (
        await client.patch(f"/api/v1/tasks/{following['id']}", json={"repeat": None, "due": None})
    ).json()
    assert (cleared["due"], cleared["repeat"], cleared["priority"]) == (None, "", "high")


async def test_nobody_else_finds_or_guesses_it(people):
    made = await create(people["Bruno"])
    path = f"/api/v1/tasks/{made['id']}"
    for name in ("Ana", "Carla"):
        client = people[name]
        assert await titles(client) == []
        answers = [
            await client.get(path),
            await client.patch(path, json={"title": "x"}),
            await client.delete(path),
            await client.post(f"{path}/restore"),
            await client.post(f"{path}/comments", json={"text": "x"}),
            await client.post(f"{path}/checklist", json={"text": "x"}),
        ]
        assert [one.status_code for one in answers] == [404] * 6
        nothing = await client.get(f"/api/v1/tasks/{uuid4().hex}")
        first, second = ({**one.json(), "request_id": "", "instance": ""} for one in (answers[0], nothing))
        assert first == second
    assert await titles(people["Bruno"]) == ["Pedir fontes"]


async def test_the_team_sees_what_is_for_the_team(people):
    made = await create(people["Bruno"], team=True, assignee="carla")
    assert made["assignee"] == "Carla"
    assert await titles(people["Ana"]) == ["Pedir fontes"]
    assert await titles(people["Carla"], "?assignee=me") == ["Pedir fontes"]
    assert await titles(people["Ana"], "?assignee=me") == []
    assert (await people["Bruno"].patch(f"/api/v1/tasks/{made['id']}", json={"team": False})).json()[
        "team"
    ] is False
    assert (await titles(people["Ana"]), await titles(people["Carla"])) == ([], ["Pedir fontes"])


async def test_lists_are_filtered_and_paged(people):
    client = people["Bruno"]
    for title, due in (("a", "2027-01-01"), ("b", "2027-02-01"), ("c", None)):
        await create(client, title, **({"due": due} if due else {}))
    assert await titles(client, "?due_before=2027-01-15T00:00:00Z") == ["a"]
    assert await titles(client, "?q=B") == ["b"]
    assert await titles(client, "?assignee=nobody") == ["c", "b", "a"]
    first = (await client.get("/api/v1/tasks?limit=2&fields=title")).json()
    assert first["items"] == [{"title": "c"}, {"title": "b"}]
    rest = (await client.get(f"/api/v1/tasks?limit=2&cursor={first['next_cursor']}")).json()
    assert ([one["title"] for one in rest["items"]], rest["next_cursor"]) == (["a"], None)


async def test_the_trash_gives_back(people):
    client = people["Bruno"]
    made = await create(client)
    assert (await client.delete(f"/api/v1/tasks/{made['id']}")).status_code == 204
    assert (await titles(client), await titles(client, "?state=trash")) == ([], ["Pedir fontes"])
    assert (await client.post(f"/api/v1/tasks/{made['id']}/restore")).json()["deleted_at"] is None
    assert await titles(client) == ["Pedir fontes"]


async def test_a_line_is_understood_in_the_language_of_the_account(people):
    answer = await people["Bruno"].post("/api/v1/tasks/parse", json={"text": "amanhã 9h ligar !alta @carla"})
    said = answer.json()
    assert (said["title"], said["priority"], said["assignee"]) == ("ligar", "high", "carla")
    assert said["assignee_id"] is not None
    assert datetime.fromisoformat(said["due"]) - now() < timedelta(days=2)
    assert [one["kind"] for one in said["parts"]] == ["due", "time", "priority", "assignee"]
    english = {"text": "every monday review", "locale": "en"}
    assert (await people["Bruno"].post("/api/v1/tasks/parse", json=english)).json()["repeat"] == (
        "FREQ=WEEKLY;BYDAY=MO"
    )
    assert await titles(people["Bruno"]) == []


async def test_a_task_of_an_alert_is_for_the_team_and_in_its_story(people, bus):
    at = datetime(2026, 11, 18, tzinfo=UTC)
    alert = Alert(
        started_at=at, state="firing", severity="critical", worst="critical", since=at, subject="ipê"
    )
    db.write_now(lambda session: session.add(alert))
    made = await create(people["Bruno"], about_kind="alert", about_id=alert.id.hex)
    assert (made["team"], made["about_kind"], bus.topics) == (True, "alert", ["tasks", "alerts"])
    assert await titles(people["Carla"], f"?about=alert:{alert.id.hex}") == ["Pedir fontes"]
    [line] = db.read_now(lambda session: session.exec(select(AlertEvent)).all())
    assert (line.kind, line.actor) == ("tasked", "Bruno")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "due": "soon"}, "due"),
        ({"title": "x", "repeat": "sometimes"}, "repeat"),
        ({"title": "x", "assignee": "nobody at all"}, "assignee"),
        ({"title": "x", "remind_at": "2027-01-01T09:00:00"}, "remind_at"),
        ({"title": "x", "priority": "soon"}, "priority"),
        ({"title": "x", "until_done": True}, "remind_at"),
        ({"title": "x", "about_kind": "alert"}, "about"),
        ({"title": "x", "titel": "y"}, "titel"),
    ],
)
async def test_what_cannot_be_is_refused_beside_its_field(people, body, field):
    answer = await people["Bruno"].post("/api/v1/tasks", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
