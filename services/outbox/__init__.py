"""Everything that leaves the building: put in the transaction of the action that causes it, sent by a dispatcher.

`put` writes it down, the background role claims what is due, sends it and settles what came of it. What is put is
sent at least once: a process that ends between the other side's yes and our note sends it again under the same
Message-ID.
"""

from services.outbox.gate import Recipient, masked, may_send, person
from services.outbox.letters import LETTERS, Invitation, Letter, PasswordReset, Trial
from services.outbox.queue import (
    TOPIC,
    Parcel,
    Trouble,
    can_mail,
    claim,
    configure,
    counts,
    get,
    give_up,
    prune,
    put,
    resend,
    settle,
    troubled,
)
from services.outbox.rules import Failed, Next, Sent

__all__ = [
    "LETTERS",
    "TOPIC",
    "Failed",
    "Invitation",
    "Letter",
    "Next",
    "Parcel",
    "PasswordReset",
    "Recipient",
    "Sent",
    "Trial",
    "Trouble",
    "can_mail",
    "claim",
    "configure",
    "counts",
    "get",
    "give_up",
    "masked",
    "may_send",
    "person",
    "prune",
    "put",
    "resend",
    "settle",
    "troubled",
]
