"""The API keeps to its own description, whatever it is sent and by whom: what `make fuzz` does for long, and every
test run for a moment."""

import os
import re

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from keepai import api
from keepai.web import rates
from models import TaskGroupRun
from services import db, history, live, probes, worker_events, workers
from services.alerts import triage
from services.bus import LocalBus
from services.clock import now
from services.compute.inventory import WorkerChange
from services.identity import principals, sessions
from services.probes.base import ProbeResult
from services.tasks import desk
from tests.keepai.around import snapshot, worker

LONG = int(os.environ.get("FUZZ_EXAMPLES", "0"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PEOPLE = {"nobody": "", "viewer": "carla", "operator": "bruno", "admin": "ana"}
ENDLESS = {"/api/v1/stream"}


@pytest.fixture
def something(database):
    """A compute, a worker, its samples and what happened to it, so that answers hold more than nothing."""
    triage.configure(LocalBus())
    desk.configure(LocalBus())
    row = worker("0" * 32)
    compute = db.write_now(workers.ensure_compute, "embedded", now())
    live.publish(snapshot(compute={"id": str(compute)}, workers=[row]))
    change = WorkerChange(now().timestamp(), "0" * 32, "node-1", "lost", None, "")
    db.write_now(worker_events.add, compute, [change])
    labels = {"kind": "worker", "compute": str(compute), "worker": "0" * 32}
    db.write_now(history.write, now(), [(labels, {"cpu": 1.5})])
    db.write_now(probes.save, {"redis": ProbeResult("ok", 0.1, "", {})}, now())
    group = TaskGroupRun(finished_at=now(), compute_id=compute, name="inc", tasks=1)
    db.write_now(lambda session: session.add(group))


@pytest.mark.slow
@pytest.mark.parametrize("who", PEOPLE)
def test_no_answer_is_outside_the_description(request, app, something, monkeypatch, who):
    monkeypatch.setattr(
        rates, "PER_MINUTE", 10**6
    )  # of refusals for asking too often nothing would be learnt
    monkeypatch.setattr(rates, "PER_HOUR", 10**6)
    person = request.getfixturevalue(PEOPLE[who]) if PEOPLE[who] else None
    schema = schemathesis.openapi.from_dict(api.build().openapi())
    schema.app = app()
    seen = {}
    for operation in (found.ok() for found in schema.get_all_operations()):
        if operation.path in ENDLESS:
            continue
        for mode in GenerationMode:
            for status in _tried(operation, mode, person):
                seen.setdefault(status, set()).add(operation.label)
    assert not [status for status in seen if status >= 500 and status != 502]
    assert len(seen[200]) >= (3 if who == "nobody" else 15)
    assert seen[401 if who == "nobody" else 422]


_signed_in = {}


def _sign_in(person):
    """A sign-in of this person that still holds: signing out is among what is tried."""
    token = _signed_in.get(person.id, "")
    if not token or db.read_now(sessions.find, token, now()) is None:
        token = _signed_in[person.id] = db.write_now(sessions.start, person.id, now())
    return token


def _tried(operation, mode, person):
    """Call one operation with what that mode makes up; the statuses it answered."""
    statuses = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=LONG or 12,
        derandomize=not LONG,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def call(case):
        headers = {"cookie": f"{principals.COOKIE}={_sign_in(person)}"} if person else {}
        answer = case.call(base_url="http://localhost:3000", headers=headers)
        case.validate_response(answer, checks=CHECKS)
        statuses.append(answer.status_code)

    try:
        call()
    except Unsatisfiable:
        assert mode == GenerationMode.NEGATIVE  # where nothing is taken, nothing can be wrong
    return statuses


def test_every_operation_is_described(database):
    document = api.build().openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["description"], where
            answers = operation["responses"]
            assert "application/problem+json" in answers["default"]["content"], where
            guarded = bool(operation["security"])
            assert ({"401", "403"} <= answers.keys()) == guarded, where
            good = next(answer for status, answer in answers.items() if status.startswith("2"))
            if "content" not in good:
                assert "204" in answers, where
                continue
            for kind, content in good["content"].items():
                assert content["schema"], where
                if kind == "application/json":
                    assert "$ref" in content["schema"], where


def test_names_of_operations_are_unique_and_short(database):
    document = api.build().openapi()
    names = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z_]{3,40}", name) for name in names)
