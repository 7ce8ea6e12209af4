"""The loop that holds what is measured against the rules, writes down what happened, and has people told."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from uuid import UUID

from sqlmodel import Session

from services import alerts, db
from services.alerts import builtin, notices, rules, usual
from services.alerts.book import News
from services.bus import Bus, Message
from services.clock import now
from services.feed import Batch, Feed
from services.history.series import key_of
from services.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0  # s between two looks for what did not come
AGAIN_AFTER = 1.0  # s after a database that did not answer
DIGEST_EVERY = 5.0
# Subjects a second of which what is usual is read: 25 ms each, and there may be a thousand.
LEARNS = 5
AT_ONCE = 500  # what happened, in one transaction


async def run(settings: Settings, bus: Bus, feed: Feed) -> None:
    """Evaluate until cancelled."""
    await Alerting(settings, bus, feed).run()


class Alerting:
    """The loop's memory: the evaluator, and what happened and is not written down yet.

    What happened waits here in order while the database is away, and is written when it is back.
    """

    def __init__(self, settings: Settings, bus: Bus, feed: Feed) -> None:
        self._settings, self._bus, self._feed = settings, bus, feed
        self._evaluator = alerts.Evaluator(time.time())
        # Each with what its subject was called, which is forgotten as soon as that is no more.
        self._moved: deque[tuple[alerts.Moved, str]] = deque()
        self._names: dict[str, str] = {}
        self._news = asyncio.Event()
        self._rules_changed = asyncio.Event()
        self._digest_due = 0.0

    async def run(self) -> None:
        """Load, listen, write."""
        await self._load()
        self._bus.subscribe(alerts.RULES_TOPIC, lambda _message: self._rules_changed.set())
        self._bus.subscribe(alerts.RESOLVED_TOPIC, self._on_resolved)
        self._feed.subscribe(self._on_batch)
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._look())
                loops.create_task(self._learn())
                loops.create_task(self._write_often())
                loops.create_task(self._follow_rules())
        finally:
            self._feed.unsubscribe(self._on_batch)
            with contextlib.suppress(Exception):
                await asyncio.shield(self._write())

    async def _load(self) -> None:
        await db.write(builtin.ensure, now())
        self._evaluator.use(rules.usable(await db.read(rules.listed)))
        for rule_id, labels, standing in await db.read(alerts.standings):
            self._evaluator.put(rule_id, labels, standing)

    def _on_batch(self, batch: Batch) -> None:
        present = set()
        for one in batch.readings:
            key = key_of(one.labels)
            present.add(key)
            self._names[key] = one.name
            self._add(self._evaluator.take(batch.at, one.labels, one.values, key))
        for kind in batch.whole:
            for key, labels in self._evaluator.subjects(kind).items():
                if key not in present:
                    self._add(self._evaluator.end(batch.at, labels, key))
                    self._names.pop(key, None)

    def _add(self, moved: list[alerts.Moved]) -> None:
        if moved:
            self._moved.extend((one, self._names.get(one.key, "")) for one in moved)
            self._news.set()

    def _on_resolved(self, message: Message) -> None:
        self._evaluator.silence_by_hand(UUID(message["rule"]), message["labels"], message["at"])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self._add(self._evaluator.look_around(time.time()))

    async def _learn(self) -> None:
        """What is usual comes from what is stored; so a restart forgets nothing of it."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for rule, labels in self._evaluator.to_learn(LEARNS):
                try:
                    known = await db.read(usual.learnt, rule, labels, now(), now())
                except Exception as error:
                    log.warning("what is usual could not be read yet: %s", error)
                    break
                self._evaluator.learn(rule, labels, known)

    async def _follow_rules(self) -> None:
        while True:
            await self._rules_changed.wait()
            self._rules_changed.clear()
            try:
                self._evaluator.use(rules.usable(await db.read(rules.listed)))
            except Exception as error:
                log.warning("the rules could not be read again yet: %s", error)
                self._rules_changed.set()
                await asyncio.sleep(AGAIN_AFTER)

    async def _write_often(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DIGEST_EVERY):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._write()
                if time.monotonic() >= self._digest_due:
                    self._digest_due = time.monotonic() + DIGEST_EVERY
                    if not await db.read(notices.is_idle, now()):
                        await db.write(_keep_telling, self._settings)
            except Exception as error:
                log.warning("alerts could not be written yet: %s", error)
                self._news.set()
                await asyncio.sleep(AGAIN_AFTER)

    async def _write(self) -> None:
        """All that happened, in order. What is written leaves the memory only once it is committed."""
        while self._moved:
            some = [self._moved[place] for place in range(min(len(self._moved), AT_ONCE))]
            names = {one.key: name for one, name in some}
            await db.write(_write_down, self._settings, [one for one, _ in some], names)
            for _ in some:
                self._moved.popleft()
            self._bus.publish(alerts.TOPIC, {})


def _write_down(
    session: Session, settings: Settings, moved: list[alerts.Moved], names: dict[str, str]
) -> list[News]:
    """What happened, and who is told of it, in one transaction."""
    news = alerts.write(session, moved, names)
    notices.tell(session, settings, now(), news)
    return news


def _keep_telling(session: Session, settings: Settings) -> None:
    """Whatever is due by time alone, in one transaction."""
    for step in (notices.catch_up, notices.escalate, notices.remind, notices.digest):
        step(session, settings, now())
