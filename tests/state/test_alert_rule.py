"""Admins make and change rules, and see before they save when one would have fired."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from components import alert_rule as parts
from services import db, history, measures
from services.alerts import advice, builtin, rules, triage, typed
from services.alerts.preview import RANGES, preview
from services.alerts.rules import Draft
from services.clock import now
from services.i18n import translate
from services.identity import accounts
from services.measures import Measure
from state import alert_rule
from state.alert_rule import RULES, AlertRuleState

MINUTE = 60
NEW = "/alerts/rules/new"


@pytest.fixture(autouse=True)
def bus(heard, monkeypatch):
    monkeypatch.setattr(alert_rule, "SETTLED", 0.01)
    triage.configure(heard)
    return heard


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


@pytest.fixture
def used(database):
    """The share of the machine's disk: 50 %, and for so many minutes beyond 90 % at each of these minutes ago."""

    def store(session, spells, total):
        at = int(now().timestamp()) // MINUTE * MINUTE
        for ago in range(total, 0, -1):
            high = next((high for start, long, high in spells if start >= ago > start - long), 50.0)
            when = datetime.fromtimestamp(at - ago * MINUTE, UTC)
            history.write(session, when, [({"kind": "host"}, {"disk_share": high, "cpu": 10.0})])

    def used_(*spells, total=100):
        db.write_now(store, spells, total)

    return used_


def error(key):
    return translate("pt-BR", f"alerts.error.{key}")


async def opened(tab, who, path=NEW, **choices):
    """The editor of a new rule about the disk, after these changes."""
    screen = tab(who, path)
    await screen.call(AlertRuleState.load)
    for name, text in choices.items():
        await screen.call(AlertRuleState.choose, name, text)
    return screen, await screen.of(AlertRuleState)


DISK = {"measure": "host.disk_share", "summary": "last", "pending": "0", "keep": "0"}


async def test_a_rule_is_tried_on_what_is_stored_while_it_is_typed(tab, admin, used):
    used((90, 2, 95.0), (60, 3, 95.0), (30, 10, 97.0))
    screen, page = await opened(tab, admin, **DISK, warning_fire="90", warning_clear="80")
    await screen.call(AlertRuleState.show_range, "2h")
    await screen.call(AlertRuleState.look)
    assert (page.found["status"], page.found["count"], page.found["kind"]) == ("fired", 3, "host")
    assert (page.found["warnings"], page.found["criticals"]) == ("3", "0")
    assert [row["peak"] for row in page.episodes] == ["97\u00a0%", "95\u00a0%", "95\u00a0%"]
    assert {row["subject"] for row in page.episodes} == {"Máquina"}
    assert len(page.stretches) == 3
    assert [limit["label"] for limit in page.figure["limits"]] == ["Aviso 90"]
    await screen.call(AlertRuleState.change, "warning_fire", "99")
    assert page.looking
    await screen.call(AlertRuleState.look)
    assert (page.found["status"], page.episodes, page.found["drawn"]) == ("never", [], "Máquina")
    await screen.call(AlertRuleState.change, "warning_fire", "o dobro")
    await screen.call(AlertRuleState.look)
    assert page.found["status"] == "waiting"
    assert page.errors["warning_fire"] == ""  # nobody has left it yet


async def test_a_flag_that_says_what_is_there_fires_when_it_is_not(tab, admin):
    _, page = await opened(tab, admin, measure="worker.up")
    assert (page.unit, page.texts["above"]) == ("flag", "no")
    _, page = await opened(tab, admin, measure="worker.paused")
    assert page.texts["above"] == "yes"


async def test_who_looks_for_the_unusual_says_so_in_percent_of_what_is_usual(tab, admin, used):
    used(total=3)
    screen, page = await opened(tab, admin, measure="host.outbox_lag", summary="mean")
    assert page.unit == "seconds"
    before = page.form_key
    await screen.call(AlertRuleState.choose, "summary", "unusual")
    assert (page.unit, page.form_key) == ("percent", before + 1)
    said = ("window", "window_unit", "warning_fire", "warning_clear", "critical_fire", "above")
    assert [page.texts[name] for name in said] == ["120", "min", "10", "5", "", "yes"]
    await screen.call(AlertRuleState.save, {"name": "Fila diferente"})
    (rule,) = db.read_now(rules.listed)
    assert (rule.summary, rule.window, rule.warning_fire) == ("unusual", 7200.0, 10.0)
    screen.at(f"/alerts/rules/{rule.id.hex}")
    await screen.call(AlertRuleState.load)
    assert (page.unit, page.texts["warning_fire"]) == ("percent", "10")
    await screen.call(AlertRuleState.choose, "summary", "max")
    assert (page.unit, page.texts["warning_fire"], page.texts["size"]) == ("seconds", "", "s")
    await screen.call(AlertRuleState.choose, "measure", "worker.up")
    await screen.call(AlertRuleState.choose, "summary", "unusual")
    assert page.unit == "flag"
    await screen.call(AlertRuleState.leave, "summary", "unusual")
    assert page.errors["summary"] == error("unusual_flag")


async def test_where_nothing_is_stored_it_says_so(tab, admin):
    screen, page = await opened(tab, admin, **DISK, warning_fire="90", warning_clear="80")
    await screen.call(AlertRuleState.look)
    assert page.found["status"] == "empty"
    assert not page.looking


async def test_short_alerts_are_spared_by_waiting_and_the_critical_one_is_not(tab, admin, used):
    used((90, 1, 92.0), (75, 1, 92.0), (60, 1, 92.0), (30, 10, 99.0))
    levels = {"warning_fire": "90", "warning_clear": "80", "critical_fire": "98", "critical_clear": "95"}
    screen, page = await opened(tab, admin, **DISK, **levels)
    await screen.call(AlertRuleState.show_range, "2h")
    await screen.call(AlertRuleState.look)
    assert page.found["count"] == 4
    assert page.calmer["short"] == "3 dos 4 alertas duraram menos de 3\u00a0min."
    assert page.calmer["text"] == "Esperando 2\u00a0min, seria 1 alerta, e o crítico continuaria."
    await screen.call(AlertRuleState.take)
    assert (page.texts["pending"], page.texts["pending_unit"]) == ("2", "min")
    await screen.call(AlertRuleState.look)
    assert (page.found["count"], page.found["criticals"], page.calmer["short"]) == (1, "1", "")


async def test_what_is_wrong_is_said_on_leaving_and_on_sending_and_nothing_is_lost(tab, admin):
    screen, page = await opened(tab, admin)
    await screen.call(AlertRuleState.leave, "warning_fire", "70")
    assert not any(page.errors.values())
    await screen.call(AlertRuleState.leave, "warning_clear", "75")
    assert page.errors["warning_clear"] == error("clear")
    await screen.call(AlertRuleState.leave, "pending", "já")
    assert page.errors["pending"] == translate("pt-BR", "alert_rule.error.number")
    await screen.call(AlertRuleState.save, {"name": "", "hits": "9", "runbook": "ligar para o prédio"})
    wrong = {name for name, why in page.errors.items() if why}
    assert wrong == {"name", "warning_clear", "pending", "hits"}
    assert db.read_now(rules.listed) == []
    screen.at(NEW)
    await screen.call(AlertRuleState.load)  # the connection was lost, and is back
    assert (page.texts["warning_clear"], page.texts["runbook"]) == ("75", "ligar para o prédio")


async def test_a_rule_is_made_changed_and_taken_away(tab, admin, heard):
    screen, page = await opened(tab, admin, **DISK)
    form = {
        "name": "Disco",
        "warning_fire": "82,5",
        "warning_clear": "80",
        "pending": "90",
        "pending_unit": "s",
    }
    left = await screen.call(AlertRuleState.save, form)
    assert RULES in str(left.args)
    [rule] = db.read_now(rules.listed)
    assert (rule.name, rule.warning_fire, rule.pending, rule.owner_id) == ("Disco", 82.5, 90.0, admin.id)
    assert (triage.RULES_TOPIC, {}) in heard.messages
    screen, page = await opened(tab, admin, f"/alerts/rules/{rule.id.hex}")
    assert (page.texts["warning_fire"], page.texts["pending"], page.texts["pending_unit"]) == (
        "82,5",
        "90",
        "s",
    )
    assert (page.title, page.owner, page.changed) == ("Disco", "Root", False)
    await screen.call(AlertRuleState.save, {"critical_fire": "95", "critical_clear": "90"})
    [rule] = db.read_now(rules.listed)
    assert (rule.warning_fire, rule.critical_fire) == (82.5, 95.0)
    screen, page = await opened(tab, admin, f"/alerts/rules/{rule.id.hex}")
    await screen.call(AlertRuleState.ask)
    assert page.asking
    await screen.call(AlertRuleState.remove)
    assert db.read_now(rules.listed) == []
    screen, page = await opened(tab, admin, f"/alerts/rules/{rule.id.hex}")
    assert page.ready
    assert not page.there


async def test_one_that_comes_with_keepai_may_stay_without_a_name(tab, admin):
    db.write_now(builtin.ensure, now())
    rule = next(one for one in db.read_now(rules.listed) if one.builtin == "worker_memory")
    screen, page = await opened(tab, admin, f"/alerts/rules/{rule.id.hex}")
    assert (page.builtin, page.usual, page.texts["name"]) == (True, "Memória alta em worker", "")
    await screen.call(AlertRuleState.save, {"warning_fire": "75"})
    assert not any(page.errors.values())
    changed = db.read_now(rules.get, rule.id)
    assert rules.draft_of(changed) == replace(rules.draft_of(rule), warning_fire=75.0)


async def test_what_was_given_up_is_gone(tab, admin):
    screen, page = await opened(tab, admin, name="Quase")
    assert page.changed
    await screen.call(AlertRuleState.cancel)
    await screen.call(AlertRuleState.load)
    assert (page.texts["name"], page.changed) == ("", False)


async def test_others_see_a_rule_and_its_preview_and_cannot_save(tab, bruno, used):
    used((30, 10, 97.0))
    db.write_now(builtin.ensure, now())
    rule = next(one for one in db.read_now(rules.listed) if one.builtin == "disk_full")
    screen, page = await opened(tab, bruno, f"/alerts/rules/{rule.id.hex}")
    await screen.call(AlertRuleState.look)
    assert page.found["status"] == "fired"
    await screen.call(AlertRuleState.change, "warning_fire", "10")
    await screen.call(AlertRuleState.save, {"warning_fire": "10"})
    assert not page.changed
    assert db.read_now(rules.get, rule.id).warning_fire == 85.0


@pytest.mark.parametrize("name", builtin.BUILTIN)
@pytest.mark.parametrize("locale", ["pt-BR", "en"])
def test_what_the_fields_say_of_a_rule_is_that_rule(name, locale):
    draft = builtin.BUILTIN[name]
    assert typed.read(typed.texts(draft, locale), locale, typed.NEW, builtin=True) == (draft, {})


def test_sizes_are_typed_in_their_unit_and_what_was_not_touched_stays_exact():
    draft = Draft("Disco", "host.disk_free", above=False, warning_fire=1_234_567_890.0, warning_clear=3e9)
    texts = typed.texts(draft, "pt-BR")
    assert (texts["size"], texts["warning_fire"]) == ("GiB", "1,149780946")
    assert typed.read(texts, "pt-BR", draft)[0] == draft
    changed = typed.read(
        {**texts, "warning_fire": "512", "size": "MiB", "warning_clear": "1.024,5"}, "pt-BR", draft
    )
    assert changed[0].warning_fire == 512 * 2**20
    assert changed[0].warning_clear == 1024.5 * 2**20


def test_times_are_said_in_the_largest_unit_in_which_they_are_whole():
    said = {name: typed.texts(draft, "en") for name, draft in builtin.BUILTIN.items()}
    assert [said["outbox_behind"][name] for name in ("size", "warning_fire", "critical_fire")] == [
        "min",
        "5",
        "30",
    ]
    assert [said["database_slow"][name] for name in ("size", "warning_fire")] == ["s", "0.5"]
    assert typed.usual_size("host.disk_free", "min") == "GiB"
    assert typed.usual_size("worker.memory_share", "GiB") == ""


def test_a_flag_has_no_thresholds_but_a_way_and_a_severity():
    texts = {
        **typed.texts(typed.NEW, "en"),
        "name": "Lost",
        "measure": "worker.up",
        "above": "no",
        "level": "warning",
    }
    draft, wrong = typed.read({**texts, "warning_fire": "nonsense"}, "en", typed.NEW)
    assert wrong == {}
    assert (draft.above, draft.warning_fire, draft.warning_clear, draft.critical_fire) == (
        False,
        0.5,
        0.5,
        None,
    )


def test_a_new_measure_can_be_chosen_and_tried(monkeypatch, database, used):
    monkeypatch.setattr(
        measures,
        "MEASURES",
        (*measures.MEASURES, Measure("host", "heat", "count", lambda row: row.get("heat"))),
    )
    assert "host.heat" in str([one.render() for one in parts.measure_options()])
    at = now()
    db.write_now(history.write, at, [({"kind": "host"}, {"heat": 90.0})])
    draft = Draft("Heat", "host.heat", warning_fire=80.0, warning_clear=70.0)
    found = db.read_now(preview, draft, RANGES["2h"], now())
    assert (found.subjects, len(found.episodes)) == (1, 1)


def test_subjects_have_their_names(database):
    subjects = [
        {"kind": "probe", "probe": "ollama"},
        {"kind": "host"},
        {"kind": "worker", "worker": "a" * 32},
    ]
    assert list(db.read_now(advice.names, subjects, "en").values()) == ["Ollama", "Machine", "a" * 8]
