"""How long words are kept, and what is left of a person who asks to be forgotten (GDPR, articles 5(1)(e) and 17).

Rules kept here: a row of the log stays for ever, with its time, group, direction, status and segments: quotas count it and
invoices rest on it. What goes is the words, and whatever says whose they were. What stays is named, with the reason.
"""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Command
from servicekit.ids import GroupId

__all__ = ["ERASED", "BlankTexts", "Blanked", "ErasePerson", "Erased", "Kept"]

ERASED = "erased"
"""What stands where a number or an address was."""


@frozen
class Blanked:
    """What one run has done; ``digests``: of the loop guard, forgotten; ``more``: the next one may find something."""

    texts: int
    letters: int
    more: bool
    digests: int = 0


@frozen(kw_only=True)
class BlankTexts(Command[Blanked]):
    """Blank the words of messages that are older than their group keeps them, and our copies of mails likewise. For operators.

    Each group says how long (``Settings.texts_kept_days``); mails go by what the organisation's root says. To be run every
    night, and again while there is more: one run changes at most ``most`` rows, so nobody waits long for it. What is still to
    be handed over, or of unknown fate, keeps its words until that is settled. Beside these go at most ``most`` of the loop
    guard's digests that count no more, being 24 hours old.

    Raises:
        Forbidden: ``operators_only``.
        Invalid: ``page_size``: ``most`` is not 1 to 10,000.
    """

    most: int = 1000


@frozen
class Kept:
    """What stays, in how many rows, and why."""

    what: str
    count: int
    why: str


@frozen
class Erased:
    """What became of a request: messages whose words went, and what stays."""

    messages: int
    kept: tuple[Kept, ...]


@frozen(kw_only=True)
class ErasePerson(Command[Erased]):
    """Forget a person: by the number that texts went to or came from, by the address of a user, or both.

    Needs ``users:write`` over the organisation. The number becomes ``erased`` in the log, with the words of its messages; a
    user is removed as by :class:`servicekit.groups.RemoveUsers`, and its address, numbers, signature, threads, log-ins, API
    keys and words go. A client of bookings loses name, number and address, once none of its bookings is to come. It
    cannot be undone. It may be asked again, as for what was still on its way.

    Attributes:
        organisation: its root.
        number: as the log shows it; empty: none.
        email: a user's, also of one who was removed; empty: none.

    Raises:
        Invalid: ``nobody_named`` if both are empty; ``not_an_address``; ``unsearchable``.
        NotFound: ``nobody_known`` if the organisation has no such messages, no such user and no such client.
        Conflict: ``last_admin``.
    """

    organisation: GroupId
    number: str = ""
    email: str = ""
