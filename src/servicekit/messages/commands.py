"""What can be asked of the room: send a text, settle one. The log's own query stands in :mod:`.log`."""

from __future__ import annotations

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.ids import MessageId, UserId
from servicekit.messages.message import Message
from servicekit.messages.settling import Settled

__all__ = ["GetMessage", "SendText", "SettleText"]


@frozen(kw_only=True)
class SendText(Command[Message]):
    """Send a text as ``user``. The user itself may, and whoever has ``messages:write`` in its group.

    The signature of the user's group is appended. What quotas, the loop guard or the bound on segments refuse is a returned
    message with that status, because the log records it.

    Attributes:
        to: a mobile number: E.164, or national in the group's country.

    Raises:
        Invalid: ``empty_text``, or what is wrong with the number; then nothing is written.
    """

    user: UserId
    to: str
    text: str = field(repr=False)


@frozen(kw_only=True)
class SettleText(Command[Message]):
    """Say what became of a text whose hand-over nobody knows (``UNKNOWN`` in the log, or given up while it was looked up).

    Needs ``messages:write`` in the message's group. Who says what and when goes into the message's ``detail``. Its effect is
    closed; one that is to be sent again gets a new one.

    Attributes:
        outcome: that the carrier has it; that it has not, and it stays so; or that it has not, and shall be sent again.

    Raises:
        NotFound: no such message, or the asker has nothing to do with its group.
        Forbidden: the asker lacks ``messages:write`` there.
        Conflict: ``not_uncertain`` where it is known what became of it, ``still_looked_up`` while a relay finds out.
    """

    message: MessageId
    outcome: Settled


@frozen
class GetMessage(Query[Message]):
    """One message. Its user may, and the API key that sends as it; and ``log:read`` in the message's group."""

    message: MessageId
