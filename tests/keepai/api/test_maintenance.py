"""Maintenance windows over HTTP: made, listed and ended by who may, refused where they make no sense."""

from datetime import timedelta

import pytest

from services import db
from services.alerts import triage
from services.bus import LocalBus
from services.clock import now
from services.identity import accounts

AT = "/api/v1/maintenance-windows"


def wanted(**changes):
    until = (now() + timedelta(days=60)).date().isoformat()
    good = {"matchers": {"probe": "redis"}, "days": [7, 6], "begins": "22:00", "ends": "06:00"}
    return {**good, "zone": "Europe/Berlin", "until": until, "reason": "backup", **changes}


@pytest.fixture(autouse=True)
def bus(database):
    triage.configure(LocalBus())


@pytest.fixture
def operator(client, enter, bruno):
    enter(client, bruno)
    return client


async def test_one_is_made_listed_and_ended(operator):
    made = await operator.post(AT, json=wanted())
    assert made.status_code == 201
    row = made.json()
    assert (row["days"], row["begins"], row["ends"], row["zone"]) == (
        [6, 7],
        "22:00",
        "06:00",
        "Europe/Berlin",
    )
    assert (row["state"] == "running") == (row["running_until"] is not None)
    assert row["author"] == "Bruno"
    assert row["next_at"].endswith("Z")
    assert (await operator.get(AT)).json()["items"] == [row]
    assert (await operator.get(f"{AT}?fields=id,days")).json()["items"] == [{"id": row["id"], "days": [6, 7]}]
    ended = await operator.delete(f"{AT}/{row['id']}")
    assert (ended.status_code, ended.json()["state"], ended.json()["next_at"]) == (200, "over", None)
    again = await operator.delete(f"{AT}/{row['id']}")
    assert (again.status_code, again.json()["code"]) == (409, "maintenance.error.over")
    assert (await operator.delete(f"{AT}/{'0' * 32}")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"days": []}, "days"),
        ({"days": [8]}, "days"),
        ({"begins": "noon"}, "begins"),
        ({"ends": "24:00"}, "ends"),
        ({"zone": "Nowhere"}, "zone"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"reason": ""}, "reason"),
        ({"matchers": {}}, "matchers"),
        ({"rule_id": "0" * 32, "matchers": {}}, "rule_id"),
        ({"more": 1}, "more"),
    ],
)
async def test_one_that_makes_no_sense_is_refused_beside_its_field(operator, changes, field):
    answer = await operator.post(AT, json=wanted(**changes))
    assert answer.status_code == 422
    assert [one["field"].split(".")[0] for one in answer.json()["errors"]] == [field]


async def test_a_viewer_reads_and_changes_none(client, enter, database):
    viewer = db.write_now(accounts.create, "vera@example.org", "a long passphrase", role="viewer")
    enter(client, viewer)
    assert (await client.get(AT)).json()["items"] == []
    assert (await client.post(AT, json=wanted())).status_code == 403
    assert (await client.delete(f"{AT}/{'0' * 32}")).status_code == 403
