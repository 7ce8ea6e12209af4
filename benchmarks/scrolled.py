"""The workers page in Chromium: what it is sent, how its table scrolls, and how one scrolls that stands still."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.figures import Skipped
from tests.browser.screen import ARGUMENTS, chromium

WIDE, WHOLE = (1440, 900), (3840, 2160)
SCROLLED = 20.0  # s from the first row to the last
WITHIN = 60_000  # ms
TABLE = "[data-testid=workers-table]"

# Each frame moves on by as much as the time says. `blank` counts frames that showed a place without its row. A
# browser takes every step for a scroll of its own and tells its end; a hand that scrolls ends only once.
_SCROLL = """
async ([table, seconds]) => {
  const box = document.querySelector(table);
  const height = parseFloat(getComputedStyle(box).getPropertyValue("--row"));
  const heads = [...box.querySelectorAll(":scope > .k-vhead")].map((head) => head.offsetHeight);
  const space = box.clientHeight - heads.reduce((sum, one) => sum + one, 0);
  const last = box.scrollHeight - box.clientHeight, total = Number(box.getAttribute("aria-rowcount"));
  const frames = [];
  let blank = 0, top = 0, began, before;
  function quiet(event) { if (event.isTrusted) event.stopImmediatePropagation(); }
  addEventListener("scrollend", quiet, true);
  box.scrollTop = 0;
  function seen() {
    const there = new Set();
    for (const row of box.getElementsByClassName("k-vrow")) there.add(Number(row.ariaRowIndex) - 1);
    const end = Math.min(total, Math.ceil((top + space) / height));
    for (let index = Math.floor(top / height); index < end; index++) if (!there.has(index)) return false;
    return true;
  }
  return await new Promise((done) => {
    function step(now) {
      began ??= now;
      if (before !== undefined) { frames.push(now - before); if (!seen()) blank += 1; }
      before = now;
      const part = (now - began) / (1000 * seconds);
      if (part >= 1) { removeEventListener("scrollend", quiet, true); done({ frames, blank }); return; }
      box.scrollTop = top = Math.round(last * part);
      requestAnimationFrame(step);
    }
    requestAnimationFrame(step);
  });
}
"""

# The same table with every row, as it looks at this moment.
_STATIC = """
(table) => {
  const copy = document.querySelector(table).cloneNode(true), body = copy.querySelector(".k-vbody");
  const rows = [...body.children], total = Number(copy.getAttribute("aria-rowcount"));
  body.replaceChildren(...Array.from({ length: total }, (_, index) => {
    const row = rows[index % rows.length].cloneNode(true);
    row.style.setProperty("--index", index);
    row.setAttribute("aria-rowindex", index + 1);
    return row;
  }));
  const box = document.querySelector(table).getBoundingClientRect();
  copy.style.cssText += `; position: absolute; left: ${box.left}px; top: ${box.top}px;`
    + ` width: ${box.width}px; height: ${box.height}px`;
  const sheets = [...document.querySelectorAll("link[rel=stylesheet]")].map((one) => one.outerHTML).join("");
  const classes = document.documentElement.className.replace("k-wait", "");
  const icons = [...document.querySelectorAll("body > svg")].map((one) => one.outerHTML).join("");
  return `<!doctype html><html lang=en class="${classes}"><head>${sheets}</head>`
    + `<body>${icons}${copy.outerHTML}</body></html>`;
}
"""


@dataclass(frozen=True)
class Scrolled:
    """How one scroll through the table went."""

    smooth: float  # percent of the frames that took less than 34 ms
    blank: float  # percent of the frames in which a row was missing
    longest: float  # ms
    received: float  # bytes a second


class Tab:
    """One page, and the bytes that its socket was sent."""

    def __init__(self, browser: Browser, address: str, cookie: str, size: tuple[int, int]) -> None:
        self._browser, self._address, self._size = browser, address, size
        self._received = 0
        self._context, self.page = self._fresh()
        name, _, value = cookie.partition("=")
        self._context.add_cookies([{"name": name, "value": value, "url": address, "httpOnly": True}])
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def open(self, rows: int) -> None:
        """Show the table, of so many rows, and let it come to rest."""
        self.page.goto("/workers")
        self.page.wait_for_selector(f"{TABLE}[aria-rowcount='{rows}'] [data-testid=worker-row]")
        self.page.wait_for_timeout(3000)

    def received(self, seconds: float) -> float:
        """Bytes a second that the socket is sent while one looks on, as they are before they are compressed."""
        self._received = 0
        self.page.wait_for_timeout(1000 * seconds)
        return self._received / seconds

    def scroll(self) -> Scrolled:
        """From the first row to the last."""
        self._received = 0
        said: dict[str, Any] = self.page.evaluate(_SCROLL, [TABLE, SCROLLED])
        frames: list[float] = said["frames"]
        return Scrolled(
            smooth=100 * sum(frame < 34 for frame in frames) / len(frames),
            blank=100 * said["blank"] / len(frames),
            longest=max(frames),
            received=self._received / SCROLLED,
        )

    def freeze(self) -> None:
        """Show the table as it is now, with all rows and without anything that happens."""
        picture = self.page.evaluate(_STATIC, TABLE)
        self.close()
        self._context, self.page = self._fresh()
        self.page.route("**/frozen", lambda route: route.fulfill(body=picture, content_type="text/html"))
        self.page.goto("/frozen")
        self.page.wait_for_timeout(1000)

    def close(self) -> None:
        """Close it."""
        self._context.close()

    def _fresh(self) -> tuple[BrowserContext, Page]:
        width, height = self._size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, locale="en-US", base_url=self._address
        )
        context.set_default_timeout(WITHIN)
        return context, context.new_page()

    def _take(self, payload: str | bytes) -> None:
        self._received += len(payload.encode() if isinstance(payload, str) else payload)


@contextlib.contextmanager
def chrome() -> Iterator[Browser]:
    """Chromium. Raises Skipped where there is none."""
    path = chromium()
    if path is None:
        raise Skipped("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
