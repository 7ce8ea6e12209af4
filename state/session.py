"""Who is looking at this tab, and what the frame shows of them."""

import reflex as rx

from services.permissions import Principal
from state.guard import requires
from state.toasts import Toasts


class SessionState(rx.State):
    """The signed-in person. Only what the screen needs; the session itself is looked up from the cookie."""

    name: str = ""
    email: str = ""
    initials: str = ""
    role: str = ""
    zone: str = ""
    theme: str = "system"
    may_act: bool = False
    may_scale: bool = False
    may_probe: bool = False
    must_change_password: bool = False
    leave: str = ""
    known: bool = False

    def _show(self, person: Principal) -> None:
        self.name = person.label
        self.email = person.email
        self.initials = initials(person.label)
        self.role = person.role
        self.zone = person.zone
        self.theme = person.theme
        self.may_act = person.may("compute:act")
        self.may_scale = person.may("compute:scale")
        self.may_probe = person.may("system:act")
        self.must_change_password = person.must_change_password
        self.leave = ""
        self.known = True

    @rx.event
    @requires("profile:write")
    async def close_toast(self, toast_id: int):
        """Take one message away."""
        toasts = await self.get_state(Toasts)
        toasts._drop(toast_id)


def initials(label: str) -> str:
    """One or two capitals for the round picture of a person."""
    words = [word for word in label.replace("@", " ").replace(".", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
