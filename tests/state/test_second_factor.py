"""The section of the second factor: the secret once, the codes once, and the password before each step."""

import pyotp
import pytest

from services import db
from services.i18n import translate
from services.identity import accounts, second_factor
from services.settings import get_settings
from state.second_factor import SecondFactorState

LONG = "a rather long passphrase"


@pytest.fixture(autouse=True)
def settings(monkeypatch, tmp_path):
    monkeypatch.setenv("KEEPAI_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
async def screen(tab, database):
    eva = db.write_now(accounts.create, "eva@example.org", LONG, role="viewer", name="Eva")
    screen = tab(eva, "/settings/second-factor")
    screen.account = eva
    await screen.call(SecondFactorState.load)
    return screen


async def test_it_is_turned_on_step_by_step(screen):
    page = await screen.of(SecondFactorState)
    assert (page.ready, page.on) == (True, False)
    await screen.call(SecondFactorState.begin, {"password": "wrong"})
    assert (page.errors["password"], page.secret) == (translate("pt-BR", "settings.password.wrong"), "")
    await screen.call(SecondFactorState.begin, {"password": LONG})
    assert page.qr.startswith("data:image/svg+xml")
    await screen.call(SecondFactorState.confirm, {"code": "000000"})
    assert (page.errors["code"], page.on) == (translate("pt-BR", "second.wrong"), False)
    await screen.call(SecondFactorState.confirm, {"code": pyotp.TOTP(page.secret).now()})
    assert (page.on, page.secret, page.qr) == (True, "", "")
    assert len(page.codes) == 10
    assert page.left == "Restam 10 códigos de recuperação"
    await screen.call(SecondFactorState.put_away)
    assert page.codes == []


async def test_other_codes_and_turning_it_off_ask_for_the_password(screen):
    page = await screen.of(SecondFactorState)
    await screen.call(SecondFactorState.begin, {"password": LONG})
    await screen.call(SecondFactorState.confirm, {"code": pyotp.TOTP(page.secret).now()})
    first = list(page.codes)
    for handler in (SecondFactorState.renew, SecondFactorState.turn_off):
        await screen.call(handler, {})
        assert page.errors["password"]
    await screen.call(SecondFactorState.renew, {"password": LONG})
    assert not set(first) & set(page.codes)
    await screen.call(SecondFactorState.turn_off, {"password": LONG})
    assert (page.on, page.left) == (False, "")
    assert not db.read_now(second_factor.is_on, screen.account.id)


async def test_a_page_that_is_left_keeps_no_secret(screen):
    page = await screen.of(SecondFactorState)
    await screen.call(SecondFactorState.begin, {"password": LONG})
    await screen.call(SecondFactorState.load)
    assert (page.secret, page.qr) == ("", "")


async def test_nonsense_does_nothing(screen):
    await screen.call(SecondFactorState.confirm, {"code": "123456"})
    await screen.call(SecondFactorState.confirm, {})
    page = await screen.of(SecondFactorState)
    assert (page.on, page.errors["code"]) == (False, translate("pt-BR", "second.wrong"))


async def test_the_password_cannot_be_guessed_here_either(screen):
    page = await screen.of(SecondFactorState)
    for _ in range(5):
        await screen.call(SecondFactorState.begin, {"password": "wrong"})
        assert page.errors["password"] == translate("pt-BR", "settings.password.wrong")
    await screen.call(SecondFactorState.begin, {"password": LONG})
    assert page.errors["password"].startswith(translate("pt-BR", "auth.limited", wait="")[:20])
    assert page.secret == ""
