"""What people do to the compute from a page: asked first, done, told, and remembered with their name."""

import re

import psutil
import pytest
import pytest_asyncio
from playwright.async_api import expect

from services import operations
from tests.browser.conftest import PageAs
from tests.browser.house import House
from tests.browser.screen import Screen
from tests.browser.words import pt

DONE_WITHIN = 60_000


@pytest_asyncio.fixture(loop_scope="session")
async def screen(page_as: PageAs, house: House) -> Screen:
    """The workers page of an operator, with two workers."""
    await house.has_workers(2)
    return await page_as("operator", "/workers")


async def test_a_worker_is_restarted_after_a_question(screen: Screen, page_as: PageAs, house: House):
    before = {process.pid for process in house.worker_processes()}
    watching = await page_as("viewer")
    name = (await screen.names())[0]
    await screen.rows.first.click()
    panel = screen.page.get_by_role("complementary")
    restart = panel.get_by_role("button", name=pt("workers.restart"))
    await restart.click()
    question = screen.page.get_by_role("alertdialog")
    await expect(question).to_contain_text(pt("workers.restart.title", name=name))
    await expect(question.get_by_role("button", name=pt("common.cancel"))).to_be_focused()
    await question.get_by_role("button", name=pt("common.cancel")).click()
    await expect(question).to_be_hidden()
    assert {process.pid for process in house.worker_processes()} == before
    await expect(restart).not_to_have_attribute("data-pressed", "")  # for a second it cannot be pressed twice
    await restart.click()
    await question.get_by_role("button", name=pt("workers.restart")).click()
    await expect(question).to_be_hidden()
    await expect(screen.row(name)).to_have_attribute("data-state", "restarted", timeout=DONE_WITHIN)
    await screen.says(pt("compute.action.restarted", name=name))
    event = watching.page.get_by_role("listitem").filter(has_text=name)
    await expect(event.first).to_contain_text(
        f"{pt('events.restarted')} {pt('events.by', person='Operator PT')}", timeout=DONE_WITHIN
    )
    assert len(before & {process.pid for process in house.worker_processes()}) == 1
    await expect(screen.row(name)).to_have_attribute("data-state", "running", timeout=DONE_WITHIN)


async def test_a_worker_is_retired_and_its_process_is_gone(screen: Screen, page_as: PageAs, house: House):
    processes = house.worker_processes()
    name = (await screen.names())[1]
    await screen.row(name).click()
    await screen.page.get_by_role("button", name=pt("workers.retire")).click()
    question = screen.page.get_by_role("alertdialog")
    await expect(question).to_contain_text(pt("workers.retire.title", name=name))
    await question.get_by_role("button", name=pt("workers.retire")).click()
    await screen.says(pt("compute.action.retired", name=name), DONE_WITHIN)
    await expect(screen.row(name)).to_have_count(0, timeout=DONE_WITHIN)
    await screen.says(pt("workers.panel.gone"))
    house.until(lambda: sum(map(psutil.Process.is_running, processes)) == 1, 30)
    watching = await page_as("viewer")
    event = watching.page.get_by_role("listitem").filter(has_text=name)
    await expect(event.first).to_contain_text(
        f"{pt('events.retired')} {pt('events.by', person='Operator PT')}"
    )


async def test_two_picked_workers_are_retired_after_one_question_and_told_of_once(
    page_as: PageAs, house: House
):
    await house.has_workers(3)
    processes = house.worker_processes()
    screen = await page_as("operator", "/workers")
    page = screen.page
    await expect(screen.rows).to_have_count(3)
    first, second, third = await screen.names()
    await screen.pick(first)
    await expect(page.get_by_role("complementary")).to_have_count(0)  # picking is not opening
    bar = page.get_by_test_id("picks")
    await expect(bar).to_contain_text(pt("workers.picks.count.one", number=1))
    everyone = page.get_by_role("checkbox", name=pt("workers.picks.shown"))
    await expect(everyone).not_to_be_checked()
    assert await everyone.evaluate("box => box.indeterminate")
    await screen.row(second).focus()
    await page.keyboard.press("x")
    await expect(bar).to_contain_text(pt("workers.picks.count.other", number=2))
    await expect(screen.row(second).get_by_role("checkbox")).to_be_checked()
    await everyone.click()
    await expect(everyone).to_be_checked()
    await bar.get_by_role("button", name=pt("workers.picks.retire", number=3)).click()
    question = page.get_by_role("alertdialog")
    await expect(question).to_contain_text(pt("workers.picks.retire.all"))
    await expect(question.get_by_role("button", name=pt("common.cancel"))).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(question).to_be_hidden()
    await screen.pick(third)
    await expect(screen.row(third).get_by_role("checkbox")).not_to_be_checked()
    retire = bar.get_by_role("button", name=pt("workers.picks.retire", number=2))
    await expect(retire).not_to_have_attribute("data-pressed", "")  # for a second it cannot be pressed twice
    await retire.click()
    await expect(question).to_contain_text(pt("workers.picks.retire.title.other", number=2))
    await expect(question).to_contain_text(f"{first}, {second}")
    await question.get_by_role("button", name=pt("workers.picks.retire", number=2)).click()
    await expect(question).to_be_hidden()
    await screen.says(pt("workers.picks.retire.done.other", number=2), DONE_WITHIN)
    await expect(screen.rows).to_have_count(1, timeout=DONE_WITHIN)
    await expect(bar).to_have_count(0)
    assert await screen.names() == [third]
    house.until(lambda: sum(map(psutil.Process.is_running, processes)) == 1, 30)
    watching = await page_as("viewer")
    for name in (first, second):
        event = watching.page.get_by_role("listitem").filter(has_text=name)
        await expect(event.first).to_contain_text(
            f"{pt('events.retired')} {pt('events.by', person='Operator PT')}"
        )


async def test_the_embedded_compute_is_scaled_by_a_form(page_as: PageAs, house: House):
    await house.has_workers(2)
    screen = await page_as("admin", "/workers")
    page = screen.page
    await page.locator("[popovertarget=scale-menu]").click()
    await expect(page.locator("#scale")).to_have_value("2")
    for wrong in ("0", "65", ""):
        await page.locator("#scale").fill(wrong)
        await page.keyboard.press("Enter")
        await expect(page.locator("#scale-error")).to_have_text(pt("workers.scale.not_a_number", most=64))
        await expect(page.locator("#scale")).to_be_focused()
        await expect(page.locator("#scale-menu [data-pressed]")).to_have_count(0)
    await page.locator("#scale").fill("3")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-state=running]")).to_have_count(3, timeout=DONE_WITHIN)
    await screen.says(pt("compute.action.scaled", workers=3), DONE_WITHIN)
    await page.locator("#scale").fill("2")
    await page.locator("#scale-menu").get_by_role("button", name=pt("workers.scale")).click()
    await expect(screen.rows).to_have_count(2, timeout=DONE_WITHIN)


async def test_a_running_group_is_cancelled_after_a_question(page_as: PageAs, house: House):
    import time

    await house.has_workers(2)
    screen = await page_as("operator", "/system")
    async with house.client() as client:
        work = client.map(time.sleep, [120] * 6, key="endless", pure=False)
        bar = screen.page.get_by_role("progressbar", name="endless")
        await expect(bar).to_be_visible(timeout=DONE_WITHIN)
        await screen.page.get_by_role("button", name=pt("workers.cancel")).first.click()
        question = screen.page.get_by_role("alertdialog")
        await expect(question).to_contain_text(pt("workers.cancel.title", name="endless"))
        await question.get_by_role("button", name=pt("workers.cancel")).click()
        await screen.says(pt("compute.action.cancelled", name="endless", tasks=6), DONE_WITHIN)
        await expect(bar).to_be_hidden(timeout=DONE_WITHIN)
        assert {future.status for future in work} == {"cancelled"}


async def test_a_lost_worker_is_taken_off_the_list_and_comes_back_as_it_was(
    open_screen: PageAs, crowded: House
):
    screen = await open_screen(crowded, "operator", "/workers?state=lost")
    await expect(screen.rows).to_have_count(4)
    token = crowded.token(crowded.person("viewer"))
    before = {row["id"]: row for row in crowded.dashboard(token)["workers"] if row["state"] == "lost"}
    await screen.row("gone-2").click()
    await screen.page.get_by_role("button", name=pt("workers.forget")).click()
    await screen.says(pt("workers.forget.done.one", name="gone-2"))
    await expect(screen.row("gone-2")).to_have_count(0)
    await expect(screen.page.get_by_role("complementary")).to_be_hidden()
    undo = screen.page.get_by_role("button", name=pt("common.undo"))
    await undo.hover()  # under the pointer a message does not leave
    await expect(undo).to_be_visible()
    await undo.click()
    await screen.says(pt("workers.forget.undone.one", name="gone-2"))
    await expect(undo).to_have_count(0)
    await expect(screen.row("gone-2")).to_be_visible()
    after = {row["id"]: row for row in crowded.dashboard(token)["workers"] if row["state"] == "lost"}
    assert after == before
    await screen.row("gone-2").click()
    await screen.page.get_by_role("tab", name=pt("workers.tab.events")).click()
    events = screen.page.get_by_role("tabpanel").get_by_role("listitem")
    by = pt("events.by", person="Operator PT")
    await expect(events.first).to_contain_text(f"{pt('events.restored')} {by}")
    await expect(events.nth(1)).to_contain_text(f"{pt('events.removed')} {by}")


async def test_all_lost_workers_leave_the_list_at_once_and_come_back_at_once(
    open_screen: PageAs, crowded: House
):
    screen = await open_screen(crowded, "operator", "/workers?state=lost")
    page = screen.page
    await expect(screen.rows).to_have_count(4)
    await page.get_by_role("checkbox", name=pt("workers.picks.shown")).click()
    bar = page.get_by_test_id("picks")
    await expect(bar.get_by_role("button", name=pt("workers.picks.retire", number=4))).to_have_count(0)
    await bar.get_by_role("button", name=pt("workers.picks.forget", number=4)).click()
    await screen.says(pt("workers.forget.done.other", number=4))
    await expect(screen.rows).to_have_count(0)
    await expect(bar).to_have_count(0)
    await page.get_by_role("button", name=pt("common.undo")).click()
    await screen.says(pt("workers.forget.undone.other", number=4))
    await expect(screen.rows).to_have_count(4)


async def test_picks_outlive_a_filter_and_a_scroll_and_say_so(open_screen: PageAs, crowded: House):
    screen = await open_screen(crowded, "operator", "/workers?q=node")
    page = screen.page
    bar = page.get_by_test_id("picks")
    await screen.pick("node-1")
    await page.get_by_role("searchbox").fill("gone")
    await expect(bar).to_contain_text(pt("workers.picks.outside.one", number=1))
    await expect(bar).to_contain_text(pt("workers.picks.no_nanny.one", number=1))
    await expect(bar.get_by_role("button", name=pt("workers.restart"))).to_have_count(0)
    await page.reload()
    await screen.ready()
    await expect(bar).to_contain_text(pt("workers.picks.count.one", number=1))
    await bar.get_by_role("button", name=pt("workers.picks.clear")).click()
    await expect(bar).to_have_count(0)


async def test_on_a_phone_rows_are_picked_without_opening_them_and_the_bar_is_in_reach(
    open_screen: PageAs, crowded: House
):
    screen = await open_screen(crowded, "operator", "/workers", size=(360, 800))
    page = screen.page
    await screen.pick("node-1")
    bar = page.get_by_test_id("picks")
    await expect(bar).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("complementary")).to_have_count(0)
    target = await screen.row("node-1").locator("label").bounding_box()
    assert target is not None and min(target["width"], target["height"]) >= 40
    assert await screen.ask("document.documentElement.scrollWidth") <= 360
    below = await page.locator(".k-bottom").bounding_box()
    box = await bar.bounding_box()
    assert box is not None and below is not None and box["y"] + box["height"] <= below["y"]
    await bar.get_by_role("button", name=pt("workers.picks.shown")).click()
    await expect(bar).to_contain_text(pt("workers.picks.count.other", number=36))


async def test_hiding_the_first_steps_is_undone_from_its_message(page_as: PageAs):
    screen = await page_as("admin", "/")
    steps = screen.page.get_by_role("heading", name=pt("dashboard.checklist"))
    await expect(steps).to_be_visible()
    await screen.page.get_by_role("button", name=pt("dashboard.checklist.hide")).click()
    await expect(steps).to_have_count(0)
    await screen.page.get_by_role("button", name=pt("common.undo")).click()
    await expect(steps).to_be_visible()
    await screen.page.reload()
    await screen.ready()
    await expect(steps).to_be_visible()


async def test_what_nobody_would_start_again_is_not_offered_to_be_restarted(
    open_screen: PageAs, crowded: House
):
    screen = await open_screen(crowded, "operator", "/workers")
    await screen.row("node-1").click()
    restart = screen.page.get_by_role("complementary").get_by_role("button", name=pt("workers.restart"))
    await expect(restart).to_be_disabled()
    await screen.page.get_by_role("button", name=pt("workers.retire")).focus()
    await screen.page.keyboard.press("Tab")
    await expect(restart).to_be_focused()
    await expect(screen.page.get_by_role("tooltip")).to_have_text(pt("workers.restart.no_nanny"))
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.get_by_role("alertdialog")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", "/workers", "/workers/{id}", "/system"])
async def test_who_may_not_act_is_offered_nothing(page_as: PageAs, house: House, path: str):
    await house.has_workers(2)
    token = house.token(house.person("viewer"))
    worker = house.dashboard(token)["workers"][0]["id"]
    screen = await page_as("viewer", path.format(id=worker))
    if path == "/workers":
        await screen.rows.first.click()
    if "workers" in path:
        await screen.says(pt("workers.history"))
    offered = [
        re.compile(f"^{pt(key)}$")
        for key in ("workers.retire", "workers.restart", "workers.scale", "workers.cancel", "workers.forget")
    ]
    offered.append(re.compile(pt("system.services.now")))
    for words in offered:
        await expect(screen.page.get_by_role("button", name=words)).to_have_count(0)
    if path == "/workers":
        await screen.rows.first.focus()
        await screen.page.keyboard.press("x")
        await expect(screen.page.locator(".k-virtual").get_by_role("checkbox")).to_have_count(0)
        await expect(screen.page.get_by_test_id("picks")).to_have_count(0)
    assert operations.MOST_WORKERS == 64  # what the form above says is too many
