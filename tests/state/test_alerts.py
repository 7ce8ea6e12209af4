"""People see what fires, say that it is theirs, hand it over, write about it and end it."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services import alerts, db, history
from services.alerts import board, builtin, rules, silences, triage
from services.alerts.board import AlertView
from services.audit import Actor
from services.clock import now
from services.history.series import key_of
from services.i18n import translate
from services.identity import accounts
from state.alert_counts import AlertCounts
from state.alerts import (
    PAGE,
    AlertPanel,
    AlertPlot,
    AlertRows,
    AlertsState,
    AlertTrends,
    Renewals,
    SilenceRows,
)

KIND = {"kind": "worker", "compute": "c"}
NAMES = ("aroeira", "ipê", "cedro", "jatobá")


@pytest.fixture(autouse=True)
def bus(heard):
    triage.configure(heard)
    return heard


@pytest.fixture
def admin(database):
    return db.write_now(accounts.create, "root@example.org", "a long passphrase", role="admin", name="Root")


@pytest.fixture
def watched(database):
    """All rules that come with KeepAI, in an evaluator."""
    db.write_now(builtin.ensure, now())
    evaluator = alerts.Evaluator(0.0)
    evaluator.use(rules.usable(db.read_now(rules.listed)))
    return evaluator


def labels(name):
    return {**KIND, "worker": name}


@pytest.fixture
def happen(watched):
    """Measure something of a worker: `happen("ipê", up=0)`."""
    clock = iter(range(-600, 0))

    def happen_(name, at=None, **values):
        when = now().timestamp() + next(clock) if at is None else at
        moved = watched.take(when, labels(name), {key: float(value) for key, value in values.items()})
        return db.write_now(alerts.write, moved, {key_of(labels(one)): one for one in NAMES})

    return happen_


def open_ids():
    return {one.subject: one.id.hex for one in db.read_now(board.board, AlertView(), now()).alerts}


def last(sender, state):
    """All that a tab was sent of a state, the newer over the older."""
    values = {}
    for sent in sender.sent.values():
        for delta in sent:
            values |= delta.get(state.get_full_name(), {})
    return {name.removesuffix("_rx_state_"): value for name, value in values.items()}


def address(event):
    """Where an event leads."""
    where = next(str(value).strip('"') for name, value in event.args if str(name) == "path")
    return {name: value[0] for name, value in parse_qs(urlsplit(where).query).items()}


async def test_the_list_stands_in_groups_the_worst_first(tab, bruno, happen, sender):
    happen("aroeira", paused=1)  # pending
    happen("cedro", up=0)
    happen("ipê", paused=1)
    happen("ipê", at=now().timestamp() + 400, paused=1)
    await tab(bruno, "/alerts").call(AlertsState.load)
    shown = last(sender, AlertRows)
    assert [(row["group"], row["title"], row["count"]) for row in shown["rows"]] == [
        ("critical", "Worker cedro perdido", 1),
        ("warning", "Worker ipê pausado", 1),
        ("pending", "Worker aroeira pausado", 1),
    ]
    assert (shown["open"], shown["found"], shown["unowned"]) == (3, 3, 3)
    assert shown["watching"] == sum(draft.enabled for draft in builtin.BUILTIN.values())
    assert [row["state"] for row in shown["rows"]] == ["firing", "firing", "pending"]


async def test_the_frame_of_every_page_counts_what_nobody_acknowledged(tab, bruno, happen, sender):
    happen("cedro", up=0)
    await tab(bruno, "/workers").call(AlertsState.load)
    assert last(sender, AlertCounts) == {"critical": 1, "warning": 0}
    screen = tab(bruno, f"/alerts?alert={open_ids()['cedro']}")
    await screen.call(AlertsState.load)
    await screen.call(AlertsState.acknowledge, {"note": "sem energia", "until": "1h"})
    assert last(sender, AlertCounts)["critical"] == 0
    [row] = last(sender, AlertRows)["rows"]
    assert (row["acknowledged"], row["second"], row["initials"]) == (True, "Bruno: sem energia", "B")


async def test_an_alert_is_acknowledged_handed_over_written_about_and_ended(
    tab, bruno, carla, happen, sender, heard
):
    happen("cedro", up=0)
    screen = tab(bruno, f"/alerts?alert={open_ids()['cedro']}")
    await screen.call(AlertsState.load)
    page = await screen.of(AlertsState)
    await screen.call(AlertsState.ask, "acknowledge")
    assert page.form == "acknowledge"
    await screen.call(AlertsState.acknowledge, {"note": "já vou", "until": "30m"})
    assert page.form == ""
    panel = last(sender, AlertPanel)
    assert panel["alert"]["acknowledged"].startswith("Reconhecido por Bruno até ")
    await screen.call(AlertsState.ask, "assign")
    assert {person["name"] for person in page.team} >= {"Bruno", "Carla"}
    await screen.call(AlertsState.assign, {"person": carla.id.hex})
    assert last(sender, AlertPanel)["alert"]["owner"] == "Carla"
    await screen.call(AlertsState.take)
    assert last(sender, AlertPanel)["alert"]["owner_id"] == bruno.id.hex
    await screen.call(AlertsState.assign, {"person": ""})
    await screen.call(AlertsState.comment, {"text": "ligando para o prédio"})
    await screen.call(AlertsState.resolve, {"note": "fonte trocada"})
    panel = last(sender, AlertPanel)
    assert not panel["alert"]["open"]
    told = [line["title"].partition(" até ")[0] for line in panel["story"]]
    assert told == [
        "Disparou como crítico",
        "Bruno reconheceu",
        "Bruno atribuiu a Carla",
        "Bruno assumiu",
        "Bruno deixou sem responsável",
        "Bruno escreveu",
        "Bruno resolveu",
    ]
    assert last(sender, AlertRows)["rows"] == []
    topics = [topic for topic, _ in heard.messages]
    assert topics.count(triage.TOPIC) == 6
    assert topics.count(triage.RESOLVED_TOPIC) == 1


async def test_a_note_that_is_too_long_is_told_below_its_field_and_nothing_is_done(
    tab, bruno, happen, sender
):
    happen("cedro", up=0)
    screen = tab(bruno, f"/alerts?alert={open_ids()['cedro']}")
    page = await screen.of(AlertsState)
    await screen.call(AlertsState.load)
    await screen.call(AlertsState.ask, "acknowledge")
    await screen.call(AlertsState.acknowledge, {"note": "x" * 2001, "until": ""})
    assert (page.form, page.form_error) == ("acknowledge", translate("pt-BR", "alerts.error.long"))
    before = page.comment_key
    await screen.call(AlertsState.comment, {"text": "  "})
    assert page.comment_error == translate("pt-BR", "alerts.error.empty")
    assert page.comment_key == before  # the field keeps what was typed
    assert last(sender, AlertCounts)["critical"] == 1


async def test_what_is_over_meanwhile_is_told(tab, bruno, happen):
    happen("cedro", up=0)
    screen = tab(bruno, f"/alerts?alert={open_ids()['cedro']}")
    happen("cedro", up=1)
    await screen.call(AlertsState.acknowledge, {"note": "", "until": ""})
    assert [one["title"] for one in await screen.messages()] == [translate("pt-BR", "alerts.error.over")]


async def test_a_viewer_sees_and_cannot_act(tab, database, happen, sender):
    happen("cedro", up=0)
    viewer = db.write_now(accounts.create, "v@example.org", "a long passphrase", role="viewer", name="Vera")
    screen = tab(viewer, f"/alerts?alert={open_ids()['cedro']}")
    await screen.call(AlertsState.load)
    assert last(sender, AlertPanel)["found"]
    await screen.call(AlertsState.acknowledge, {"note": "", "until": ""})
    assert "viewer" in (await screen.messages())[-1]["title"]
    assert last(sender, AlertCounts)["critical"] == 1


async def test_an_alert_that_is_not_there_is_told_as_gone(tab, bruno, happen, sender):
    await tab(bruno, f"/alerts?alert={'0' * 32}").call(AlertsState.load)
    assert (last(sender, AlertPanel)["ready"], last(sender, AlertPanel)["found"]) == (True, False)
    assert last(sender, AlertPlot)["empty"]
    page = await (screen := tab(bruno, "/alerts?alert=nonsense&tab=x&severity=y")).of(AlertsState)
    await screen.call(AlertsState.load)
    assert (page.selected, page.tab, page.severity) == ("", "open", "")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=CEDRO", {"cedro"}),
        ("q=perdido", {"cedro", "jatobá"}),  # what the catalogue calls it
        ("q=lost", {"cedro", "jatobá"}),
        ("severity=critical", {"cedro", "jatobá"}),
        ("severity=warning", {"aroeira"}),
        ("owner=nobody", {"aroeira", "jatobá"}),
        ("q=100%25", set()),
    ],
)
async def test_the_filter_of_the_address_says_what_is_listed(tab, bruno, happen, sender, query, found):
    happen("aroeira", paused=1)
    happen("cedro", up=0)
    happen("jatobá", up=0)
    by = Actor("person", bruno.id, "Bruno")
    db.write_now(alerts.acknowledge, now(), UUID(open_ids()["cedro"]), by)
    await tab(bruno, f"/alerts?{query}").call(AlertsState.load)
    shown = last(sender, AlertRows)
    assert {row["title"].split()[1] for row in shown["rows"]} == found
    assert (shown["open"], shown["found"]) == (3, len(found))


async def test_buttons_change_the_address_and_keep_the_rest(tab, bruno, happen):
    happen("cedro", up=0)
    happen("jatobá", up=0)
    ids = open_ids()
    screen = tab(bruno, f"/alerts?severity=critical&alert={ids['cedro']}")
    here = {"severity": "critical", "alert": ids["cedro"]}
    assert address(await screen.call(AlertsState.search, " ced ")) == {**here, "q": "ced"}
    assert address(await screen.call(AlertsState.narrow, "critical")) == {"alert": ids["cedro"]}
    assert address(await screen.call(AlertsState.narrow_to_unowned)) == {**here, "owner": "nobody"}
    assert address(await screen.call(AlertsState.close)) == {"severity": "critical"}
    assert address(await screen.call(AlertsState.clear)) == {"alert": ids["cedro"]}
    assert address(await screen.call(AlertsState.step, 1))["alert"] == ids["jatobá"]
    assert address(await screen.call(AlertsState.step, -1))["alert"] == ids["jatobá"]  # round and round
    assert address(await screen.call(AlertsState.show_tab, "rules")) == {"tab": "rules"}
    assert address(await screen.call(AlertsState.show_tab, "resolved")) == {
        "tab": "resolved",
        "severity": "critical",
    }


async def test_several_are_acknowledged_and_resolved_together(tab, bruno, happen, sender):
    for name in NAMES:
        happen(name, up=0)
    ids = open_ids()
    screen = tab(bruno, "/alerts")
    page = await screen.of(AlertsState)
    await screen.call(AlertsState.load)
    await screen.call(AlertsState.pick, ids["cedro"], True)
    await screen.call(AlertsState.pick, ids["ipê"], True)
    await screen.call(AlertsState.pick, ids["ipê"], False)
    assert page.picked == [ids["cedro"]]
    await screen.call(AlertsState.do_picked, "acknowledge")
    assert (page.picked, last(sender, AlertCounts)["critical"]) == ([], 3)
    await screen.call(AlertsState.pick_shown)
    assert len(page.picked) == 4
    happen("ipê", up=1)  # over before anybody says yes
    await screen.call(AlertsState.ask_picked)
    assert page.question["title"] == "Resolver 4 alertas?"
    await screen.call(AlertsState.do_picked, "resolve")
    assert [one["title"] for one in await screen.messages()] == [
        "1 alerta reconhecido",
        "3 alertas resolvidos",
    ]
    assert (page.question["kind"], last(sender, AlertRows)["rows"]) == ("", [])


async def test_what_is_over_comes_newest_first_and_page_by_page(tab, bruno, happen):
    base = now().timestamp() - 5000
    for number in range(PAGE + 5):
        happen("cedro", at=base + 10 * number, up=0)
        happen("cedro", at=base + 10 * number + 4, up=1)
    screen = tab(bruno, "/alerts?tab=resolved")
    page = await screen.of(AlertsState)
    await screen.call(AlertsState.load)
    assert (len(page.over), page.over_more) == (PAGE, True)
    assert "durou 4" in page.over[0]["second"]
    await screen.call(AlertsState.more)
    assert (len(page.over), page.over_more) == (PAGE + 5, False)
    ends = [row["at"] for row in page.over]
    assert ends == sorted(ends, reverse=True)
    assert len(set(ends)) == PAGE + 5


async def test_how_often_it_happened_before_is_said(tab, bruno, happen, sender):
    base = now().timestamp() - 5000
    for number in range(3):
        happen("cedro", at=base + 600 * number, up=0)
        happen("cedro", at=base + 600 * number + 360, up=1)
    happen("cedro", up=0)
    await tab(bruno, f"/alerts?alert={open_ids()['cedro']}").call(AlertsState.load)
    assert last(sender, AlertPanel)["alert"]["past"].replace("\xa0", " ") == (
        "3 vezes em 30 dias, em geral por 6 min"
    )


async def test_rules_are_listed_in_words_and_an_admin_switches_one_off(
    tab, admin, bruno, happen, sender, heard
):
    happen("cedro", up=0)
    screen = tab(admin, "/alerts?tab=rules")
    page = await screen.of(AlertsState)
    await screen.call(AlertsState.load)
    found = {row["name"]: row for row in page.rules}
    memory = found["Memória alta em worker"]
    assert memory["critical"].replace("\xa0", " ") == "acima de 95 %, normal abaixo de 80 %"
    assert memory["how"].startswith("média de")
    lost = found["Worker perdido"]
    assert (lost["critical"], lost["warning"], lost["enabled"]) == ("assim que acontece", "", True)
    await screen.call(AlertsState.switch_rule, lost["id"], False)
    assert not next(row for row in page.rules if row["id"] == lost["id"])["enabled"]
    assert db.read_now(board.board, AlertView(), now()).open == 0
    assert triage.RULES_TOPIC in [topic for topic, _ in heard.messages]
    await (other := tab(bruno, "/alerts?tab=rules")).call(AlertsState.switch_rule, lost["id"], True)
    assert "operator" in (await other.messages())[-1]["title"]


async def test_a_rule_that_cannot_be_evaluated_says_so(tab, admin, watched):
    def spoil(session):
        rule = next(one for one in rules.listed(session) if one.builtin == "worker_paused")
        rule.measure = "worker.of_another_version"
        session.add(rule)

    db.write_now(spoil)
    screen = tab(admin, "/alerts?tab=rules")
    await screen.call(AlertsState.load)
    found = {row["name"]: row["error"] for row in (await screen.of(AlertsState)).rules}
    assert found.pop("Worker pausado").startswith("erro: O que ela observa")
    assert set(found.values()) == {""}


async def test_an_acknowledgement_that_ran_out_counts_again(tab, bruno, happen, sender):
    happen("cedro", up=0)
    by = Actor("person", bruno.id, "Bruno")
    alert = db.read_now(board.board, AlertView(), now()).alerts[0]
    then = now() - timedelta(hours=2)
    db.write_now(alerts.acknowledge, then, alert.id, by, until=then + timedelta(hours=1))
    await tab(bruno, f"/alerts?alert={alert.id.hex}").call(AlertsState.load)
    assert last(sender, AlertCounts)["critical"] == 1
    assert last(sender, AlertPanel)["alert"]["acknowledged"] == ""


async def test_much_that_happens_is_shown_a_few_times_a_second(tab, bruno, happen, sender):
    shown = []

    async def count():
        shown.append(1)

    renewals = Renewals(count, 0.02)
    for _ in range(100):
        renewals.soon()
    await asyncio.sleep(0.01)
    renewals.soon()
    await asyncio.sleep(0.1)
    assert len(shown) == 2


async def silence(page, name, span="1h", reason="troca da fonte"):
    page.at(f"/alerts?alert={open_ids()[name]}")
    await page.call(AlertsState.load)
    await page.call(AlertsState.ask, "silence")
    await page.call(AlertsState.choose_silence, span)
    return await page.call(AlertsState.silence, {"reason": reason})


async def test_an_alert_is_silenced_stands_apart_and_counts_no_more(tab, bruno, happen, sender):
    happen("ipê", up=0)
    happen("ipê", memory_share=96)
    happen("cedro", up=0)
    page = tab(bruno, f"/alerts?alert={open_ids()['cedro']}")
    await page.call(AlertsState.load)
    assert last(sender, AlertCounts) == {"critical": 2, "warning": 0}
    await page.call(AlertsState.ask, "silence")
    desk = await page.of(AlertsState)
    assert (desk.form, desk.silence_span, desk.silence_covers) == ("silence", "1h", ["worker=cedro"])
    assert "Cala 1 alerta aberto" in desk.silence_count
    await page.call(AlertsState.silence, {"reason": " "})
    assert (desk.form, desk.form_error) == ("silence", translate("pt-BR", "silences.error.reason"))
    await page.call(AlertsState.choose_silence, "tomorrow")
    assert desk.silence_until == "Até amanhã às 08:00."
    await page.call(AlertsState.choose_silence, "a year")
    assert desk.silence_span == "1h"
    await page.call(AlertsState.silence, {"reason": "troca da fonte"})
    assert (desk.form, desk.form_error) == ("", "")
    shown = last(sender, AlertRows)
    assert [(row["group"], row["title"]) for row in shown["rows"]][-1] == ("silenced", "Worker cedro perdido")
    row = shown["rows"][-1]
    assert (row["icon"], row["count"], row["state"]) == ("bell-off", 1, "firing")
    assert row["second"].startswith("até ")
    assert row["second"].endswith(", por Bruno")
    assert (shown["open"], shown["found"], shown["silences"]) == (3, 3, 1)
    assert last(sender, AlertCounts) == {"critical": 1, "warning": 0}
    panel = last(sender, AlertPanel)
    assert panel["alert"]["silenced"].endswith("por Bruno: troca da fonte")
    assert (panel["story"][-1]["icon"], panel["story"][-1]["note"]) == ("bell-off", "troca da fonte")


async def test_silences_are_listed_and_ended(tab, bruno, happen, sender, heard):
    happen("ipê", up=0)
    page = tab(bruno, "/alerts")
    await silence(page, "ipê", "4h")
    page.at("/alerts?tab=silences")
    await page.call(AlertsState.load)
    [row] = last(sender, SilenceRows)["rows"]
    assert (row["state"], row["covers"], row["reason"], row["author"]) == (
        "running",
        ["worker=ipê"],
        "troca da fonte",
        "Bruno",
    )
    assert row["left"].startswith("termina em 3")
    await page.call(AlertsState.end_silence, row["id"])
    [row] = last(sender, SilenceRows)["rows"]
    assert (row["state"], row["left"].split()[0]) == ("over", "encerrado")
    assert last(sender, AlertCounts) == {"critical": 1, "warning": 0}
    assert last(sender, AlertRows)["silences"] == 0
    assert [topic for topic, _ in heard.messages].count("alerts") == 2
    where = address(await page.call(AlertsState.show_tab, "silences"))
    assert where == {"tab": "silences"}


async def test_a_viewer_sees_silences_and_ends_none(tab, bruno, database, happen, sender):
    happen("ipê", up=0)
    await silence(tab(bruno, "/alerts"), "ipê")
    viewer = db.write_now(accounts.create, "vera@example.org", "a long passphrase", role="viewer")
    page = tab(viewer, "/alerts?tab=silences")
    await page.call(AlertsState.load)
    [row] = last(sender, SilenceRows)["rows"]
    await page.call(AlertsState.end_silence, row["id"])
    assert len(db.read_now(silences.running, now())) == 1


async def test_several_are_silenced_at_once_and_what_one_silence_covers_is_silenced_once(
    tab, bruno, happen, sender
):
    happen("ipê", up=0)
    happen("ipê", memory_share=96)
    happen("cedro", up=0)
    page = tab(bruno, "/alerts")
    await page.call(AlertsState.load)
    await page.call(AlertsState.pick_shown)
    await page.call(AlertsState.ask_silence_picked, "silence")
    desk = await page.of(AlertsState)
    assert (desk.picks_form, len(desk.picked)) == (True, 3)
    await page.call(AlertsState.silence_picked, {"reason": " "})
    assert (desk.picks_form, desk.form_error) == (True, translate("pt-BR", "silences.error.reason"))
    await page.call(AlertsState.silence_picked, {"reason": "troca do rack"})
    assert (desk.picks_form, desk.picked, desk.busy) == (False, [], False)
    assert len(db.read_now(silences.running, now())) == 2
    assert {row["group"] for row in last(sender, AlertRows)["rows"]} == {"silenced"}
    assert last(sender, AlertCounts) == {"critical": 0, "warning": 0}


async def test_a_moment_is_picked_in_ones_own_zone(tab, bruno, happen, sender):
    happen("cedro", up=0)
    page = tab(bruno, f"/alerts?alert={open_ids()['cedro']}")
    await page.call(AlertsState.load)
    await page.call(AlertsState.ask, "silence")
    await page.call(AlertsState.choose_silence, "at")
    desk = await page.of(AlertsState)
    assert desk.silence_span == "at" and bruno.zone in desk.silence_until
    for wrong in ("", "soon", "2001-01-01T08:00", "2999-01-01T08:00"):
        await page.call(AlertsState.silence, {"reason": "obra", "at": wrong})
        assert desk.form == "silence" and desk.form_error
    there = (now() + timedelta(days=2)).astimezone(ZoneInfo(bruno.zone)).replace(second=0, microsecond=0)
    await page.call(AlertsState.silence, {"reason": "obra", "at": f"{there:%Y-%m-%dT%H:%M}"})
    [made] = db.read_now(silences.running, now())
    assert made.ends_at == there
    await page.call(AlertsState.ask, "acknowledge")
    assert desk.until_first < desk.until_usual
    await page.call(AlertsState.acknowledge, {"until": "at", "at": "nothing"})
    assert desk.form_error
    await page.call(AlertsState.acknowledge, {"until": "at", "at": f"{there:%Y-%m-%dT%H:%M}"})
    [alert] = db.read_now(board.board, AlertView(), now()).alerts
    assert alert.acknowledged_until == there


async def test_what_was_over_today_stands_below_the_open_ones(tab, bruno, happen, sender):
    happen("ipê", up=0)
    happen("cedro", up=0)
    at = now().timestamp()
    happen("cedro", at=at - 2, up=1)
    happen("cedro", at=at - 1, up=1)
    page = tab(bruno, "/alerts")
    await page.call(AlertsState.load)
    rows = last(sender, AlertRows)
    assert [row["title"] for row in rows["rows"]] == ["Worker ipê perdido"]
    assert (rows["today_count"], [row["title"] for row in rows["today"]]) == (1, ["Worker cedro perdido"])
    page.at("/alerts?q=ip%C3%AA")
    await page.call(AlertsState.load)
    assert last(sender, AlertRows)["today_count"] == 0


async def test_a_row_has_the_last_hour_of_its_measure_and_its_thresholds(tab, bruno, happen, sender):
    happen("ipê", up=0)
    happen("ipê", memory_share=96)
    recorder = history.Recorder()
    end = now().timestamp()
    for second in range(0, 3600, 30):
        recorder.add(end - 3600 + second, labels("ipê"), {"memory_share": 40.0 + second / 100, "up": 1.0})
        if second % 300 == 0:
            await recorder.flush(end, everything=True)
    await recorder.flush(end, everything=True)
    page = tab(bruno, "/alerts")
    await page.call(AlertsState.load)
    shown = last(sender, AlertTrends)["trends"]
    memory = next(
        one for one in db.read_now(board.board, AlertView(), now()).alerts if one.measure != "worker.up"
    )
    assert shown.keys() == {memory.id.hex}
    assert shown[memory.id.hex]["path"].startswith("M")
    said = shown[memory.id.hex]["said"].replace("\xa0", " ")
    assert "última hora: de 40 % a 7" in said
    assert "Crítico: acima de 95 %, normal abaixo de 80 %" in said
