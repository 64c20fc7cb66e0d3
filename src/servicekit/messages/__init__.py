"""Messages: texts in both directions, their statuses, the guard against loops, and the log.

The rules of this room:

* Every message that was judged stands in the log, also one that was refused; a refused or incoming one costs 0 segments.
* A status moves forward only: SENT, BUFFERED, then one final status. A late or repeated report never moves it back.
* The same text to the same recipient from the same sender within 24 hours is not sent again and costs nothing; one
  character more makes it another text.
* A message whose parts are reported on one by one is DELIVERED when all of them are; one that failed fails it.
* A long text that came in parts is one message; what is missing of it is marked, what is no text is named.
* A user's messages to and from one number are a thread, under a name of the user's choice.
* The log is read in pages that neither skip nor repeat a row while new ones come; a row keeps the name its group had.
* Words are blanked once they are kept long enough, and a person's data on request; what counts and bills stays.
* A hand-over whose outcome nobody knows is ``UNKNOWN``: shown as such, charged, and never guessed; a person may settle it.
* Among several carriers the routes decide; another one is asked only where the first surely did not send.
"""

from servicekit.messages.commands import GetMessage, SendText, SettleText
from servicekit.messages.guard import GUARD_SPAN, identity
from servicekit.messages.incoming import (
    REMEMBERED,
    WAITS,
    Heard,
    ListStrays,
    LongText,
    Piece,
    Stray,
    cleaned,
    heard,
    is_part,
    on_one_line,
    parts_key,
    told,
    with_media,
)
from servicekit.messages.keeping import ERASED, Blanked, BlankTexts, Erased, ErasePerson, Kept
from servicekit.messages.log import (
    MOST_CHOICES,
    LogChoices,
    LogColumn,
    LogGroup,
    LogPage,
    LogRow,
    LogStatus,
    Mark,
    SearchLog,
    check_narrowing,
    cursor_after,
    mark_of,
    status_of,
)
from servicekit.messages.message import Direction, HandOver, Message, Status, moved
from servicekit.messages.parts import MessagePart, advanced, together
from servicekit.messages.routing import Route, Try, Way, barred, check_routes, choose_way, remembered
from servicekit.messages.settling import Settled, settled
from servicekit.messages.threads import (
    ListThreads,
    NameThread,
    ReadThread,
    Thread,
    ThreadLine,
    ThreadMark,
    ThreadPage,
    check_thread_name,
    mail_thread,
)

__all__ = [
    "ERASED",
    "GUARD_SPAN",
    "MOST_CHOICES",
    "REMEMBERED",
    "WAITS",
    "BlankTexts",
    "Blanked",
    "Direction",
    "ErasePerson",
    "Erased",
    "GetMessage",
    "HandOver",
    "Heard",
    "Kept",
    "ListStrays",
    "ListThreads",
    "LogChoices",
    "LogColumn",
    "LogGroup",
    "LogPage",
    "LogRow",
    "LogStatus",
    "LongText",
    "Mark",
    "Message",
    "MessagePart",
    "NameThread",
    "Piece",
    "ReadThread",
    "Route",
    "SearchLog",
    "SendText",
    "SettleText",
    "Settled",
    "Status",
    "Stray",
    "Thread",
    "ThreadLine",
    "ThreadMark",
    "ThreadPage",
    "Try",
    "Way",
    "advanced",
    "barred",
    "check_narrowing",
    "check_routes",
    "check_thread_name",
    "choose_way",
    "cleaned",
    "cursor_after",
    "heard",
    "identity",
    "is_part",
    "mail_thread",
    "mark_of",
    "moved",
    "on_one_line",
    "parts_key",
    "remembered",
    "settled",
    "status_of",
    "together",
    "told",
    "with_media",
]
