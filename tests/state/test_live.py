"""What tabs are sent: all of a room when they join it, then what changed; and the details of Reflex this leans on."""

from dataclasses import replace
from typing import Any

import pytest

from state import live
from state.dashboard import Live
from state.live import Broadcast, Broadcaster

NEWS = {"at": 1.0, "age_ms": 0}


class Sent:
    """A socket server that only remembers."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.rooms: dict[str, set[str]] = {}
        self.gone: set[str] = set()

    def encode(self, event: str, data: Any) -> Any:
        assert event == "event"
        (values,) = data.delta.values()
        return {name.removesuffix(live.SUFFIX): value for name, value in values.items()}

    async def emit(self, message: Any, room: str) -> None:
        self.messages.append((room, message))

    async def enter(self, sid: str, room: str) -> None:
        self.rooms.setdefault(room, set()).add(sid)

    async def leave(self, sid: str, room: str) -> None:
        self.rooms[room].discard(sid)

    async def disconnect(self, sid: str) -> None:
        self.gone.add(sid)

    def is_connected(self, sid: str) -> bool:
        return sid not in self.gone

    def to(self, room: str) -> list[dict[str, Any]]:
        """What was sent there since the last call."""
        found = [message for where, message in self.messages if where == room]
        self.messages = [(where, message) for where, message in self.messages if where != room]
        return found


@pytest.fixture
def sent() -> Sent:
    return Sent()


def anything(_permission: str, _scope: str) -> bool:
    """What somebody may who may everything."""
    return True


def broadcast(room: str, values: dict[str, Any]) -> Broadcast:
    async def build(_snapshot: Any) -> dict[str, Any]:
        return values

    return Broadcast(room, Live, build)


async def test_who_joins_gets_all_of_it_and_then_only_what_changed(sent: Sent):
    values = {"groups": ["a"], "events": []}
    broadcaster = Broadcaster(sent)
    await broadcaster.attend("one", "s", anything, "en", lambda _: [broadcast("room", values)])
    assert sent.to("one") == [{"groups": ["a"], "events": []}]
    sent.to("room")  # the first one makes the room, which is told as well
    values["groups"] = ["b"]
    await broadcaster._refresh(broadcaster._rooms["room"])
    await broadcaster._refresh(broadcaster._rooms["room"])
    assert sent.to("room") == [{"groups": ["b"]}]
    await broadcaster.attend("two", "s", anything, "en", lambda _: [broadcast("room", values)])
    assert sent.to("two") == [{"groups": ["b"], "events": []}]
    assert sent.to("one") == []


async def test_who_scrolls_is_sent_the_other_rows_and_nothing_again(sent: Sent):
    broadcaster = Broadcaster(sent)
    frame, top, below = (
        broadcast("frame", {"at": 1.0}),
        broadcast("rows 0", {"groups": [0]}),
        broadcast("rows 6", {"groups": [6]}),
    )
    await broadcaster.attend("one", "s", anything, "en", lambda _: [frame, top])
    assert len(sent.to("one")) == 2
    await broadcaster.attend("one", "s", anything, "en", lambda _: [frame, below], anew=False)
    assert sent.to("one") == [{"groups": [6]}]
    assert sent.rooms == {"frame": {"one"}, "rows 0": set(), "rows 6": {"one"}}
    await broadcaster.attend("one", "s", anything, "en", lambda _: [frame, below], anew=False)
    assert sent.to("one") == []
    await broadcaster.attend(
        "one", "s", anything, "en", lambda _: [frame, below]
    )  # a page that was loaded anew knows nothing
    assert len(sent.to("one")) == 2


async def test_another_language_is_another_room(sent: Sent):
    broadcaster = Broadcaster(sent)
    await broadcaster.attend(
        "one", "s", anything, "en", lambda locale: [broadcast(f"live|{locale}", {"groups": [locale]})]
    )
    sent.to("one")
    await broadcaster.speak("one", "pt-BR")
    assert sent.to("one") == [{"groups": ["pt-BR"]}]
    assert sent.rooms == {"live|en": set(), "live|pt-BR": {"one"}}


async def test_a_room_of_tabs_that_are_gone_is_no_longer_built(sent: Sent):
    broadcaster = Broadcaster(sent)
    await broadcaster.attend("one", "s", anything, "en", lambda _: [broadcast("room", NEWS)])
    sent.gone.add("one")
    broadcaster._drop_absent()
    assert broadcaster.tabs == 0 and broadcaster._rooms == {}


def test_a_variable_is_called_as_the_built_page_calls_it():
    assert str(Live.at) == f"{Live.get_full_name().replace('.', '__')}.at{live.SUFFIX}"
    (keys,) = live.delta(Live, NEWS).values()
    assert set(keys) <= set(Live(_reflex_internal_init=True).dict()[Live.get_full_name()])


def test_live_states_have_no_computed_vars():
    """They would be computed from the server's copy, which is never filled."""
    assert not Live.computed_vars


async def test_a_tab_sees_what_its_person_may_where_they_may_and_nothing_else(sent: Sent):
    broadcaster = Broadcaster(sent)
    all_of_them = [
        broadcast("compute", {"groups": ["c"]}),
        replace(broadcast("system", {"groups": ["s"]}), permission="system:read"),
        replace(broadcast("clinic", {"groups": ["k"]}), scope="clinic:1"),
    ]
    held: set[tuple[str, str]] = set()
    await broadcaster.attend("one", "s", lambda *asked: asked in held, "en", lambda _: all_of_them)
    assert (sent.to("one"), sent.rooms) == ([], {})
    # A page that is loaded anew joins what is allowed by then, and leaves what is not.
    held = {("compute:read", "platform"), ("compute:read", "clinic:1")}
    await broadcaster.attend("one", "s", lambda *asked: asked in held, "en", lambda _: all_of_them)
    assert sent.to("one") == [{"groups": ["c"]}, {"groups": ["k"]}]
    held = {("system:read", "platform")}
    await broadcaster.attend("one", "s", lambda *asked: asked in held, "en", lambda _: all_of_them)
    assert sent.to("one") == [{"groups": ["s"]}]
    assert sent.rooms == {"compute": set(), "clinic": set(), "system": {"one"}}
