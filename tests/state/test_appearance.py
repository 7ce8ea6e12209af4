"""The appearance section: the zone is kept and told at once, and a wrong one is said beside its field."""

from services import db
from services.i18n import translate
from services.identity import accounts
from state.appearance import AppearanceState, zones
from state.session import SessionState
from state.settings import SettingsState


async def test_another_zone_is_kept_and_holds_at_once(tab, carla):
    screen = tab(carla, "/settings/appearance")
    await screen.call(AppearanceState.load)
    page, session = await screen.of(AppearanceState), await screen.of(SessionState)
    assert (page.ready, page.zone, session.zone) == (True, "America/Sao_Paulo", "America/Sao_Paulo")
    await screen.call(AppearanceState.save_zone, {"zone": " Asia/Tokyo "})
    assert (page.zone, session.zone, page.error) == ("Asia/Tokyo", "Asia/Tokyo", "")
    assert db.read_now(accounts.get, carla.id).zone == "Asia/Tokyo"
    assert (await screen.messages())[-1]["title"] == translate("pt-BR", "appearance.zone.saved")


async def test_a_zone_that_there_is_not_is_said(tab, carla):
    screen = tab(carla, "/settings/appearance")
    await screen.call(AppearanceState.load)
    page = await screen.of(AppearanceState)
    wrong = translate("pt-BR", "appearance.no_such_zone")
    await screen.call(AppearanceState.check_zone, "Mars/Olympus")
    assert page.error == wrong
    await screen.call(AppearanceState.check_zone, "Europe/Lisbon")
    assert page.error == ""
    await screen.call(AppearanceState.save_zone, {})
    assert (page.error, page.zone) == (wrong, "America/Sao_Paulo")


async def test_the_profile_keeps_its_name_and_leaves_the_zone(tab, carla):
    screen = tab(carla, "/settings")
    await screen.call(SettingsState.load)
    await screen.call(SettingsState.check_name, "x" * 121)
    page, session = await screen.of(SettingsState), await screen.of(SessionState)
    assert page.profile_errors["name"]
    await screen.call(SettingsState.save_profile, {"name": "Carla Dias", "zone": "Asia/Tokyo"})
    assert (page.name, session.name, session.initials) == ("Carla Dias", "Carla Dias", "CD")
    account = db.read_now(accounts.get, carla.id)
    assert (account.name, account.zone) == ("Carla Dias", "America/Sao_Paulo")


def test_every_zone_that_is_offered_is_taken():
    assert "America/Sao_Paulo" in zones()
    assert not [zone for zone in zones() if accounts.profile_mistakes(zone=zone)]
