"""The pool of numbers: who has one, for how long, and when somebody else may get it.

Rules kept here, for the numbers that users get:

* A user whose group may receive takes one at its first text, of its group's country where one is free, else of any.
* It keeps the number while it uses it: sending from it and getting an answer both count. A lease that nobody has used for
  :data:`KEPT` has lapsed. It still is its owner's, and one more use renews it, until somebody else takes the number.
* The number is given back at once where the user is removed, or its group may not receive any more.
* A number that was given back, or whose lease has lapsed, rests for :data:`RESTS`: nobody else gets it, so that answers to
  the old owner do not reach a new one. Its last owner gets the same number again as long as nobody else has it.
* An organisation's own number is leased to nobody: texts of the organisation itself (notices) come from it, and what comes
  to it stands in the organisation's log.
* What comes to a resting number stands in the log of its last owner, unmailed; the operator sees it, too.
* A withdrawn number is nobody's once it has rested. What comes to a number of nobody's is kept for the operator.

Who may receive and gets none, because none is free, sends under the group's sender name; see ``no_free_number``.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from attrs import evolve, frozen

from servicekit.commands import Command, Query
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant

__all__ = [
    "KEPT",
    "NOTED",
    "RESTS",
    "CountNumbers",
    "ListNumbers",
    "Number",
    "NumberState",
    "PoolCount",
    "ProvideNumbers",
    "WithdrawNumbers",
    "withdrawn",
]

KEPT = timedelta(days=365)
"""How long a lease lives after its last use."""
RESTS = timedelta(days=180)
"""How long a number rests before somebody else gets it."""
NOTED = timedelta(days=1)
"""A use is noted if the last one is so long ago: a busy number costs one more write a day, not one a text."""


class NumberState(StrEnum):
    """What may become of a number."""

    FREE = "free"
    """The next user who needs one may get it."""
    LEASED = "leased"
    """A user's own, and in use."""
    RESTING = "resting"
    """Given back or lapsed: only its last owner gets it."""
    OWNED = "owned"
    """An organisation's own."""
    WITHDRAWN = "withdrawn"
    """Out of the pool."""


@frozen(kw_only=True)
class Number:
    """One number of the platform's.

    Attributes:
        number: in E.164.
        user: whose it is; None: nobody's.
        country: its calling code, such as 46.
        organisation: whose own it is, besides all users; None for those that users get.
        last_user: who had it last, while nobody has it.
        used_at: when its last use was noted, to :data:`NOTED`.
        rests_until: given back, and not for anybody else before this.
        withdrawn: out of the pool.
    """

    number: str
    user: UserId | None = None
    country: int
    organisation: GroupId | None = None
    last_user: UserId | None = None
    used_at: Instant | None = None
    rests_until: Instant | None = None
    withdrawn: bool = False

    def state(self, at: Instant) -> NumberState:
        """What may become of it at an instant.

        >>> at = Instant.parse("2026-11-25T12:00:00Z")
        >>> lease = Number(number="+46766861001", country=46, user=UserId("usr_1"), used_at=at)
        >>> [lease.state(at + days).value for days in (timedelta(0), KEPT, KEPT + RESTS)]
        ['leased', 'resting', 'free']
        """
        if self.withdrawn:
            return NumberState.WITHDRAWN
        if self.user is not None and self.used_at is not None:
            lapses = self.used_at + KEPT
            if at < lapses:
                return NumberState.LEASED
            return NumberState.RESTING if at < lapses + RESTS else NumberState.FREE
        if self.rests_until is not None and at < self.rests_until:
            return NumberState.RESTING
        return NumberState.FREE if self.organisation is None else NumberState.OWNED


def withdrawn(number: Number, at: Instant) -> Number:
    """The number out of the pool. If it comes back, it first rests like any that was given back."""
    if number.user is None:
        return evolve(number, withdrawn=True)
    return evolve(number, withdrawn=True, user=None, last_user=number.user, rests_until=at + RESTS)


@frozen(kw_only=True)
class ProvideNumbers(Command[int]):
    """Put numbers (E.164) into the pool from which users get their own. For operators. Returns how many were new.

    A number that was withdrawn comes back, and counts as new; one that is there stays as it is.

    Attributes:
        organisation: whose own they shall be (a root group): then no user gets them, the organisation's own texts come from
            the first of them, and answers stand in its log.

    Raises:
        Invalid: what is wrong with a number; ``not_a_root``. Then none is put there.
    """

    numbers: tuple[str, ...]
    organisation: GroupId | None = None


@frozen(kw_only=True)
class WithdrawNumbers(Command[int]):
    """Take numbers out of the pool, also those that users have. For operators. Returns how many were there.

    Who had one gets another with its next text; what still comes to the withdrawn one is kept, see
    :class:`servicekit.messages.ListStrays`.
    """

    numbers: tuple[str, ...]


@frozen(kw_only=True)
class PoolCount:
    """How the numbers of one country stand. Withdrawn ones do not count.

    Attributes:
        country: the calling code.
        free: none: the next user gets one of another country, or none at all.
    """

    country: int
    free: int = 0
    leased: int = 0
    resting: int = 0
    owned: int = 0


@frozen(kw_only=True)
class CountNumbers(Query[tuple[PoolCount, ...]]):
    """How many numbers are free, leased and resting in each country, by calling code. For operators. One pass over all."""


@frozen(kw_only=True)
class ListNumbers(Query[tuple[Number, ...]]):
    """The numbers, and whose they are, in order. For operators.

    Attributes:
        after: only numbers after this one: the last of the page before.
        most: at most so many, 1 to 1,000.

    Raises:
        Invalid: ``page_size``.
    """

    after: str = ""
    most: int = 100
