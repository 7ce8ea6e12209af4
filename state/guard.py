"""Who may call an event handler. Every handler declares it: `@requires("compute:act")` under `@rx.event`.

Any websocket client can call any handler with any arguments. The guard looks the session up again, compares the
permission, checks the arguments against the handler's annotations, and turns failures into a message in words.
"""

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from reflex.istate.proxy import StateProxy

from models.base import new_id
from services import tracing
from services.audit import Actor
from services.errors import Forbidden, Invalid, KeepAIError
from services.i18n import translate
from services.identity import principals
from services.identity.permissions import Principal
from state.toasts import Toasts

log = logging.getLogger(__name__)

LONGEST_TEXT = 4000
# All that is open to somebody who still has a made-up password: the page on which it is changed.
OWN_PROFILE = "profile:write"
_principal: ContextVar[Principal] = ContextVar("principal")
_actor: ContextVar[Actor] = ContextVar("actor")

Handler = Callable[..., Awaitable[Any]]


def principal() -> Principal:
    """The person whose event is being handled."""
    return _principal.get()


def actor() -> Actor:
    """The same person as the audit log knows them, with where they are."""
    return _actor.get()


def requires(permission: str) -> Callable[[Handler], Handler]:
    """Let only those in who hold the permission on the platform. For async handlers, background ones too."""

    def guard(handler: Handler) -> Handler:
        check = _arguments(handler)

        @functools.wraps(handler)
        async def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            person = await principals.principal_of_cookie(self.router.headers.cookie)
            if person is None:  # binding.py has told the tab where to go before this is reached
                return None
            _principal.set(person)
            _actor.set(_acting(self, person))
            tracing.begin(_actor.get().request_id)
            tracing.acting("person", person.account_id)
            try:
                if person.must_change_password and permission != OWN_PROFILE:
                    raise Forbidden("errors.must_change_password")
                if not person.may(permission):
                    raise Forbidden("errors.forbidden_role", role=person.role)
                return await handler(self, **check(args, kwargs))
            except KeepAIError as error:
                await tell(self, "critical", translate(person.locale, error.key, **error.params))
            except Exception:
                log.exception("event %s failed", handler.__qualname__)
                await tell(self, "critical", translate(person.locale, "errors.unexpected"))
            return None

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return guard


async def tell(
    state: Any, tone: str, title: str, text: str = "", *, action: str = "", event: str = ""
) -> str:
    """Show a message in the tab of this state, from a plain or a background handler; returns its id."""
    if isinstance(state, StateProxy):
        async with state:
            toasts = await state.get_state(Toasts)
            return str(toasts._add(tone, title, text, action=action, event=event))
    toasts = await state.get_state(Toasts)
    return str(toasts._add(tone, title, text, action=action, event=event))


async def offer_undo(state: Any, title: str, event: str) -> str:
    """Say what was done, and offer to undo it by the page's event of this name; returns the message's id."""
    return await tell(state, "ok", title, action=translate(principal().locale, "common.undo"), event=event)


async def untell(state: Any, toast_id: str) -> None:
    """Take a message away."""
    toasts = await state.get_state(Toasts)
    toasts._drop(toast_id)


def _acting(state: Any, person: Principal) -> Actor:
    return Actor(
        "person",
        person.account_id,
        person.label,
        address=state.router.session.client_ip,
        agent=state.router.headers.user_agent,
        request_id=new_id().hex,
    )


def _arguments(handler: Handler) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """A function that binds and validates a call's arguments. Raises Invalid for anything that does not fit."""
    signature = inspect.signature(handler)

    @functools.lru_cache(maxsize=1)
    def adapters() -> dict[str, TypeAdapter[Any]]:
        hints = get_type_hints(handler)
        config = ConfigDict(str_max_length=LONGEST_TEXT)
        return {
            name: TypeAdapter(hints[name], config=config) for name in signature.parameters if name in hints
        }

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            bound = signature.bind(None, *args, **kwargs).arguments
        except TypeError as error:
            raise Invalid("errors.arguments") from error
        known = adapters()
        values = {name: value for name, value in bound.items() if name != "self"}
        try:
            return {k: known[k].validate_python(v) if k in known else v for k, v in values.items()}
        except ValidationError as error:
            raise Invalid("errors.arguments") from error

    return check


def event_permission(fn: Any) -> str | None:
    """The permission a handler declares, or None."""
    declared: str | None = getattr(fn, "permission", None)
    return declared


__all__ = ["actor", "event_permission", "offer_undo", "principal", "requires", "tell", "untell"]
