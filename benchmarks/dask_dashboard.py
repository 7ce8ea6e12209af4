"""What each further viewer of our dashboard costs, beside what one of Dask's `/status` costs, under the same work.

Ours are all sent the same once a second; Dask makes a document for each and refreshes it up to ten times a second.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import dask_peer, past
from benchmarks.dask_viewers import Viewers
from benchmarks.figures import Report
from benchmarks.installation import Clocked, Installation
from benchmarks.live import PROBES, TABS, audience

THEIRS = 12  # viewers of Dask's; several times as many would fill a core, and what is full shows no slope
SETTLES = 5.0  # s from the last arrival, and from the start of the work
WATCHED = 20.0  # s, some rounds of the work


@dataclass(frozen=True)
class Cost:
    """CPU of the serving process in percent of a core, with few viewers and with many."""

    few: float
    many: float
    further: int

    @property
    def each(self) -> float:
        """What each further viewer costs."""
        return (self.many - self.few) / self.further


def main(report: Report, rounds: int) -> None:
    """Ours and Dask's in turn; while one runs the other does not."""
    for _ in range(rounds):
        with Installation() as installation:
            installation.start("--demo")
            past.fill(installation)
            our = ours(installation, installation.cookies(TABS))
        with dask_peer.busy() as peer:
            their = asyncio.run(dasks(peer))
        report.add("a further viewer: Dask's, to ours", their.each / our.each, unit="times", least=50)
        _tell(report, "ours", our)
        _tell(report, "Dask's", their)


def ours(installation: Installation, cookies: Sequence[str]) -> Cost:
    """Tabs on our dashboard: a few, then a thousand."""
    few = _with_tabs(installation, cookies[: 2 * PROBES])
    return Cost(few, _with_tabs(installation, cookies), len(cookies) - 2 * PROBES)


async def dasks(peer: dask_peer.Peer) -> Cost:
    """Viewers of Dask's own: one, then more."""
    async with Viewers(peer.address) as viewers:
        few = await _with_viewers(viewers, 1, peer)
        return Cost(few, await _with_viewers(viewers, THEIRS, peer), THEIRS)


def _with_tabs(installation: Installation, cookies: Sequence[str]) -> float:
    with audience(installation.address, cookies) as tabs:
        tabs.live()
        time.sleep(SETTLES)
        clock = Clocked(installation.web_worker())
        time.sleep(WATCHED)
        share = clock.share
        tabs.live(within=3.0)  # all of them were sent what they were to be sent
        return share


async def _with_viewers(viewers: Viewers, more: int, peer: dask_peer.Peer) -> float:
    """Theirs stay when further ones come."""
    await viewers.come(more)
    await asyncio.sleep(SETTLES)
    patches, clock = viewers.patches, Clocked(peer.scheduler)
    await asyncio.sleep(WATCHED)
    share = clock.share
    viewers.check()
    if (viewers.patches - patches) / len(viewers) < WATCHED:
        raise RuntimeError("Dask's dashboard sends its viewers less than one change a second")
    return share


def _tell(report: Report, whose: str, cost: Cost) -> None:
    report.add(f"  {whose}, each further viewer", cost.each, unit="% of a core")
    report.add(f"  {whose}, before {cost.further} further ones", cost.few, unit="% of a core")
    report.add(f"  {whose}, with them", cost.many, unit="% of a core")
