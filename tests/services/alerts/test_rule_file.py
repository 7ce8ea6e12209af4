"""Rules go out as a file and come in elsewhere as the same rules; a file with a mistake does nothing."""

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from sqlmodel import delete, select

from models import AlertRule, AuditEvent
from services import db
from services.alerts import builtin, rule_file, rules, triage
from services.alerts.rule_file import BadFile
from services.alerts.rules import Draft
from services.audit import Actor
from services.bus import LocalBus
from services.clock import now
from services.errors import Invalid

BY = Actor("machine")
FULL = Draft(
    "Memória, “à vista”: alta",
    "worker.memory_share",
    warning_fire=70.5,
    warning_clear=60.0,
    critical_fire=90.0,
    critical_clear=80.0,
    summary="mean",
    window=60.0,
    pending=30.0,
    keep=15.0,
    hits=2,
    of=3,
    no_data="alert",
    matchers={"worker": "aroeira-2", "compute": "c"},
    runbook="1. Olhe o log.\n2. Reinicie: `make run`\n\n- [ ] avise\n",
    enabled=False,
)


class Heard(LocalBus):
    """A bus of which the test hears."""

    def __init__(self):
        super().__init__()
        self.topics = []

    def publish(self, topic, message):
        self.topics.append(topic)
        super().publish(topic, message)


@pytest.fixture
def heard(database):
    bus = Heard()
    triage.configure(bus)
    return bus


@pytest.fixture
def kept(heard):
    """The rules that come with KeepAI, one of them changed, and two of somebody's own."""
    db.write_now(builtin.ensure, now())
    worker_memory = named("worker_memory")
    draft = rules.draft_of(worker_memory)
    db.write_now(rules.update, now(), worker_memory.id, changed(draft, warning_fire=75.0, runbook="x"), BY)
    db.write_now(rules.create, now(), FULL, BY)
    db.write_now(rules.create, now(), Draft("no", "worker.paused", warning_fire=0.5, warning_clear=0.5), BY)


def changed(draft, **more):
    return Draft(**{name: getattr(draft, name) for name in Draft.__dataclass_fields__} | more)


def all_rules():
    return db.read_now(rules.listed)


def named(name):
    return next(one for one in all_rules() if name in (one.builtin, one.name))


def drafts():
    return {(one.builtin, one.id if not one.builtin else None): rules.draft_of(one) for one in all_rules()}


def out():
    return rule_file.text_of(all_rules())


def looked(text, **more):
    return db.read_now(lambda session: rule_file.plan(session, text, **more))


def mistakes(text):
    with pytest.raises(BadFile) as raised:
        looked(text)
    return {(one.rule, one.field): one.key for one in raised.value.mistakes} or raised.value.key


async def test_out_and_in_elsewhere_gives_the_same_rules(kept):
    text, before = out(), drafts()
    assert yaml.safe_load(text)["version"] == 1
    assert text.count("builtin:") == 1 and "worker_memory" in text
    assert "'no'" in text  # a name that YAML would take for something else
    assert "#" not in text.split("rules:")[0]
    db.write_now(lambda session: session.exec(delete(AlertRule)))
    db.write_now(builtin.ensure, now())
    plan = await triage.import_rules(text, BY)
    assert (len(plan.created), len(plan.changed), plan.removed) == (2, 1, [])
    assert (drafts(), out()) == (before, text)


async def test_the_same_file_again_changes_nothing(kept, heard):
    plan = await triage.import_rules(out(), BY)
    assert plan.is_empty and plan.left == len(all_rules())
    assert heard.topics == []


@running(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60).filter(str.strip),
    runbook=st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=300),
    fire=st.floats(10, 99),
    share=st.floats(0, 0.9),
    pending=st.floats(0, 3600),
)
def test_every_rule_that_can_be_kept_comes_back(name, runbook, fire, share, pending):
    draft = Draft(
        name.strip(),
        "worker.memory_share",
        warning_fire=fire,
        warning_clear=max(1e-5, fire * share),
        pending=pending,
        runbook=runbook,
    )
    rule = AlertRule(
        **{one: getattr(draft, one) for one in Draft.__dataclass_fields__}, created_at=now(), updated_at=now()
    )
    [entry] = rule_file.parse(rule_file.text_of([rule]))
    assert (entry.id, entry.draft, entry.mistakes) == (rule.id, draft, [])


async def test_a_rule_is_known_by_its_name_where_no_id_is_given_and_may_get_another_by_its_id(kept):
    text = "version: 1\nrules:\n- {name: 'no', measure: worker.paused, warning_fire: 1, warning_clear: 0.5}\n"
    plan = looked(text.replace("warning_fire: 1,", "warning_fire: 0.6,"))
    assert [(one.name, one.fields) for one in plan.changed] == [("no", ("warning_fire",))]
    renamed = out().replace("name: 'no'", "name: Pausado")
    await triage.import_rules(renamed, BY)
    assert named("Pausado").measure == "worker.paused"
    assert "no" not in {one.name for one in all_rules()}


async def test_what_the_file_does_not_name_stays_unless_it_is_to_go(kept, heard):
    text = "version: 1\nrules: []\n"
    assert looked(text).is_empty
    plan = looked(text, remove=True)
    assert sorted(name for _, name in plan.removed) == sorted([FULL.name, "no"])
    assert [(one.builtin, one.fields) for one in plan.changed] == [
        ("worker_memory", ("warning_fire", "runbook"))
    ]
    await triage.import_rules(text, BY, remove=True)
    assert yaml.safe_load(out())["rules"] == []
    actions = [one.action for one in db.read_now(lambda session: list(session.exec(select(AuditEvent))))]
    assert (actions.count("alert_rule.removed"), actions.count("alert_rule.changed")) == (2, 2)
    assert set(heard.topics) == {"alerts", "alert_rules"}


async def test_every_mistake_is_said_and_nothing_is_done(kept):
    before = drafts()
    text = """
version: 1
rules:
- {name: Boa, measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5}
- {name: Ruim, measure: worker.nothing, warning_fire: 1, warning_clear: 2, colour: red, pending: "long"}
- {measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5}
- just a text
- {builtin: worker_gone}
- {name: Boa, measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5}
- {name: Nulo, measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5, runbook: "a\\0b"}
- {name: Data, measure: 2020-01-01, id: 7, warning_fire: 0.5, warning_clear: 0.5, enabled: 1}
"""
    found = mistakes(text)
    assert found == {
        ("Ruim", "colour"): "rule_file.error.field",
        ("Ruim", "pending"): "rule_file.error.type",
        ("Ruim", "measure"): "alerts.error.measure",
        ("Ruim", "warning_clear"): "alerts.error.clear",
        ("#3", "name"): "alerts.error.name",
        ("#4", ""): "rule_file.error.rule",
        ("#5", "builtin"): "rule_file.error.builtin",
        ("Boa", ""): "rule_file.error.twice",
        ("Nulo", "runbook"): "rule_file.error.type",
        ("Data", "measure"): "rule_file.error.type",
        ("Data", "id"): "rule_file.error.id",
        ("Data", "enabled"): "rule_file.error.type",
    }
    with pytest.raises(Invalid):
        await triage.import_rules(text, BY, remove=True)
    assert drafts() == before


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "rule_file.error.shape"),
        ("version: 2\nrules: []", "rule_file.error.version"),
        ("version: 1", "rule_file.error.shape"),
        ("- 1", "rule_file.error.shape"),
        ("version: 1\nrules: [\n", "rule_file.error.yaml"),
        ("version: 1\nversion: 1\nrules: []", "rule_file.error.yaml"),
        ("a: &a [x]\nb: *a", "rule_file.error.alias"),
        ("!!python/object/apply:os.system ['true']", "rule_file.error.shape"),
        ("version: !!python/name:os.system 1\nrules: []", "rule_file.error.yaml"),
        ("[" * 50_000, "rule_file.error.shape"),
        ("x" * (rule_file.LONGEST + 1), "rule_file.error.long"),
        ("version: 1\nrules:\n" + "- {}\n" * 501, "rule_file.error.many"),
        ("version: 1\nrules: [" + "1," * 100_000 + "1]", "rule_file.error.many"),
        ("version: \x07", "rule_file.error.yaml"),
        ("version: 1\nrules: []\n---\nversion: 1\n", "rule_file.error.yaml"),
    ],
)
def test_what_is_no_such_file_is_said(database, text, key):
    assert mistakes(text) == key


def test_a_large_file_takes_no_longer_than_it_must(kept):
    one = "- {name: Regra %d, measure: worker.paused, warning_fire: 0.5, warning_clear: 0.5, runbook: %s}\n"
    text = "version: 1\nrules:\n" + "".join(one % (number, "x" * 1900) for number in range(500))
    assert len(text) > 900_000
    started = now()
    assert len(looked(text).created) == 500
    assert (now() - started).total_seconds() < 5
