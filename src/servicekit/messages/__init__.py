"""Messages: texts in both directions, their statuses, the guard against loops, and the log.

The rules of this room:

* Every message that was judged stands in the log, also one that was refused; a refused or incoming one costs 0 segments.
* A status moves forward only: SENT, BUFFERED, then one final status. A late or repeated report never moves it back.
* The same text to the same recipient from the same sender within 24 hours is not sent again and costs nothing; one
  character more makes it another text.
* A message whose parts are reported on one by one is DELIVERED when all of them are; one that failed fails it.
* A hand-over whose outcome nobody knows is ``UNKNOWN``: shown as such, charged, and never guessed.
"""

from servicekit.messages.commands import LogPage, SearchLog, SendText
from servicekit.messages.guard import GUARD_SPAN, identity
from servicekit.messages.message import Direction, HandOver, Message, Status, moved
from servicekit.messages.parts import MessagePart, advanced, together

__all__ = [
    "GUARD_SPAN",
    "Direction",
    "HandOver",
    "LogPage",
    "Message",
    "MessagePart",
    "SearchLog",
    "SendText",
    "Status",
    "advanced",
    "identity",
    "moved",
    "together",
]
