"""A person makes a rule, sees when it would have fired, changes one that is there and takes one away."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Locator, expect

from tests.browser import past
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.screen import Screen
from tests.browser.words import pt

RULES = "/alerts?tab=rules"


@pytest.fixture(scope="module")
def measured(own_house: Callable[..., House]) -> House:
    """KeepAI that has measured a compute for an hour."""
    house: House = own_house(EMBEDDED_WORKERS=1)
    token = house.token(house.person("viewer"))
    house.until(lambda: len((house.dashboard(token) or {}).get("workers", [])) == 1, 60)
    past.measure(house, "embedded", house.dashboard(token)["workers"][0]["name"])
    past.alarm(house)
    return house


def row(screen: Screen, name: str) -> Locator:
    """A rule in the list."""
    return screen.page.get_by_test_id("rule-row").filter(has_text=name)


async def test_a_rule_is_made_with_its_preview_and_taken_away(measured: House, open_screen: PageAs):
    screen = await open_screen(measured, "admin", RULES)
    page = screen.page
    await page.get_by_test_id("new-rule").click()
    await screen.at("/alerts/rules/new")
    preview = page.get_by_test_id("rule-preview")
    await expect(preview).to_have_attribute("data-status", "waiting")
    await page.locator("#measure").select_option("worker.cpu")
    await page.locator("#summary").select_option("last")
    await expect(page.locator("#window")).to_have_count(0)
    # What is wrong is said on leaving, and on sending the first wrong field has the cursor; nothing is lost.
    await page.locator("#warning_fire").fill("100")
    await page.locator("#warning_clear").fill("120")
    await page.locator("#pending").fill("0")
    await expect(page.locator("#warning_clear-error")).to_have_text(pt("alerts.error.clear"))
    await page.get_by_test_id("save").click()
    await expect(page.locator("#name-error")).to_have_text(pt("alerts.error.name"))
    await expect(page.locator("#name")).to_be_focused()
    await expect(page.locator("#warning_clear")).to_have_value("120")
    await page.locator("#name").fill("CPU ocupada")
    await page.locator("#warning_clear").fill("90")
    await expect(page.locator("#warning_clear-error")).to_have_text("")
    await expect(preview).to_have_attribute("data-status", "fired")
    await expect(preview.get_by_role("heading", level=2)).to_have_text(re.compile(r"Teria disparado \d+ ve"))
    await expect(page.get_by_test_id("episodes").locator("tbody tr").first).to_be_visible()
    await page.locator("#warning_fire").fill("5000")
    await page.locator("#warning_clear").fill("4000")
    await expect(preview.get_by_role("heading", level=2)).to_have_text(pt("alert_rule.never"))
    await page.get_by_test_id("save").click()
    await screen.at(RULES)
    await screen.says(pt("alert_rule.saved"))
    await row(screen, "CPU ocupada").get_by_role("link").click()
    await expect(page).to_have_url(re.compile(r"/alerts/rules/[0-9a-f]{32}$"))
    await expect(page.locator("#warning_fire")).to_have_value("5000")
    await page.get_by_test_id("remove").click()
    question = page.locator("dialog[open]")
    await expect(question).to_contain_text(pt("alert_rule.remove.text"))
    await question.get_by_role("button", name=pt("alert_rule.remove.do")).click()
    await screen.at(RULES)
    await expect(row(screen, pt("alerts.rule.worker_lost"))).to_be_visible()
    await expect(row(screen, "CPU ocupada")).to_have_count(0)


async def test_a_rule_may_look_for_what_is_unusual(measured: House, open_screen: PageAs):
    screen = await open_screen(measured, "admin", "/alerts/rules/new")
    page = screen.page
    await page.locator("#measure").select_option("compute.memory")
    await page.locator("#name").fill("Memória diferente")
    await page.locator("#summary").select_option("unusual")
    await expect(page.get_by_text(pt("alert_rule.unusual.help"))).to_be_visible()
    for name, text in {"warning_fire": "10", "warning_clear": "5", "window": "120", "keep": "60"}.items():
        await expect(page.locator(f"#{name}")).to_have_value(text)
    await expect(page.locator("#name")).to_have_value("Memória diferente")
    await expect(page.locator("#above")).to_have_count(0)
    preview = page.get_by_test_id("rule-preview")
    await expect(preview.get_by_role("heading", level=2)).to_have_text(pt("alert_rule.never"))
    await page.get_by_test_id("save").click()
    await screen.at(RULES)
    await expect(row(screen, "Memória diferente")).to_contain_text("10\u00a0%")
    await expect(row(screen, pt("alerts.rule.host_memory_unusual"))).to_be_visible()


async def test_one_that_comes_with_keepai_is_changed_and_others_only_look(
    measured: House, open_screen: PageAs
):
    screen = await open_screen(measured, "admin", RULES)
    page = screen.page
    name = pt("alerts.rule.disk_full")
    await row(screen, name).get_by_role("link").click()
    await expect(page.locator("#name")).to_have_attribute("placeholder", name)
    await expect(page.locator("#measure")).to_be_disabled()
    await expect(page.get_by_test_id("remove")).to_have_count(0)
    await page.locator("#warning_fire").fill("86,5")
    await page.get_by_role("button", name=pt("alert_rule.no_data.alert"), exact=True).click()
    await page.get_by_test_id("save").click()
    await screen.at(RULES)
    await expect(row(screen, name)).to_contain_text("86")
    other = await open_screen(measured, "operator", RULES)
    await expect(other.page.get_by_test_id("new-rule")).to_have_count(0)
    await row(other, name).get_by_role("link").click()
    await expect(other.page.locator("#warning_fire")).to_be_disabled()
    await expect(other.page.locator("#warning_fire")).to_have_value("86,5")
    await expect(other.page.get_by_test_id("save")).to_have_count(0)
    await expect(other.page.get_by_test_id("rule-preview")).not_to_have_attribute("data-status", "")


async def test_waiting_longer_is_proposed_and_taken(measured: House, open_screen: PageAs):
    ids = measured.ask(past.alert_ids)
    screen = await open_screen(measured, "admin", f"/alerts/rules/{ids['own']}")
    page = screen.page
    await page.get_by_role("button", name=pt("alert_rule.range.2h.short"), exact=True).click()
    await page.locator("#critical_fire").fill("")
    await page.locator("#critical_clear").fill("")
    await page.get_by_test_id("take-proposal").click()
    await expect(page.locator("#pending")).to_have_value("2")
    await expect(page.get_by_test_id("proposal")).to_have_count(0)
    await page.get_by_role("button", name=pt("common.cancel")).click()
    await screen.at(RULES)
    assert measured.ask(past.alert_ids)["own"] == ids["own"]
