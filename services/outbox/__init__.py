"""Everything that leaves the building: put in the transaction of the action that causes it, sent by a dispatcher.

`put` writes it down, the background role claims what is due, sends it and settles what came of it. What is put is
sent at least once: a process that ends between the other side's yes and our note sends it again under the same
Message-ID.
"""

from services.outbox.gate import Recipient, Via, can_send, masked, may_send, person, phone
from services.outbox.letters import (
    LETTERS,
    AlertDigest,
    AlertNews,
    Invitation,
    Letter,
    MessageTest,
    PasswordReset,
)
from services.outbox.queue import (
    TOPIC,
    Parcel,
    Trouble,
    can_mail,
    claim,
    configure,
    counts,
    delivered,
    forget,
    get,
    give_up,
    is_due,
    lag,
    of_person,
    prune,
    put,
    resend,
    settle,
    take_back,
    troubled,
)
from services.outbox.rules import Failed, Next, Sent

__all__ = [
    "LETTERS",
    "TOPIC",
    "AlertDigest",
    "AlertNews",
    "Failed",
    "Invitation",
    "Letter",
    "MessageTest",
    "Next",
    "Parcel",
    "PasswordReset",
    "Recipient",
    "Sent",
    "Trouble",
    "Via",
    "can_mail",
    "can_send",
    "claim",
    "configure",
    "counts",
    "delivered",
    "forget",
    "get",
    "give_up",
    "is_due",
    "lag",
    "masked",
    "may_send",
    "of_person",
    "person",
    "phone",
    "prune",
    "put",
    "resend",
    "settle",
    "take_back",
    "troubled",
]
