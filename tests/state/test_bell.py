"""The bell of every page: how much is new, what it was, and that all of it was read."""

from datetime import timedelta

import pytest

from models import Alert, AlertNotice
from services import db
from services.alerts import bell
from services.clock import now
from state.alert_counts import BellCount
from state.bell import BellState
from state.dashboard import DashboardState

KINDS = (("fired", "critical", "mail"), ("repeated", "warning", "bell"), ("resolved", "critical", "sms"))


@pytest.fixture
def told(database, bruno):
    """Bruno was told of three alerts."""

    def write(session):
        for number, (kind, severity, way) in enumerate(KINDS):
            at = now() - timedelta(minutes=number)
            over = kind == "resolved"
            alert = Alert(
                started_at=at,
                rule_name="Memória",
                labels={},
                subject=f"w{number}",
                state="resolved" if over else "firing",
                severity=severity,
                worst=severity,
                since=at,
                fired_at=at,
                resolved_at=at if over else None,
                open_key="" if over else f"k{number}",
            )
            session.add(alert)
            session.add(
                AlertNotice(
                    at=at,
                    alert_id=alert.id,
                    account_id=bruno.id,
                    channel=way,
                    kind=kind,
                    severity=severity,
                    due_at=at,
                    told_at=at,
                )
            )

    db.write_now(write)


def last(sender):
    values = {}
    for sent in sender.sent.values():
        for delta in sent:
            values |= delta.get(BellCount.get_full_name(), {})
    return {name.removesuffix("_rx_state_"): value for name, value in values.items()}


async def test_the_bell_counts_shows_and_is_read(tab, bruno, told, sender):
    page = tab(bruno, "/")
    await page.call(DashboardState.load)
    assert last(sender) == {"unread": 3, "shown": "3"}
    await page.call(BellState.look)
    rows = (await page.of(BellState)).rows
    assert [(row["look"], row["title"], row["said"], row["read"]) for row in rows] == [
        ("critical", "Memória: w0", "Disparou como crítico · por e-mail", False),
        ("warning", "Memória: w1", "Continua, e ninguém reconheceu · por este sino", False),
        ("ok", "Memória: w2", "Voltou ao normal: resolvido · por SMS", False),
    ]
    assert all(row["href"] == f"/alerts?alert={row['id']}" for row in rows)
    await page.call(BellState.read_all)
    assert last(sender) == {"unread": 0, "shown": "0"}
    assert all(row["read"] for row in (await page.of(BellState)).rows)
    assert db.read_now(bell.unread, bruno.id, now()) == 0


async def test_somebody_else_was_told_nothing(tab, ana, told, sender):
    page = tab(ana, "/")
    await page.call(DashboardState.load)
    await page.call(BellState.look)
    assert (last(sender)["unread"], (await page.of(BellState)).rows) == (0, [])
