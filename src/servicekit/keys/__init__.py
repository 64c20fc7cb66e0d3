"""Keys: which doors open for a booking, for whom, and when.

The rules of this room:

* A key opens exactly the branch's doors and the service's, for one mobile number, from 15 minutes before the start until 15
  minutes after the end unless the service says otherwise. The margins are absolute time.
* A booking without a door to open has no key; one with doors needs a mobile number.
* What is wanted follows the booking's revision. The new key is made first, then the old one ended, so that the client is
  never without; a cancelled booking wants none.
* A key that may exist at the vendor, because an answer was lost, is looked up before anything else is done.
* Of a wanted key that was ended at the vendor another is made, up to five in all for one revision.
* A gateway is refused when it is set, and so is a service's door that is none of its branch's.
* A door that is asked to open at once is asked in time or never, and only once.
"""

from servicekit.keys.arrivals import DoorEvent, Expected, arrivals, missing
from servicekit.keys.commands import (
    AtDoor,
    Attendance,
    ListComponents,
    ListKeys,
    ListUnlocks,
    NoteArrivals,
    ReadAccessLog,
    ReissueKey,
    UnlockDoor,
)
from servicekit.keys.components import Component, check_branch_doors, check_listed, check_service_doors
from servicekit.keys.door import Green, Light, Red, at_door, booking_at_door
from servicekit.keys.key import Key, KeyState, booking_of, marker_of
from servicekit.keys.plan import (
    MOST_ATTEMPTS,
    Anew,
    Ask,
    Drop,
    End,
    LookUp,
    Settled,
    Stuck,
    made_anew,
    next_step,
    planned,
)
from servicekit.keys.unlocking import UNLOCK_WITHIN, Unlock, UnlockState
from servicekit.keys.validity import components_of, validity

__all__ = [
    "MOST_ATTEMPTS",
    "UNLOCK_WITHIN",
    "Anew",
    "Ask",
    "AtDoor",
    "Attendance",
    "Component",
    "DoorEvent",
    "Drop",
    "End",
    "Expected",
    "Green",
    "Key",
    "KeyState",
    "Light",
    "ListComponents",
    "ListKeys",
    "ListUnlocks",
    "LookUp",
    "NoteArrivals",
    "ReadAccessLog",
    "Red",
    "ReissueKey",
    "Settled",
    "Stuck",
    "Unlock",
    "UnlockDoor",
    "UnlockState",
    "arrivals",
    "at_door",
    "booking_at_door",
    "booking_of",
    "check_branch_doors",
    "check_listed",
    "check_service_doors",
    "components_of",
    "made_anew",
    "marker_of",
    "missing",
    "next_step",
    "planned",
    "validity",
]
