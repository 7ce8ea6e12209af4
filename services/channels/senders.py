"""One try to hand a message over, by whichever way it goes."""

from collections.abc import Awaitable, Callable, Mapping

from services.channels import chat, push, sms, webhook
from services.outbox import Failed, Parcel, Sent, mail
from services.settings import Settings

Sender = Callable[[Settings, Parcel], Awaitable[Sent | Failed]]
SENDERS: Mapping[str, Sender] = {
    "mail": mail.send,
    "sms": sms.send,
    "push": push.send,
    "chat": chat.send,
    "webhook": webhook.send,
}


async def send(settings: Settings, parcel: Parcel) -> Sent | Failed:
    """Try once. Raises nothing but what cannot happen."""
    return await SENDERS[parcel.via](settings, parcel)
