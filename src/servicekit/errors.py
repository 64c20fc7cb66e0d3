"""The errors of servicekit. The type says what may be done about it; never parse a message.

::

    ServicekitError
    ├── Refused                  a rule said no; nothing was written. Show it, do not retry
    │   ├── Invalid              the input can never be right (a number that is none, a window that ends before it starts)
    │   ├── NotFound             there is no such thing, or the asker may not know that there is
    │   ├── Forbidden            the asker lacks a right; ``facts`` names it
    │   └── Conflict             it does not fit what is there now: reload, decide again
    ├── OutsideError             a vendor's system; raised by adapters, handled by the relay
    │   ├── Unreachable          nothing left this machine, or a mere reading failed: retry
    │   ├── OutcomeUnknown       it may have happened: never repeat a create blindly, look it up first
    │   ├── Throttled            not before ``until``
    │   ├── Rejected             the vendor said no, for good: a person has to look
    │   └── Unsupported          this vendor cannot do it; its capabilities said so
    ├── UnreadableInput          what came from outside cannot be taken in; nothing was written
    │   ├── UnreadableMail       a mail that no reader could make sense of, or too large
    │   └── BadWebhook
    │       ├── Forged           its proof of origin is missing or wrong
    │       ├── Stale            its proof is right, but too old
    │       └── Misshapen        proven, but not of the vendor's form
    └── StorageError             the database said no or was not there
        └── StorageBusy          others held it for too long: the same command may be tried again

    ConfigurationError           wrong wiring: stands outside the tree, so that nobody swallows it
    └── MissingExtra             names the ``pip install`` line

Every ``Refused`` has a ``code`` (stable, for programs) and ``facts`` (JSON-ready, for people and logs). No error carries a
secret: adapters put the vendor's status and body into ``facts``, never their own request headers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from servicekit.moments import Instant

__all__ = [
    "BadWebhook",
    "ConfigurationError",
    "Conflict",
    "Forbidden",
    "Forged",
    "Invalid",
    "Misshapen",
    "MissingExtra",
    "NotFound",
    "OutcomeUnknown",
    "OutsideError",
    "Refused",
    "Rejected",
    "ServicekitError",
    "Stale",
    "StorageBusy",
    "StorageError",
    "Throttled",
    "Unreachable",
    "UnreadableInput",
    "UnreadableMail",
    "Unsupported",
]

Facts = Mapping[str, object]


class ServicekitError(Exception):
    """Root of all errors that servicekit raises on purpose, but for wrong configuration.

    ``code`` is stable and lower-case with underscores; ``facts`` holds JSON-ready values.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.facts: Facts = facts

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions rebuild themselves from ``args``, which would drop code and facts between processes.
        return _rebuild, (type(self), self.message, self.__dict__)


def _rebuild(kind: type[ServicekitError], message: str, state: dict[str, object]) -> ServicekitError:
    error = kind.__new__(kind, message)
    error.__dict__.update(state)
    return error


class Refused(ServicekitError):
    """A rule said no and nothing was written."""

    default_code = "refused"


class Invalid(Refused):
    """The input can never be right, whatever is stored."""

    default_code = "invalid"


class NotFound(Refused):
    """There is no such thing, or the asker may not know that there is: both read alike."""

    default_code = "not_found"


class Forbidden(Refused):
    """The asker sees the thing but lacks the right; ``facts["needs"]`` is the scope."""

    default_code = "forbidden"


class Conflict(Refused):
    """It does not fit what is stored now (a taken room, a state that does not allow it)."""

    default_code = "conflict"


class OutsideError(ServicekitError):
    """Something about a vendor's system. ``facts`` may hold ``vendor``, ``status`` and ``body`` (its first 500 characters)."""

    default_code = "outside"


class Unreachable(OutsideError):
    """Nothing was done there: no connection, or a reading that failed. Retry."""

    default_code = "unreachable"


class OutcomeUnknown(OutsideError):
    """The request left and no usable answer came: it may have happened. Look it up before doing it again."""

    default_code = "outcome_unknown"


class Throttled(OutsideError):
    """The vendor asks to wait; ``until`` is when, or None where it did not say."""

    default_code = "throttled"

    def __init__(self, message: str, *, until: Instant | None = None, code: str = "", **facts: object) -> None:
        super().__init__(message, code=code, **facts)
        self.until = until


class Rejected(OutsideError):
    """The vendor's final no. Repeating it cannot help."""

    default_code = "rejected"


class Unsupported(OutsideError):
    """The vendor has no such capability."""

    default_code = "unsupported"


class UnreadableInput(ServicekitError):
    """What came from outside cannot be taken in; nothing was written."""

    default_code = "unreadable"


class UnreadableMail(UnreadableInput):
    """A mail that no reader can make sense of, or that is over the size limits."""

    default_code = "unreadable_mail"


class BadWebhook(UnreadableInput):
    """A vendor's call that is not to be believed or not to be understood."""

    default_code = "bad_webhook"


class Forged(BadWebhook):
    """Proof of origin missing or wrong. Answer 401 and do nothing."""

    default_code = "forged"


class Stale(BadWebhook):
    """Proof of origin right but older than allowed: perhaps a replay."""

    default_code = "stale"


class Misshapen(BadWebhook):
    """Proven, but not of the form that the vendor documents."""

    default_code = "misshapen"


class StorageError(ServicekitError):
    """The database refused or could not be reached; the transaction is undone."""

    default_code = "storage"


class StorageBusy(StorageError):
    """Others held the database for too long, or a serialisation failed: the same command may be run again."""

    default_code = "storage_busy"


class ConfigurationError(Exception):
    """The wiring is wrong (an unknown URL scheme, no adapter for what a service needs). Mend the set-up and start again."""


class MissingExtra(ConfigurationError):
    """An optional dependency is absent."""

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        super().__init__(
            f"{purpose} needs an extra that is not installed: python -m pip install 'servicekit-sdk[{extra}]'"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Exception.__new__, (type(self), *self.args), self.__dict__
