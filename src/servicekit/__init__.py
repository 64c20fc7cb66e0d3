"""servicekit: rules and adapters for businesses whose customers book, log in, open doors, meet online and get texts.

::

    from servicekit import Kit

    kit = Kit.open("sqlite:///salon.db")

A kit has four verbs: ``perform`` (a change), ``ask`` (a reading), ``deliver`` (do what is due outside) and ``receive`` (what
the outside tells). The rooms work alone: ``from servicekit.sms import count_segments``. Importing this package loads none of
its dependencies' weight: names are looked up when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from servicekit.aio import AsyncKit
    from servicekit.commands import Principal
    from servicekit.errors import (
        BadWebhook,
        ConfigurationError,
        Conflict,
        Forbidden,
        Forged,
        Invalid,
        Misshapen,
        MissingExtra,
        NotFound,
        OutcomeUnknown,
        OutsideError,
        Refused,
        Rejected,
        ServicekitError,
        Stale,
        StorageBusy,
        StorageError,
        Throttled,
        Unreachable,
        UnreadableInput,
        UnreadableMail,
        Unsupported,
    )
    from servicekit.kit import Kit
    from servicekit.moments import Instant, Window

    __version__: str

__all__ = [
    "AsyncKit",
    "BadWebhook",
    "ConfigurationError",
    "Conflict",
    "Forbidden",
    "Forged",
    "Instant",
    "Invalid",
    "Kit",
    "Misshapen",
    "MissingExtra",
    "NotFound",
    "OutcomeUnknown",
    "OutsideError",
    "Principal",
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
    "Window",
    "__version__",
]

_ELSEWHERE = {"AsyncKit": "aio", "Kit": "kit", "Principal": "commands", "Instant": "moments", "Window": "moments"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        from importlib.metadata import version

        return version("servicekit-sdk")
    from importlib import import_module

    value = getattr(import_module(f"servicekit.{_ELSEWHERE.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
