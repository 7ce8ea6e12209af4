"""An admin adds an AI provider, tests it, puts it first, says what its models cost and what people may spend."""

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import PageAs
from tests.browser.words import pt
from tests.vendors.ollama import Ollama
from tests.vendors.openai import OpenAI

LIST = "/settings/providers"
KEY = "sk-proj-0123456789abcdef0123"


async def test_from_a_new_provider_to_a_budget(own_house, open_screen: PageAs):
    ollama, openai = Ollama(), OpenAI()
    openai.key = KEY
    async with ollama.serving(), openai.serving():
        house = own_house(OLLAMA_URL=ollama.url, PRIVATE_HOSTS="127.0.0.1")
        screen = await open_screen(house, "admin", LIST)
        page = screen.page
        rows = page.get_by_test_id("provider-row")
        await expect(rows).to_have_count(1)
        await rows.get_by_role("button", name=pt("providers.test_of", name="Ollama")).click()
        await expect(rows).to_contain_text(re.compile("2 modelos em"))

        await page.get_by_test_id("new-provider").click()
        await page.get_by_role("button", name=pt("providers.kind.openai")).click()
        # What is wrong is said beside its field, and nothing is lost.
        await page.locator("#urls").fill("ftp://somewhere")
        await page.locator("#key").fill(KEY)
        await page.locator("#roles").fill("gpt-5-mini: king")
        await _pressable(page)
        await page.get_by_test_id("save").click()
        await expect(page.locator("#roles-error")).to_have_text(pt("providers.error.roles"))
        await page.locator("#roles").fill("gpt-5-mini: admin, operator")
        await _pressable(page)
        await page.get_by_test_id("save").click()
        await expect(page.locator("#name-error")).to_have_text(pt("providers.error.name"))
        await expect(page.locator("#urls-error")).to_have_text(pt("providers.error.urls"))
        await page.locator("#name").fill("Escritório")
        await page.locator("#urls").fill(f"{openai.url}/v1")
        await _pressable(page)
        await page.get_by_test_id("save").click()
        await expect(page).to_have_url(re.compile(rf"{LIST}/[0-9a-f]{{32}}$"))
        await expect(page.locator("#key")).to_have_value("")
        await expect(page.get_by_text(pt("providers.field.key.kept", kept="•••0123"))).to_be_visible()
        await page.get_by_test_id("test").click()
        await expect(page.get_by_test_id("model-row").first).to_contain_text("gpt-5-mini")
        await expect(page.get_by_test_id("model-row").first).to_contain_text(pt("providers.price.unknown"))
        openai.key = "another"
        await _pressable(page)
        await page.get_by_test_id("test").click()
        await expect(page.get_by_text(pt("providers.error.auth", provider="Escritório"))).to_be_visible()
        assert KEY not in await page.content()

        await page.goto(LIST)
        await expect(rows).to_have_count(2)
        await page.get_by_role("button", name=pt("providers.earlier_of", name="Escritório")).click()
        await expect(rows.first).to_contain_text("Escritório")
        await page.reload()
        await expect(rows.first).to_contain_text("Escritório")

        await page.locator("#price-model").fill("gpt-5-mini")
        await page.locator("#price-read").fill("muito")
        await page.locator("#price-written").fill("2")
        await page.get_by_test_id("say-price").click()
        await expect(page.locator("#price-read-error")).to_have_text(pt("providers.error.price"))
        await page.locator("#price-read").fill("0,25")
        await _pressable(page)
        await page.get_by_test_id("say-price").click()
        await expect(page.get_by_test_id("price-row")).to_contain_text("US$ 0,25 lido, US$ 2 escrito")
        await page.locator("#budget-monthly").fill("20")
        await _pressable(page)
        await page.get_by_test_id("give-budget").click()
        await expect(page.get_by_test_id("budget-row")).to_contain_text("US$ 20")
        await expect(page.get_by_test_id("budget-row")).to_contain_text(pt("providers.budgets.everybody"))

        # Who may not set them up is told so.
        other = await open_screen(house, "viewer", LIST)
        await expect(other.page.get_by_text(pt("errors.forbidden"))).to_be_visible()
        await expect(other.page.get_by_test_id("new-provider")).to_have_count(0)


async def _pressable(page: Page) -> None:
    """A button that was pressed a moment ago does not take a second press."""
    await page.wait_for_timeout(1100)
