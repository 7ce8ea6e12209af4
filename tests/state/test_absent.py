"""Which states are kept, on Reflex's own manager of states."""

import asyncio

import pytest
import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory

from state.absent import KEPT, Absent


class Remembered(rx.State):
    """Something a tab has."""

    text: str = ""


@pytest.fixture
async def states():
    """Where Reflex keeps the states of this process."""
    manager = StateManagerMemory()
    yield manager
    await manager.close()


@pytest.fixture
def connected():
    """The tabs whose socket is open."""
    return {"here", "back", "gone"}


@pytest.fixture
def absent(states, connected):
    """What is tested, with the tabs of `connected`."""
    return Absent(states, lambda: connected)


async def write(states, tab, text):
    """An event of a tab sets something."""
    async with states.modify_state(token(tab)) as root:
        (await root.get_state(Remembered)).text = text


async def read(states, tab):
    """What a tab finds."""
    return (await (await states.get_state(token(tab))).get_state(Remembered)).text


def token(tab):
    """What Reflex looks a tab's state up by."""
    return rx.BaseStateToken(ident=tab, cls=Remembered)


async def test_only_who_stays_away_finds_a_new_state(states, connected, absent):
    for tab in ("here", "back", "gone"):
        await write(states, tab, "written before")
    connected -= {"back", "gone"}
    absent.drop(100.0)
    absent.drop(100.0 + KEPT - 1)
    connected.add("back")
    absent.drop(100.0 + KEPT)
    absent.drop(100.0 + 10 * KEPT)
    assert list(states.states) == ["here", "back"]
    assert [await read(states, tab) for tab in ("here", "back", "gone")] == ["written before"] * 2 + [""]


async def test_the_time_starts_anew_with_each_absence(states, connected, absent):
    await write(states, "back", "written before")
    for gone_at in (0.0, KEPT, 2 * KEPT):
        connected.discard("back")
        absent.drop(gone_at + 1)
        absent.drop(gone_at + KEPT - 1)
        connected.add("back")
        absent.drop(gone_at + KEPT)
    assert await read(states, "back") == "written before"


async def test_a_state_whose_event_is_being_handled_goes_after_it(states, connected, absent):
    connected.clear()
    async with states.modify_state(token("gone")) as root:
        absent.drop(0.0)
        absent.drop(KEPT)
        await asyncio.sleep(0)
        assert states.states["gone"] is root
    absent.drop(KEPT + 1)
    assert not states.states


async def test_nothing_of_a_dropped_tab_stays(states, connected, absent):
    connected.clear()
    await write(states, "gone", "written before")
    absent.drop(0.0)
    absent.drop(KEPT)
    absent.drop(KEPT + 1)
    assert (states.states, states._token_expires_at, states._states_locks, absent._since) == ({}, {}, {}, {})
