"""Many tabs without a browser: they open the socket as the built frontend does, say who they are by cookie,
hydrate, run the page's on_load, and come back when the socket ends.

A process of its own, `python -m benchmarks.tabs`: the first line on stdin says what to open, each line after it
asks for a report, the end of stdin ends it. Reports are lines of JSON on stdout.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

NAMESPACE = "/_event"
HYDRATE = "reflex___state____state.hydrate_and_load"
PROTOCOL = "0.10.1"  # what the built frontend names as its version
AT = '"at_rx_state_":'
LIVE_FOR = 3.0  # s: how old a snapshot may be for a tab to be live, as in the browser


@dataclass
class Counts:
    """What arrived since the last report."""

    messages: int = 0
    bytes: int = 0
    refused: int = 0
    late: list[float] = field(default_factory=list)  # s from the server's stamp to arrival


class Tab:
    """One tab, for ever."""

    def __init__(self, all_: "Tabs", cookie: str) -> None:
        self._all = all_
        self._cookie = cookie
        self._token = str(uuid4())
        self.connected = False
        self.fresh = 0.0  # unix time of the newest snapshot it has seen on this socket
        self.live_since = 0.0

    async def run(self) -> None:
        """Be open; a socket that ends is opened again with the pauses of the built frontend."""
        failures = 0
        while True:
            try:
                async with self._all.gate:
                    socket = await self._open()
                failures = 0
                await self._listen(socket)
            except (aiohttp.ClientError, OSError, TimeoutError):
                failures = min(failures + 1, 10)
                self._all.counts.refused += 1
            finally:
                self.connected, self.fresh, self.live_since = False, 0.0, 0.0
            await asyncio.sleep(0.2 * failures if self._all.again else 3600)

    async def _open(self) -> aiohttp.ClientWebSocketResponse:
        told = self._all
        headers = {"Origin": told.address, "User-Agent": "Mozilla/5.0 (KeepAI benchmark)"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        return await told.http.ws_connect(
            f"{told.address.replace('http', 'ws', 1)}{NAMESPACE}/?token={self._token}&EIO=4&transport=websocket",
            headers=headers,
            protocols=(PROTOCOL,),
            compress=15,
            autoclose=True,
            timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
        )

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async with socket:
            async for message in socket:
                text = message.data
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                if text[0] == "2":
                    await socket.send_str("3")
                elif text[0] == "0":
                    await socket.send_str(f"40{NAMESPACE},{json.dumps(self._boot())}")
                elif text.startswith("42"):
                    self._take(text)
                elif text.startswith("40"):
                    self.connected = True

    def _boot(self) -> dict[str, Any]:
        where = {"pathname": self._all.path.split("?")[0], "asPath": self._all.path}
        return {"event": {"name": HYDRATE, "payload": {}, "router_data": where}}

    def _take(self, text: str) -> None:
        counts, arrived = self._all.counts, time.time()
        counts.messages += 1
        counts.bytes += len(text) if text.isascii() else len(text.encode())
        place = text.find(AT)
        if place < 0:
            return
        start = place + len(AT)
        end = start
        while text[end] in "0123456789.":
            end += 1
        at = float(text[start:end] or 0)
        if at and not self.live_since and arrived - at < LIVE_FOR:
            self.live_since = arrived
        # The first snapshot of a socket was there before the tab; only later ones were sent when they came.
        if self.fresh and at > self.fresh:
            counts.late.append(arrived - at)
        self.fresh = max(self.fresh, at)


class Tabs:
    """All tabs of this process."""

    def __init__(self, told: dict[str, Any], http: aiohttp.ClientSession) -> None:
        self.address: str = told["address"]
        self.path: str = told["path"]
        self.again: bool = told["again"]
        self.http = http
        self.gate = asyncio.Semaphore(told["at_once"])
        self.counts = Counts()
        self.tabs = [Tab(self, cookie) for cookie in told["cookies"]]
        self._began = time.monotonic()

    def report(self) -> dict[str, Any]:
        """What happened since the last report."""
        counts, self.counts = self.counts, Counts()
        now, began = time.monotonic(), self._began
        self._began = now
        live = [tab.live_since for tab in self.tabs if tab.live_since]
        return {
            "seconds": now - began,
            "tabs": len(self.tabs),
            "connected": sum(tab.connected for tab in self.tabs),
            "fresh": sum(time.time() - tab.fresh < LIVE_FOR for tab in self.tabs),
            "live": len(live),
            "live_last": max(live, default=0.0),
            "messages": counts.messages,
            "bytes": counts.bytes,
            "refused": counts.refused,
            "late": counts.late,
        }


async def main() -> None:
    """Open what stdin says and answer it until it ends."""
    commands = await _stdin()
    told = json.loads(await commands.readline())
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=20)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        tabs = Tabs(told, http)
        running = [asyncio.create_task(_after(tab, told["within"])) for tab in tabs.tabs]
        while await commands.readline():
            print(json.dumps(tabs.report()), flush=True)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _after(tab: Tab, within: float) -> None:
    """People do not all come in the same millisecond, unless `within` is 0."""
    await asyncio.sleep(random.uniform(0, within))
    await tab.run()


async def _stdin() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


class Crowd:
    """The tabs of one process, as the benchmark sees them. Use with `installation.child(*Crowd.COMMAND)`."""

    COMMAND = ("-m", "benchmarks.tabs")

    def __init__(
        self,
        process: subprocess.Popen[str],
        address: str,
        cookies: Sequence[str],
        *,
        path: str = "/",
        within: float = 0.0,
        at_once: int = 50,
        again: bool = True,
    ) -> None:
        self._process = process
        self._say(
            json.dumps(
                {
                    "address": address,
                    "cookies": list(cookies),
                    "path": path,
                    "within": within,
                    "at_once": at_once,
                    "again": again,
                }
            )
        )

    def report(self) -> dict[str, Any]:
        """What happened since the last report."""
        self._say("")
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process of the tabs ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


if __name__ == "__main__":
    asyncio.run(main())
