"""A file of rules is looked at before it is taken in."""

import pytest

from services import db
from services.alerts import rules, triage
from state.rule_file import RuleFileState

GOOD = (
    "version: 1\nrules:\n- {name: Pausado, measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5}\n"
)


@pytest.fixture(autouse=True)
def bus(heard):
    triage.configure(heard)


async def test_what_would_change_is_shown_and_then_done(tab, ana, sender):
    page = tab(ana, "/alerts?tab=rules")
    await page.call(RuleFileState.ask)
    await page.call(RuleFileState.look, {"text": GOOD})
    shown = await page.of(RuleFileState)
    assert [(row["kind"], row["name"]) for row in shown.rows] == [("created", "Pausado")]
    assert (shown.said, shown.can_apply) == ("1 nova", True)
    assert db.read_now(rules.listed) == []
    await page.call(RuleFileState.apply)
    assert (shown.asked, [one.name for one in db.read_now(rules.listed)]) == (False, ["Pausado"])
    await page.call(RuleFileState.look, {"text": GOOD})
    assert (shown.can_apply, shown.said) == (False, "Nada muda: as regras daqui já são as do arquivo.")
    await page.call(RuleFileState.look, {"text": "version: 1\nrules: []", "remove": "on"})
    assert [(row["kind"], row["name"]) for row in shown.rows] == [("removed", "Pausado")]


async def test_mistakes_are_listed_and_the_rest_of_the_page_stays(tab, ana, sender):
    page = tab(ana, "/alerts?tab=rules")
    await page.call(RuleFileState.look, {"text": GOOD.replace("worker.paused", "worker.nothing")})
    shown = await page.of(RuleFileState)
    assert [(one["rule"], one["field"]) for one in shown.mistakes] == [("Pausado", "measure")]
    assert (shown.looked, shown.can_apply, shown.error) == (False, False, "")
    await page.call(RuleFileState.look, {"text": "rules: ["})
    assert shown.error == "Não é YAML válido na linha 1."
