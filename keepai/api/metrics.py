"""Figures for Prometheus."""

import secrets
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response

import keepai
from keepai.api.access import public
from keepai.web.problems import NotSignedIn
from keepai.web.scope import state_of
from services import metrics
from services.settings import get_settings

router = APIRouter(tags=["health"])


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
    return Response(metrics.text(keepai.__version__), headers={"content-type": metrics.CONTENT_TYPE})


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
