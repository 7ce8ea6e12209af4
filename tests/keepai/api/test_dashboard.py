"""What is known of the compute right now, for programs."""

import csv
import io
import math
import time

import pytest

from services import live
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
