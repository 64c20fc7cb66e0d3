"""Doing something once, however often it is asked: a request under a key of the asker's, and its answer kept for a day.

Rules kept here: the answer is written in the transaction that did it, so it is done once also where the first answer was lost.
The same key with another request is refused. What was refused was not done, and may be asked again under its key.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from attrs import field, frozen

from servicekit.commands import Command
from servicekit.moments import Instant

__all__ = ["ANSWER_SPAN", "Done", "KeptAnswer", "PerformOnce"]

ANSWER_SPAN: Final = timedelta(days=1)
"""For how long an answer is kept."""


@frozen(kw_only=True)
class KeptAnswer:
    """What came of a request.

    Attributes:
        caller: who asked (an id's text).
        request: the caller's key for it.
        fingerprint: digest of what was asked.
        answer: JSON of what it returned.
    """

    caller: str
    request: str
    fingerprint: str
    answer: str = field(repr=False)
    made_at: Instant


@frozen
class Done:
    """What a command returned, as JSON; ``again``: it was done before, and not now."""

    answer: str = field(repr=False)
    again: bool


@frozen(kw_only=True)
class PerformOnce(Command[Done]):
    """Perform a command, unless the asker has had it performed under this key within a day. It needs what the command needs.

    Attributes:
        request: 1 to 255 characters of the asker's own.
        command: whatever asks no vendor before.

    Raises:
        Invalid: ``bad_request_key``.
        Conflict: ``request_key_reused`` where another command has this key.
        ConfigurationError: the command cannot be performed once.
    """

    request: str
    command: Command[Any]
