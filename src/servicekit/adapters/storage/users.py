"""Users in SQL: the lists that administrators read, and who is at a mail domain.

Addresses are stored in lower case, their domains in ASCII, so that both databases compare them letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence

from servicekit.adapters.storage.tables import SqlTable
from servicekit.groups import User
from servicekit.ids import GroupId

__all__ = ["UserTable"]

_LIKE = "email LIKE ? ESCAPE '!'"


class UserTable(SqlTable[User]):
    """Users; see :class:`servicekit.ports.store.Users` for what each promises."""

    def listed(self, groups: Sequence[GroupId], containing: str, after: str, most: int) -> tuple[User, ...]:
        """By address, in the order that the database sorts texts in."""
        return self.select(
            f'"group" IN ({", ".join("?" * len(groups))}) AND removed = 0 AND email > ? AND {_LIKE}',
            [*groups, after, f"%{_literal(containing)}%"],
            order="email",
            most=most,
        )

    def at_domain(self, domain: str) -> tuple[User, ...]:
        """Those whose address ends like this."""
        bare = _literal(domain)
        return self.select(f"removed = 0 AND ({_LIKE} OR {_LIKE})", [f"%@{bare}", f"%@%.{bare}"], order="email")


def _literal(text: str) -> str:
    """Text whose every character stands for itself in a LIKE."""
    return text.lower().replace("!", "!!").replace("%", "!%").replace("_", "!_")
