"""Alerts as Alertmanager sends them, for benchmarks that do in its place; and Alertmanager itself."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlmodel import Session

from benchmarks.installation import EMAIL, Installation, answers, free_port, until
from services import db
from services.clock import now, rfc3339
from services.identity import accounts, api_keys

AT = "/webhook/alertmanager"
ALERTMANAGER = "prometheus-alertmanager"
NAME = "alertmanager"
ANSWERS_WITHIN = 60.0
Alert = dict[str, Any]


def key_of(installation: Installation) -> str:
    """A new key of the first admin that may tell of alerts and read them."""

    def make(session: Session) -> str:
        account = accounts.by_email(session, EMAIL)
        assert account is not None
        owner = accounts.principal(account, accounts.roles_of(session, account.id), account.id)
        permissions = ["alerts:write", "alerts:read", "alerts:act"]
        return api_keys.create(session, owner, now(), name=NAME, permissions=permissions)[1]

    assert installation.process
    return db.write_now(make)


def alert(number: int, kind: int, *, severity: str = "critical", began: datetime | None = None) -> Alert:
    """One that fires."""
    return {
        "status": "firing",
        "labels": {
            "alertname": f"Kind{kind}",
            "instance": f"node-{number}:9100",
            "job": "node",
            "severity": severity,
        },
        "annotations": {"summary": f"Something is wrong with node-{number}"},
        "startsAt": rfc3339(began or now()),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org:9090/graph",
        "fingerprint": f"{kind:04x}{number:012x}",
    }


def over(fired: Alert) -> Alert:
    """The same, that is over now."""
    return {**fired, "status": "resolved", "endsAt": rfc3339(now())}


def message(alerts: Sequence[Alert]) -> dict[str, Any]:
    """What Alertmanager sends of these."""
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "keepai",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org:9093",
        "alerts": list(alerts),
    }


async def post_all(address: str, bodies: Sequence[Any], within: float, key: str = "") -> list[float]:
    """Post these evenly over so many seconds, whether or not those before were answered; the seconds each took."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    limits = httpx2.Limits(max_connections=100)
    async with httpx2.AsyncClient(headers=headers, timeout=ANSWERS_WITHIN, limits=limits) as client:
        began = time.monotonic()

        async def post(place: int, body: Any) -> float:
            await asyncio.sleep(max(0.0, began + place * within / len(bodies) - time.monotonic()))
            asked = time.monotonic()
            answer = await client.post(address, json=body)
            answer.raise_for_status()
            return time.monotonic() - asked

        return await asyncio.gather(*(post(place, body) for place, body in enumerate(bodies)))


def found(installation: Installation, key: str, state: str = "open") -> list[dict[str, Any]]:
    """All alerts, as a program reads them page by page."""
    rows: list[dict[str, Any]] = []
    with httpx2.Client(headers={"authorization": f"Bearer {key}"}, timeout=ANSWERS_WITHIN) as client:
        cursor: str | None = ""
        while cursor is not None:
            at = f"{installation.address}/api/v1/alerts?state={state}&limit=200&cursor={cursor}"
            page = client.get(at).raise_for_status().json()
            rows += page["items"]
            cursor = page["next_cursor"]
    return rows


@contextlib.contextmanager
def alertmanager(folder: Path, mail: int = 0) -> Iterator[str]:
    """Alertmanager as it comes; gives its address. With a port of a mail server it mails, a message for each name."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    mails = "[{to: b@example.org}]" if mail else "[]"
    smtp = f"smtp_smarthost: '127.0.0.1:{mail or 25}', smtp_from: a@example.org, smtp_require_tls: false"
    (folder / "alertmanager.yml").write_text(
        f"global: {{{smtp}}}\n"
        "route: {receiver: mail, group_by: [alertname]}\n"
        f"receivers: [{{name: mail, email_configs: {mails}}}]\n"
    )
    process = subprocess.Popen(
        [
            *(ALERTMANAGER, f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 60, "Alertmanager")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def for_alertmanager(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """These as Prometheus would tell Alertmanager of them."""
    kept = ("labels", "annotations", "startsAt", "generatorURL")
    return [{name: one[name] for name in kept} for one in alerts]
