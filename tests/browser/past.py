"""What an installation has after some days: measurements, finished work, events, sign-ins, services beside it.

Stored as KeepAI stores it, so that pages have more than a screenful of everything.
"""

import json
import math
import threading
import time
from array import array
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from models import (
    Account,
    Alert,
    AlertEvent,
    AlertNotice,
    AlertRule,
    Job,
    RoleGrant,
    Task,
    TaskGroupRun,
    WorkerEvent,
)
from models.base import new_id
from services import alerts, audit, channels, measures, outbox, tasks, workers
from services.alerts import builtin, routes, silences
from services.alerts import rules as alert_rules
from services.alerts.rules import Draft
from services.audit import Actor
from services.clock import now, zone_called
from services.history import recorder
from services.history.codec import encode
from services.history.series import key_of, moment
from services.identity import accounts, api_keys, links, people, sessions
from services.identity.permissions import PLATFORM, ROLES
from services.outbox import Invitation, Letter, MessageTest, PasswordReset, Recipient
from services.settings import Settings
from services.sharing import Reader
from services.snapshot import Totals, WorkerRow, compute_samples, subject_samples
from tests.browser.crowd import BUSY
from tests.browser.house import LOCALES, House, mail_settings
from tests.mail_server import MailServer

MINUTE, HOUR = 60, 3600
GROUPS = ("read_orders", "clean_orders", "spend_by_customer", "train_model", "send_campaign")
KINDS = ("paused", "resumed", "restarted", "retired", "joined")
DEVICES = (
    "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0",
    "Mozilla/5.0 (Windows NT 10.0) Edg/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Safari/605.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Firefox/143.0",
    "curl/8.9",
)
REFUSED = "550 5.1.1 <bruno.almeida@aurora.example>: Recipient address rejected: User unknown in virtual mailbox table"
MODELS = [{"name": "qwen3:8b", "size": 5 << 30, "size_vram": 5 << 30, "details": {"family": "qwen3"}}]
ANSWERS = {
    "/ollama/api/version": {"version": "0.12.3"},
    "/ollama/api/tags": {"models": MODELS},
    "/ollama/api/ps": {"models": MODELS},
    "/openwebui/health": {"status": True},
    "/openwebui/api/version": {"version": "0.6.31"},
}


def measure(house: House, key: str, *names: str, share: float = 0.9) -> None:
    """Samples of the last hour, of the compute and of these workers: waves up to a share of what they have."""
    seen = house.dashboard(house.token(house.person("viewer")))
    compute = str(house.ask(workers.ensure_compute, key, now()))
    busy = compute_samples(_busy(seen["totals"], share), 0.004)
    series = {key_of({"kind": "compute", "compute": compute}): busy}
    chosen: list[WorkerRow] = [row for row in seen["workers"] if row["name"] in names]
    for worker, values in subject_samples(chosen).items():
        high = {"cpu": 180.0, "memory": 1.6e9, "managed": 9e8, "spilled": 1e8}
        series[key_of({"kind": "worker", "compute": compute, "worker": worker})] = {**values, **high}
    for number, probe in enumerate(("database", "scheduler", "ollama", "openwebui")):
        series[key_of({"kind": "probe", "probe": probe})] = {"latency": 0.002 + 0.011 * number}
    house.ask(_store, time.time(), series)


def work(house: House, key: str, count: int = 40) -> None:
    """Groups that finished in the last hours; some with errors."""
    house.ask(_add_groups, key, count)


def happen(house: House, key: str, worker: UUID, name: str, count: int = 40) -> None:
    """Events of one worker over the last days."""
    house.ask(_add_events, key, worker, name, count)


def sign_in(house: House, account: Account, count: int = 31) -> None:
    """Other devices on which this person is signed in."""
    for number in range(count):
        house.ask(
            sessions.start,
            account.id,
            now() - timedelta(hours=5 * number),
            by=Actor(
                "nobody",
                address=f"10.20.{number}.{7 * number % 250}"
                if number % 6
                else "2001:db8:85a3::8a2e:370:7334",
                agent=DEVICES[number % len(DEVICES)],
            ),
        )


def give_keys(house: House, account: Account) -> None:
    """Keys of this person's programs."""
    owner = accounts.principal(account, {PLATFORM: "operator"}, account.id)
    for name, may in (("CI", ["compute:read"]), ("Grafana", ["compute:read", "system:read"])):
        house.ask(api_keys.create, owner, now(), name=name, permissions=may)


def gather(house: House, count: int = 31) -> None:
    """People of the team, one who left, one who is invited, and what they did in the last days."""
    house.ask(_add_people, count)


def fail_to_deliver(house: House) -> None:
    """Messages that were given up, and one that has waited long."""
    house.ask(_add_messages, house.mail_settings())


def tell(house: House, account: Account, count: int = 3) -> None:
    """Notices of the newest alerts to this person, each by another way."""
    house.ask(_add_notices, account.id, count)


def trend(house: House, alert: Alert, low: float = 40.0, high: float = 80.0) -> None:
    """An hour of what this alert is about, from `low` to `high`."""
    house.ask(_add_trend, alert, low, high)


def _add_notices(database: Session, account: UUID, count: int) -> None:
    newest = select(Alert).where(Alert.state == "firing").order_by(col(Alert.started_at).desc()).limit(count)
    for number, alert in enumerate(database.exec(newest).all()):
        at = now() - timedelta(minutes=7 * number)
        database.add(
            AlertNotice(
                at=at,
                alert_id=alert.id,
                account_id=account,
                channel=("mail", "bell", "sms")[number % 3],
                kind="fired",
                severity=alert.severity,
                due_at=at,
                told_at=at,
            )
        )


def _add_trend(database: Session, alert: Alert, low: float, high: float) -> None:
    labels = {name: str(value) for name, value in alert.labels.items()}
    name = measures.by_key()[alert.measure].name
    for minute in range(HOUR // MINUTE):
        at = now() - timedelta(minutes=HOUR // MINUTE - minute)
        value = low + (high - low) * minute / (HOUR // MINUTE)
        recorder.write(database, at, [(labels, {name: value})])


def alarm(house: House) -> None:
    """Alerts in every state, and of the last days those that are over; with what people did and wrote."""
    seen = house.dashboard(house.token(house.person("viewer")))
    ids = {row["name"]: row["id"] for row in seen["workers"]}
    people = (house.person("operator").id, house.person("admin").id)
    house.ask(_add_alerts, *people, seen["compute"]["id"], ids)


def owe(house: House) -> None:
    """Tasks of the team and of an admin: late, of today, of later, done and thrown away; with everything a task may
    have."""
    admin, operator = house.person("admin"), house.person("operator")
    house.ask(_add_tasks, admin, operator, house.ask(alert_ids)["worker_memory"])


def _add_tasks(database: Session, admin: Account, operator: Account, alert: str) -> None:
    reader, by = Reader.called(database, admin.id), Actor("person", admin.id, admin.name)
    today = now().astimezone(zone_called(admin.zone)).date()

    def make(title: str, days: int | None = None, time: str = "", **more: Any) -> UUID:
        due = None if days is None else tasks.Due(today + timedelta(days=days), time)
        draft = tasks.Draft(title, admin.zone, due=due, team=True, **more)
        return tasks.create(database, now(), reader, draft, by).id

    make("Pedir duas fontes para o rack 2", -1, "18:00", priority="high", assignee_id=operator.id)
    full = make(
        "Trocar a fonte do rack 2",
        0,
        priority="urgent",
        assignee_id=admin.id,
        text="Antes **desligar** o rack.",
        checklist=("Desligar o rack", "Trocar a fonte", "Ligar de novo"),
        remind_at=now() + timedelta(hours=30),
        until_done=True,
        repeat="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
        about_kind="alert",
        about_id=UUID(alert),
    )
    tasks.comment(database, now(), reader, full, by, "A fonte chega sexta de manhã, com o resto do pedido.")
    make("Conferir cópia noturna", 0, "23:59", repeat="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
    make("Igualar pandas em a-machine-with-a-rather-long-name.internal.example.org e em aroeira-3", 20)
    make("Medir a rede entre racks", assignee_id=operator.id, state="doing")
    make("Avisar o prédio", state="done", assignee_id=operator.id)
    make("Comprar outro gerador", state="dropped")
    tasks.delete(database, now(), reader, make("Uma que foi apagada"), by)


def task_ids(database: Session) -> dict[str, str]:
    """The task that has everything."""
    found = database.exec(select(Task).where(Task.title == "Trocar a fonte do rack 2")).first()
    return {"task": found.id.hex if found else "0" * 32}


def connect(house: House) -> None:
    """Channels of every kind, messages that went there or did not, and routes to them."""
    house.ask(_add_channels, house.mail_settings(), house.person("admin").id)


@contextmanager
def services_beside() -> Iterator[dict[str, object]]:
    """An Ollama, an OpenWebUI and a mail server that answer; their settings."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _FarEnd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with MailServer().in_a_thread() as mail:
            yield {
                "OLLAMA_URL": f"{address}/ollama",
                "OPENWEBUI_URL": f"{address}/openwebui",
                **mail_settings(mail.port),
            }
    finally:
        server.shutdown()
        server.server_close()


class _FarEnd(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(ANSWERS.get(self.path, {})).encode()
        self.send_response(200 if self.path in ANSWERS else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is said of it."""


def ask_for_much(house: House) -> None:
    """Long work of the admins in every state: none of it ever ends, since its runner is said to live."""
    for locale in LOCALES:
        house.ask(_add_jobs, house.person("admin", locale).id)


def _busy(totals: Totals, share: float) -> Totals:
    """The compute when it uses this share of what it has."""
    memory = int(totals["limit"] * share / 2)
    return {
        **totals,
        "cpu": 100 * share,
        "executing": int(totals["threads"] * share),
        "queued": int(40 * totals["workers"] * share),
        "memory": memory,
        "managed": memory // 2,
        "unmanaged": memory // 2,
        "spilled": memory // 20,
    }


def _store(database: Session, end: float, series: Mapping[str, Mapping[str, float]]) -> None:
    known: dict[str, int] = {}
    last = int(end) // MINUTE * MINUTE
    for start in range(last - HOUR, last + 1, MINUTE):
        blocks = {key: encode(_minute(start, end, values)) for key, values in series.items()}
        known |= recorder.store(database, start, blocks, moment(start), known)


def _minute(start: int, end: float, values: Mapping[str, float]) -> dict[str, list["array[float]"]]:
    """Waves below `values`, up to `end`; what does not come and go (places, limits) stays as it is."""
    fixed = ("workers", "threads", "limit")
    times = range(start, start + MINUTE)
    return {
        name: [
            array(
                "f", [value * (1.0 if name in fixed else wave(at)) if at < end else math.nan for at in times]
            )
        ]
        for name, value in values.items()
    }


def wave(at: float) -> float:
    """Between 0.3 and 1: work that comes and goes."""
    return 0.65 + 0.25 * math.sin(at / 311) * math.cos(at / 1013) + 0.1 * math.sin(at / 23)


def _add_people(database: Session, count: int) -> None:
    by = Actor("machine", label="Ana")
    for number in range(count):
        name = "Beatriz de Albuquerque Cavalcanti Moura" if number == 3 else f"Pessoa {number}"
        account = Account(email=f"pessoa-{number}@aurora.example", name=name, created_at=now())
        database.add(account)
        database.flush()
        database.add(RoleGrant(account_id=account.id, role=ROLES[number % 3]))
        who = Actor(
            "person", account.id, account.name, address=f"10.30.0.{number}", agent=DEVICES[number % 5]
        )
        at = now() - timedelta(hours=2 * number)
        thing = {"object_kind": "worker", "object_id": f"{number:032x}", "object": f"node-{number}"}
        if number % 4:
            audit.record(database, at, who, "worker.retired", **thing)
        else:
            audit.record(
                database, at, who, "worker.restarted", outcome="failed", reason="compute.action.gone", **thing
            )
        if number == 5:
            people.deactivate(database, account.id, now(), by=by)
        if number == 7:
            people.set_role(database, account.id, "admin", now(), by=by)
    links.invite(database, "joana@aurora.example", "viewer", now(), by=by)


def _add_jobs(database: Session, account: UUID) -> None:
    at, alive = now(), now() + timedelta(days=1)
    step = {"step_key": "jobs.step.export.files", "step_params": {"number": 29, "of": 68}}
    kept = {"key": "jobs.result.export", "params": {"days": 7}, "href": "/api/v1/files/x", "download": True}
    runs: dict[str, Any] = {"state": "running", "runner": "x", "beat_at": alive, "tries": 1}
    every: tuple[dict[str, Any], ...] = (
        {"state": "cancelled", "ended_at": at - timedelta(days=3)},
        {"state": "failed", "ended_at": at - timedelta(hours=5), "error": "jobs.error.gone", "tries": 4},
        {"state": "done", "ended_at": at - timedelta(minutes=9), "result": kept, "done": 1, "total": 1},
        {"due_at": alive},
        {**runs, "step_key": "jobs.step.export.reading", "started_at": at},
        {**runs, **step, "done": 29, "total": 69, "started_at": at - timedelta(minutes=2)},
    )
    for about in every:
        known = {"account_id": account, "kind": "account_export", "created_at": at, "due_at": at}
        database.add(Job(**{**known, "id": new_id(), **about}))
        database.flush()


def _add_messages(database: Session, settings: Settings) -> None:
    soon = now() + timedelta(hours=24)
    reset = PasswordReset("https://keepai.example.org/reset/x", soon)
    letters: tuple[tuple[str, Letter, str, str], ...] = (
        ("bruno.almeida@aurora.example", Invitation(reset.link, soon, "Ana", "viewer"), "refused", REFUSED),
        ("carla@a-very-long-domain-of-somebody.aurora.example", reset, "later", "450 4.2.0 greylisted"),
        ("dora@aurora.example", MessageTest("Ana"), "not_allowed", ""),
    )
    for number, (address, letter, error, detail) in enumerate(letters):
        at = now() - timedelta(minutes=20 + 100 * number)
        message = outbox.put(database, settings, at, Recipient("address", address), letter)
        message.state = "waiting" if error == "later" else "dead"
        message.due_at = now() + timedelta(hours=5)
        message.error, message.detail = f"outbox.error.{error}", outbox.masked(detail)
        database.add(message)


def _add_channels(database: Session, settings: Settings, admin: UUID) -> None:
    by, at = Actor("person", admin, "Marina Duarte"), now() - timedelta(days=1)
    hook = {
        "url": "https://painel.aurora.example/avisos/8f1c",
        "secret": "a secret of many letters",
        "template": '{"text": "${title}: ${text}"}',
    }
    drafts = [
        channels.Draft("webhook", "Painel da sala", hook),
        channels.Draft(
            "chat", "Operação no Discord", {"url": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3"}
        ),
        channels.Draft(
            "mail", "Plantão", {"address": "plantao@a-very-long-domain-of-somebody.aurora.example"}
        ),
        *[
            channels.Draft("webhook", f"Sistema {number}", hook, enabled=bool(number % 3))
            for number in range(1, 29)
        ],
    ]
    made = [channels.create(database, settings, at, draft, by) for draft in drafts]
    first = made[0]
    for number in range(34):
        [message] = channels.test(database, settings, at + timedelta(minutes=30 * number), first.id, by)
        message.state = "dead" if number % 7 == 0 else "sent"
        message.error = "outbox.error.refused" if message.state == "dead" else ""
        message.detail = "404 No webhook is here, or it was taken away" if message.error else "200 ok"
        message.sent_at = message.created_at if message.state == "sent" else None
        database.add(message)
    night = {"days": [0, 1, 2, 3, 4], "from": "18:00", "to": "08:00", "zone": "America/Sao_Paulo"}
    chain = [
        {
            "after": 0,
            "targets": [{"kind": "channel", "id": first.id.hex}, {"kind": "role", "id": "operator"}],
        },
        {"after": 900, "targets": [{"kind": "person", "id": admin.hex}]},
    ]
    for number, name in enumerate(["Noite", "Só a computação", *[f"Rota {one}" for one in range(3, 31)]]):
        more: dict[str, Any] = {"hours": night} if number == 0 else {"matchers": {"compute": "embedded"}}
        draft = routes.Draft(name, chain, ("warning", "critical")[number % 2], **more)
        routes.create(database, at, draft, by)


# What is wrong with what, in which state, since how many minutes, at which value.
WRONG: tuple[tuple[str, str, str, str, float, float | None], ...] = (
    ("service_down", "OpenWebUI", "firing", "critical", 4, 0.0),
    ("worker_memory", BUSY, "firing", "critical", 11, 96.4),
    ("worker_paused", "node-9", "firing", "warning", 14, 1.0),
    ("event_loop_blocked", "node-11", "firing", "warning", 27, 1.8),
    ("disk_full", "a-machine-with-a-rather-long-name.rack-2.aurora.example", "firing", "warning", 44, 87.2),
    ("database_slow", "", "no_data", "warning", 6, None),
    ("outbox_behind", "", "pending", "warning", 1, 342.0),
    ("host_memory", "aurora", "recovering", "warning", 18, 84.0),
    ("worker_lost", "node-7", "firing", "critical", 540, 0.0),
)


def _add_alerts(database: Session, operator: UUID, admin: UUID, compute: str, ids: Mapping[str, str]) -> None:
    builtin.ensure(database, now())
    rules = {rule.builtin: rule for rule in database.exec(select(AlertRule))}
    rules[
        "worker_memory"
    ].runbook = "1. Veja o que executa.\n2. Se for um shuffle, espere.\n3. Senão, reinicie o worker."
    own = Draft(
        "CPU alta em worker",
        "worker.cpu",
        warning_fire=125.0,
        warning_clear=115.0,
        critical_fire=165.0,
        critical_clear=150.0,
        runbook="Ver o que executa; se for um shuffle, esperar.",
        enabled=False,  # what it finds now is not among the alerts
    )
    alert_rules.create(database, now(), own, Actor("person", admin, "Marina Duarte"))
    made = {}
    for name, subject, state, severity, minutes, value in WRONG:
        labels = {"compute": compute, "worker": ids[subject]} if subject in ids else {}
        made[name] = _alert(database, rules[name], subject, state, severity, minutes, value, labels)
    rafael = Actor("person", operator, "Rafael Nogueira")
    at = now() - timedelta(minutes=3)
    later = now() + timedelta(hours=4)
    alerts.acknowledge(
        database, at, made["worker_paused"].id, rafael, note="esperar o shuffle terminar", until=later
    )
    alerts.assign(database, at, made["disk_full"].id, rafael, admin)
    alerts.comment(database, at, made["disk_full"].id, rafael, "limpeza marcada para as 14 h")
    alerts.comment(
        database, at, made["worker_memory"].id, rafael, "Sem energia no rack 2, ligando para o prédio."
    )
    alerts.silence(
        database,
        at,
        made["worker_lost"].id,
        rafael,
        until=later + timedelta(hours=20),
        reason="troca da fonte",
    )
    for starts_at, hours, reason in (
        (
            now() + timedelta(hours=2),
            3,
            "Cópia noturna: o disco enche e esvazia de novo, todos já sabem disso",
        ),
        (now() - timedelta(days=2), 50, "Teste de carga"),
    ):
        draft = silences.Draft(
            starts_at + timedelta(hours=hours), reason, rule_id=rules["disk_full"].id, starts_at=starts_at
        )
        last = silences.create(database, min(starts_at, at), draft, rafael)
    silences.end(database, at, last.id, rafael)
    for number in range(54):
        name, subject = (("worker_lost", f"node-{number}"), ("service_down", "Redis"))[number % 2]
        alert = _alert(database, rules[name], subject, "firing", "critical", 90 + 57 * number, 0.0)
        over = alert.started_at + timedelta(seconds=38 + 13 * (number % 11))
        if number % 5 == 3:
            alerts.resolve(database, over, alert.id, rafael, note="fonte trocada")
            continue
        alert.state, alert.resolved_at, alert.since, alert.open_key = "resolved", over, over, ""
        database.add_all([alert, _event(alert, over, "resolved", "critical", 1.0)])


def alert_ids(database: Session) -> dict[str, str]:
    """The ids of the alerts of `alarm` by their rules, of one that is over, and of a rule."""
    names = {name: subject for name, subject, *_ in WRONG}
    found = {
        one.rule_builtin: one
        for one in database.exec(select(Alert).where(Alert.open_key != ""))
        if names.get(one.rule_builtin) == one.subject
    }
    over = database.exec(select(Alert).where(Alert.state == "resolved", Alert.last_note != "")).first()
    assert over is not None
    ids = {name: one.id.hex for name, one in found.items()}
    own = database.exec(select(AlertRule).where(col(AlertRule.builtin).is_(None))).first()
    if own is not None:
        ids["own"] = own.id.hex
    ids |= {kind: some[0].id.hex for kind, some in _ways(database).items() if some}
    return {**ids, "over": over.id.hex, "rule": (found["worker_memory"].rule_id or over.id).hex}


def _ways(database: Session) -> dict[str, list[Any]]:
    named = [one for one in channels.listed(database) if one.name == "Painel da sala"]
    return {"channel": named, "route": routes.listed(database)}


def _alert(
    database: Session,
    rule: AlertRule,
    subject: str,
    state: str,
    severity: str,
    minutes: float,
    value: float | None,
    labels: Mapping[str, str] = MappingProxyType({}),
) -> Alert:
    at = now() - timedelta(minutes=minutes)
    kind = rule.measure.split(".")[0]
    alert = Alert(
        started_at=at,
        rule_id=rule.id,
        rule_builtin=rule.builtin or "",
        measure=rule.measure,
        open_key=uuid4().hex,
        labels={"kind": kind, **labels},
        subject=subject,
        state=state,
        severity=severity,
        worst=severity,
        value=value,
        since=at,
        fired_at=None if state == "pending" else at,
    )
    database.add(alert)
    database.flush()
    if rule.pending or state == "pending":
        database.add(_event(alert, at - timedelta(seconds=rule.pending), "pending", severity, value))
    if state != "pending":
        database.add(_event(alert, at, "no_data" if state == "no_data" else "fired", severity, value))
    if state == "recovering":
        alert.since = at + timedelta(minutes=minutes / 2)
        database.add(_event(alert, alert.since, "recovering", severity, value))
    database.flush()
    return alert


def _event(alert: Alert, at: datetime, kind: str, severity: str, value: float | None) -> AlertEvent:
    return AlertEvent(alert_id=alert.id, at=at, kind=kind, detail={"severity": severity, "value": value})


def _add_groups(database: Session, key: str, count: int) -> None:
    compute = workers.ensure_compute(database, key, now())
    for number in range(count):
        tasks = (37 * number * number) % 20_000 + 1
        database.add(
            TaskGroupRun(
                compute_id=compute,
                name=f"{GROUPS[number % len(GROUPS)]}-{number:04x}",
                started_at=now() - timedelta(minutes=31 * number + 9),
                finished_at=now() - timedelta(minutes=31 * number + 2),
                tasks=tasks,
                errors=0 if number % 7 else number % 5,
                seconds=tasks * (0.02 + 0.7 * (number % 9)),
                nbytes=tasks * 70_001,
            )
        )


def _add_events(database: Session, key: str, worker: UUID, name: str, count: int) -> None:
    compute = workers.ensure_compute(database, key, now())
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        database.add(
            WorkerEvent(
                compute_id=compute,
                worker_id=worker,
                worker_name=name,
                at=now() - timedelta(minutes=117 * number + 21),
                kind=kind,
                by="Ana Souza" if kind in ("restarted", "retired") else "",
            )
        )
