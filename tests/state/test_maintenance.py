"""The form of a maintenance window, and what ends one."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import MaintenanceWindow
from services import db
from services.alerts import builtin, rules, triage
from services.clock import now
from services.i18n import translate
from services.identity import accounts
from state.alerts import AlertsState, SilenceRows
from state.maintenance import MaintenanceState

IN_A_MONTH = (now() + timedelta(days=30)).date().isoformat()
FORM = {
    "what": "probe:ollama",
    "day6": "on",
    "day7": "on",
    "begins": "22:00",
    "ends": "06:00",
    "zone": "America/Sao_Paulo",
    "until": IN_A_MONTH,
    "reason": "backup",
}


@pytest.fixture(autouse=True)
def bus(heard):
    triage.configure(heard)
    return heard


@pytest.fixture
def page(tab, bruno, database):
    db.write_now(builtin.ensure, now())
    return tab(bruno, "/alerts?tab=silences")


def last(sender, state):
    """All that a tab was sent of a state, the newer over the older."""
    values = {}
    for sent in sender.sent.values():
        for delta in sent:
            values |= delta.get(state.get_full_name(), {})
    return {name.removesuffix("_rx_state_"): value for name, value in values.items()}


def kept():
    return db.read_now(lambda session: list(session.exec(select(MaintenanceWindow))))


async def test_a_window_is_made_listed_and_ended(page, sender, bus):
    await page.call(AlertsState.load)
    await page.call(MaintenanceState.ask)
    form = await page.of(MaintenanceState)
    names = {one["value"]: one["name"] for one in form.what}
    assert names["probe:ollama"] == "Ollama"
    assert names["kind:worker"] == "Todos os workers"
    assert form.zone in form.zones
    await page.call(MaintenanceState.create, FORM)
    assert not form.asked
    [row] = last(sender, SilenceRows)["windows"]
    assert (row["covers"], row["reason"], row["author"]) == (["probe=ollama"], "backup", "Bruno")
    assert row["when"] == "sáb, dom, das 22:00 às 06:00"
    assert "alerts" in [topic for topic, _ in bus.messages]
    await page.call(MaintenanceState.end, row["id"])
    [row] = last(sender, SilenceRows)["windows"]
    assert (row["state"], row["left"]) == ("over", "terminou")


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(page):
    await page.call(MaintenanceState.ask)
    await page.call(MaintenanceState.create, {"reason": " ", "until": "tomorrow", "zone": "Mars"})
    form = await page.of(MaintenanceState)
    assert form.asked
    assert {name for name, why in form.wrong.items() if why} == set(form.wrong) - {"until"}
    assert form.wrong["what"] == translate("pt-BR", "silences.error.nothing")
    await page.call(MaintenanceState.create, {**FORM, "until": ""})
    assert {name: why for name, why in form.wrong.items() if why} == {
        "until": translate("pt-BR", "maintenance.error.until")
    }
    assert kept() == []


async def test_a_window_of_a_rule_and_one_of_another_zone(page, sender):
    rule = next(one for one in db.read_now(rules.listed) if one.builtin == "disk_full")
    await page.call(AlertsState.load)
    every_day = {f"day{day}": "on" for day in range(1, 8)}
    form = {**FORM, **every_day, "what": f"rule:{rule.id.hex}", "zone": "Asia/Tokyo"}
    await page.call(MaintenanceState.create, form)
    [row] = last(sender, SilenceRows)["windows"]
    assert row["covers"] == ["regra: Disco quase cheio"]
    assert row["when"] == "todos os dias, das 22:00 às 06:00 (Asia/Tokyo)"
    await page.call(MaintenanceState.end, row["id"])
    await page.call(MaintenanceState.create, {**FORM, "what": "kind:worker"})
    [row, _] = last(sender, SilenceRows)["windows"]
    assert row["covers"] == ["Todos os workers"]


async def test_a_viewer_makes_and_ends_none(tab, page, database):
    await page.call(MaintenanceState.create, FORM)
    viewer = db.write_now(accounts.create, "vera@example.org", "a long passphrase", role="viewer")
    other = tab(viewer, "/alerts?tab=silences")
    await other.call(MaintenanceState.create, FORM)
    await other.call(MaintenanceState.end, kept()[0].id.hex)
    assert [one.ended_at for one in kept()] == [None]
