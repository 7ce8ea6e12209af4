"""What assets/pwa.js does in a browser, on a page that stands in for what React renders."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

ASSETS = Path(__file__).parents[2] / "assets"
ADDRESS = "http://keepai.test/"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

PAGE = """<!doctype html><html lang="pt-BR"><head><script src="/pwa.js"></script>
<style>[hidden] { display: none } .k-menu { position: fixed; margin: 0; width: 200px; height: 80px }</style>
</head><body>
<div id="app" data-k-language="pt-BR" data-k-person="ana" data-k-zone="UTC" data-k-mounted="true">
  <span hidden id="snapshot" data-k-snapshot data-at="0" data-age-ms="0" data-down="false"></span>
  <span hidden data-k-words data-ago="há {age}" data-seconds="{n} s" data-minutes="{n} min" data-hours="{n} h"
        data-day="{n} dia" data-days="{n} dias"></span>
  <span id="light" data-k-light data-live="Ao vivo" data-connecting="Conectando" data-reconnecting="Reconectando"
        data-offline="Sem dados" data-network="Sem conexão" data-since="desde {time}"><b data-k-light-word></b>
        <i data-k-light-since></i></span>
  <p id="said" role="status" data-k-light-said></p>
  <p><b data-k-strip-word></b> <span data-k-strip-age data-text="dados de {time}, {ago}"></span></p>
  <time id="age" data-at="0" data-age="relative"></time>
  <a id="go" data-k-go="w" href="#workers" onclick="window.went = (window.went ?? 0) + 1">Workers</a>
  <input id="find" data-k-search>
  <button id="save" data-k-once onclick="window.saved = (window.saved ?? 0) + 1">Salvar</button>
  <button id="opens" data-k-opens="k-palette">Buscar</button>
  <dialog id="ask" data-k-open="false">
    <button id="yes">Sim</button><button data-k-first data-k-closes>Não</button>
  </dialog>
  <dialog id="k-palette"><input data-k-palette-field><div>
    <h3>Páginas</h3>
    <a role="option" href="#a" onclick="window.chosen = 'a'" data-k-closes><span class="k-grow">Configurações</span></a>
    <h3>Workers</h3>
    <a role="option" href="#b" onclick="window.chosen = 'b'" data-k-closes><span class="k-grow">ipe-3</span></a>
    <a role="option" href="#c" onclick="window.chosen = 'c'" data-k-closes><span class="k-grow">ipe-1</span></a>
  </div><p hidden data-k-palette-none>nada</p></dialog>
  <dialog id="k-shortcuts"><p>Atalhos</p></dialog>
  <button id="menu-button" popovertarget="menu" style="position: fixed; right: 0; bottom: 0">…</button>
  <div id="menu" popover class="k-menu" data-k-arrows="vertical"><button>Um</button><button>Dois</button></div>
  <div class="k-table-box"><table><tbody data-k-rows>
    <tr data-k-row tabindex="-1" onclick="window.row = 1"><td>1
      <input type="checkbox" id="pick" data-k-some="false" onclick="event.stopPropagation()"></td></tr>
    <tr data-k-row tabindex="-1" onclick="window.row = 2"><td>2</td></tr>
  </tbody></table></div>
  <button id="tipped" data-tip="71 % às 10:41">71</button><div id="k-tip" popover="manual"></div>
</div></body></html>"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page above, whose clock stands still until a test lets it run."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.clock.install(time=1_795_000_000)
    open_page(page)
    yield page
    context.close()


def open_page(page: Page, content: str = PAGE) -> None:
    def answer(route: Route) -> None:
        if route.request.url.endswith("/pwa.js"):
            route.fulfill(
                body=(ASSETS / "pwa.js").read_text(encoding="utf-8"), content_type="text/javascript"
            )
        else:
            route.fulfill(body=content, content_type="text/html; charset=utf-8")

    page.route("http://keepai.test/**", answer)
    page.goto(ADDRESS)
    page.clock.run_for(10)


def snapshot(page: Page, *, at: float = 1_795_000_000, age_ms: int = 0) -> None:
    """What React does when a snapshot comes."""
    page.evaluate(
        "([at, ageMs]) => Object.assign(document.getElementById('snapshot').dataset, { at, ageMs })",
        [at, age_ms],
    )


def light(page: Page) -> tuple[str | None, str]:
    return page.get_attribute("#light", "data-state"), page.inner_text("#light").replace("\n", " ").strip()


def test_before_the_first_snapshot_it_is_connecting_and_then_without_data(page):
    assert light(page) == ("reconnecting", "Conectando")
    page.clock.run_for(4000)
    assert light(page) == ("offline", "Sem dados")


def test_a_snapshot_makes_it_live_for_three_seconds(page):
    snapshot(page)
    assert light(page) == ("live", "Ao vivo")
    page.clock.run_for(2500)
    assert light(page)[0] == "live"
    page.clock.run_for(540)
    assert light(page) == ("offline", "Sem dados desde 11:06:40 · 3 s")
    page.clock.run_for(11_500)
    assert light(page)[1] in {f"Sem dados desde 11:06:40 · {seconds} s" for seconds in (13, 14)}
    snapshot(page, at=1_795_000_015)
    assert light(page) == ("live", "Ao vivo")


def test_a_snapshot_that_was_old_when_it_came_is_not_live(page):
    snapshot(page, age_ms=5000)
    assert light(page)[0] == "offline"


def test_the_same_snapshot_again_does_not_make_it_younger(page):
    snapshot(page)
    page.clock.run_for(5000)
    snapshot(page)
    page.clock.run_for(1000)
    assert light(page)[0] == "offline"


def test_with_a_closed_socket_it_is_reconnecting_and_counts_up(page):
    snapshot(page)
    page.evaluate("document.getElementById('snapshot').dataset.down = 'true'")
    assert light(page)[0] == "live"
    page.clock.run_for(15_000)
    assert light(page) in [("reconnecting", f"Reconectando há {seconds} s") for seconds in (14, 15)]
    assert page.inner_text("[data-k-strip-age]").startswith("dados de 11:06:40, há 1")


def test_it_speaks_only_when_the_word_changes(page):
    page.evaluate(
        "window.spoken = []; new MutationObserver(() => spoken.push(document.getElementById('said').textContent))"
        ".observe(document.getElementById('said'), { childList: true })"
    )
    snapshot(page)
    page.clock.run_for(8000)
    snapshot(page, at=1_795_000_008)
    page.clock.run_for(1000)
    assert page.evaluate("spoken") == ["Sem dados", "Ao vivo"]


def test_nothing_is_written_while_react_still_compares(browser):
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.clock.install(time=1_795_000_000)
    open_page(page, PAGE.replace('data-k-mounted="true"', 'data-k-mounted="false"'))
    page.clock.run_for(1000)
    assert light(page) == (None, "")
    page.evaluate("document.getElementById('app').dataset.kMounted = 'true'")
    assert light(page)[0] == "reconnecting"
    context.close()


def test_ages_go_on_counting_by_the_servers_clock(page):
    snapshot(page, at=1_800_000_000)
    page.evaluate("document.getElementById('age').dataset.at = 1800000000 - 3540")
    page.clock.run_for(1000)
    assert page.inner_text("#age") == "há 59 min"
    page.clock.run_for(60_000)
    assert page.inner_text("#age") == "há 1 h"
    assert page.get_attribute("#age", "title") == "15 de jan. de 2027, 07:01:00"


def test_the_language_of_the_document_follows_and_is_remembered(page):
    page.evaluate("document.getElementById('app').dataset.kLanguage = 'en'")
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.reload()
    page.clock.run_for(10)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.evaluate("document.documentElement.className") == "k-wait"
    page.evaluate("document.getElementById('app').dataset.kLanguage = 'en'")
    page.wait_for_function("document.documentElement.className === ''")


def test_a_dialog_opens_and_closes_as_the_state_says(page):
    page.evaluate("document.getElementById('ask').dataset.kOpen = 'true'")
    expect(page.locator("#ask")).to_be_visible()
    expect(page.locator("#ask [data-k-first]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    page.clock.run_for(3000)
    expect(page.locator("#ask")).to_be_hidden()
    page.evaluate("document.getElementById('ask').dataset.kOpen = 'false'")
    page.evaluate("document.getElementById('ask').dataset.kOpen = 'true'")
    expect(page.locator("#ask")).to_be_visible()
    page.evaluate("document.getElementById('ask').dataset.kOpen = 'false'")
    expect(page.locator("#ask")).to_be_hidden()


def test_the_palette_finds_without_accents_and_goes_there(page):
    page.keyboard.press("Control+k")
    page.keyboard.type("configuracoes")
    assert page.locator('[role="option"]:visible').all_inner_texts() == ["Configurações"]
    assert page.locator("#k-palette h3:visible").all_inner_texts() == ["Páginas"]
    page.keyboard.press("Enter")
    expect(page.locator("#k-palette")).to_be_hidden()
    assert page.evaluate("chosen") == "a"


def test_the_palette_is_walked_with_the_arrows_and_says_when_it_finds_nothing(page):
    page.click("#opens")
    page.keyboard.type("ipe")
    page.keyboard.press("ArrowDown")
    assert page.inner_text('[aria-selected="true"]') == "ipe-1"
    page.keyboard.press("ArrowDown")
    assert page.inner_text('[aria-selected="true"]') == "ipe-3"
    page.keyboard.type("zz")
    expect(page.locator("[data-k-palette-none]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert page.locator('[role="option"]:visible').count() == 3


def test_keys_go_search_and_explain_but_not_while_typing(page):
    page.keyboard.press("g")
    page.keyboard.press("w")
    assert page.evaluate("went") == 1
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("gw?/")
    assert page.input_value("#find") == "gw?/"
    assert page.evaluate("went") == 1
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#k-shortcuts")).to_be_visible()


def test_a_letter_long_after_g_does_nothing(page):
    page.keyboard.press("g")
    page.clock.run_for(2000)
    page.keyboard.press("w")
    assert page.evaluate("window.went ?? 0") == 0


def test_a_button_that_works_is_pressed_once(page):
    page.dblclick("#save")
    assert page.evaluate("saved") == 1
    page.clock.run_for(1100)
    page.evaluate("document.getElementById('save').setAttribute('aria-busy', 'true')")
    page.click("#save")
    assert page.evaluate("saved") == 1
    page.evaluate("document.getElementById('save').setAttribute('aria-busy', 'false')")
    page.click("#save")
    assert page.evaluate("saved") == 2


def test_rows_are_walked_and_opened_with_the_keyboard(page):
    page.focus("tbody tr")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("row") == 2
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.evaluate("row") == 1


def test_a_row_is_picked_with_the_keyboard_without_being_opened(page):
    page.focus("tbody tr")
    page.keyboard.press("x")
    assert page.is_checked("#pick")
    page.keyboard.press("X")
    assert not page.is_checked("#pick")
    assert page.evaluate("window.row") is None


def test_a_box_for_some_of_many_says_so(page):
    page.evaluate("document.getElementById('pick').dataset.kSome = 'true'")
    page.wait_for_function("document.getElementById('pick').indeterminate")
    page.evaluate("document.getElementById('pick').dataset.kSome = 'false'")
    page.wait_for_function("!document.getElementById('pick').indeterminate")


def test_a_menu_opens_in_sight_and_is_walked_with_the_arrows(page):
    page.click("#menu-button")
    box, size = page.locator("#menu").bounding_box(), page.viewport_size
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
    expect(page.get_by_text("Um", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("Dois", exact=True)).to_be_focused()


def test_a_tooltip_comes_with_the_focus_and_goes_with_escape(page):
    page.focus("#find")
    page.evaluate("document.getElementById('tipped').focus({ focusVisible: true })")
    page.clock.run_for(50)
    expect(page.locator("#k-tip")).to_have_text("71 % às 10:41")
    expect(page.locator("#tipped")).to_have_attribute("aria-describedby", "k-tip")
    page.keyboard.press("Escape")
    expect(page.locator("#k-tip")).to_be_hidden()
