"""What is known of the compute right now, for programs."""

import csv
import io
import math
import time

import pytest
from sqlmodel import delete

from keepai.web import kept
from models import RoleGrant
from services import db, live
from services.worker_table import COLUMNS, FIELDS, parse
from tests.keepai.around import snapshot, worker


async def test_the_newest_snapshot_with_times_that_people_read(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(at=1.5, workers=[worker("a", since=0.0, last_seen=1e300)]))
    answer = await client.get("/api/v1/dashboard")
    body = answer.json()
    assert body["workers"][0]["name"] == "a"
    assert body["totals"]["threads"] == 4
    assert body["at"] == "1970-01-01T00:00:01.500000Z"
    assert body["workers"][0]["since"] == "1970-01-01T00:00:00Z"
    assert body["workers"][0]["last_seen"] is None
    assert answer.headers["cache-control"] == "private, max-age=30"


async def test_parts_of_it(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot())
    assert (await client.get("/api/v1/dashboard?fields=totals,at")).json().keys() == {"totals", "at"}
    assert (await client.get("/api/v1/dashboard?fields=password")).status_code == 422


async def test_it_holds_for_half_a_minute_unless_the_newest_is_asked_for(client, carla, enter, monkeypatch):
    enter(client, carla)

    async def names(**headers):
        answer = await client.get("/api/v1/dashboard", headers=headers)
        return [row["name"] for row in answer.json()["workers"]]

    live.publish(snapshot(workers=[worker("a")]))
    assert await names() == ["a"]
    live.publish(snapshot(workers=[worker("b")]))
    assert await names() == ["a"]
    assert await names(**{"cache-control": "no-cache"}) == ["b"]
    assert await names() == ["b"]
    live.publish(snapshot(workers=[worker("c")]))
    later = time.monotonic() + kept.FRESH + 1
    monkeypatch.setattr(kept.time, "monotonic", lambda: later)
    assert await names() == ["c"]


async def test_what_was_kept_for_one_is_not_told_to_who_may_not_see_it(client, carla, bruno, enter):
    enter(client, carla)
    assert (await client.get("/api/v1/dashboard")).status_code == 200
    db.write_now(lambda session: session.exec(delete(RoleGrant).where(RoleGrant.account_id == bruno.id)))
    enter(client, bruno)
    assert (await client.get("/api/v1/dashboard")).status_code == 403


async def test_what_somebody_has_is_not_sent_again(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=[worker(f"w{n}") for n in range(50)]))
    for path in ("/api/v1/dashboard", "/api/v1/workers", "/api/v1/workers/w1", "/api/v1/auth/me"):
        first = await client.get(path)
        tag = first.headers["etag"]
        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = await client.get(path, headers={"if-none-match": known})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["cache-control"] == first.headers["cache-control"]
        assert (await client.get(path, headers={"if-none-match": '"other"'})).status_code == 200
    live.publish(snapshot(workers=[worker("w1", threads=9)]))
    changed = await client.get("/api/v1/workers/w1", headers={"if-none-match": tag})
    assert (changed.status_code, changed.json()["threads"]) == (200, 9)


async def test_long_answers_are_compressed_for_those_who_can_read_it(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=[worker(f"w{n}") for n in range(200)]))
    for path in ("/api/v1/dashboard", "/api/v1/workers?limit=200"):
        packed = await client.get(path, headers={"accept-encoding": "gzip"})
        plain = await client.get(path, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert int(packed.headers["content-length"]) < len(plain.content) / 5
        assert (packed.json(), packed.headers["etag"]) == (plain.json(), plain.headers["etag"])
        assert "Accept-Encoding" in plain.headers["vary"]
    short = await client.get("/api/v1/auth/me", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in short.headers


async def test_before_the_first_one_it_is_empty(client, carla, enter):
    enter(client, carla)
    body = (await client.get("/api/v1/dashboard")).json()
    assert (body["at"], body["compute"], body["workers"], body["probes"]) == (None, None, [], [])


async def test_figures_that_json_cannot_write_are_null(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=[worker("a", cpu=math.nan, memory=math.inf)]))
    row = (await client.get("/api/v1/dashboard")).json()["workers"][0]
    assert (row["cpu"], row["memory"], row["threads"]) == (None, None, 4)


async def test_workers_as_a_file(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=[worker("a"), worker('=HYPERLINK("x")', host="1,2\n3")]))
    answer = await client.get("/api/v1/workers?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="workers.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["name"] for row in rows] == ['\'=HYPERLINK("x")', "a"]
    assert rows[0]["host"] == "1,2\n3"
    assert rows[1]["gpu"] == ""
    items = (await client.get("/api/v1/workers")).json()["items"]
    assert [row["name"] for row in items] == ['=HYPERLINK("x")', "a"]


CROWD = [
    worker("node-10", cpu=100.0, host="big"),
    worker("node-2", cpu=300.0, host="big"),
    worker("gone", state="lost", cpu=400.0, host="small"),
]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", ["gone", "node-2", "node-10"]),
        ("sort=name", ["gone", "node-2", "node-10"]),
        ("sort=-cpu", ["gone", "node-2", "node-10"]),
        ("state=running", ["node-2", "node-10"]),
        ("state=running&sort=-name", ["node-10", "node-2"]),
        ("q=NODE-1", ["node-10"]),
        ("q=small", ["gone"]),
        ("q=nobody", []),
    ],
)
@pytest.mark.parametrize("path", ["workers", "workers.json"])
async def test_the_rows_of_a_filter_in_the_order_of_a_sort(client, carla, enter, path, asked, names):
    enter(client, carla)
    live.publish(snapshot(workers=CROWD))
    items = (await client.get(f"/api/v1/{path}?{asked}")).json()["items"]
    assert [item["name"] for item in items] == names


async def test_a_file_has_the_columns_that_the_table_shows(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=CROWD))
    view = parse({"sort": "-memory", "state": "lost", "columns": "host,memory"})
    answer = await client.get(f"/api/v1/workers.csv?{view.file_query}")
    head, line, _end = answer.text.split("\r\n")
    assert head == "name,memory,managed,unmanaged,spilled,limit,host"
    assert line == "gone,0,0,0,0,0,small"


@pytest.mark.parametrize("column", COLUMNS)
async def test_every_column_of_the_table_is_in_a_file(client, carla, enter, column):
    enter(client, carla)
    live.publish(snapshot(workers=CROWD))
    answer = await client.get(f"/api/v1/workers.json?{parse({'columns': column}).file_query}")
    assert answer.json()["items"][0].keys() == {"name", *FIELDS[column]}


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({"state": "happy"}, ["state"]),
        ({"state": "x" * 21}, ["state"]),
        ({"sort": "-"}, ["sort"]),
        ({"sort": "--cpu"}, ["sort"]),
        ({"sort": "tasks "}, ["sort"]),
        ({"sort": "x" * 5000}, ["sort"]),
        ({"state": "\x00", "sort": "__proto__"}, ["state", "sort"]),
        ({"q": "x" * 101}, ["q"]),
        ({"fields": "name,password"}, ["fields"]),
        ({"fields": "tasks"}, ["fields"]),
    ],
)
@pytest.mark.parametrize("path", ["workers", "workers.csv"])
async def test_what_cannot_be_asked_of_the_table_is_told_by_its_field(
    client, carla, enter, path, params, fields
):
    enter(client, carla)
    answer = await client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == fields


@pytest.mark.parametrize("form", ["xml", "", "CSV", "x" * 5000, "csv\x00"])
async def test_an_unknown_format_is_told_by_its_field(client, carla, enter, form):
    enter(client, carla)
    answer = await client.get("/api/v1/workers", params={"format": form})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "format", "detail": "Precisa ser um dos valores aceitos."}]


async def test_a_thousand_workers_are_sent_in_few_pieces(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=[worker(f"w{n}") for n in range(1000)]))
    text = (await client.get("/api/v1/workers?format=csv")).text
    assert text.count("\r\n") == 1001


async def test_a_thousand_workers_come_page_by_page_and_each_once(client, carla, enter):
    enter(client, carla)
    crowd = [worker(f"w{n}") for n in range(450)]
    live.publish(snapshot(workers=crowd))
    seen, cursor = [], ""
    while cursor is not None:
        body = (await client.get("/api/v1/workers", params={"limit": 200, "cursor": cursor})).json()
        seen += [row["name"] for row in body["items"]]
        cursor = body["next_cursor"]
        live.publish(snapshot(workers=[worker("a-new-one"), *crowd]))  # what comes before moves nothing
    assert seen == [f"w{n}" for n in range(450)]


async def test_one_worker(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(workers=[worker("a", tasks={"executing": 2})]))
    assert (await client.get("/api/v1/workers/a")).json()["tasks"] == {"executing": 2}
    assert (await client.get("/api/v1/workers/b")).status_code == 404


async def test_people_may_ask_who_they_are(client, carla, enter):
    assert (await client.get("/api/v1/session")).status_code == 401
    enter(client, carla)
    body = (await client.get("/api/v1/session")).json()
    assert (body["email"], body["role"]) == ("carla@example.org", "viewer")
    assert not {"password_hash", "token"} & body.keys()
