"""Groups: a tree with settings that inherit, and quotas that hold.

The rules of this room:

* The root of a tree is the organisation and the fallback for whatever a group below leaves unset.
* *Inherited*, *unlimited* and *a number* are three different things; an effective setting says which group it came from.
* A group's quota counts the group with everything below it; a user's quota counts that user, in exactly its own group.
* Every limit that applies must allow a message; the first that strikes is named: the user's own, then the group's, then each
  group above. What a refused message would have cost is not counted.

Refused when set: a negative quota, a window of no days, a calling code that does not exist.
"""

from servicekit.groups.commands import (
    Added,
    AddGroup,
    AddUsers,
    ChangeSettings,
    Founded,
    FoundOrganisation,
    ProvideNumbers,
    UserAdded,
)
from servicekit.groups.quotas import Limit, LimitKind, Quota, Struck, Usage, bucket_of, judge, limits_of
from servicekit.groups.tree import Effective, Group, Settings, User, effective

__all__ = [
    "AddGroup",
    "AddUsers",
    "Added",
    "ChangeSettings",
    "Effective",
    "FoundOrganisation",
    "Founded",
    "Group",
    "Limit",
    "LimitKind",
    "ProvideNumbers",
    "Quota",
    "Settings",
    "Struck",
    "Usage",
    "User",
    "UserAdded",
    "bucket_of",
    "effective",
    "judge",
    "limits_of",
]
