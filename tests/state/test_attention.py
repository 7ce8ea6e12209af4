"""The dashboard begins with what somebody has to look at: what an alert says once, and not by the dashboard as well."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from models import Alert
from services import db
from services.alerts import triage
from services.clock import now
from services.snapshot import Snapshot
from state.attention import SHOWN, Attention, AttentionState, attention_broadcast
from state.dashboard import DashboardState
from tests.keepai.around import snapshot


@pytest.fixture(autouse=True)
def bus(heard):
    triage.configure(heard)


def alert(subject, severity="warning", state="firing", minutes=1, **labels):
    def write(session):
        at = now() - timedelta(minutes=minutes)
        session.add(
            Alert(
                started_at=at,
                rule_name="Memória",
                labels=labels,
                subject=subject,
                state=state,
                severity=severity,
                worst=severity,
                since=at,
                fired_at=at,
                open_key=subject,
            )
        )

    db.write_now(write)


def probe(name):
    return {
        "name": name, "state": "down", "since": 0.0, "checked_at": 0.0, "succeeded_at": None,
        "latency": None, "reason": "", "detail": {},
    }  # fmt: skip


async def shown(found: Snapshot | None = None):
    return await attention_broadcast("pt-BR", "UTC").build(found)


async def test_what_is_critical_comes_first_then_what_nobody_took_and_the_rest_is_counted(database):
    for number in range(4):
        alert(f"w{number}", minutes=number + 1)
    alert("old", "critical", minutes=50)
    alert("new", "critical", minutes=5)
    alert("maybe", state="pending")
    found = await shown()
    assert [row["title"].split()[-1] for row in found["alerts"]] == ["new", "old", "w0", "w1", "w2"]
    assert len(found["alerts"]) == SHOWN
    assert (found["count"], found["said"]) == (6, "6 alertas, 6 sem responsável")


async def test_what_an_alert_says_the_dashboard_does_not_say_again(database):
    now_ = snapshot(probes=[probe("ollama"), probe("mail")])
    assert [one["key"] for one in (await shown(now_))["others"]] == ["probe-ollama", "probe-mail"]
    alert("Ollama", "critical", kind="probe", probe="ollama")
    found = await shown(now_)
    assert [one["key"] for one in found["others"]] == ["probe-mail"]
    assert [row["see"] for row in found["alerts"]] == [""]


async def test_an_alert_is_acknowledged_in_place(tab, bruno, sender, database):
    alert("w1", "critical", kind="worker", worker="1" * 32, compute="c")
    page = tab(bruno, "/")
    await page.call(DashboardState.load)
    [row] = (await shown())["alerts"]
    assert (row["acknowledged"], row["owner"], row["see"]) == (False, "", f"/workers?worker={'1' * 32}")
    await page.call(AttentionState.acknowledge, row["id"])
    [row] = (await shown())["alerts"]
    assert (row["acknowledged"], row["owner"]) == (True, "Bruno")
    sent = [delta for some in sender.sent.values() for delta in some if Attention.get_full_name() in delta]
    assert sent[-1][Attention.get_full_name()]["alerts_rx_state_"][0]["acknowledged"] is True
    kept = db.read_now(lambda session: session.exec(select(Alert).where(Alert.id == UUID(row["id"]))).one())
    assert kept.acknowledged_by == bruno.id
