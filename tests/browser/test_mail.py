"""Mail as an admin sets it up: a test that says what came of it, and what could not be delivered."""

from collections.abc import Callable, Iterator

import pytest
from playwright.async_api import expect

from services import outbox
from tests.browser.conftest import PageAs
from tests.browser.house import House, mail_settings
from tests.browser.words import pt
from tests.mail_server import MailServer

NO_SUCH = "550 5.1.1 <admin-pt@example.org>: no such user here"


@pytest.fixture(scope="module")
def mailer(chromium_path: str) -> Iterator[MailServer]:
    """The far end."""
    with MailServer().in_a_thread() as server:
        yield server


@pytest.fixture(scope="module")
def post_office(own_house: Callable[..., House], mailer: MailServer) -> House:
    """KeepAI with a mail server that wants a sign-in."""
    return own_house(**mail_settings(mailer.port), SMTP_USER="keepai", SMTP_PASSWORD="a secret word")


async def test_a_test_arrives_and_the_page_says_so(
    open_screen: PageAs, post_office: House, mailer: MailServer
):
    screen = await open_screen(post_office, "admin", "/settings/mail")
    page = screen.page
    await screen.says(f"127.0.0.1:{mailer.port}")
    await screen.says("keepai@example.org")
    await expect(page.get_by_text(pt("probes.state.ok")).first).to_be_visible(timeout=60_000)
    assert "a secret word" not in await page.content()
    await page.get_by_role("button", name=pt("mail.test")).click()
    said = page.get_by_test_id("mail-outcome")
    await expect(said).to_contain_text(pt("mail.outcome.sent"))
    await expect(said).to_contain_text("250 2.0.0 queued as")
    received = mailer.received[-1]
    assert received.recipient == "admin-pt@example.org"
    assert received.message["Subject"] == pt("mail.test.subject")


async def test_what_cannot_be_delivered_is_resent_or_given_up(
    open_screen: PageAs, post_office: House, mailer: MailServer
):
    mailer.answers["RCPT"] = NO_SUCH
    screen = await open_screen(post_office, "admin", "/settings/mail")
    page = screen.page
    for _ in range(2):
        await page.get_by_role("button", name=pt("mail.test")).click()
        await expect(page.get_by_test_id("mail-outcome")).to_contain_text("no such user here")
        await page.reload()
        await screen.ready()
    await screen.go("/system")
    letters = page.get_by_test_id("troubles").get_by_role("listitem")
    await expect(letters).to_have_count(2)
    await expect(letters.first).to_contain_text("a•••@example.org")
    await expect(letters.first).to_contain_text(pt("outbox.error.refused"))
    del mailer.answers["RCPT"]
    before = len(mailer.received)
    await letters.first.get_by_role("button").first.click()
    await expect(letters).to_have_count(1)
    post_office.until(lambda: len(mailer.received) == before + 1, 10)
    await letters.first.get_by_role("button").last.click()
    question = page.get_by_role("alertdialog")
    await expect(question.get_by_role("button", name=pt("common.cancel"))).to_be_focused()
    await question.get_by_role("button", name=pt("outbox.give_up")).click()
    await expect(page.get_by_test_id("troubles")).to_have_count(0)
    assert post_office.ask(outbox.counts) == {"waiting": 0, "dead": 0}
    assert len(mailer.received) == before + 1


async def test_who_may_not_act_is_refused_and_sees_no_messages(open_screen: PageAs, post_office: House):
    screen = await open_screen(post_office, "operator", "/settings/mail")
    await expect(screen.page.get_by_role("main")).to_contain_text(pt("errors.forbidden"))
    await expect(screen.page.get_by_role("button", name=pt("mail.test"))).to_have_count(0)


async def test_without_a_mail_server_it_says_what_to_set(page_as: PageAs):
    screen = await page_as("admin", "/settings/mail")
    await screen.says(pt("mail.none"))
    await expect(screen.page.get_by_role("main")).to_contain_text("KEEPAI_SMTP_HOST")
