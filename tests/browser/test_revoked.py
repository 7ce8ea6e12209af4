"""What ended is over within five seconds, for a tab, a socket, a program with tokens, one with a key, and what they
were being sent."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import expect

from models import Account
from services.clock import now
from services.identity import accounts, api_keys, principals, sessions
from state.dashboard import DashboardState, Live
from state.session import SessionState
from state.settings import SettingsState
from tests.browser.conftest import PageAs
from tests.browser.house import PASSWORD, House
from tests.browser.screen import LIVE_WITHIN, Screen
from tests.browser.wire import Refused, Wire
from tests.browser.words import pt

OVER_WITHIN = 5.0
WATCHED = 3.0  # s after that; live data comes each second
# The rule that ends a sign-in does not ask what with; each is one of somebody's own.
WAYS = ("signed out elsewhere", "deactivated", "given another role", "with another password")


@dataclass
class Credentials:
    """All that a person and their programs hold."""

    account: Account
    session: str
    elsewhere: str  # another browser of theirs
    access: str
    refresh: str
    key: str
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, dict[str, str]]:
        """What is sent with a request, by what it speaks for."""
        return {
            "session": {"cookie": f"{principals.COOKIE}={self.session}"},
            "access token": {"authorization": f"Bearer {self.access}"},
            "key": {"authorization": f"Bearer {self.key}"},
        }


@dataclass
class Stream:
    """An open `/api/v1/stream`."""

    came: list[float] = field(default_factory=list)  # when snapshots did
    ended: bool = False


async def credentials_of(house: House) -> Credentials:
    """Somebody new."""
    email = f"{uuid4().hex}@example.org"
    account = house.ask(accounts.create, email, PASSWORD, role="operator", name="Olga")
    session, elsewhere = house.token(account), house.token(account)
    async with httpx2.AsyncClient(base_url=house.address, timeout=30) as client:
        signed_in = await client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        told = signed_in.json()
        cookie = {"cookie": f"{principals.COOKIE}={elsewhere}"}
        listed = (await client.get("/api/v1/sessions", headers=cookie)).json()["items"]
    owner = house.ask(sessions.find, session, now())
    assert owner is not None
    key, secret = house.ask(api_keys.create, owner, now(), name="pipeline", permissions=["compute:read"])
    family = next(row["id"] for row in listed if row["kind"] == "token")
    ids = {"session": owner.session_id.hex, "family": family, "key": key.id.hex}
    return Credentials(account, session, elsewhere, told["access_token"], told["refresh_token"], secret, ids)


async def end_all(way: str, house: House, whose: Credentials) -> None:
    """Do what ends everything, as people do it: over the network."""
    cookie = {"cookie": f"{principals.COOKIE}={whose.elsewhere}"}
    async with httpx2.AsyncClient(base_url=house.address, timeout=30) as client:
        match way:
            case "signed out elsewhere":
                for kind, path in (("session", "sessions"), ("family", "sessions"), ("key", "api-keys")):
                    ended = await client.delete(f"/api/v1/{path}/{whose.ids[kind]}", headers=cookie)
                    assert ended.status_code == 204, ended.text
            case "with another password":
                form = {"current": PASSWORD, "new": PASSWORD[::-1], "again": PASSWORD[::-1]}
                async with Wire(house.address, whose.elsewhere, path="/settings") as wire:
                    await wire.until(lambda: wire.of(SessionState).get("known"))
                    await wire.call(SettingsState.change_password, form=form)
                    await asyncio.sleep(1)
            case _:
                admin = {"cookie": f"{principals.COOKIE}={house.token(house.person('admin'))}"}
                change = {"active": False} if way == "deactivated" else {"role": "viewer"}
                where = f"/api/v1/users/{whose.account.id.hex}"
                changed = await client.patch(where, json=change, headers=admin)
                assert changed.status_code == 200, changed.text


@contextlib.asynccontextmanager
async def streaming(house: House, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """A stream that is being read."""
    stream = Stream()

    async def read() -> None:
        async with (
            httpx2.AsyncClient(base_url=house.address, headers=headers, timeout=30) as client,
            client.stream("GET", "/api/v1/stream?fields=at") as answer,
        ):
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                if line == "event: snapshot":
                    stream.came.append(time.monotonic())
        stream.ended = True

    reading = asyncio.create_task(read())
    try:
        yield stream
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


@pytest.mark.parametrize("way", WAYS)
async def test_what_ended_is_over_within_five_seconds(house: House, open_screen: PageAs, way: str):
    await house.has_workers(2)
    whose = await credentials_of(house)
    screen = await tab_of(open_screen, house, whose)
    async with contextlib.AsyncExitStack() as stack:
        wire = await stack.enter_async_context(Wire(house.address, whose.session))
        streams = {
            name: await stack.enter_async_context(streaming(house, headers))
            for name, headers in whose.headers.items()
        }
        await wire.until(lambda: wire.of(Live).get("at") and all(len(s.came) > 1 for s in streams.values()))
        assert await statuses(house, whose) == dict.fromkeys(whose.headers, 200)

        await end_all(way, house, whose)
        await asyncio.sleep(OVER_WITHIN)
        over, heard = time.monotonic(), len(wire.history)
        await is_empty(screen)
        for handler, payload in (
            (DashboardState.toggle_table, {}),
            (SessionState.switch_theme, {"theme": "dark"}),
        ):
            with contextlib.suppress(Exception):  # it is no longer connected
                await wire.call(handler, **payload)
        assert await statuses(house, whose) == dict.fromkeys(whose.headers, 401)
        await asyncio.sleep(WATCHED)
        assert wire.history[heard:] == []
        assert [at for stream in streams.values() for at in stream.came if at > over] == []
        assert all(stream.ended for stream in streams.values())
    assert house.ask(accounts.get, whose.account.id).theme == "system"
    with pytest.raises(Refused):
        async with Wire(house.address, whose.session):
            pass
    async with httpx2.AsyncClient(base_url=house.address, timeout=30) as client:
        renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": whose.refresh})
    assert renewed.status_code == 401
    await back_shows_nothing(screen)


async def tab_of(open_screen: PageAs, house: House, whose: Credentials) -> Screen:
    """Their browser, which has looked at two pages."""
    screen = await open_screen(house, wait=False)
    await screen.page.context.add_cookies(
        [{"name": principals.COOKIE, "value": whose.session, "url": house.address, "httpOnly": True}]
    )
    await screen.go("/")
    await screen.go("/workers")
    await expect(screen.rows.first).to_be_visible()
    return screen


async def is_empty(screen: Screen) -> None:
    """The tab says that it was signed out, and holds nothing of before."""
    assert re.search(r"/login\?reason=revoked$", screen.page.url)
    await screen.says(pt("auth.revoked"))
    await expect(screen.rows).to_have_count(0)
    await expect(screen.page.get_by_text("Olga")).to_have_count(0)


async def back_shows_nothing(screen: Screen) -> None:
    """Nor does it by going back."""
    screen.may_lose_network()  # what is behind is answered with 401 or led away
    for _ in range(2):
        with contextlib.suppress(Exception):  # there may be no page before
            await screen.page.go_back(timeout=10_000)
        # The frame of the page may come from the browser's own store, with nothing in it, until it has asked.
        await expect(screen.rows).to_have_count(0)
        await expect(screen.page.get_by_text("Olga")).to_have_count(0)
        await expect(screen.page).to_have_url(re.compile("/login"), timeout=LIVE_WITHIN)


async def statuses(house: House, whose: Credentials) -> dict[str, int]:
    """How the API answers each of them."""
    async with httpx2.AsyncClient(base_url=house.address, timeout=30) as client:

        async def ask(headers: dict[str, str]) -> int:
            return (await client.get("/api/v1/dashboard?fields=at", headers=headers)).status_code

        return {name: await ask(headers) for name, headers in whose.headers.items()}
