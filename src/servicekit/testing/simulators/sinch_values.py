"""What a simulated Sinch holds: batches; and how it writes times and numbers and fills in parameters.

Rules kept here: a batch is shown as Sinch shows it; a parameter without a value for a recipient leaves that one without a text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import define, field

from servicekit.moments import Instant

__all__ = ["CODES", "Batch", "filled", "plain", "stamp"]

CODES: Mapping[str, int] = MappingProxyType(
    {"Queued": 400, "Dispatched": 401, "Aborted": 402, "Cancelled": 407, "Delivered": 0, "Failed": 11}
)
"""The number that Sinch reports beside a status, or one of them."""

_PARAMETER = re.compile(r"\$\{([A-Za-z0-9._-]{1,16})\}")


@define(kw_only=True)
class Batch:
    """A batch at Sinch.

    Attributes:
        shown: the JSON object of the interface.
        texts: what each recipient (without plus sign) gets; None where a parameter has no value.
    """

    shown: dict[str, Any]
    texts: Mapping[str, str | None]
    created: Instant
    arrived: set[str] = field(factory=set)


def filled(body: str, to: str, parameters: Mapping[str, Mapping[str, str]]) -> str | None:
    """The body with the recipient's values for its parameters; None where one is missing.

    >>> filled("Hi ${name}!", "4670", {"name": {"default": "you"}})
    'Hi you!'
    """
    values = {name: of.get(to, of.get(f"+{to}", of.get("default"))) for name, of in parameters.items()}
    if any(values.get(name) is None for name in _PARAMETER.findall(body)):
        return None
    return _PARAMETER.sub(lambda found: str(values[found[1]]), body)


def plain(number: str) -> str:
    """A number as Sinch shows it: without plus sign."""
    return number.removeprefix("+")


def stamp(at: Instant) -> str:
    """UTC, to the millisecond."""
    return at.utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.utc.microsecond // 1000:03d}Z"
