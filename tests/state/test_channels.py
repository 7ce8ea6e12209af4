"""Channels and routes are switched on and off where they are listed, and the audit log says by whom."""

import pytest
from sqlmodel import select

from models import AlertRoute, AuditDetail, AuditEvent, Channel
from services import channels, db
from services.alerts import routes, triage
from services.audit import Actor
from services.clock import now
from services.settings import get_settings
from state.channels import ChannelsState

BY = Actor("machine")
HOOK = {"url": "https://painel.example/avisos", "secret": "a secret of many letters", "template": ""}


@pytest.fixture(autouse=True)
def told(heard):
    triage.configure(heard)


def done():
    """What was done to alerts by people, and by whom."""
    query = select(AuditEvent.action, AuditDetail.actor).join(AuditDetail, AuditDetail.id == AuditEvent.id)
    by_people = query.where(AuditEvent.actor_kind == "person", AuditEvent.action != "session.started")
    return db.read_now(lambda session: [tuple(row) for row in session.exec(by_people)])


async def test_a_channel_is_switched_off_where_it_is_listed(tab, ana):
    draft = channels.Draft("webhook", "Painel", HOOK)
    made = db.write_now(channels.create, get_settings(), now(), draft, BY)
    screen = tab(ana, "/alerts?tab=channels")
    await screen.call(ChannelsState.switch_channel, made.id.hex, False)
    assert await screen.messages() == []
    assert db.read_now(lambda session: session.get(Channel, made.id)).enabled is False
    assert done() == [("channel.changed", "Ana")]


async def test_a_route_is_switched_off_where_it_is_listed(tab, ana):
    step = {"after": 0.0, "targets": [{"kind": "role", "id": "admin"}]}
    made = db.write_now(routes.create, now(), routes.Draft(name="Noite", steps=[step]), BY)
    screen = tab(ana, "/alerts?tab=channels")
    await screen.call(ChannelsState.switch_route, made.id.hex, False)
    assert await screen.messages() == []
    assert db.read_now(lambda session: session.get(AlertRoute, made.id)).enabled is False
    assert done() == [("alert_route.changed", "Ana")]
