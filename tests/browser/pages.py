"""Every page in every state in which somebody may find it, and how each comes about.

Nothing is made up: the states are those of real computes, and what is loaded is held back on its way.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import WebSocketRoute, expect
from sqlalchemy import text

from services.audit import Actor
from services.clock import now
from services.identity import accounts, api_keys, links, sessions
from services.worker_table import COLUMNS
from tests.browser import notebook, past
from tests.browser.house import PASSWORD, House
from tests.browser.screen import Screen

Arrive = Callable[[Screen, str, str], Awaitable[None]]  # on a screen, at a path, in a language

TABS = ("overview", "running", "logs", "stack", "profile", "events")
HELD = 2000  # ms for which everything that a page loads is held back
SKELETONS_AFTER = 250  # ms
# Whatever is due later than that does not come.
STILL = f"""(() => {{
    const now = performance.now.bind(performance), later = setTimeout;
    performance.now = () => Math.min(now(), {HELD});
    window.setTimeout = (done, ms = 0, ...more) => (ms > {HELD} ? 0 : later(done, ms, ...more));
}})()"""
# Nothing is drawn as waiting any more.
SETTLED = """() => !document.querySelector(
    "main :is([aria-busy=true], .k-skeleton, .k-chart-waiting), html.k-wait")"""


async def opened(screen: Screen, path: str, locale: str) -> None:
    """Open it and wait until everything on it is there."""
    await screen.page.goto(path)
    await screen.ready()
    await _settle(screen)


async def loading(screen: Screen, path: str, locale: str) -> None:
    """Open it while everything that it loads is held back, with its clock standing still at `HELD` seconds.

    `screen.let_go` lets it through.
    """
    page = screen.page

    async def hold(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        async def pass_on(message: str | bytes) -> None:
            await screen.let_go.wait()
            socket.send(message)

        server.on_message(pass_on)

    await _remember(screen, locale)
    await page.add_init_script(STILL)
    await page.route_web_socket(re.compile("/_event"), hold)
    await page.goto(path)
    await expect(page.locator("[data-k-mounted=true]")).to_be_attached()
    await expect(screen.light).to_have_attribute("data-state", "reconnecting")
    await page.wait_for_timeout(SKELETONS_AFTER)


async def plain(screen: Screen, path: str, locale: str) -> None:
    """A page that is only HTML."""
    await screen.page.goto(path)


async def typing_a_task(screen: Screen, path: str, locale: str) -> None:
    """A line is typed, and what was understood of it stands below."""
    await opened(screen, path, locale)
    line = "tomorrow 9am call @nobody !high" if locale == "en" else "amanhã 9h ligar @ninguem !alta"
    await screen.page.get_by_test_id("task-line").press_sequentially(line)
    await expect(screen.page.locator("[data-kind=priority]")).to_be_visible()


async def refused(screen: Screen, path: str, locale: str) -> None:
    """The sign-in page after a wrong password."""
    page = screen.page
    await page.goto(path)
    await page.fill("[name=email]", "somebody@example.org")
    await page.fill("[name=password]", f"not {PASSWORD}")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()


async def broken(screen: Screen, path: str, locale: str) -> None:
    """What is stored of the sign-in is nonsense, so that the server fails."""
    await _spoil(screen, "update session set expires_at = 'nonsense' where token_hash = :token")
    await screen.page.goto(path)
    await _spoil(screen, "delete from session where token_hash = :token")
    screen.complaints.clear()  # that an answer was a 500


async def without_database(screen: Screen, path: str, locale: str) -> None:
    """A table is gone while the page is asked for."""
    await _spoil(screen, "alter table session rename to session_gone")
    await screen.page.goto(path)
    await _spoil(screen, "alter table session_gone rename to session")
    screen.complaints.clear()  # that an answer was a 503


async def wrong_host(screen: Screen, path: str, locale: str) -> None:
    """Asked for by a name that is not the installation's."""
    await screen.page.goto(f"http://keepai.localhost:{screen.house.port}{path}")


async def known_here(screen: Screen, path: str, locale: str) -> None:
    """A page that is only HTML, in a browser that has been here before."""
    await _remember(screen, locale)
    await screen.page.goto(path)


async def cut_off(screen: Screen, path: str, locale: str) -> None:
    """The network went while somebody looked."""
    await opened(screen, path, locale)
    screen.may_lose_network()
    await screen.page.context.set_offline(True)
    await screen.has_light("offline")


async def offline(screen: Screen, path: str, locale: str) -> None:
    """Somebody comes back without a network to what the device kept."""
    await opened(screen, path, locale)
    screen.may_lose_network()
    page = screen.page
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.wait_for_function(
        "async () => (await caches.keys()).some((name) => name.startsWith('keepai-person-'))"
    )
    await page.context.set_offline(True)
    await page.goto(path)
    await expect(page.locator("[data-k-offline] li").first).to_be_visible()


async def with_palette(screen: Screen, path: str, locale: str) -> None:
    """The palette over a page."""
    await opened(screen, path, locale)
    await screen.page.keyboard.press("Control+k")
    await screen.page.keyboard.type("node")
    await expect(screen.page.locator("#k-palette [role=option]:visible").first).to_be_visible()


async def with_shortcuts(screen: Screen, path: str, locale: str) -> None:
    """The list of keys over a page."""
    await opened(screen, path, locale)
    await screen.page.keyboard.press("?")
    await expect(screen.page.locator("#k-shortcuts")).to_be_visible()


async def asking(screen: Screen, path: str, locale: str) -> None:
    """Before a worker is retired."""
    await opened(screen, path, locale)
    await screen.page.get_by_role("complementary").locator(".k-panel-actions .k-button").first.click()
    await expect(screen.page.locator("dialog[open]")).to_be_visible()


async def picking(screen: Screen, path: str, locale: str) -> None:
    """With some workers picked, one of them lost."""
    await opened(screen, path, locale)
    for name in ("node-1", "node-2", "gone-1"):
        await screen.row(name).get_by_role("checkbox").click()
    await expect(screen.page.get_by_test_id("picks")).to_be_visible()


async def acknowledging(screen: Screen, path: str, locale: str) -> None:
    """Before an alert is acknowledged."""
    await opened(screen, path, locale)
    await screen.page.get_by_test_id("alert-acknowledge").click()
    await expect(screen.page.get_by_test_id("acknowledge-form")).to_be_visible()


async def assigning(screen: Screen, path: str, locale: str) -> None:
    """Before an alert is given to somebody."""
    await opened(screen, path, locale)
    await screen.page.get_by_test_id("alert-assign").click()
    await expect(screen.page.locator("#person option").nth(2)).to_be_attached()


async def silencing(screen: Screen, path: str, locale: str) -> None:
    """Before an alert is silenced, with a reason missing."""
    await opened(screen, path, locale)
    await screen.page.get_by_test_id("alert-silence").click()
    form = screen.page.get_by_test_id("silence-form")
    await form.locator("button[type=submit]").click()
    await expect(screen.page.locator("#reason-error")).to_be_visible()


async def picking_alerts(screen: Screen, path: str, locale: str) -> None:
    """With some alerts picked."""
    await opened(screen, path, locale)
    for row in (await screen.page.get_by_test_id("alert-row").all())[:3]:
        await row.hover()
        await row.get_by_role("checkbox").click()
    await expect(screen.page.get_by_test_id("picks")).to_be_visible()


async def with_a_wrong_rule(screen: Screen, path: str, locale: str) -> None:
    """A new rule that was sent with errors in it."""
    await opened(screen, path, locale)
    page = screen.page
    await page.fill("#warning_fire", "70")
    await page.fill("#warning_clear", "75")
    await page.fill("#pending", "dois")
    await page.get_by_test_id("save").click()
    await expect(page.locator(".k-error:not(:empty)")).to_have_count(3)
    await _settle(screen)


async def with_a_wrong_provider(screen: Screen, path: str, locale: str) -> None:
    """A new AI provider that was sent with errors in it."""
    await opened(screen, path, locale)
    await screen.page.locator("#urls").fill("ftp://somewhere")
    await screen.page.get_by_test_id("save").click()
    await expect(screen.page.locator("#name-error")).not_to_be_empty()


async def with_a_wrong_channel(screen: Screen, path: str, locale: str) -> None:
    """A new channel that was sent with errors in it."""
    await opened(screen, path, locale)
    page = screen.page
    await page.get_by_role("button", name="Webhook").click()
    await page.fill("#url", "ftp://x")
    await page.fill("#secret", "short")
    await page.fill("#template", '{"a": ${nothing}}')
    await page.get_by_test_id("save").click()
    await expect(page.locator(".k-error:not(:empty)")).to_have_count(4)


async def with_a_wrong_route(screen: Screen, path: str, locale: str) -> None:
    """A new route that was sent with errors in it."""
    await opened(screen, path, locale)
    page = screen.page
    await page.fill("#labels", "nothing")
    await page.get_by_test_id("add-step").click()
    await page.get_by_test_id("save").click()
    await expect(page.locator(".k-error:not(:empty)")).to_have_count(3)


async def with_wrong_wishes(screen: Screen, path: str, locale: str) -> None:
    """Wishes that were sent with errors in them."""
    await opened(screen, path, locale)
    page = screen.page
    await page.fill("#phone", "112")
    await page.fill("#quiet_from", "25:00")
    await page.locator("form:has(#phone) button[type=submit]").click()
    await expect(page.locator(".k-error:not(:empty)")).to_have_count(3)


async def with_a_rule_of_nothing(screen: Screen, path: str, locale: str) -> None:
    """A new rule about something of which nothing is stored."""
    await opened(screen, path, locale)
    page = screen.page
    for name, typed in (("warning_fire", "70"), ("warning_clear", "65")):
        await page.fill(f"#{name}", typed)
    await expect(page.get_by_test_id("rule-preview")).to_have_attribute("data-status", "empty")
    await _settle(screen)


async def asking_about_a_rule(screen: Screen, path: str, locale: str) -> None:
    """Before a rule is taken away."""
    await opened(screen, path, locale)
    await screen.page.get_by_test_id("remove").click()
    await expect(screen.page.locator("dialog[open]")).to_be_visible()


async def asking_for_several(screen: Screen, path: str, locale: str) -> None:
    """Before several workers are retired."""
    await picking(screen, path, locale)
    await screen.page.get_by_test_id("picks").get_by_role("button").first.click()
    await expect(screen.page.locator("dialog[open]")).to_be_visible()


async def with_wrong_fields(screen: Screen, path: str, locale: str) -> None:
    """Settings that were sent with errors in them."""
    await opened(screen, path, locale)
    page = screen.page
    await page.fill("#name", "x" * 121)
    await page.locator("form:has(#name) button[type=submit]").click()
    for name, value in (("current", "no"), ("new", "one thing"), ("again", "another")):
        await page.fill(f"[name={name}]", value)
    await page.locator("#password button[type=submit]").click()
    await expect(page.locator(".k-error:not(:empty)")).to_have_count(2)


async def with_a_wrong_zone(screen: Screen, path: str, locale: str) -> None:
    """A time zone that there is not."""
    await opened(screen, path, locale)
    await screen.page.fill("#zone", "Nowhere/At_all")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("#zone-error")).not_to_be_empty()


async def with_a_key(screen: Screen, path: str, locale: str) -> None:
    """A key that was just made, with its secret."""
    await opened(screen, path, locale)
    await screen.page.fill("#key-name", "CI")
    await screen.page.locator("form:has(#key-name) button[type=submit]").click()
    await expect(screen.page.locator("#key-secret")).to_have_value(re.compile(r"keepai_[\w-]{43}"))


async def with_a_wrong_key(screen: Screen, path: str, locale: str) -> None:
    """A key without a name that may do nothing."""
    await opened(screen, path, locale)
    for box in await screen.page.locator("fieldset input").all():
        await box.uncheck()
    await screen.page.locator("form:has(#key-name) button[type=submit]").click()
    await expect(screen.page.locator(".k-error:not(:empty)")).to_have_count(2)


async def asking_about_a_key(screen: Screen, path: str, locale: str) -> None:
    """The question before a key is revoked."""
    await with_a_key(screen, path, locale)
    await screen.page.locator("table button").first.click()
    await expect(screen.page.locator("#revoke-key")).to_be_visible()


async def with_a_reference(screen: Screen, path: str, locale: str) -> None:
    """The reference of the API with what there is to say of some addresses."""
    await screen.page.goto(path)
    for one in await screen.page.locator("summary").all():
        await one.click()


async def asking_to_delete(screen: Screen, path: str, locale: str) -> None:
    """Before one's own account is deleted, with a wrong password."""
    await opened(screen, path, locale)
    await screen.page.locator(".k-own-data .k-button.danger").first.click()
    await screen.page.fill("#delete-password", "not it")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("#delete-password-error")).not_to_be_empty()


async def enrolling(screen: Screen, path: str, locale: str) -> None:
    """The secret for an authenticator app, and a wrong code."""
    await opened(screen, path, locale)
    await screen.page.fill("#begin-password", PASSWORD)
    await screen.page.keyboard.press("Enter")
    await screen.page.fill("#second-code", "000000")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("#second-code-error")).not_to_be_empty()


async def inviting(screen: Screen, path: str, locale: str) -> None:
    """An invitation to nobody."""
    await opened(screen, path, locale)
    await screen.page.locator(".k-people .k-button.primary").click()
    await screen.page.fill("#invite-email", "nobody")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("#invite-email-error")).not_to_be_empty()


async def invited(screen: Screen, path: str, locale: str) -> None:
    """With the link of an invitation that was just made."""
    await opened(screen, path, locale)
    await screen.page.locator(".k-people .k-button.primary").click()
    await screen.page.fill("#invite-email", "somebody@example.org")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("#link")).to_be_visible()


async def with_menu(screen: Screen, path: str, locale: str) -> None:
    """With what can be done to somebody."""
    await opened(screen, path, locale)
    await screen.page.locator("[data-testid=person] .k-actions > button").first.click()
    await expect(screen.page.locator(".k-menu:popover-open")).to_be_visible()


async def at_a_person(screen: Screen, path: str, locale: str) -> None:
    """Somebody with a browser, a program and keys, once they are there."""
    await opened(screen, path, locale)
    await expect(screen.page.get_by_test_id("keys").locator("tbody tr").first).to_be_visible()


async def asking_about_a_person(screen: Screen, path: str, locale: str) -> None:
    """Before all of somebody's sign-ins end."""
    await at_a_person(screen, path, locale)
    await screen.page.get_by_test_id("sign-ins").locator(".k-tools .k-button").click()
    await expect(screen.page.locator("dialog[open]")).to_be_visible()


async def with_details(screen: Screen, path: str, locale: str) -> None:
    """With the details of an event."""
    await opened(screen, path, locale)
    await screen.page.locator("main summary").first.click()
    await expect(screen.page.locator(".k-details").first).to_be_visible()


async def tested(screen: Screen, path: str, locale: str) -> None:
    """With what came of a test."""
    await opened(screen, path, locale)
    await screen.page.locator(".k-mail-test .k-button").click()
    await expect(screen.page.get_by_test_id("mail-outcome")).to_be_visible()


async def giving_up(screen: Screen, path: str, locale: str) -> None:
    """Before a message is given up."""
    await opened(screen, path, locale)
    await screen.page.locator("[data-testid=troubles] .k-button.danger").first.click()
    await expect(screen.page.locator("dialog[open]")).to_be_visible()


async def joined(screen: Screen, path: str, locale: str) -> None:
    """An invitation that was accepted with a password that anyone would try first."""
    await screen.page.goto(path)
    await screen.page.fill("[name=name]", "Eva")
    await screen.page.fill("[name=password]", "password123")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.get_by_role("alert")).to_be_visible()
    screen.complaints.clear()  # that an answer was a 422


async def as_table(screen: Screen, path: str, locale: str) -> None:
    """The plots of the dashboard as tables."""
    await opened(screen, path, locale)
    await screen.page.locator("main .k-plots .k-tools > .k-button").first.click()
    await expect(screen.page.locator("main .k-plots table").first).to_be_visible()


def pressing(testid: str, then: str) -> Arrive:
    """After a button was pressed, once this is to be seen."""

    async def arrive(screen: Screen, path: str, locale: str) -> None:
        await opened(screen, path, locale)
        await screen.page.get_by_test_id(testid).click()
        await expect(screen.page.locator(then).first).to_be_visible()
        await _settle(screen)

    return arrive


async def writing(screen: Screen, path: str, locale: str) -> None:
    """A note, once its text is in its field."""
    await opened(screen, path, locale)
    await expect(screen.page.get_by_test_id("note-body")).not_to_have_value("")


async def filing(screen: Screen, path: str, locale: str) -> None:
    """A note with its folder and tags open, and a tag that cannot be."""
    await opened(screen, path, locale)
    await screen.page.locator(".k-note-filing summary").click()
    await screen.page.fill("#note-tags", "!!")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator("#note-tags-error")).not_to_be_empty()


async def filtering(screen: Screen, path: str, locale: str) -> None:
    """With what notes can be filtered by."""
    await opened(screen, path, locale)
    await screen.page.locator("[popovertarget=note-filters]").click()
    await expect(screen.page.locator("#note-filters")).to_be_visible()


async def jotting(screen: Screen, path: str, locale: str) -> None:
    """Before a thought is kept."""
    await opened(screen, path, locale)
    await screen.page.keyboard.press("c")
    await expect(screen.page.locator("#k-capture")).to_be_visible()


@dataclass(frozen=True)
class View:
    """One page in one state. `house` is the fixture it is seen in, `title` the key of what its tab is called, and
    {name} in `path` the id of that worker."""

    name: str
    state: str
    title: str
    path: str
    house: str = "busy"
    arrive: Arrive = opened
    signed_in: bool = True

    def __str__(self) -> str:
        return f"{self.name}-{self.state}"

    async def show(self, screen: Screen, locale: str) -> None:
        """Bring it onto the screen."""
        if self.signed_in:
            await screen.sign_in(screen.house.person("admin", locale))
        await self.arrive(screen, _with_ids(self.path, screen.house, locale), locale)


def _pages(state: str, house: str, arrive: Arrive, *, worker: str, tabs: tuple[str, ...]) -> list[View]:
    """The pages of the app in one state."""
    panel = f"/workers?worker={{{worker}}}"
    return [
        View("dashboard", state, "frame.dashboard", "/", house, arrive),
        View("workers", state, "frame.workers", "/workers", house, arrive),
        *[View(f"worker-{tab}", state, "frame.workers", f"{panel}&tab={tab}", house, arrive) for tab in tabs],
        View("worker-page", state, "frame.workers", f"/workers/{{{worker}}}", house, arrive),
        View("system", state, "frame.system", "/system", house, arrive),
        View("alerts", state, "frame.alerts", "/alerts", house, arrive),
        View("notes", state, "frame.notes", "/notes", house, arrive),
        View("tasks", state, "frame.notes", "/notes?view=tasks", house, arrive),
        View("jobs", state, "jobs.title", "/jobs", house, arrive),
        View("settings", state, "frame.settings", "/settings", house, arrive),
        View("appearance", state, "appearance.title", "/settings/appearance", house, arrive),
        View("sign-in-methods", state, "methods.title", "/settings/sign-in", house, arrive),
        View("second-factor", state, "second.title", "/settings/second-factor", house, arrive),
        View("keys", state, "keys.title", "/settings/keys", house, arrive),
        View("people", state, "people.title", "/settings/people", house, arrive),
        View("audit", state, "audit.title", "/settings/audit", house, arrive),
        View("providers", state, "providers.title", "/settings/providers", house, arrive),
        View("mail", state, "mail.title", "/settings/mail", house, arrive),
        View("about", state, "about.title", "/settings/about", house, arrive),
    ]


def _errors(name: str, kind: str, path: str, arrive: Arrive, *, signed_in: bool = True) -> View:
    return View(name, "plain", f"errors.page.{kind}.title", path, "deserted", arrive, signed_in)


# Somebody whom the issuer vouches for, with an account that is not known to be theirs.
REFUSED = "error=oidc.connect_first&via=oidc"

VIEWS = [
    *_pages("rows", "busy", opened, worker="node-2", tabs=TABS),
    *_pages("none", "deserted", opened, worker="nobody", tabs=("overview",)),
    *_pages("away", "forsaken", opened, worker="node-2", tabs=TABS),
    *_pages("loading", "busy", loading, worker="node-2", tabs=("overview", "logs")),
    View("worker-lost", "rows", "frame.workers", "/workers?worker={gone-1}"),
    View("worker-paused", "rows", "frame.workers", "/workers?worker={node-4}"),
    View("dashboard-table", "rows", "frame.dashboard", "/?range=15m", arrive=as_table),
    View("dashboard-week", "rows", "frame.dashboard", "/?range=7d"),
    View("workers-filtered", "none", "frame.workers", "/workers?q=nothing+is+called+so"),
    View(
        "workers-columns",
        "rows",
        "frame.workers",
        f"/workers?columns={','.join(COLUMNS)}",
    ),
    View("palette", "rows", "frame.workers", "/workers", arrive=with_palette),
    View("shortcuts", "rows", "frame.dashboard", "/", arrive=with_shortcuts),
    View("retire", "rows", "frame.workers", "/workers?worker={node-1}", arrive=asking),
    View("workers-picked", "rows", "frame.workers", "/workers", arrive=picking),
    View("worker-and-picked", "rows", "frame.workers", "/workers?worker={node-3}", arrive=picking),
    View("retire-several", "rows", "frame.workers", "/workers", arrive=asking_for_several),
    View("tasks-typed", "rows", "frame.notes", "/notes?view=tasks", arrive=typing_a_task),
    View("tasks-board", "rows", "frame.notes", "/notes?view=tasks&show=board"),
    View("tasks-today", "none", "frame.notes", "/notes?view=tasks&show=today", "deserted"),
    View("tasks-trash", "rows", "frame.notes", "/notes?view=tasks&show=trash"),
    View("tasks-filtered", "none", "frame.notes", "/notes?view=tasks&q=nothing+is+called+so"),
    View("task", "rows", "frame.notes", "/notes?view=tasks&task={task}"),
    View("task", "loading", "frame.notes", "/notes?view=tasks&task={task}", arrive=loading),
    View("task", "none", "frame.notes", f"/notes?view=tasks&task={'0' * 32}"),
    View("alert", "rows", "frame.alerts", "/alerts?alert={worker_memory}"),
    View("alert", "loading", "frame.alerts", "/alerts?alert={worker_memory}", arrive=loading),
    View("alert", "none", "frame.alerts", f"/alerts?alert={'0' * 32}"),
    View("alert-mine", "rows", "frame.alerts", "/alerts?alert={worker_paused}"),
    View("alert-over", "rows", "frame.alerts", "/alerts?tab=resolved&alert={over}"),
    View("acknowledge", "rows", "frame.alerts", "/alerts?alert={service_down}", arrive=acknowledging),
    View("assign", "rows", "frame.alerts", "/alerts?alert={disk_full}", arrive=assigning),
    View("alerts-picked", "rows", "frame.alerts", "/alerts", arrive=picking_alerts),
    View("alerts-filtered", "none", "frame.alerts", "/alerts?q=nothing+is+called+so"),
    View("alerts-resolved", "rows", "frame.alerts", "/alerts?tab=resolved"),
    View("alerts-resolved", "none", "frame.alerts", "/alerts?tab=resolved", "deserted"),
    View("silence", "rows", "frame.alerts", "/alerts?alert={worker_memory}", arrive=silencing),
    View("alert-silenced", "rows", "frame.alerts", "/alerts?alert={worker_lost}"),
    View("silences", "rows", "frame.alerts", "/alerts?tab=silences"),
    View("silences", "none", "frame.alerts", "/alerts?tab=silences", "deserted"),
    View("silences", "loading", "frame.alerts", "/alerts?tab=silences", arrive=loading),
    View("alert-rules", "rows", "frame.alerts", "/alerts?tab=rules&rule={rule}"),
    View("alert-rule", "rows", "alert_rule.title", "/alerts/rules/{own}"),
    View("alert-rule", "loading", "alert_rule.title", "/alerts/rules/{own}", arrive=loading),
    View("alert-rule", "none", "alert_rule.title", f"/alerts/rules/{'0' * 32}"),
    View("alert-rule", "asked", "alert_rule.title", "/alerts/rules/{own}", arrive=asking_about_a_rule),
    View("alert-rule-built-in", "rows", "alert_rule.title", "/alerts/rules/{rule}"),
    View("alert-rule-new", "wrong", "alert_rule.title", "/alerts/rules/new", arrive=with_a_wrong_rule),
    View(
        "alert-rule-new",
        "none",
        "alert_rule.title",
        "/alerts/rules/new",
        "deserted",
        with_a_rule_of_nothing,
    ),
    View("channels", "rows", "frame.alerts", "/alerts?tab=channels"),
    View("channels", "none", "frame.alerts", "/alerts?tab=channels", "deserted"),
    View("channel", "rows", "channels.channel", "/alerts/channels/{channel}"),
    View("channel", "none", "channels.channel", f"/alerts/channels/{'0' * 32}"),
    View("channel-new", "wrong", "channels.channel", "/alerts/channels/new", arrive=with_a_wrong_channel),
    View("alert-route", "rows", "routes.route", "/alerts/routes/{route}"),
    View("alert-route", "none", "routes.route", f"/alerts/routes/{'0' * 32}"),
    View("alert-route-new", "wrong", "routes.route", "/alerts/routes/new", arrive=with_a_wrong_route),
    View("note", "rows", "frame.notes", "/notes/{note}"),
    View("note", "loading", "frame.notes", "/notes/{note}", arrive=loading),
    View("note", "none", "frame.notes", f"/notes/{'0' * 32}"),
    View("note-long", "rows", "frame.notes", "/notes/{long}?folder=Opera%C3%A7%C3%A3o"),
    View("note-edit", "rows", "frame.notes", "/notes/{note}?mode=edit", arrive=writing),
    View("note-split", "rows", "frame.notes", "/notes/{note}?mode=split", arrive=writing),
    View("note-history", "rows", "frame.notes", "/notes/{note}", arrive=pressing("history", ".k-version")),
    View("note-share", "rows", "frame.notes", "/notes/{note}", arrive=pressing("share", "#share-whom")),
    View("note-file", "wrong", "frame.notes", "/notes/{note}", arrive=filing),
    View("note-twice", "rows", "frame.notes", "/notes/{twice}"),
    View("note-trash", "rows", "frame.notes", "/notes/{trash}?shelf=trash"),
    View("notes-search", "rows", "frame.notes", "/notes?q=energia"),
    View("notes-search", "none", "frame.notes", "/notes?q=nothing+is+called+so"),
    View("notes-filters", "rows", "frame.notes", "/notes?tag=runbook", arrive=filtering),
    View("capture", "rows", "frame.dashboard", "/", arrive=jotting),
    View("bell", "rows", "frame.dashboard", "/", arrive=pressing("bell", "[data-testid=bell-row]")),
    View(
        "bell",
        "none",
        "frame.dashboard",
        "/",
        "deserted",
        pressing("bell", "[data-testid=bell-panel] .k-quiet"),
    ),
    View("provider", "rows", "providers.provider", "/settings/providers/ollama"),
    View("provider", "none", "providers.provider", f"/settings/providers/{'0' * 32}"),
    View(
        "provider-new", "wrong", "providers.provider", "/settings/providers/new", arrive=with_a_wrong_provider
    ),
    View("notices", "rows", "notices.title", "/settings/notices"),
    View("notices", "wrong", "notices.title", "/settings/notices", arrive=with_wrong_wishes),
    View("settings-wrong", "rows", "frame.settings", "/settings", arrive=with_wrong_fields),
    View("appearance", "wrong", "appearance.title", "/settings/appearance", arrive=with_a_wrong_zone),
    View("keys", "made", "keys.title", "/settings/keys", arrive=with_a_key),
    View("keys", "wrong", "keys.title", "/settings/keys", arrive=with_a_wrong_key),
    View("keys", "asked", "keys.title", "/settings/keys", arrive=asking_about_a_key),
    View("reference", "plain", "reference.title", "/api/docs", "deserted", with_a_reference),
    View("settings-delete", "rows", "frame.settings", "/settings", arrive=asking_to_delete),
    View("second-factor-enrol", "rows", "second.title", "/settings/second-factor", arrive=enrolling),
    View("people-invite", "rows", "people.title", "/settings/people", arrive=inviting),
    View("people-link", "rows", "people.title", "/settings/people", arrive=invited),
    View("people-menu", "rows", "people.title", "/settings/people", arrive=with_menu),
    View("person", "rows", "person.title", "/settings/people/{somebody}", arrive=at_a_person),
    View("person", "asked", "person.title", "/settings/people/{somebody}", arrive=asking_about_a_person),
    View("person", "loading", "person.title", "/settings/people/{somebody}", arrive=loading),
    View("person", "none", "person.title", "/settings/people/{newcomer}"),
    View("person", "nobody", "person.title", "/settings/people/nobody"),
    View("audit-details", "rows", "audit.title", "/settings/audit?span=all", arrive=with_details),
    View("mail-tested", "rows", "mail.title", "/settings/mail", arrive=tested),
    View("give-up", "rows", "frame.system", "/system", arrive=giving_up),
    View("audit-filtered", "none", "audit.title", "/settings/audit?actor=nobody+is+called+so"),
    View("join", "plain", "links.invitation.title", "/join/{invitation}", "deserted", plain, signed_in=False),
    View(
        "join-wrong",
        "plain",
        "links.invitation.title",
        "/join/{invitation}",
        "deserted",
        joined,
        signed_in=False,
    ),
    View(
        "reset", "plain", "links.password_reset.title", "/reset/{reset}", "deserted", plain, signed_in=False
    ),
    View("forgot", "plain", "links.forgot.title", "/forgot", "deserted", plain, signed_in=False),
    View("link-gone", "plain", "links.gone.title", "/join/used", "deserted", plain, signed_in=False),
    View("dashboard", "cut-off", "frame.dashboard", "/", arrive=cut_off),
    View("offline", "plain", "", "/", arrive=offline),
    View("offline-nothing", "plain", "", "/offline.html", "deserted", known_here, signed_in=False),
    View("not-found", "rows", "errors.page.not_found.title", "/there/is/nothing", "deserted"),
    View("sign-in", "plain", "auth.title", "/login", "deserted", plain, signed_in=False),
    View("sign-in-wrong", "plain", "auth.title", "/login", "deserted", refused, signed_in=False),
    View("sign-in-issuer", "plain", "auth.title", f"/login?{REFUSED}", "busy", plain, signed_in=False),
    View("sign-in-ended", "plain", "auth.title", "/login?reason=revoked", "deserted", plain, signed_in=False),
    _errors("not-found", "not_found", "/a%5Cb", plain),
    _errors("wrong-host", "wrong_host", "/", wrong_host, signed_in=False),
    _errors("new-version", "new_version", "/new-version", plain, signed_in=False),
    _errors("failed", "failed", "/", broken),
    _errors("no-database", "database", "/", without_database),
]


def _with_ids(path: str, house: House, locale: str) -> str:
    """The path with the ids of the workers it names; of one that is not there, no id at all."""
    if "{" not in path:
        return path
    if path.startswith(("/join/", "/reset/")):
        return path.format(invitation=_invitation(house), reset=_reset(house))
    if path.startswith("/settings/people/"):
        return path.format(somebody=_somebody(house), newcomer=_newcomer(house))
    if path.startswith("/notes"):
        return path.format(**notebook.ids(house, locale), **house.ask(past.task_ids))
    if path.startswith("/alerts"):
        return path.format(**house.ask(past.alert_ids))
    rows = house.dashboard(house.token(house.person("viewer")))["workers"]
    ids = {row["name"]: row["id"] for row in rows}
    return re.sub(r"\{([\w-]+)\}", lambda found: ids.get(found[1], "0" * 32), path)


def _somebody(house: House) -> str:
    """A person with open sign-ins and keys."""
    account = house.person("operator")
    if not house.ask(api_keys.of_account, account.id, now()):
        past.sign_in(house, account, 6)
        past.give_keys(house, account)
    return account.id.hex


def _newcomer(house: House) -> str:
    """A person who has never been here."""
    email = "newcomer@example.org"
    found = house.ask(accounts.by_email, email)
    made = found or house.ask(accounts.create, email, PASSWORD, role="viewer", name="Nina Prado")
    return made.id.hex


def _invitation(house: House) -> str:
    return str(
        house.ask(links.invite, "eva@example.org", "operator", now(), by=Actor("machine", label="Ana"))[1]
    )


def _reset(house: House) -> str:
    return str(
        house.ask(links.offer_reset, house.person("viewer").id, now(), by=Actor("machine", label="Ana"))[1]
    )


async def _remember(screen: Screen, locale: str) -> None:
    """The browser knows the reader's language from the last time."""
    await screen.page.add_init_script(f"localStorage.setItem('keepai-language', '{locale}')")


async def _settle(screen: Screen) -> None:
    await screen.page.wait_for_function(SETTLED, timeout=60_000)


async def _spoil(screen: Screen, statement: str) -> None:
    """Change the server's database by hand."""
    values = {"token": sessions.hash_token(screen.token)} if ":token" in statement else {}
    screen.house.ask(lambda database: database.execute(text(statement), values))
