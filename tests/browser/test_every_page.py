"""Every page, in every state, language, theme and size: what a screen reader, a narrow phone and a wide screen need.

With `--pictures` it is also drawn: see `make pictures`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import expect

from keepai.cli import ROOT
from services.i18n import translate
from tests.browser import notebook, past
from tests.browser.conftest import Crowd, PageAs
from tests.browser.crowd import BUSY
from tests.browser.house import LOCALES, House, lost_workers
from tests.browser.pages import VIEWS, View, loading
from tests.browser.screen import LIVE_WITHIN, Screen

PICTURES = ROOT / "pictures"
SIZES = ((360, 800), (390, 844), (1024, 768), (1440, 900))
THEMES = ("light", "dark")
# English is the same page with other words: it is looked at where it is narrowest and where it is widest.
CHECKED = {"pt-BR": SIZES, "en": (SIZES[0], SIZES[-1])}
# Where axe reads it, which takes a second: each layout in each theme, shared between the languages; for pictures
# everywhere.
READ = {
    "pt-BR": [(SIZES[0], "light"), (SIZES[-1], "dark")],
    "en": [(SIZES[0], "dark"), (SIZES[-1], "light")],
}

AXE = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.map(({ id, nodes }) =>
        `${id}: ` + nodes.slice(0, 3).map((one) => one.target.join(" ")).join(", ") + ` (${nodes.length})`);
}"""
FACTS = """() => ({
    width: document.scrollingElement.scrollWidth,
    heads: [...document.querySelectorAll("h1")].filter((head) => head.checkVisibility()).length,
    language: document.documentElement.lang,
    title: document.title,
})"""
AN_ISSUER = {
    "OIDC_ISSUER": "https://id.example.org/realms/team",
    "OIDC_NAME": "Casdoor",
    "OIDC_CLIENT_ID": "keepai",
    "OIDC_CLIENT_SECRET": "a secret word",
    "OIDC_ROLES": "keepai-admins=admin,staff=operator,*=viewer",
}
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))"


@pytest.fixture(scope="module")
def beside() -> Iterator[dict[str, object]]:
    """The settings of an Ollama, an OpenWebUI and a mail server that answer."""
    with past.services_beside() as settings:
        yield settings


def _with_a_past(own_house: Callable[..., House], compute: Crowd, **settings: object) -> House:
    """KeepAI that watches a compute of 32 workers and has done so for days."""
    key = compute.address
    house = own_house(lambda house: house.keep_workers(key, lost_workers(4)), DASK_SCHEDULER=key, **settings)
    token = house.token(house.person("viewer"))
    house.until(lambda: len(house.dashboard(token)["workers"]) == 36, 60)
    past.measure(house, key, BUSY)
    past.work(house, key)
    ids = {row["name"]: row["id"] for row in house.dashboard(token)["workers"]}
    past.happen(house, key, UUID(ids[BUSY]), BUSY)
    for locale in LOCALES:
        past.sign_in(house, house.person("admin", locale))
    past.gather(house)
    return house


@pytest.fixture(scope="module")
def busy(own_house: Callable[..., House], crowd: Callable[[int], Crowd], beside: dict[str, object]) -> House:
    """KeepAI with at least thirty of everything."""
    house = _with_a_past(own_house, crowd(32), **beside, **AN_ISSUER)
    past.fail_to_deliver(house)
    past.alarm(house)
    past.owe(house)
    past.connect(house)
    past.ask_for_much(house)
    notebook.write(house)
    for locale in LOCALES:
        past.tell(house, house.person("admin", locale))
    return house


@pytest.fixture(scope="module")
def forsaken(own_house: Callable[..., House], crowd: Callable[[int], Crowd]) -> House:
    """The same a moment after its compute went away."""
    compute = crowd(32)
    house = _with_a_past(own_house, compute)
    compute.end()
    token = house.token(house.person("viewer"))
    house.until(lambda: house.dashboard(token)["compute"]["state"] == "out_of_reach", 60)
    return house


@pytest.fixture(scope="module")
def deserted(own_house: Callable[..., House], crowd: Callable[[int], Crowd]) -> House:
    """KeepAI that watches a compute without workers."""
    house: House = own_house(DASK_SCHEDULER=crowd(0).address)
    token = house.token(house.person("viewer"))
    house.until(lambda: (house.dashboard(token)["compute"] or {}).get("state") == "live", 60)
    return house


@pytest.fixture
def place(request: pytest.FixtureRequest, view: View) -> House:
    """The house in which a view is to be seen."""
    found: House = request.getfixturevalue(view.house)
    return found


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path | None:
    """Where to draw, if that is wanted."""
    if not request.config.getoption("--pictures", default=False):
        return None
    PICTURES.mkdir(exist_ok=True)
    return PICTURES


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("view", VIEWS, ids=str)
async def test_a_page_is_fit_for_everybody(
    open_screen: PageAs, place: House, pictures: Path | None, view: View, locale: str
):
    screen = await open_screen(place, locale=locale, size=SIZES[-1], wait=False)
    screen.may_lose_network()
    await view.show(screen, locale)
    # A page is built in Portuguese and turns to its reader's language with the first that the server says.
    await expect(screen.page.locator("html")).to_have_attribute("lang", locale, timeout=LIVE_WITHIN)
    wrong = []
    for size in SIZES if pictures else CHECKED[locale]:
        await screen.page.set_viewport_size({"width": size[0], "height": size[1]})
        for theme in THEMES:
            await screen.page.emulate_media(color_scheme=theme)
            await screen.ask(DRAWN)
            if pictures:
                await screen.page.wait_for_timeout(150)  # plots are drawn anew
                name = f"{view}-{LOCALES[locale]}-{theme}-{size[0]}.png"
                await screen.page.screenshot(path=pictures / name, full_page=True)
            if pictures or (size, theme) in READ[locale]:
                wrong += [f"{size[0]} {theme}: {one}" for one in await _unreadable(screen)]
            wrong += [f"{size[0]} {theme}: {one}" for one in await _misplaced(screen, view, locale, size[0])]
    assert not wrong, "\n".join(wrong)
    if view.arrive is loading:
        screen.let_go.set()
        await screen.ready()


async def _unreadable(screen: Screen) -> list[str]:
    """What axe finds on the page as it is now."""
    if not await screen.ask("'axe' in window"):
        await screen.ask(AXE_SCRIPT)
    return list(await screen.ask(AXE))


async def _misplaced(screen: Screen, view: View, locale: str, width: int) -> list[str]:
    """What is not as it must be on the page as it is now: its width, its heading, its language, its name."""
    wrong = []
    facts = await screen.ask(FACTS)
    if facts["width"] > width:
        wrong.append(f"{facts['width']} px wide")
    if facts["heads"] != 1:
        wrong.append(f"{facts['heads']} first headings")
    if facts["language"] != locale:
        wrong.append(f"its language is {facts['language']}")
    # While it loads, the tab has the words that the page was built with.
    title = _title(view, "pt-BR" if view.arrive is loading else locale)
    if not facts["title"].endswith(title):
        wrong.append(f"it is called {facts['title']}")
    return wrong


def _title(view: View, locale: str) -> str:
    if not view.title:
        return translate(locale, "common.app")
    return translate(locale, "common.page_title", page=translate(locale, view.title))
