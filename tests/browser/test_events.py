"""What a program sends to the socket: without a session nothing, with one no more than its person may."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from services.i18n import translate
from services.identity.permissions import GRANTS
from state.appearance import AppearanceState
from state.audit import AuditState
from state.dashboard import DashboardState, Live
from state.guard import event_permission
from state.people import PeopleState
from state.person import PersonState
from state.session import SessionState
from state.settings import SettingsState
from state.system import SystemState
from state.toasts import Toasts
from state.words import Words
from state.workers import WorkerRows, WorkersState
from tests.browser.house import House
from tests.browser.wire import ROOT, Refused, Wire
from tests.browser.words import pt

HUGE = "x" * 60_000  # below what the socket takes at all
AT_ONCE = 30  # events that a socket may send without a pause
STRANGE = [
    None,
    True,
    1,
    -1,
    1e308,
    "",
    "\x00",
    "'; drop table account; --",
    [],
    {},
    [[]],
    {"a": {}},
    "é" * 9,
]


@pytest.fixture
def workers(house: House) -> list[dict[str, Any]]:
    """What is known of the compute by a way that no event goes."""
    found: list[dict[str, Any]] = house.dashboard(house.token(house.person("viewer")))["workers"]
    return found


@pytest.mark.parametrize("session", ["", "a" * 43, "é", "x" * 5000])
async def test_a_socket_without_a_session_is_refused_at_the_handshake(house: House, session: str):
    with pytest.raises(Refused):
        async with Wire(house.address, session):
            pass


async def test_a_forged_event_of_a_viewer_changes_nothing_and_is_answered_in_words(house: House, workers):
    await house.has_workers(2)
    before = {process.pid for process in house.worker_processes()}
    viewer = house.person("viewer")
    async with Wire(house.address, house.token(viewer), path="/workers") as wire:
        await wire.until(lambda: wire.of(WorkerRows).get("rows"))
        target = wire.of(WorkerRows)["rows"][0]["id"]
        said = translate("pt-BR", "errors.forbidden_role", role="viewer")
        for handler, payload in (
            (WorkersState.confirm, {"kind": "restart", "target": target}),
            (WorkersState.confirm, {"kind": "retire", "target": target}),
            (WorkersState.ask, {"kind": "retire", "worker_id": target}),
            (WorkersState.forget, {"worker_id": target}),
            (WorkersState.put_back, {"toast_id": target}),
            (WorkersState.pick, {"worker_id": target, "picked": True}),
            (WorkersState.pick_shown, {"picked": True}),
            (WorkersState.ask_picked, {"kind": "retire"}),
            (WorkersState.confirm_picked, {}),
            (WorkersState.forget_picked, {}),
            (WorkersState.scale, {"form": {"workers": "1"}}),
            (SystemState.check_probes, {}),
        ):
            assert event_permission(handler.fn) not in GRANTS["viewer"]
            shown = {toast["id"] for toast in wire.of(Toasts).get("items", [])}
            await wire.call(handler, **payload)
            await wire.until(
                lambda shown=shown: [
                    t for t in wire.of(Toasts).get("items", []) if t["id"] not in shown and t["title"] == said
                ]
            )
        assert wire.of(WorkersState)["pending"]["kind"] == ""
        assert wire.of(WorkersState)["question"]["kind"] == ""
        assert wire.of(WorkersState)["picked"] == []
    await asyncio.sleep(2)  # a restart that was not refused would have begun
    assert {process.pid for process in house.worker_processes()} == before


async def test_no_role_or_session_can_be_written_from_outside(house: House):
    viewer = house.person("viewer")
    async with Wire(house.address, house.token(viewer)) as wire:
        await wire.until(lambda: wire.of(SessionState).get("known"))
        session = SessionState.get_full_name()
        for name in ("role", "may_act", "may_scale", "_whose"):
            await wire.raw(wire.event(f"{session}.set_{name}", {"value": True}))
            await wire.raw(wire.event(f"{session}.setvar", {"var_name": name, "value": "admin"}))
            await wire.raw(wire.event(f"{session}._show", {"person": {"role": "admin"}}))
        vars_ = {f"{session}.role_rx_state_": "admin", f"{session}.may_act_rx_state_": True}
        await wire.raw(wire.event(f"{ROOT}.hydrate_and_load", {"vars": vars_}))
        updates = f"{ROOT}.reflex___state____update_vars_internal_state.update_vars_internal"
        await wire.raw(wire.event(updates, {"vars": vars_}))
        await wire.call(DashboardState.toggle_table)
        await wire.until(lambda: wire.of(DashboardState).get("as_table"))
        seen = wire.of(SessionState)
        assert (seen["role"], seen["may_act"], seen["may_scale"]) == ("viewer", False, False)
        await wire.call(WorkersState.scale, form={"workers": "1"})
        await wire.until(
            lambda: (
                pt("errors.forbidden_role", role="viewer")
                in [toast["title"] for toast in wire.of(Toasts).get("items", [])]
            )
        )


async def test_an_event_that_is_too_big_ends_its_socket_and_no_other(house: House):
    viewer = house.person("viewer")
    async with (
        Wire(house.address, house.token(viewer)) as other,
        Wire(house.address, house.token(viewer)) as wire,
    ):
        await wire.until(lambda: wire.of(SessionState).get("known"))
        await wire.call(WorkersState.search, text="x" * 70_000)
        await wire.until(lambda: not wire.client.connected)
        at = other.of(Live)["at"]
        await other.until(lambda: other.of(Live)["at"] > at)


async def test_a_flood_is_held_up_and_then_ended_and_no_other_waits(house: House):
    viewer = house.person("viewer")
    async with (
        Wire(house.address, house.token(viewer)) as other,
        Wire(house.address, house.token(viewer)) as wire,
    ):
        await wire.until(lambda: wire.of(SessionState).get("known"))
        for _ in range(1000):
            if not wire.client.connected:
                break
            await wire.call(DashboardState.toggle_table)
        at = other.of(Live)["at"]
        await other.call(DashboardState.toggle_table)
        await other.until(lambda: other.of(DashboardState).get("as_table"), 5)
        await other.until(lambda: other.of(Live)["at"] > at)
        await wire.until(lambda: not wire.client.connected, 60)


async def test_a_tab_taken_over_by_somebody_else_holds_nothing_of_before(house: House):
    admin, viewer = house.person("admin"), house.person("viewer", "en")
    tab = "0b0e7f6c-0000-4000-8000-00000000feed"
    async with Wire(house.address, house.token(admin), path="/settings", tab=tab) as wire:
        await wire.until(lambda: wire.of(SettingsState).get("sessions"))
        await wire.call(SettingsState.end_session, session_id="nonsense")
        await wire.until(lambda: wire.of(Toasts).get("items"))
    await asyncio.sleep(1)  # the server notices that the tab left
    async with Wire(house.address, house.token(viewer), tab=tab) as wire:
        await wire.until(lambda: wire.of(SessionState).get("email") == viewer.email)
        await wire.until(lambda: wire.of(Live).get("at"))
        assert admin.email not in json.dumps(wire.history)
        assert wire.of(Toasts).get("items", []) == []


async def test_the_token_of_a_tab_that_is_open_tells_nobody_else_what_it_holds(house: House):
    admin, viewer = house.person("admin"), house.person("viewer", "en")
    tab = str(uuid4())
    async with Wire(house.address, house.token(admin), path="/settings", tab=tab) as victim:
        await victim.until(lambda: victim.of(SettingsState).get("sessions"))
        async with Wire(house.address, house.token(viewer), path="/settings", tab=tab) as wire:
            await wire.until(lambda: wire.of(Live).get("at"))
            await wire.call(SettingsState.end_session, session_id="nonsense")
            await wire.call(DashboardState.toggle_table)
            await asyncio.sleep(2)
            assert admin.email not in json.dumps(wire.history)
        assert viewer.email not in json.dumps(victim.history)
        assert not victim.of(DashboardState).get("as_table")
        at = victim.of(Live)["at"]
        await victim.until(lambda: victim.of(Live)["at"] > at)


async def test_another_persons_session_cannot_be_ended(house: House):
    admin, viewer = house.person("admin"), house.person("viewer")
    async with Wire(house.address, house.token(admin), path="/settings") as victim:
        await victim.until(lambda: victim.of(SettingsState).get("sessions"))
        target = next(row["id"] for row in victim.of(SettingsState)["sessions"] if row["current"])
        async with Wire(house.address, house.token(viewer), path="/settings") as wire:
            await wire.until(lambda: wire.of(SettingsState).get("sessions"))
            await wire.call(SettingsState.end_session, session_id=target)
            await wire.until(lambda: wire.of(Toasts).get("items"))
        at = victim.of(Live)["at"]
        await victim.until(lambda: victim.of(Live)["at"] > at)
        assert not victim.of(SessionState).get("leave")


@pytest.mark.parametrize("role", ["viewer", "admin"])
async def test_values_of_every_wrong_kind_are_refused_in_words_and_the_server_lives(house: House, role: str):
    await house.has_workers(2)
    arguments = {
        WorkersState.scroll: ("first", "visible"),
        WorkersState.sort_by: ("column",),
        WorkersState.search: ("text",),
        WorkersState.filter_by: ("state",),
        WorkersState.toggle_column: ("column",),
        WorkersState.open: ("worker_id",),
        WorkersState.show_tab: ("tab",),
        WorkersState.show_range: ("span",),
        WorkersState.ask: ("kind", "worker_id"),
        WorkersState.confirm: ("kind", "target"),
        WorkersState.forget: ("worker_id",),
        WorkersState.put_back: ("toast_id",),
        WorkersState.pick: ("worker_id", "picked"),
        WorkersState.pick_shown: ("picked",),
        WorkersState.ask_picked: ("kind",),
        WorkersState.scale: ("form",),
        DashboardState.show_range: ("span",),
        DashboardState.show_checklist: ("toast_id",),
        SystemState.show_window: ("window",),
        SettingsState.check_name: ("text",),
        SettingsState.check_password: ("field", "length", "same"),
        SettingsState.save_profile: ("form",),
        SettingsState.change_password: ("form",),
        SettingsState.end_session: ("session_id",),
        SettingsState.ask_delete: ("asked",),
        SettingsState.delete_account: ("form",),
        PeopleState.search: ("text",),
        PeopleState.invite: ("form",),
        PeopleState.offer_reset: ("account_id",),
        PeopleState.set_role: ("account_id", "role"),
        PeopleState.ask: ("kind", "row_id"),
        PeopleState.deactivate: ("account_id",),
        PeopleState.reactivate: ("account_id",),
        PeopleState.withdraw: ("link_id",),
        PersonState.end: ("sign_in_id",),
        PersonState.ask: ("kind", "key_id"),
        PersonState.revoke: ("key_id",),
        AppearanceState.check_zone: ("text",),
        AppearanceState.save_zone: ("form",),
        AuditState.narrow: ("name", "value"),
        AuditState.search: ("name", "text"),
        SessionState.switch_language: ("language",),
        SessionState.switch_theme: ("theme",),
        SessionState.close_toast: ("toast_id",),
    }
    before = house.log.stat().st_size
    token, titles = house.token(house.person(role)), set()
    calls = [
        *[
            (handler, payload)
            for handler, names in arguments.items()
            for payload in (
                *[dict.fromkeys(names, value) for value in STRANGE],
                {},
                {**dict.fromkeys(names, HUGE[:5_000]), "more": 1},
            )
        ],
        (WorkersState.search, {"text": HUGE}),
        (WorkersState.scroll, {"first": 10**18, "visible": 10**18}),
        (WorkersState.scroll, {"first": -(10**18), "visible": -5}),
    ]
    for first in range(0, len(calls), AT_ONCE):
        async with Wire(house.address, token, path="/workers") as wire:
            await wire.until(lambda wire=wire: wire.of(Words).get("language"))
            for handler, payload in calls[first : first + AT_ONCE]:
                await wire.call(handler, **payload)
            await wire.call(DashboardState.toggle_table)
            await wire.until(lambda wire=wire: wire.of(DashboardState).get("as_table"), 120)
            titles |= {toast["title"] for toast in wire.of(Toasts).get("items", [])}
    assert titles
    assert not titles & {pt("errors.unexpected")}
    said = house.log.read_bytes()[before:].decode()
    assert "Traceback" not in said, said[-3000:]
    async with Wire(house.address, house.token(house.person(role))) as wire:
        await wire.until(lambda: wire.of(Live).get("at"))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        7,
        "text",
        "{",
        [],
        {},
        {"name": 7, "payload": {}},
        {"name": "no.such.event", "payload": {}},
        {"name": f"{ROOT}.hydrate", "payload": 7},
        {"name": f"{ROOT}.hydrate_and_load", "payload": {}, "router_data": 7},
        {"name": f"{ROOT}.hydrate_and_load", "payload": {}, "router_data": {"pathname": 7, "asPath": []}},
        {
            "name": f"{ROOT}.hydrate_and_load",
            "payload": {"vars": 7},
            "router_data": {"pathname": "/", "asPath": "/"},
        },
    ],
    ids=str,
)
async def test_messages_of_no_known_shape_do_no_harm(house: House, sent: object):
    token = house.token(house.person("viewer"))
    async with Wire(house.address, token) as wire, Wire(house.address, token) as other:
        await wire.until(lambda: wire.of(Live).get("at"))
        await wire.raw(sent)
        await other.until(lambda: other.of(Live).get("at"))
        at = other.of(Live)["at"]
        await other.until(lambda: other.of(Live)["at"] > at)


async def test_an_event_that_is_not_known_leaves_nothing_private_in_the_log(house: House):
    token = house.token(house.person("viewer"))
    before = house.log.stat().st_size
    async with Wire(house.address, token) as wire:
        await wire.until(lambda: wire.of(Live).get("at"))
        await wire.raw({"name": "no.such.event", "payload": {"form": {"new": "a secret of mine"}}})
        await wire.call(WorkersState.search, text="x")
        await house_has_logged(house, before, "no.such.event")
    said = house.log.read_bytes()[before:].decode()
    assert "a secret of mine" not in said and token not in said


async def house_has_logged(house: House, start: int, text: str) -> None:
    await asyncio.to_thread(house.until, lambda: text in house.log.read_bytes()[start:].decode(), 60)


@pytest.mark.parametrize("size", [1_000_000, 3_000_000])
async def test_a_message_beyond_all_measure_ends_its_own_socket_only(house: House, size: int):
    token = house.token(house.person("viewer"))
    async with Wire(house.address, token) as other:
        wire = Wire(house.address, token)
        async with wire:
            await wire.until(lambda: wire.of(Live).get("at"))
            await wire.call(WorkersState.search, text="x" * size)
            await wire.until(lambda: not wire.client.connected)
        at = other.of(Live)["at"]
        await other.until(lambda: other.of(Live)["at"] > at)
