"""Notifications on one's own devices (web push): what a browser needs, and which devices there are."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import person_of, requires
from keepai.api.lists import NO_NUL, id_of
from keepai.web.scope import actor_of
from models import PushSubscription
from services import db
from services.channels import devices, web_push
from services.clock import now, rfc3339
from services.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["push"], dependencies=[requires("profile:write")])

DeviceId = Annotated[str, Path(max_length=64, description="`id` of the device, as the list has it.")]
Endpoint = Annotated[str, Field(max_length=devices.LONGEST_ENDPOINT, pattern=NO_NUL)]
Key = Annotated[str, Field(max_length=200, pattern=NO_NUL)]


class Keys(BaseModel):
    """The public key and the secret of a browser, in base64url."""

    model_config = ConfigDict(extra="forbid")

    p256dh: Key
    auth: Key


class Subscription(BaseModel):
    """What a browser says of its `PushSubscription`."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Endpoint = Field(examples=["https://push.example.org/1"])
    expirationTime: float | None = None  # noqa: N815 - as browsers write it
    keys: Keys
    replaces: Endpoint | None = Field(None, description="The endpoint that this browser had before.")


@router.get("/push", response_model=shapes.Push)
async def push(request: Request) -> dict[str, Any]:
    """The key with which a browser subscribes, and one's own devices."""
    person = person_of(request)
    found = await db.read(devices.listed, person.account_id)
    return {
        "public_key": web_push.public_key(get_settings()),
        "devices": [_row(one, person.session_id) for one in found],
    }


@router.post("/push/subscriptions", status_code=201, response_model=shapes.Device)
async def subscribe(request: Request, given: Subscription) -> dict[str, Any]:
    """Send notifications to the browser that asks, as long as the session lasts with which it does. What is known
    already stays as it is."""
    person, by = person_of(request), actor_of(request.scope)
    wanted = devices.Subscription(given.endpoint, given.keys.p256dh, given.keys.auth)

    def write(session: Session) -> PushSubscription:
        return devices.subscribe(
            session,
            get_settings(),
            now(),
            person.account_id,
            person.session_id,
            wanted,
            by=by,
            replaces=given.replaces or "",
        )

    return _row(await db.write(write), person.session_id)


@router.delete("/push/subscriptions/{id}", status_code=204, response_class=Response)
async def remove(request: Request, id: DeviceId) -> None:
    """Send nothing there any more."""
    person = person_of(request)
    await db.write(devices.remove, now(), person.account_id, id_of(id), actor_of(request.scope))


@router.post("/push/subscriptions/{id}/test", status_code=202, response_model=shapes.ChannelTest)
async def test(request: Request, id: DeviceId) -> dict[str, Any]:
    """Send a test there."""
    person = person_of(request)
    put = await db.write(
        devices.test, get_settings(), now(), person.account_id, id_of(id), actor_of(request.scope)
    )
    return {"deliveries": [put.id.hex]}


def _row(device: PushSubscription, current: UUID) -> dict[str, Any]:
    return {
        "id": device.id.hex,
        "fingerprint": device.endpoint_hash,
        "user_agent": device.user_agent,
        "current": device.session_id == current,
        "created_at": rfc3339(device.created_at),
        "seen_at": rfc3339(device.seen_at),
        "sent_at": rfc3339(device.sent_at),
    }
