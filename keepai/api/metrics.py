"""Figures for Prometheus."""

import logging
import secrets
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError

import keepai
from keepai.api.access import public
from keepai.web.problems import NotSignedIn
from keepai.web.scope import state_of
from services import db, metrics, outbox
from services.settings import get_settings

router = APIRouter(tags=["health"])
log = logging.getLogger(__name__)


@router.get(
    "/metrics",
    dependencies=[public("has its own rule: the token of the settings, or a caller on this machine")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def scrape(request: Request) -> Response:
    """The text format 0.0.4, for `Authorization: Bearer` with KEEPAI_METRICS_TOKEN or a caller on this machine."""
    if not (_has_token(request) or _is_local(request)):
        raise NotSignedIn("errors.metrics_token")
    return Response(
        metrics.text(keepai.__version__, await _outbox()), headers={"content-type": metrics.CONTENT_TYPE}
    )


async def _outbox() -> dict[str, int]:
    """How many messages wait or were given up; nothing while the database is away, so that the rest can be read."""
    try:
        return await db.read(outbox.counts)
    except SQLAlchemyError as error:
        log.warning("the outbox could not be counted: %s", error)
        return {}


def _has_token(request: Request) -> bool:
    token = get_settings().metrics_token.get_secret_value()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    right = secrets.compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and right


def _is_local(request: Request) -> bool:
    """A direct call from this machine. Through a proxy everybody calls from there, so its headers rule that out."""
    state = state_of(request.scope)
    try:
        return not state.get("forwarded", True) and ip_address(state.get("peer", "")).is_loopback
    except ValueError:
        return False
