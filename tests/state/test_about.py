"""The about section: what everybody may know, and health for those who see the system."""

from services import db, lease, live
from services.about import VERSION
from services.clock import now
from services.i18n import translate
from state import about as about_state
from state.about import AboutState, Health, health_broadcast
from state.live import delta
from tests.keepai.around import snapshot


async def test_everybody_reads_version_and_licences(tab, carla):
    screen = tab(carla, "/settings/about")
    await screen.call(AboutState.load)
    page = await screen.of(AboutState)
    assert (page.ready, page.version, page.licence) == (True, VERSION, "MIT")
    licences = {row["name"]: row["licence"] for row in page.get_value("packages")}
    assert licences["psycopg"] == "LGPL-3.0-only"


async def test_health_is_told_in_words(database):
    db.write_now(lease.take, "background", "me", now())
    live.publish(snapshot())
    told = await health_broadcast("pt-BR").build(None)
    assert (told["look"], told["word"]) == ("ok", translate("pt-BR", "about.health.ok"))
    assert [(part["label"], part["word"]) for part in told["parts"]] == [
        ("Banco de dados", "No ar"),
        ("Computação", "No ar"),
        ("Tarefas de fundo", "No ar"),
    ]
    facts = {fact["name"]: fact["value"] for fact in told["facts"]}
    assert facts["Banco de dados"].startswith("SQLite 3.")
    assert facts["Redis"] == "Não configurado"
    live.publish(None)
    told = await health_broadcast("en").build(None)
    assert (told["look"], told["word"]) == ("warning", "Something is not as it should be")
    assert told["parts"][1]["word"] == "Nothing heard"


async def test_without_a_database_it_says_so_and_nothing_fails(database):
    db.configure("sqlite:////nowhere/at/all.db")
    told = await health_broadcast("en").build(None)
    assert (told["look"], told["word"], told["facts"]) == ("critical", "The database does not answer", [])


async def test_who_does_not_see_the_system_is_sent_no_health(tab, carla, sender, monkeypatch):
    screen = tab(carla, "/settings/about")
    await screen.call(AboutState.load)
    name = next(iter(delta(Health, {})))
    assert [message for message in sender.sent["tab-1"] if name in message]
    monkeypatch.setattr(about_state, "principal", lambda: _Nothing())
    sender.sent.clear()
    await screen.call(AboutState.load)
    assert not [message for message in sender.sent.get("tab-1", []) if name in message]


class _Nothing:
    """Somebody who may see nothing of the system."""

    def may(self, permission: str) -> bool:
        return False
