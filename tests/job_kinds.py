"""Kinds of long work that only tests know, and a runner of them that can be killed.

As a program it is the place runners are forked from (see tests/dispatcher.py): a line on stdin begins one, its process
id is the answer."""

import asyncio
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from services.errors import Invalid, Upstream
from services.jobs import KINDS, Context, Result

HERE = "tests.job_kinds"
NAMES = {"counting": "Counting", "failing": "Failing", "computing": "Computing"}


class Counting:
    """Counts to `to`, a number each `pause` seconds, each noted in a file at `log` before it is stored."""

    cancellable = True

    async def run(self, context: Context) -> Result:
        start, to = int(context.step.get("at", 0)), int(context.params["to"])
        for number in range(start + 1, to + 1):
            with Path(context.params["log"]).open("a") as log:
                log.write(f"{number}\n")
            await asyncio.sleep(context.params.get("pause", 0))
            await context.progress(number, to, "jobs.step.export.files", number=number, of=to)
            await context.save({"at": number})
        return Result("jobs.result.export", {"days": to}, href="/settings")


class Failing:
    """Fails as it is told to."""

    cancellable = True

    async def run(self, context: Context) -> Result:
        with Path(context.params["log"]).open("a") as log:
            log.write("tried\n")
        match context.params["how"]:
            case "later":
                raise Upstream("jobs.error.compute_gone")
            case "never":
                raise Upstream("jobs.error.compute_failed", permanent=True)
            case "invalid":
                raise Invalid("jobs.error.too_many", most=3)
        raise RuntimeError("a secret detail")


def slowly(seconds: float) -> dict[str, float]:
    """Something that takes its time on the compute."""
    time.sleep(seconds)
    return {"took": seconds}


class Computing:
    """Has something computed."""

    cancellable = True

    async def run(self, context: Context) -> Result:
        answer = await context.compute(slowly, context.params["seconds"])
        await context.save(answer)
        return Result()


def known(kinds: dict[str, str] = KINDS) -> None:
    """Make these kinds known."""
    kinds.update({name: f"{HERE}:{kind}" for name, kind in NAMES.items()})


def _work() -> None:
    from keepai.background import working
    from services.bus import LocalBus
    from services.feed import Feed
    from services.jobs import queue
    from services.settings import get_settings

    queue.LOST_AFTER = timedelta(seconds=0.6)
    working.EVERY, working.BEAT_EVERY = 0.05, 0.1
    asyncio.run(working.run(get_settings(), LocalBus(), Feed()))


def main() -> None:
    """Fork a runner for each line, until there are no more."""
    import keepai.background.working  # noqa: F401  (before the first fork)
    from keepai.cli.lifeline import die_with_parent

    known()
    home = os.getpid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        if not (pid := os.fork()):
            die_with_parent(home)
            _work()
            os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
