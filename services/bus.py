"""Messages between the background role and the web processes: in process, or through Redis.

A message is a plain dict of numbers, texts, lists and dicts. Delivery is best effort: what must not be lost
is in the database. Subscribers are called on the event loop on which they subscribed.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol

import msgpack

log = logging.getLogger(__name__)

Message = dict[str, Any]
Subscriber = Callable[[Message], None]


class Bus(Protocol):
    """What both adapters can do."""

    def publish(self, topic: str, message: Message) -> None:
        """Hand the message to everyone who subscribed to the topic. Never blocks, never raises."""

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Call `subscriber` for each message, on the running event loop."""


class LocalBus:
    """Within one process; publisher and subscribers may live on different event loops."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[tuple[asyncio.AbstractEventLoop, Subscriber]]] = defaultdict(list)

    def publish(self, topic: str, message: Message) -> None:
        """Hand over by reference: nobody may change a message."""
        for loop, subscriber in list(self._subscribers[topic]):
            try:
                loop.call_soon_threadsafe(subscriber, message)
            except RuntimeError:  # that loop has ended
                self._subscribers[topic].remove((loop, subscriber))

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Call `subscriber` on the running loop."""
        self._subscribers[topic].append((asyncio.get_running_loop(), subscriber))


class RedisBus:
    """Between processes. While Redis is away messages are dropped and both sides keep trying."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: asyncio.Queue[tuple[str, bytes]] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def publish(self, topic: str, message: Message) -> None:
        """Queue for sending; the oldest waiting message is dropped when too many wait."""
        if self._queue is None:
            self._queue = asyncio.Queue(maxsize=32)
            self._start(self._send())
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait((topic, msgpack.packb(message)))

    def subscribe(self, topic: str, subscriber: Subscriber) -> None:
        """Listen from now on, through every reconnection."""
        self._start(self._listen(topic, subscriber))

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self) -> None:
        from redis.asyncio import Redis

        assert self._queue is not None
        client = Redis.from_url(self._url, socket_connect_timeout=2, socket_timeout=2)
        while True:
            topic, data = await self._queue.get()
            try:
                await client.publish(f"keepai:{topic}", data)
            except Exception as error:  # any failure of Redis: the next message is newer anyway
                log.debug("bus: not sent: %s", error)

    async def _listen(self, topic: str, subscriber: Subscriber) -> None:
        from redis.asyncio import Redis

        while True:
            try:
                client = Redis.from_url(self._url, socket_connect_timeout=2, health_check_interval=10)
                async with client.pubsub() as channel:
                    await channel.subscribe(f"keepai:{topic}")
                    async for received in channel.listen():
                        if received["type"] == "message":
                            subscriber(msgpack.unpackb(received["data"]))
            except Exception as error:
                log.warning("bus: listening again in a second: %s", error)
            await asyncio.sleep(1)


def open_bus(redis_url: str) -> Bus:
    """The bus for these settings."""
    return RedisBus(redis_url) if redis_url else LocalBus()
