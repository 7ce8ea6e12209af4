"""A task is typed in one line, finished and taken back; the team sees it live; a reminder comes; an alert becomes
one."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.async_api import Locator, expect
from sqlalchemy import text

from models import Account
from services import tasks
from services.audit import Actor
from services.clock import now
from services.sharing import Reader
from services.tasks import Draft
from tests.browser import past
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.screen import Screen
from tests.browser.words import pt

HOME = "/notes?view=tasks"
REMINDED_WITHIN = 30_000  # ms; the loop looks each 5 s


@pytest.fixture(scope="module")
def alarmed(own_house: Callable[..., House]) -> House:
    """KeepAI with alerts in every state."""
    house: House = own_house(EMBEDDED_WORKERS=1)
    token = house.token(house.person("viewer"))
    house.until(lambda: len((house.dashboard(token) or {}).get("workers", [])) == 1, 60)
    past.alarm(house)
    return house


def make(house: House, person: Account, title: str, **more: object) -> str:
    """A task of somebody; returns its id."""
    reader, by = house.ask(Reader.called, person.id), Actor("person", person.id, person.name)
    draft = Draft(title, "America/Sao_Paulo", **more)
    return house.ask(tasks.create, now(), reader, draft, by).id.hex


def rows(screen: Screen, title: str) -> Locator:
    """Rows of the list with that title."""
    return screen.page.get_by_test_id("task-row").filter(has_text=title)


async def test_a_line_becomes_a_task_that_is_finished_and_taken_back(alarmed: House, open_screen: PageAs):
    screen = await open_screen(alarmed, "operator", HOME)
    page, line = screen.page, screen.page.get_by_test_id("task-line")
    await line.press_sequentially("amanhã 9h ligar para o fornecedor !alta", delay=10)
    chips = page.get_by_test_id("task-chips")
    await expect(chips.locator("[data-kind=due]")).to_have_text("amanhã, 09:00")
    await expect(chips.locator("[data-kind=priority]")).to_have_text("alta")
    await chips.get_by_role("button", name=pt("tasks.quick.offer")).click()
    await line.press("Enter")
    row = rows(screen, "ligar para o fornecedor")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("amanhã, 08:45")
    # The line is empty and still has the focus: the next one can be typed.
    await expect(line).to_have_value("")
    await expect(line).to_be_focused()
    await expect(chips).to_be_empty()
    await page.keyboard.press("Tab")
    await row.focus()
    await page.keyboard.press("x")
    await expect(row).to_have_attribute("data-state", "done")
    await page.get_by_role("button", name=pt("common.undo")).click()
    await expect(row).to_have_attribute("data-state", "open")
    # A line that says nothing to do stays, with what is wrong.
    await line.fill("amanhã")
    await line.press("Enter")
    await screen.says(pt("tasks.error.title"))
    await expect(page.get_by_test_id("task-line")).to_have_value("amanhã")


async def test_the_team_sees_at_once_what_somebody_does(alarmed: House, open_screen: PageAs):
    mine = await open_screen(alarmed, "operator", HOME)
    other = await open_screen(alarmed, "viewer", HOME)
    person = alarmed.person("operator")
    task = make(alarmed, person, "Trocar a fonte", team=True, checklist=("cabos",))
    secret = make(alarmed, person, "Segredo de todos")
    for screen in (mine, other):
        await screen.go(f"{HOME}&task={task}")
        await expect(screen.page.get_by_test_id("task-panel")).to_be_visible()
    panel = other.page.get_by_test_id("task-panel")
    await mine.page.locator("#task-title").fill("Trocar a fonte do rack 2")
    await mine.page.locator("#task-title").blur()
    await mine.page.get_by_role("checkbox", name="cabos").click()
    await mine.page.locator("#task-comment").fill("<b>chega</b> sexta")
    await mine.page.keyboard.press("Control+Enter")
    await expect(rows(other, "Trocar a fonte do rack 2")).to_have_count(1)
    await expect(panel.get_by_role("checkbox", name="cabos")).to_be_checked()
    await expect(panel).to_contain_text("<b>chega</b> sexta")
    await other.page.get_by_test_id("task-finish").click()
    await expect(mine.page.get_by_test_id("task-panel")).to_have_attribute("data-state", "done")
    # What is not for the team is not found by its address either.
    await other.go(f"{HOME}&task={secret}")
    await other.says(pt("tasks.gone"))
    await expect(rows(other, "Segredo")).to_have_count(0)


async def test_cards_are_moved_with_the_keyboard(alarmed: House, open_screen: PageAs):
    make(alarmed, alarmed.person("operator"), "Mover o cartão")
    screen = await open_screen(alarmed, "operator", f"{HOME}&show=board")
    card = screen.page.get_by_test_id("task-card").filter(has_text="Mover o cartão")
    state = card.get_by_role("combobox")
    await state.focus()
    await state.select_option("doing")
    doing = screen.page.locator("[data-testid=task-column][data-state=doing]")
    await expect(doing.get_by_test_id("task-card")).to_have_count(1)


async def test_a_reminder_comes_by_the_bell_and_is_put_off(alarmed: House, open_screen: PageAs):
    person = alarmed.person("admin")
    screen = await open_screen(alarmed, "admin", "/system")
    before = await screen.page.locator(".k-bell .k-count").all_inner_texts()
    make(alarmed, person, "Regar as plantas", remind_at=now() + timedelta(seconds=2))
    bell = screen.page.locator(".k-bell .k-count")
    wanted = str(int(before[0]) + 1) if before else "1"
    await expect(bell).to_have_text(wanted, timeout=REMINDED_WITHIN)
    await screen.page.locator("[data-k-opens=k-bell]").click()
    await (
        screen.page.get_by_test_id("bell-row").filter(has_text="Regar as plantas").get_by_role("link").click()
    )
    await expect(screen.page).to_have_url(re.compile(r"/notes\?view=tasks&task=[0-9a-f]{32}$"))
    await screen.page.get_by_test_id("snooze-hour").click()
    await expect(screen.page.get_by_test_id("task-panel")).to_contain_text("adiou o lembrete")


async def test_an_alert_becomes_a_task_and_each_leads_to_the_other(alarmed: House, open_screen: PageAs):
    alert = alarmed.ask(past.alert_ids)["worker_memory"]
    screen = await open_screen(alarmed, "operator", f"/alerts?alert={alert}")
    page = screen.page
    await page.get_by_test_id("linked-new").click()
    form = page.get_by_test_id("linked-form")
    await expect(form.locator("#linked-title")).to_have_value(re.compile("Memória alta"))
    await form.locator("#linked-title").fill("Ver quem enche a memória")
    await form.get_by_role("button", name=pt("tasks.linked.create")).click()
    linked = page.get_by_test_id("linked-task")
    await expect(linked).to_contain_text("Ver quem enche a memória")
    await expect(page.locator(".k-timeline")).to_contain_text("criou uma tarefa")
    await linked.get_by_role("link").click()
    links = page.get_by_test_id("task-links")
    await expect(links).to_contain_text("Memória alta")
    await links.get_by_role("link").click()
    await screen.at(f"/alerts?alert={alert}")


async def test_what_cannot_be_read_says_so_and_comes_back(alarmed: House, open_screen: PageAs):
    make(alarmed, alarmed.person("viewer"), "Está aí")
    screen = await open_screen(alarmed, "viewer", "/system")
    alarmed.ask(lambda database: database.execute(text("alter table task rename to task_gone")))
    try:
        await screen.go(HOME)
        await screen.says(pt("tasks.failed"))
    finally:
        alarmed.ask(lambda database: database.execute(text("alter table task_gone rename to task")))
    await screen.page.get_by_role("button", name=pt("common.retry")).click()
    await expect(rows(screen, "Está aí")).to_be_visible()
