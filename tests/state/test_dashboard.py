"""What ticks off the first steps, how their list leaves and comes back, and what is said of the mail server."""

from typing import Any

import pytest

from services import db
from services.i18n import translate
from services.identity import accounts
from state import views
from state.dashboard import DashboardState, live_broadcast
from tests.keepai.around import snapshot


def probe(name: str, state: str, **more: Any) -> dict[str, Any]:
    """A result as snapshots carry it."""
    empty = {
        "since": 0.0,
        "checked_at": 0.0,
        "succeeded_at": None,
        "latency": None,
        "reason": "",
        "detail": {},
    }
    return {"name": name, "state": state, **empty, **more}


async def shown(*probes: dict[str, Any]) -> dict[str, Any]:
    return await live_broadcast("en").build(snapshot(probes=list(probes)))


@pytest.mark.parametrize(
    ("state", "done"), [("ok", True), ("slow", True), ("down", False), ("not_configured", False)]
)
async def test_the_step_of_mail_is_done_when_the_server_answers(state: str, done: bool) -> None:
    assert (await shown(probe("mail", state), probe("ollama", "ok")))["has_mail"] is done


async def test_the_steps_are_open_before_the_first_probes() -> None:
    found = await shown()
    assert (found["has_mail"], found["has_model"]) == (False, False)


async def test_a_mail_server_is_no_model() -> None:
    assert (await shown(probe("mail", "ok")))["has_model"] is False


async def test_the_name_of_the_mail_server_is_its_detail() -> None:
    found = await shown(probe("mail", "ok", latency=0.004, detail={"server": "mail.example.org"}))
    (view,) = found["probes"]
    assert (view["label"], view["word"], view["detail"]) == ("Mail server", "Up", "mail.example.org")


async def test_a_mail_server_that_is_down_needs_attention() -> None:
    down = probe("mail", "down", reason="probes.reason.mail_code", reason_params={"code": "454"})
    (row,) = views.attention(snapshot(probes=[down]), "en")
    assert (row["title"], row["text"]) == ("Mail server does not answer", "It answered SMTP 454.")


async def test_hiding_the_first_steps_can_be_undone(tab, ana):
    screen = tab(ana, "/")
    page = await screen.of(DashboardState)
    page.checklist_shown = True
    await screen.call(DashboardState.hide_checklist)
    assert db.read_now(accounts.get, ana.id).checklist_hidden
    assert not page.checklist_shown
    (said,) = await screen.messages()
    assert (said["event"], said["action"]) == ("checklist", translate("pt-BR", "common.undo"))
    await screen.call(DashboardState.show_checklist, said["id"])
    assert not db.read_now(accounts.get, ana.id).checklist_hidden
    assert page.checklist_shown
    assert await screen.messages() == []


async def test_a_viewer_gets_no_first_steps_that_way(tab, carla):
    screen = tab(carla, "/")
    await screen.call(DashboardState.show_checklist, "x" * 4000)
    assert not (await screen.of(DashboardState)).checklist_shown
