"""Alerts, as Alertmanager sends them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.lists import NO_NUL
from keepai.web.scope import WEBHOOK, actor_of
from services.alerts import outside, triage
from services.errors import Invalid

router = APIRouter(prefix=WEBHOOK.rstrip("/"), tags=["alerts"])

Text = Annotated[str, Field(pattern=NO_NUL)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]
EXAMPLE = {
    "version": "4",
    "groupKey": '{}:{alertname="DiskAlmostFull"}',
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "keepai",
    "groupLabels": {"alertname": "DiskAlmostFull"},
    "commonLabels": {"alertname": "DiskAlmostFull", "severity": "critical"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example.org:9093",
    "alerts": [
        {
            "status": "firing",
            "labels": {
                "alertname": "DiskAlmostFull",
                "instance": "db-1:9100",
                "job": "node",
                "severity": "critical",
            },
            "annotations": {"summary": "Disk of db-1 almost full", "description": "97 % of / is taken."},
            "startsAt": "2026-01-31T12:00:00.123Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=disk",
            "fingerprint": "8c7d1a5a2f1b3c4d",
        }
    ],
}


class Sent(BaseModel):
    """One alert. Other fields are ignored, here and around it: newer versions of Alertmanager add some."""

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[Name, Text], Field(min_length=1, max_length=200)]
    annotations: Annotated[dict[Name, Text], Field(max_length=200)] = {}
    starts_at: AwareDatetime = Field(alias="startsAt")
    ends_at: AwareDatetime | None = Field(None, alias="endsAt")
    generator_url: Text = Field("", alias="generatorURL")
    fingerprint: Annotated[str, Field(max_length=200, pattern=NO_NUL)] = ""


class Notification(BaseModel):
    """A message of Alertmanager's webhook, version 4."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    version: Literal["4"]
    alerts: Annotated[list[Sent], Field(max_length=10_000)]
    truncated: int = Field(
        0, ge=0, alias="truncatedAlerts", description="How many were left out by `max_alerts`."
    )


@router.post("/alertmanager", dependencies=[requires("alerts:write")], response_model=shapes.Taken)
async def alertmanager(request: Request, given: Notification) -> dict[str, Any]:
    """Alerts that Alertmanager sends: each is one alert here, known by its `fingerprint`, else by its labels. One that
    is open already is not made twice; `resolved` ends it. All of them are taken or none.

    `severity` is critical where the label says so, else warning. What somebody resolved by hand stays resolved until
    `startsAt` is newer.
    """
    told = [_told(place, one) for place, one in enumerate(given.alerts)]
    taken = await triage.take_outside(told, actor_of(request.scope))
    return {
        "alerts": len(told),
        "opened": taken.opened,
        "changed": taken.changed,
        "closed": taken.closed,
        "left_out": given.truncated,
    }


def _told(place: int, one: Sent) -> outside.Told:
    if not one.labels.get("alertname", "").strip():
        raise Invalid(fields={f"alerts.{place}.labels.alertname": "errors.field.missing"})
    began = _moment(one.starts_at)
    if began is None:
        raise Invalid(fields={f"alerts.{place}.startsAt": "errors.field.moment"})
    return outside.Told(
        firing=one.status == "firing",
        labels=one.labels,
        began=began,
        ended=_moment(one.ends_at) if one.ends_at else None,
        summary=one.annotations.get("summary", ""),
        description=one.annotations.get("description", ""),
        link=one.generator_url,
        fingerprint=one.fingerprint,
    )


def _moment(given: datetime) -> datetime | None:
    """The moment, unless it stands for none: Alertmanager writes the year 1 where it knows no end."""
    return given.astimezone(UTC) if 1970 < given.year < 2200 else None
