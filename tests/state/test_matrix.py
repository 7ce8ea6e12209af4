"""Every event handler there is declares who may call it, and lets in exactly those."""

import importlib
import pkgutil

import pytest
import reflex as rx

import state
from services import db
from services.i18n import translate
from services.identity import accounts
from services.identity.permissions import GRANTS, PERMISSIONS, ROLES
from state.guard import event_permission

# What Reflex puts into every state and sends itself. OwnTabsOnly drops all of it without a session.
REFLEXS = {"setvar", "set_is_hydrated"}
# Handlers that anyone may call, each with its reason.
PUBLIC: dict[str, str] = {}


def states(of=rx.State):
    for one in of.__subclasses__():
        yield one
        yield from states(one)


def handlers():
    """Every handler of every state of ours by name."""
    for module in pkgutil.iter_modules(state.__path__):
        importlib.import_module(f"state.{module.name}")
    return {
        f"{one.__name__}.{name}": (one, handler)
        for one in states()
        if one.__module__.startswith("state.")
        for name, handler in one.event_handlers.items()
        if name not in REFLEXS
    }


HANDLERS = dict(sorted(handlers().items()))


def test_there_are_handlers_to_look_at():
    assert len(HANDLERS) > 60
    assert {"WorkersState.confirm", "PeopleState.set_role", "SessionState.close_toast"} <= HANDLERS.keys()


@pytest.mark.parametrize("name", HANDLERS)
def test_each_declares_a_permission_of_the_table(name):
    if name not in PUBLIC:
        assert event_permission(HANDLERS[name][1].fn) in PERMISSIONS


def test_no_handler_sets_a_variable_as_it_is_told():
    assert [
        name for name in HANDLERS if name.split(".")[1].startswith("set_") and "set_role" not in name
    ] == []


@pytest.fixture(params=["nobody", *ROLES])
def who(request, database):
    """A role, and somebody who holds it."""
    role = request.param
    if role == "nobody":
        role, person = (
            "",
            db.write_now(accounts.create, "gone@example.org", "a long passphrase", role="admin"),
        )
        return role, person
    return role, db.write_now(accounts.create, f"{role}@example.org", "a long passphrase", role=role)


async def test_each_lets_in_exactly_those_to_whom_the_table_grants_it(tab, who):
    role, person = who
    screen = tab(person, "/")
    if not role:
        screen._where["headers"] = {**screen._where["headers"], "cookie": "keepai_session=nobodys"}
        screen.at("/")
    deviations = []
    for name, (_, handler) in HANDLERS.items():
        permission = event_permission(handler.fn)
        before = {message["id"] for message in await screen.messages()}
        # No handler takes this: whoever is let in is told so before anything is done.
        await handler.fn(await screen.of(HANDLERS[name][0]), no_such_argument=1)
        said = [message["title"] for message in await screen.messages() if message["id"] not in before]
        if not role:
            expected = []
        elif permission in GRANTS[role]:
            expected = [translate("pt-BR", "errors.arguments")]
        else:
            expected = [translate("pt-BR", "errors.forbidden_role", role=role)]
        if said != expected:
            deviations.append((name, said))
    assert deviations == []
