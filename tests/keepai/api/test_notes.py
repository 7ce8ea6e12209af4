"""Notes and search over HTTP."""

import pytest

from services.bus import LocalBus
from services.notes import desk

NOTE = {
    "title": "Quando um worker some",
    "body": "Veja [[Energia]].",
    "folder": "Operação",
    "tags": ["#runbook"],
}


@pytest.fixture(autouse=True)
def bus(database):
    class Heard(LocalBus):
        def __init__(self):
            super().__init__()
            self.told = []

        def publish(self, topic, message):
            self.told.append((topic, message))

    made = Heard()
    desk.configure(made)
    return made


@pytest.fixture
def writer(client, enter, bruno):
    enter(client, bruno)
    return client


async def made(client, **more):
    answer = await client.post("/api/v1/notes", json={**NOTE, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_note_is_made_read_changed_and_found(writer, bruno, bus):
    note = await made(writer)
    assert (note["title"], note["tags"], note["version"], note["owner"]) == (
        "Quando um worker some",
        ["runbook"],
        1,
        "Bruno",
    )
    at = f"/api/v1/notes/{note['id']}"
    read = await writer.get(at)
    assert (read.json(), read.headers["etag"]) == (note, '"1"')
    changed = await writer.patch(at, json={"body": "Outro texto"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["title"]) == (
        200,
        2,
        note["title"],
    )
    found = (await writer.get("/api/v1/search", params={"q": "outr", "in": "notes"})).json()["items"]
    assert [(hit["kind"], hit["id"], hit["snippet"]) for hit in found] == [
        ("note", note["id"], ["", "Outro", " texto"])
    ]
    assert ("notes", {"id": note["id"]}) in bus.told


async def test_a_stale_text_is_refused_with_both_texts(writer):
    at = f"/api/v1/notes/{(await made(writer))['id']}"
    await writer.patch(at, json={"version": 1, "body": "primeiro"})
    late = await writer.patch(at, json={"version": 1, "body": "tarde"})
    said = late.json()
    assert (late.status_code, late.headers["content-type"], said["code"]) == (
        409,
        "application/problem+json",
        "notes.error.stale",
    )
    assert (said["mine"]["body"], said["mine"]["version"]) == ("tarde", 1)
    assert said["theirs"] == {"title": NOTE["title"], "body": "primeiro", "version": 2, "by": "Bruno"}
    kinds = [row["kind"] for row in (await writer.get(f"{at}/versions")).json()["items"]]
    assert "conflict" not in kinds
    await writer.patch(at, json={"version": 1, "body": "tarde", "keep": True})
    rows = (await writer.get(f"{at}/versions")).json()["items"]
    assert [(row["kind"], row["body"]) for row in rows if row["kind"] == "conflict"] == [
        ("conflict", "tarde")
    ]


async def test_a_text_without_its_version_is_refused(writer):
    at = f"/api/v1/notes/{(await made(writer))['id']}"
    for headers in ({}, {"if-match": "*"}, {"if-match": '"x"'}):
        answer = await writer.patch(at, json={"body": "x"}, headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "version")
    assert (await writer.patch(at, json={"folder": "A", "pinned": True})).json()["folder"] == "A"


async def test_lists_have_pages_filters_and_fields(writer):
    for number in range(5):
        await made(writer, title=f"Nota {number}", folder="A/B" if number % 2 else "C", tags=[f"t{number}"])
    first = (await writer.get("/api/v1/notes", params={"limit": 2, "fields": "title"})).json()
    assert [row["title"] for row in first["items"]] == ["Nota 4", "Nota 3"]
    rest = (await writer.get("/api/v1/notes", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [row["title"] for row in rest["items"]] == ["Nota 2", "Nota 1", "Nota 0"]
    assert rest["next_cursor"] is None

    async def titles(**params):
        items = (await writer.get("/api/v1/notes", params=params)).json()["items"]
        return [row["title"] for row in items]

    assert await titles(folder="A") == ["Nota 3", "Nota 1"]
    assert await titles(tag="T2") == ["Nota 2"]
    assert sorted(await titles(q="nota", limit=2)) == ["Nota 3", "Nota 4"]
    assert await titles(shared=True) == []


async def test_the_trash_is_left_and_emptied(writer):
    at = f"/api/v1/notes/{(await made(writer))['id']}"
    assert (await writer.delete(f"{at}?for_good=true")).status_code == 409
    assert (await writer.delete(at)).status_code == 204
    assert (await writer.get(at)).json()["deleted_at"]
    assert (await writer.patch(at, json={"deleted": False})).json()["deleted_at"] is None
    await writer.delete(at)
    assert (await writer.delete(f"{at}?for_good=true")).status_code == 204
    assert (await writer.get(at)).status_code == 404


async def test_it_is_shared_and_no_admin_reads_what_is_not(writer, client, enter, ana, bruno, carla):
    note = await made(writer)
    at = f"/api/v1/notes/{note['id']}"
    given = {"shares": [{"user_id": str(carla.id), "level": "read"}, {"role": "admin", "level": "write"}]}
    rows = (await writer.put(f"{at}/shares", json=given)).json()["items"]
    assert [(row["role"], row["name"], row["level"]) for row in rows] == [
        ("admin", "", "write"),
        (None, "Carla", "read"),
    ]
    enter(client, carla)
    assert (await client.get(at)).status_code == 200
    assert (await client.patch(at, json={"version": 1, "body": "x"})).status_code == 403
    assert (await client.get(f"{at}/shares")).status_code == 403
    enter(client, bruno)
    await client.put(f"{at}/shares", json={"shares": []})
    for person in (carla, ana):
        enter(client, person)
        for method, path, body in (
            ("GET", at, None),
            ("GET", f"{at}/versions", None),
            ("PATCH", at, {"version": 1, "body": "x"}),
            ("DELETE", at, None),
            ("PUT", f"{at}/shares", {"shares": []}),
        ):
            assert (await client.request(method, path, json=body)).status_code == 404, (method, path)
        assert (await client.get("/api/v1/search", params={"q": "worker"})).json()["items"] == []
        assert (await client.get("/api/v1/notes")).json()["items"] == []


async def test_a_version_of_a_note_of_others_is_not_restored(writer, client, enter, ana):
    note = await made(writer)
    version = (await writer.get(f"/api/v1/notes/{note['id']}/versions")).json()["items"][0]["id"]
    enter(client, ana)
    own = await made(client)
    answer = await client.post(f"/api/v1/notes/{own['id']}/versions/{version}/restore")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [({"title": "x" * 300}, "title"), ({"tags": ["!"]}, "tags"), ({"colour": "red"}, "colour")],
)
async def test_bad_input_is_said_beside_its_field(writer, body, field):
    answer = await writer.post("/api/v1/notes", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_what_is_searched_must_be_there(writer):
    assert (await writer.get("/api/v1/search", params={"q": "x", "in": "patients"})).status_code == 422
