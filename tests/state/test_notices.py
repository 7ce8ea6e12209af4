"""The section of notifications: wishes, and the devices that take them."""

import pytest
from sqlmodel import select

from models import AccountSession, OutboxMessage
from services import db
from services.alerts import preferences
from services.audit import Actor
from services.channels import devices
from services.clock import now
from services.settings import get_settings
from state.notices import NoticesState
from tests.push_service import Browser

AGENT = "Mozilla/5.0 (Linux; Android 16) Chrome/140 Safari/537"


@pytest.fixture
def at_home(tab, carla):
    """A tab of somebody, and a device switched on there."""
    screen = tab(carla, "/settings/notices")
    session = db.read_now(lambda found: found.exec(select(AccountSession)).one())
    given = Browser("https://push.example.org/1").subscription
    who = Actor("person", carla.id, "Carla", agent=AGENT)
    db.write_now(devices.subscribe, get_settings(), now(), carla.id, session.id, given, by=who)
    return screen


async def test_wishes_are_kept_for_each_way(tab, carla):
    screen = tab(carla, "/settings/notices")
    await screen.call(NoticesState.load)
    await screen.call(NoticesState.choose, "push", "critical")
    await screen.call(NoticesState.choose, "phone", "critical")
    await screen.call(NoticesState.choose, "push", "often")
    await screen.call(NoticesState.save, {"phone": "", "quiet_from": "", "quiet_to": ""})
    kept = db.read_now(preferences.of, get_settings(), carla.id)
    assert (kept.push, kept.mail, kept.phone) == ("critical", "all", "")


async def test_a_device_is_shown_tested_and_removed(at_home):
    await at_home.call(NoticesState.load)
    page = await at_home.of(NoticesState)
    (row,) = page.get_value("devices")
    assert (row["device"], row["current"], row["sent_at"]) == ("Chrome no Android", True, 0.0)
    assert page.devices_key == row["id"]
    await at_home.call(NoticesState.test_device, row["id"])
    assert db.read_now(lambda session: session.exec(select(OutboxMessage)).one()).channel == "push"
    assert "O teste está a caminho" in [message["title"] for message in await at_home.messages()]
    await at_home.call(NoticesState.remove_device, row["id"])
    assert (page.get_value("devices"), page.devices_key) == ([], "none")
    await at_home.call(NoticesState.remove_device, row["id"])
    await at_home.call(NoticesState.remove_device, "nothing")
    said = [message["title"] for message in await at_home.messages()]
    assert said[-3] == "Nada mais é enviado para lá" and said[-2] == said[-1]
