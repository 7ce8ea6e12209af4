"""A real KeepAI, a real Chromium and people signed in to it.

Everything here lives on one event loop for the whole run, since a browser belongs to the loop it was started on.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright

from keepai.cli import ROOT
from tests.browser.house import House, build_once, lost_workers, running
from tests.browser.screen import ARGUMENTS, Screen, chromium

PageAs = Callable[..., Awaitable[Screen]]
HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Pictures are drawn by the tests that look at every page."""
    parser.addoption("--pictures", action="store_true", help="draw every page into pictures/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder drives a browser, on the loop of the run."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if asyncio.iscoroutinefunction(getattr(item, "obj", None)):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is. Without one nothing here can be shown, so no server is started either."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: install it with your system's packages, or run `make test`, which does")
    return path


@pytest.fixture(scope="session")
def house(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """KeepAI with its embedded compute of two workers."""
    build_once()
    with running(House(tmp_path_factory.mktemp("house") / "data")) as house:
        house.until(lambda: len(house.worker_processes()) == 2, 60)
        yield house


@pytest.fixture(scope="module")
def own_house(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., House]]:
    """Start another KeepAI with settings of its own; it ends with the file that wanted it."""
    started: list[House] = []

    def start(before: Callable[[House], None] = lambda house: None, **settings: object) -> House:
        build_once()
        made = House(tmp_path_factory.mktemp("house") / "data", **settings)
        before(made)
        started.append(made)
        return made.start()

    yield start
    for house in started:
        house.stop()


class Crowd:
    """A Dask compute with many workers, in a process of its own."""

    def __init__(self, count: int) -> None:
        command = [sys.executable, str(HERE / "crowd.py"), str(count)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        with self._process.stdout as said:
            self.address = said.readline().strip()
            assert said.readline().strip() == "ready"

    def end(self) -> None:
        """End it at once, as a machine does that loses its power."""
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def crowd(chromium_path: str) -> Iterator[Callable[[int], Crowd]]:
    """Start a compute with that many workers; it ends with the file that wanted it."""
    started: list[Crowd] = []

    def start(count: int) -> Crowd:
        started.append(Crowd(count))
        return started[-1]

    yield start
    for made in started:
        made.end()


@pytest.fixture(scope="module")
def crowded(own_house: Callable[..., House], crowd: Callable[[int], Crowd]) -> House:
    """KeepAI that watches 32 workers, two of them paused, and remembers four that were lost."""
    compute = crowd(32)
    house: House = own_house(
        lambda house: house.keep_workers(compute.address, lost_workers(4)), DASK_SCHEDULER=compute.address
    )
    token = house.token(house.person("viewer"))
    house.until(lambda: len(house.dashboard(token)["workers"]) == 36, 60)
    return house


@pytest.fixture(scope="module")
def remembered(own_house: Callable[..., House]) -> House:
    """KeepAI whose compute is out of reach, with 300 workers that were lost before that."""
    nowhere = "tcp://127.0.0.1:9"
    house: House = own_house(
        lambda house: house.keep_workers(nowhere, lost_workers(300)), DASK_SCHEDULER=nowhere
    )
    token = house.token(house.person("viewer"))
    house.until(lambda: len(house.dashboard(token)["workers"]) == 300, 60)
    return house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    """Chromium, once per run."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_screen(browser: Browser) -> AsyncIterator[PageAs]:
    """Open a page of a house, as somebody or as nobody; what a page complained about fails the test."""
    contexts: list[BrowserContext] = []
    screens: list[Screen] = []

    async def open_(
        house: House,
        role: str | None = None,
        path: str = "/",
        *,
        locale: str = "pt-BR",
        size: tuple[int, int] = (1440, 900),
        theme: str = "light",
        must_change: bool = False,
        wait: bool = True,
    ) -> Screen:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=locale,
            color_scheme=theme,
            base_url=house.address,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        screen = Screen(await context.new_page(), house)
        screens.append(screen)
        if role is not None:
            await screen.sign_in(house.person(role, locale, must_change=must_change))
        if wait:
            await screen.go(path)
        return screen

    yield open_
    for context in contexts:
        await context.close()
    complaints = [said for screen in screens for said in screen.complaints]
    assert not complaints, complaints


@pytest.fixture
def page_as(open_screen: PageAs, house: House) -> PageAs:
    """A page of the usual house: `await page_as("viewer", "/workers")`."""

    async def open_(role: str | None = None, path: str = "/", **options: object) -> Screen:
        return await open_screen(house, role, path, **options)

    return open_
