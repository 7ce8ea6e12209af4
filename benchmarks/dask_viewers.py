"""Viewers of Dask's dashboard without a browser.

They do what its script does: load the page, open the socket with the token in it, ask for the document, and take what
comes. The server makes a document with callbacks of its own for each of them, as it does for a browser. They do not
send sizes and ranges back, as a browser does several times a second: beside them, a Chromium cost 1.4 times as much.
"""

import asyncio
import json
import re
from types import TracebackType

import aiohttp
from bokeh.protocol import Protocol

TOKEN = re.compile(r'"token":"([^"]+)"')


class Viewers:
    """`async with Viewers(address) as viewers: await viewers.come(8)`."""

    def __init__(self, address: str, page: str = "/status") -> None:
        self._page = f"{address}{page}"
        self._origin = address
        self._looking: list[asyncio.Task[None]] = []
        self.documents = self.patches = self.bytes = 0

    async def __aenter__(self) -> "Viewers":
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=20),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._looking:
            one.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        await self._http.close()

    def __len__(self) -> int:
        return len(self._looking)

    async def come(self, count: int, within: float = 30.0) -> None:
        """So many more; returns when each has its document."""
        wanted = self.documents + count
        self._looking += [asyncio.create_task(self._look()) for _ in range(count)]
        async with asyncio.timeout(within):
            while self.documents < wanted:
                await asyncio.sleep(0.1)
                self.check()

    def check(self) -> None:
        """Raise if one of them is no longer there."""
        for one in self._looking:
            if one.done():
                raise RuntimeError("a viewer was sent away") from one.exception()

    async def _look(self) -> None:
        async with self._http.get(self._page) as answer:
            found = TOKEN.search(await answer.text())
        if not found:
            raise RuntimeError("the page has no token")
        async with self._http.ws_connect(
            f"{self._page.replace('http', 'ws', 1)}/ws",
            protocols=("bokeh", found[1]),
            origin=self._origin,
            max_msg_size=0,
        ) as socket:
            async for message in socket:
                self.bytes += len(message.data)
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data, socket)

    async def _take(self, text: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        if not text.startswith('{"msgid"'):  # what follows a header
            return
        kind = json.loads(text)["msgtype"]
        self.documents += kind == "PULL-DOC-REPLY"
        self.patches += kind == "PATCH-DOC"
        if kind == "ACK":
            asked = Protocol().create("PULL-DOC-REQ")
            for part in (asked.header_json, asked.metadata_json, asked.content_json):
                await socket.send_str(part)
