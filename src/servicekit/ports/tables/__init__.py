"""The port to storage, table by table: what each kind of thing can be asked for beside its id.

What all of them promise stands in :mod:`servicekit.ports.store`, which makes a transaction of them.
"""

from servicekit.ports.tables.base import Table
from servicekit.ports.tables.billing import Statements
from servicekit.ports.tables.bookings import Bookings, Classes, ConnectAttempts, Holds, Keys, Meetings, Unlocks
from servicekit.ports.tables.outside import Effects, PushEvents, PushTargets
from servicekit.ports.tables.people import Answers, Grants, Paces, Sessions, Users
from servicekit.ports.tables.portal import Activities, Faults, Objects, Orders, SeenOrders, SeenRows
from servicekit.ports.tables.texts import (
    Blanking,
    Guards,
    IgnoredMailRows,
    Inbox,
    LogLine,
    Messages,
    Numbers,
    Quotas,
    Tallies,
    Threads,
)

__all__ = [
    "Activities",
    "Answers",
    "Blanking",
    "Bookings",
    "Classes",
    "ConnectAttempts",
    "Effects",
    "Faults",
    "Grants",
    "Guards",
    "Holds",
    "IgnoredMailRows",
    "Inbox",
    "Keys",
    "LogLine",
    "Meetings",
    "Messages",
    "Numbers",
    "Objects",
    "Orders",
    "Paces",
    "PushEvents",
    "PushTargets",
    "Quotas",
    "SeenOrders",
    "SeenRows",
    "Sessions",
    "Statements",
    "Table",
    "Tallies",
    "Threads",
    "Unlocks",
    "Users",
]
