"""A thousand signed-in tabs that are sent a snapshot a second: what they cost, how late it comes, and how soon
all of them are live again after a restart. Beside it, a background event for each tab sends as much."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psutil

from benchmarks import baseline, past
from benchmarks.figures import Report, percentile
from benchmarks.installation import Clocked, Installation, child
from benchmarks.tabs import Crowd

TABS, PROBES = 1000, 20
WATCHED = 30.0  # s
ARRIVE = 10.0  # s over which the tabs come
SETTLED = 120.0  # s within which they must all be there


@dataclass
class Watched:
    """A stretch with all tabs open."""

    share: float  # percent of one core
    payload: float  # bytes a tab is sent in a second
    late: list[float]  # s, on the probe tabs


@dataclass
class Audience:
    """The tabs, and the few of them whose clock counts."""

    many: Crowd
    probes: Crowd

    def live(self, within: float = SETTLED) -> float:
        """Wait until every tab is live; returns when the last one was (unix time)."""
        deadline = time.monotonic() + within
        while True:
            time.sleep(0.5)
            said = [self.many.report(), self.probes.report()]
            if all(one["fresh"] == one["tabs"] for one in said):
                return max(float(one["live_last"]) for one in said)
            if time.monotonic() > deadline:
                raise TimeoutError(f"not every tab is live after {within:g} s: {_short(said)}")

    def watch(self, server: psutil.Process) -> Watched:
        """Let a while pass and see what it took."""
        self.many.report(), self.probes.report()
        clock = Clocked(server)
        time.sleep(WATCHED)
        share = clock.share
        many, probes = self.many.report(), self.probes.report()
        if many["fresh"] < many["tabs"]:
            raise RuntimeError(f"tabs fell behind: {_short([many])}")
        return Watched(share, many["bytes"] / many["tabs"] / many["seconds"], probes["late"])


@contextlib.contextmanager
def audience(address: str, cookies: Sequence[str], *, path: str = "/") -> Iterator[Audience]:
    """Tabs with these cookies, the last few of them in a process of their own."""
    with child(*Crowd.COMMAND) as one, child(*Crowd.COMMAND) as other:
        probes = Crowd(other, address, cookies[-PROBES:], path=path)
        yield Audience(Crowd(one, address, cookies[:-PROBES], path=path, within=ARRIVE), probes)


def main(report: Report, rounds: int) -> None:
    """Ours and the baseline in turn."""
    with Installation() as installation:
        installation.start("--demo")
        past.fill(installation)
        cookies = installation.cookies(TABS)
        for _ in range(rounds):
            watched = ours(report, installation, cookies)
            usual(report, watched.payload)


def ours(report: Report, installation: Installation, cookies: Sequence[str]) -> Watched:
    """One round with our app, and a restart under all tabs."""
    with audience(installation.address, cookies) as tabs:
        tabs.live()
        watched = tabs.watch(installation.web_worker())
        report.add("CPU of the web process, 1,000 tabs", watched.share, unit="% of a core", most=15)
        report.add("  snapshot to tab, p95 of 20", 1000 * percentile(watched.late, 0.95), unit="ms", most=250)
        report.add("  snapshot to tab, median of 20", 1000 * percentile(watched.late, 0.5), unit="ms")
        report.add("  sent to a tab", watched.payload, unit="bytes/s")
        told = time.time()
        installation.stop()
        stopped = time.time()
        installation.start("--demo")
        answered = time.time()
        report.add("restart: until all tabs are live", tabs.live() - told, unit="s", most=15)
        report.add("  of it stopping", stopped - told, unit="s")
        report.add("  of it starting, until a page is answered", answered - stopped, unit="s")
    return watched


def usual(report: Report, payload: float) -> None:
    """One round with the baseline."""
    with baseline.serve(int(payload)) as server, audience(server.address, [""] * TABS) as tabs:
        tabs.live()
        try:
            watched = tabs.watch(server.worker)
        except RuntimeError as error:  # it cannot keep up
            report.note(f"baseline: {error}")
            return
    report.add("baseline, an event per tab: CPU", watched.share, unit="% of a core")
    report.add("baseline: snapshot to tab, p95 of 20", 1000 * percentile(watched.late, 0.95), unit="ms")


def _short(said: Sequence[dict[str, object]]) -> str:
    return ", ".join(f"{one['fresh']} of {one['tabs']} ({one['connected']} connected)" for one in said)
