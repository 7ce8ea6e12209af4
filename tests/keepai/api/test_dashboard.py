"""What is known of the compute right now, for programs."""

import csv
import io
import math
import time

import pytest

from services import live
from services.worker_table import COLUMNS, FIELDS, parse
from tests.keepai.around import snapshot, worker


async def test_the_newest_snapshot_with_its_age(client, carla, enter):
    enter(client, carla)
    live.publish(snapshot(at=time.time() - 2, workers=[worker("a")]))
    answer = await client.get("/api/v1/dashboard")
    body = answer.json()
    assert body["workers"][0]["name"] == "a"
    assert body["totals"]["threads"] == 4
    assert 2 <= body["age"] < 4
    assert answer.headers["cache-control"] == "no-store"


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
    assert [row["name"] for row in rows] == ["a", '\'=HYPERLINK("x")']
    assert rows[1]["host"] == "1,2\n3"
    assert rows[0]["gpu"] == ""
    items = (await client.get("/api/v1/workers")).json()["items"]
    assert [row["name"] for row in items] == ["a", '=HYPERLINK("x")']


CROWD = [
    worker("node-10", cpu=100.0, host="big"),
    worker("node-2", cpu=300.0, host="big"),
    worker("gone", state="lost", cpu=400.0, host="small"),
]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", ["node-10", "node-2", "gone"]),
        ("sort=name", ["gone", "node-2", "node-10"]),
        ("sort=-cpu", ["gone", "node-2", "node-10"]),
        ("state=running", ["node-10", "node-2"]),
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


async def test_people_may_ask_who_they_are(client, carla, enter):
    assert (await client.get("/api/v1/session")).status_code == 401
    enter(client, carla)
    body = (await client.get("/api/v1/session")).json()
    assert (body["email"], body["role"]) == ("carla@example.org", "viewer")
    assert not {"password_hash", "token"} & body.keys()
