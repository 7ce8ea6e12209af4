"""What Twilio says of an SMS after it took it: signed, in any order, and sometimes twice."""

import logging
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Request, Response

from keepai.api.access import public
from services import db, outbox
from services.channels import sms
from services.clock import now
from services.errors import Forbidden, NotFound
from services.settings import get_settings

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)


@router.post(sms.CALLBACK, dependencies=[public("Twilio signs what it sends")])
async def status(request: Request) -> Response:
    """Note how a message arrived. Answers 204, 403 to what is not signed."""
    settings = get_settings()
    token = settings.twilio_auth_token.get_secret_value()
    form = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    query = request.url.query
    # What it signed is the public address: what arrives here may have come through a proxy.
    url = f"{settings.address}{sms.CALLBACK}{f'?{query}' if query else ''}"
    given = request.headers.get("x-twilio-signature", "")
    if not token or not sms.is_signed(token, url, form, given):
        raise Forbidden
    delivery, detail = sms.outcome(dict(form))
    try:
        message = UUID(request.query_params.get("message", ""))
    except ValueError as error:
        raise NotFound from error
    if delivery and not await db.write(outbox.delivered, message, delivery, detail, now()):
        log.debug("message %s was known to be further than %s", message, delivery)
    return Response(status_code=204)
