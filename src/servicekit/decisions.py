"""Decisions as values: allowed or denied, always with the reason.

Rules kept here: no check answers with a bare bool, and a reason is both a stable code and a sentence. ``require`` turns a
denial into the error that the caller may see.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from servicekit.errors import Forbidden

__all__ = ["Allowed", "Decision", "Denied", "require"]


@frozen
class Allowed:
    """Yes, because of ``reason``; ``facts`` says which grant or rule."""

    reason: str
    facts: Mapping[str, object] = field(factory=dict)

    def __bool__(self) -> bool:
        return True


@frozen
class Denied:
    """No, because of ``reason``."""

    reason: str
    facts: Mapping[str, object] = field(factory=dict)

    def __bool__(self) -> bool:
        return False


Decision = Allowed | Denied


def require(decision: Decision) -> Allowed:
    """The permission itself, or the refusal as an error.

    Raises:
        Forbidden: with the denial's reason and facts.
    """
    if isinstance(decision, Denied):
        facts = {key: value for key, value in decision.facts.items() if key != "code"}
        raise Forbidden(decision.reason, code=str(decision.facts.get("code", "forbidden")), **facts)
    return decision
