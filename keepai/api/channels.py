"""Channels, and what came of each message that went there, for programs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from keepai.api import shapes
from keepai.api.access import requires
from keepai.api.lists import NO_NUL, USUAL, Cursor, Fields, Limit, chosen, cut, id_of, page
from keepai.web.scope import actor_of
from models import Channel, OutboxMessage
from services import channels, db
from services.clock import now, rfc3339
from services.i18n import DEFAULT_LOCALE
from services.settings import get_settings

router = APIRouter(prefix="/api/v1", tags=["channels"])

COLUMNS = ("id", "kind", "name", "enabled", "where", "locale", "zone", "last", "created_at", "updated_at")
DELIVERY_COLUMNS = (
    *("id", "template", "state", "created_at", "sent_at", "tries", "error", "detail"),
    *("delivery", "delivery_at"),
)
ChannelId = Annotated[str, Path(max_length=64, description="`id` of the channel, as the list has it.")]
Text = Annotated[str, Field(max_length=5000, pattern=NO_NUL)]


class Config(BaseModel):
    """What a channel is made of. Mail: `address`. SMS: `numbers`. Chat: `url`. Webhook: `url`, `secret`, `template`."""

    model_config = ConfigDict(extra="forbid")

    address: Text | None = Field(None, examples=["ops@example.org"])
    numbers: Text | None = Field(None, description="In E.164, by comma.", examples=["+15550100"])
    url: Text | None = Field(
        None,
        description="Where a webhook goes, or an address of Apprise.",
        examples=["https://example.org/hook"],
    )
    secret: Text | None = Field(
        None, description="Signs what goes to a webhook. Left out, it stays as it is."
    )
    template: Text | None = Field(
        None, description="JSON with `${title}`, `${text}`, `${severity}`, `${state}`, `${link}`, `${time}`."
    )


class Change(BaseModel):
    """A channel, or what is to change of one."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200, pattern=NO_NUL)] | None = None
    enabled: bool | None = None
    config: Config | None = None
    locale: Annotated[str, Field(max_length=16)] | None = Field(None, examples=["en"])
    zone: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = Field(None, examples=["UTC"])


class Wanted(Change):
    """A new channel."""

    kind: Literal["mail", "sms", "chat", "webhook"]


@router.get("/channels", dependencies=[requires("alerts:read")], **shapes.told(shapes.Page[shapes.Channel]))
async def listed(limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = "") -> Response:
    """All of them, by name. What opens a channel is never told again."""
    wanted = chosen(fields, COLUMNS)

    def read(session: Session) -> list[dict[str, Any]]:
        found = channels.listed(session)
        newest = channels.newest(session, [one.id for one in found])
        return [_row(one, newest.get(one.id)) for one in found]

    some, more = cut(await db.read(read), limit, cursor, lambda one: str(one["id"]))
    return page(some, wanted, more)


@router.post(
    "/channels", status_code=201, dependencies=[requires("alerts:manage")], response_model=shapes.Channel
)
async def create(request: Request, given: Wanted) -> dict[str, Any]:
    """A new channel. Send a test before you rely on it."""
    draft = channels.Draft(
        kind=given.kind,
        name=given.name or "",
        config=_config(given.config),
        enabled=given.enabled is not False,
        locale=given.locale or DEFAULT_LOCALE,
        zone=given.zone or "UTC",
    )
    return await _answer(
        await db.write(channels.create, get_settings(), now(), draft, actor_of(request.scope))
    )


@router.patch("/channels/{id}", dependencies=[requires("alerts:manage")], response_model=shapes.Channel)
async def change(request: Request, id: ChannelId, given: Change) -> dict[str, Any]:
    """Change what is given; its kind stays."""
    settings, by, number = get_settings(), actor_of(request.scope), id_of(id)

    def write(session: Session) -> Channel:
        was = channels.draft_of(settings, channels.get(session, number))
        config = {**was.config, **_config(given.config)} if given.config else was.config
        draft = channels.Draft(
            kind=was.kind,
            name=was.name if given.name is None else given.name,
            config=config,
            enabled=was.enabled if given.enabled is None else given.enabled,
            locale=given.locale or was.locale,
            zone=given.zone or was.zone,
        )
        return channels.update(session, settings, now(), number, draft, by)

    return await _answer(await db.write(write))


@router.delete("/channels/{id}", status_code=204, dependencies=[requires("alerts:manage")])
async def remove(request: Request, id: ChannelId) -> None:
    """Take it away. A channel to which a route leads stays."""
    await db.write(channels.remove, now(), id_of(id), actor_of(request.scope))


@router.post(
    "/channels/{id}/test",
    status_code=202,
    dependencies=[requires("alerts:manage")],
    response_model=shapes.ChannelTest,
)
async def test(request: Request, id: ChannelId) -> dict[str, Any]:
    """Send a test there; what came of it is in the deliveries."""
    put = await db.write(channels.test, get_settings(), now(), id_of(id), actor_of(request.scope))
    return {"deliveries": [one.id.hex for one in put]}


@router.get(
    "/channels/{id}/deliveries",
    dependencies=[requires("alerts:read")],
    **shapes.told(shapes.Page[shapes.Delivery]),
)
async def deliveries(
    id: ChannelId, limit: Limit = USUAL, cursor: Cursor = "", fields: Fields = ""
) -> Response:
    """What was sent there lately, the newest first."""
    wanted, number = chosen(fields, DELIVERY_COLUMNS), id_of(id)

    def read(session: Session) -> list[OutboxMessage]:
        channels.get(session, number)
        return channels.deliveries(session, number, 200)

    some, more = cut(await db.read(read), limit, cursor, lambda one: one.id.hex)
    return page(map(delivery, some), wanted, more)


def delivery(message: OutboxMessage) -> dict[str, Any]:
    """A message to a channel, without what was written."""
    return {
        "id": message.id.hex,
        "template": message.template,
        "state": message.state,
        "created_at": rfc3339(message.created_at),
        "sent_at": rfc3339(message.sent_at),
        "tries": message.tries,
        "error": message.error,
        "detail": message.detail,
        "delivery": message.delivery,
        "delivery_at": rfc3339(message.delivery_at),
    }


def _config(given: Config | None) -> Mapping[str, str]:
    return given.model_dump(exclude_none=True) if given else {}


async def _answer(channel: Channel) -> dict[str, Any]:
    def read(session: Session) -> dict[str, Any]:
        return _row(channel, channels.newest(session, [channel.id]).get(channel.id))

    return await db.read(read)


def _row(channel: Channel, last: OutboxMessage | None) -> dict[str, Any]:
    config = channels.draft_of(get_settings(), channel).config
    return {
        "id": channel.id.hex,
        "kind": channel.kind,
        "name": channel.name,
        "enabled": channel.enabled,
        "where": channels.shown(channel.kind, config) if config else "",
        "locale": channel.locale,
        "zone": channel.zone,
        "last": delivery(last) if last else None,
        "created_at": rfc3339(channel.created_at),
        "updated_at": rfc3339(channel.updated_at),
    }
