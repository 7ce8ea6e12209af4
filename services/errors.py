"""The one tree of failures worth telling. Each carries a message key that is translated at the edge."""

from collections.abc import Mapping


class KeepAIError(Exception):
    """Base of them all. `key` names the message, `params` fill its placeholders, `fields` are per-field keys."""

    key = "errors.unexpected"

    def __init__(self, key: str | None = None, *, fields: Mapping[str, str] | None = None, **params: object):
        self.key = key or type(self).key
        self.fields = dict(fields or {})
        self.params = params
        super().__init__(self.key)


class Invalid(KeepAIError):
    """What was given is not acceptable; `fields` says which part and why."""

    key = "errors.invalid"


class NotFound(KeepAIError):
    """No such thing, or not for this person: the two are never told apart."""

    key = "errors.not_found"


class Forbidden(KeepAIError):
    """The person may not do this."""

    key = "errors.forbidden"


class Conflict(KeepAIError):
    """The thing changed meanwhile, or its state does not allow this."""

    key = "errors.conflict"


class Upstream(KeepAIError):
    """Something outside failed; `permanent` says whether trying again can help."""

    key = "errors.upstream"

    def __init__(self, key: str | None = None, *, permanent: bool = False, **params: object):
        super().__init__(key, fields=None, **params)
        self.permanent = permanent
