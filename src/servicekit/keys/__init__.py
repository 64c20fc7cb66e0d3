"""Keys: which doors open for a booking, for whom, and when.

The rules of this room:

* A key opens exactly the branch's doors and the service's, for one mobile number, from 15 minutes before the start until 15
  minutes after the end unless the service says otherwise. The margins are absolute time.
* A booking without a door to open has no key; one with doors needs a mobile number.
* What is wanted follows the booking's revision. The new key is made first, then the old one ended, so that the client is
  never without; a cancelled booking wants none.
* A key that may exist at the vendor, because an answer was lost, is looked up before anything else is done.
"""

from servicekit.keys.commands import AtDoor, ListKeys
from servicekit.keys.door import Green, Light, Red, at_door
from servicekit.keys.key import Key, KeyState, marker_of
from servicekit.keys.plan import Ask, Drop, End, LookUp, Settled, Stuck, next_step, planned
from servicekit.keys.validity import components_of, validity

__all__ = [
    "Ask",
    "AtDoor",
    "Drop",
    "End",
    "Green",
    "Key",
    "KeyState",
    "Light",
    "ListKeys",
    "LookUp",
    "Red",
    "Settled",
    "Stuck",
    "at_door",
    "components_of",
    "marker_of",
    "next_step",
    "planned",
    "validity",
]
