"""What fires is on the screen of everybody at once, and somebody says "mine"."""

import re
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Locator, expect
from sqlmodel import select

from models import Alert
from tests.browser import past
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.screen import Screen
from tests.browser.words import pt

# A lost worker is told within 3 s; ten times that on a machine that does other things.
TOLD_WITHIN, BACK_WITHIN = 30_000, 120_000
MARK = "window.wasHereBefore = true"


@pytest.fixture(scope="module")
def calm(own_house: Callable[..., House]) -> House:
    """KeepAI with two workers of its own, where nothing fires."""
    house: House = own_house(EMBEDDED_WORKERS=2)
    house.until(lambda: len(house.worker_processes()) == 2, 60)
    return house


@pytest.fixture(scope="module")
def alarmed(own_house: Callable[..., House]) -> House:
    """KeepAI with alerts in every state."""
    house: House = own_house(EMBEDDED_WORKERS=1)
    token = house.token(house.person("viewer"))
    house.until(lambda: len((house.dashboard(token) or {}).get("workers", [])) == 1, 60)
    past.alarm(house)
    return house


def rows(screen: Screen, more: str = "") -> Locator:
    """Rows of the list."""
    return screen.page.locator(f"[data-testid=alert-row]{more}")


def waiting(screen: Screen) -> Locator:
    """How many critical alerts wait for somebody, as the rail says on every page."""
    return screen.page.locator(".k-rail .k-count")


def hold_down(house: House) -> psutil.Process:
    """End a worker, and hold the process that its nanny starts in its place; returns that one."""
    before = house.worker_processes()
    known = {process.pid for process in before}
    before[0].kill()
    new = house.until(lambda: [p for p in house.worker_processes() if p.pid not in known], 30)
    new[0].suspend()
    return new[0]


async def test_a_lost_worker_fires_is_acknowledged_and_ends_when_it_is_back(calm: House, open_screen: PageAs):
    await calm.has_workers(2)
    screen = await open_screen(calm, "operator", "/alerts")
    other = await open_screen(calm, "viewer", "/workers")
    page = screen.page
    await screen.says(pt("alerts.none"))
    await screen.ask(MARK)
    held = hold_down(calm)
    try:
        lost = rows(screen, "[data-state=firing][data-severity=critical]")
        await expect(lost).to_have_count(1, timeout=TOLD_WITHIN)
        await expect(lost).to_contain_text(re.compile(r"Worker \S+ perdido"))
        # Wherever somebody is, they see that something waits for somebody.
        await expect(waiting(other)).to_have_text("1")
        await expect(other.page).to_have_title(re.compile(r"^\(1\) "))
        await other.page.locator(".k-rail a[href='/alerts']").click()
        await other.at("/alerts")
        await rows(other).get_by_role("link").click()
        await expect(other.page.get_by_test_id("alert-panel")).to_have_attribute("data-state", "firing")
        await lost.get_by_role("link").click()
        await expect(page).to_have_url(re.compile(r"/alerts\?alert=[0-9a-f]{32}$"))
        await page.get_by_test_id("alert-acknowledge").click()
        form = page.get_by_test_id("acknowledge-form")
        await form.get_by_text(pt("alerts.until.1h")).click()
        await form.locator("#note").fill("sem energia no rack 2")
        await form.get_by_role("button", name=pt("alerts.acknowledge")).click()
        await expect(form).to_be_hidden()
        for one in (screen, other):
            await expect(rows(one)).to_contain_text(pt("alerts.acknowledged"))
            await expect(rows(one)).to_contain_text("Operator PT: sem energia no rack 2")
            await expect(waiting(one)).to_have_count(0)
            story = one.page.locator(".k-timeline")
            await expect(story).to_contain_text(re.compile(r"Operator PT reconheceu até \d\d:\d\d"))
        # Who may only look is offered nothing else.
        for name in ("acknowledge", "assign", "resolve", "take"):
            await expect(other.page.get_by_test_id(f"alert-{name}")).to_have_count(0)
        await expect(other.page.locator("#comment, .k-alert input")).to_have_count(0)
    finally:
        held.resume()
    for one in (screen, other):
        panel = one.page.get_by_test_id("alert-panel")
        await expect(panel).to_have_attribute("data-state", "resolved", timeout=BACK_WITHIN)
        await expect(rows(one)).to_have_count(0)
    await page.get_by_role("tab", name=pt("alerts.tab.resolved")).click()
    await expect(rows(screen, "[data-state=resolved]")).to_have_count(1)
    assert await screen.ask("window.wasHereBefore") is True


async def test_a_note_is_sent_by_keyboard_and_stays_where_it_could_not_be_kept(
    alarmed: House, open_screen: PageAs
):
    screen = await open_screen(alarmed, "operator", "/alerts?severity=critical&q=OpenWebUI")
    page = screen.page
    await expect(rows(screen)).to_have_count(1)
    await page.keyboard.press("j")
    await expect(rows(screen)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"q=OpenWebUI&severity=critical&alert=[0-9a-f]{32}$"))
    field = page.locator("#comment")
    await field.press("Control+Enter")
    await expect(page.locator("#comment-error")).to_have_text(pt("alerts.error.empty"))
    await field.fill("reiniciando o contêiner")
    await field.press("Control+Enter")
    await expect(page.locator(".k-timeline li").last).to_contain_text("reiniciando o contêiner")
    await expect(field).to_have_value("")
    await page.get_by_test_id("alert-take").click()
    await expect(page.locator(".k-alert-side")).to_contain_text("Operator PT")
    await page.locator(".k-copy-link").click()
    await expect(page.locator(".k-copy-link .k-copied")).to_be_attached()
    await page.locator("main").click(position={"x": 5, "y": 5})
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"q=OpenWebUI&severity=critical$"))


async def test_several_are_picked_by_key_and_resolved_after_one_question(alarmed: House, open_screen: PageAs):
    screen = await open_screen(alarmed, "operator", "/alerts?severity=warning")
    page = screen.page
    firing = rows(screen, "[data-state=firing]")
    await expect(firing).to_have_count(3)
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    bar = page.get_by_test_id("picks")
    await expect(bar).to_contain_text(pt("alerts.picks.count.other", number=2))
    await bar.get_by_role("button", name=pt("alerts.acknowledge")).click()
    await screen.says(pt("alerts.picks.acknowledged.other", number=2))
    await expect(bar).to_be_hidden()
    await firing.first.hover()
    await firing.first.get_by_role("checkbox").click()
    await bar.get_by_role("button", name=pt("alerts.resolve")).click()
    question = page.locator("dialog[open]")
    await expect(question).to_contain_text(pt("alerts.resolve.text"))
    await question.get_by_role("button", name=pt("alerts.resolve")).click()
    await expect(firing).to_have_count(2)


async def test_an_alert_is_silenced_in_place_and_its_silence_ended(alarmed: House, open_screen: PageAs):
    screen = await open_screen(alarmed, "operator", "/alerts?q=OpenWebUI")
    page = screen.page
    await rows(screen).get_by_role("link").click()
    count = waiting(screen)
    before = int(await count.inner_text())
    await page.get_by_test_id("alert-silence").click()
    form = page.get_by_test_id("silence-form")
    await form.get_by_role("button", name=pt("silences.span.4h"), exact=True).click()
    send = form.get_by_role("button", name=pt("silences.do.4h"))
    await send.click()
    await expect(page.locator("#reason-error")).to_have_text(pt("silences.error.reason"))
    await form.locator("#reason").fill("atualização do OpenWebUI")
    await expect(send).not_to_have_attribute("data-pressed", "")  # it cannot be pressed twice within a second
    await send.click()
    await expect(form).to_be_hidden()
    await expect(page.locator(".k-desk-group")).to_contain_text(pt("silences.untold"))
    await expect(rows(screen)).to_contain_text("por Operator PT")
    await expect(count).to_have_text(str(before - 1))
    await expect(page.locator(".k-timeline")).to_contain_text("Operator PT silenciou até")
    await page.get_by_role("tab", name=pt("alerts.tab.silences")).click()
    silence = page.get_by_test_id("silence-row").filter(has_text="atualização do OpenWebUI")
    await expect(silence).to_contain_text("termina em 3")
    await silence.get_by_role("button").click()
    await screen.says(pt("silences.ended_now"))
    await expect(silence).to_have_attribute("data-state", "over")
    await expect(count).to_have_text(str(before))


async def test_what_is_over_comes_page_by_page_and_a_rule_is_switched_off(
    alarmed: House, open_screen: PageAs
):
    screen = await open_screen(alarmed, "admin", "/alerts?tab=resolved&severity=critical")
    page = screen.page
    await expect(rows(screen)).to_have_count(50)
    await page.get_by_role("button", name=pt("alerts.more_rows")).click()
    await expect(rows(screen)).to_have_count(54)
    await page.get_by_role("tab", name=pt("alerts.tab.rules")).click()
    await screen.at("/alerts?tab=rules")
    rule = page.get_by_test_id("rule-row").filter(has_text=pt("alerts.rule.database_slow"))
    await rule.get_by_role("switch").click()
    await screen.says(pt("alerts.rules.switched_off"))
    await expect(rule.get_by_role("switch")).not_to_be_checked()
    await rule.get_by_role("switch").click()
    await expect(rule.get_by_role("switch")).to_be_checked()


async def test_on_a_phone_an_alert_covers_the_list_and_going_back_shows_it(
    alarmed: House, open_screen: PageAs
):
    screen = await open_screen(alarmed, "operator", "/alerts?q=OpenWebUI", size=(390, 844))
    await rows(screen).get_by_role("link").click()
    panel = screen.page.get_by_test_id("alert-panel")
    await expect(panel).to_be_visible()
    await expect(rows(screen)).to_be_hidden()
    await screen.page.go_back()
    await expect(panel).to_be_hidden()
    await expect(rows(screen)).to_be_visible()


async def test_the_bell_opens_what_one_was_told_and_all_of_it_is_read(alarmed: House, open_screen: PageAs):
    viewer = alarmed.person("viewer")
    past.tell(alarmed, viewer)
    screen = await open_screen(alarmed, "viewer", "/workers")
    page = screen.page
    bell = page.get_by_test_id("bell")
    await expect(bell.locator(".k-count")).to_have_text("3")
    await bell.click()
    panel = page.get_by_test_id("bell-panel")
    told = panel.get_by_test_id("bell-row")
    await expect(told).to_have_count(3)
    await expect(told.first).to_contain_text(pt("bell.by", by=pt("bell.way.mail")))
    await panel.get_by_test_id("bell-read").click()
    await expect(bell.locator(".k-count")).to_have_count(0)
    await expect(told.first).to_have_attribute("data-read", "true")
    await told.first.get_by_role("link").click()
    await expect(page).to_have_url(re.compile(r"/alerts\?alert=[0-9a-f]{32}$"))
    await expect(page.get_by_test_id("alert-panel")).to_be_visible()
    await expect(panel).to_be_hidden()


async def test_rules_come_in_from_a_file_after_a_look_at_what_changes(
    alarmed: House, open_screen: PageAs, tmp_path: Path
):
    screen = await open_screen(alarmed, "admin", "/alerts?tab=rules")
    page = screen.page
    async with page.expect_download() as started:
        await page.get_by_test_id("export-rules").click()
    download = await started.value
    assert download.suggested_filename == "keepai-rules.yaml"
    await page.get_by_test_id("import-rules").click()
    rule = "- {name: Importada, measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5}\n"
    file = tmp_path / "rules.yaml"
    file.write_text(f"version: 1\nrules:\n{rule.replace('worker.paused', 'worker.nothing')}")
    await page.locator("#rules-chosen").set_input_files(file)
    await expect(page.locator("#rules-text")).to_have_value(re.compile("Importada"))
    look = page.get_by_test_id("look-at-rules")
    await look.click()
    await expect(page.get_by_test_id("rule-mistakes")).to_contain_text(pt("alerts.error.measure"))
    await page.locator("#rules-text").fill(f"version: 1\nrules:\n{rule}")
    await expect(look).not_to_have_attribute("data-pressed", "")
    await look.click()
    await expect(page.get_by_test_id("rule-change")).to_have_attribute("data-kind", "created")
    await page.get_by_test_id("apply-rules").click()
    await expect(page.get_by_test_id("rule-row").filter(has_text="Importada")).to_have_count(1)


async def test_the_list_has_trends_what_was_over_today_and_silences_several(
    own_house: Callable[..., House], open_screen: PageAs
):
    house: House = own_house(EMBEDDED_WORKERS=1)
    house.until(lambda: house.dashboard(house.token(house.person("viewer"))), 60)
    past.alarm(house)
    found = house.ask(lambda session: session.exec(select(Alert).where(Alert.state == "firing")).all())
    past.trend(house, next(one for one in found if one.measure == "worker.memory_share"))
    screen = await open_screen(house, "operator", "/alerts")
    page = screen.page
    trend = page.locator(".k-alert-trend")
    await expect(trend.first).to_have_attribute("aria-label", re.compile("última hora"))
    await trend.first.focus()
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Tab")
    await expect(page.locator("#k-tip")).to_contain_text("última hora")
    today = page.get_by_test_id("today")
    if await today.count():  # just after midnight nothing was over yet
        await expect(today.get_by_test_id("alert-row")).to_have_count(0)
        await today.get_by_role("button").click()
        await expect(today.get_by_test_id("alert-row").first).to_be_visible()
    await expect(page.locator("link[rel=icon]").first).to_have_attribute(
        "href", re.compile("^data:image/png")
    )
    await page.locator("main").click(position={"x": 5, "y": 5})
    for key in "jxjx":
        await page.keyboard.press(key)
    await page.get_by_test_id("picks-silence").click()
    form = page.get_by_test_id("silence-form")
    await form.get_by_role("button", name=pt("silences.span.at")).click()
    await expect(form.locator("[name=at]")).to_have_value(re.compile(r"T\d\d:00$"))
    await form.locator("#reason").fill("troca do rack")
    await form.get_by_role("button", name=pt("silences.do.at")).click()
    await screen.says(pt("alerts.picks.silenced.other", number=2))
    await expect(page.locator("link[rel=icon]").first).not_to_have_attribute("href", re.compile("^data:"))


async def test_the_dashboard_begins_with_alerts_that_are_acknowledged_there(
    alarmed: House, open_screen: PageAs
):
    screen = await open_screen(alarmed, "operator", "/")
    urgent = screen.page.get_by_test_id("attention-row")
    await expect(urgent.first).to_be_visible()
    answer = screen.page.get_by_test_id("attention").get_by_role("button").first
    name = (await answer.get_attribute("aria-label") or "").removeprefix("Reconhecer ")
    await answer.click()
    row = urgent.filter(has_text=name)
    await expect(row).to_contain_text(pt("alerts.acknowledged"))
    await expect(row).to_contain_text("Operator PT")
