"""Groups: a tree with settings that inherit, and quotas that hold.

The rules of this room:

* The root of a tree is the organisation and the fallback for whatever a group below leaves unset.
* *Inherited*, *unlimited* and *a number* are three different things; an effective setting says which group it came from.
* A group's quota counts the group with everything below it; a user's quota counts that user, in exactly its own group.
* Every limit that applies must allow a message; the first that strikes is named: the user's own, then the group's, then each
  group above. What a refused message would have cost is not counted.
* Administrators see and change a group and what is below it, and nothing above; what a group above locks they leave alone.
* Groups are moved, merged and removed, users moved and removed; no log is ever lost, and counters say what the log says.
* A mail domain belongs to one group and brings its users along.
* Texts go to the group's own country, to those it names, and to the costly numbers it lists; machines mail only from listed
  addresses.

Refused when set: a negative quota, a window of no days, a calling code that does not exist; a group below itself, a second
root; a domain that is taken or public.
"""

from servicekit.groups.commands import (
    AddGroup,
    ChangeSettings,
    Founded,
    FoundOrganisation,
    GetSettings,
    ListGroups,
    MergeGroup,
    MoveGroup,
    RemoveGroup,
    RenameGroup,
    Setting,
)
from servicekit.groups.domains import Domain, DomainKind, ascii_domain, domain_of, levels, most_specific, read_domain
from servicekit.groups.locks import LockHeld, held_by, said, signature_of, signs_itself
from servicekit.groups.membership import (
    Added,
    AddUsers,
    ChangeOwnMobile,
    ChangeOwnSignature,
    DomainSet,
    Left,
    ListAdmins,
    ListDomains,
    ListUsers,
    ReleaseDomain,
    RemoveUsers,
    SetAdmins,
    SetSubdomain,
    SetTopDomain,
    SmsLeft,
    UserAdded,
    UserRemoved,
)
from servicekit.groups.numbers import (
    KEPT,
    NOTED,
    RESTS,
    CountNumbers,
    ListNumbers,
    Number,
    NumberState,
    PoolCount,
    ProvideNumbers,
    WithdrawNumbers,
    withdrawn,
)
from servicekit.groups.quotas import Limit, LimitKind, Quota, Struck, Usage, bucket_of, judge, least, limits_of, topmost
from servicekit.groups.relays import check_relays, is_relay
from servicekit.groups.structure import Recount, Tree, merged, moved, recounted, removed
from servicekit.groups.tally import Account, Tally
from servicekit.groups.tree import Effective, Group, Lock, Settings, User, effective, most_segments

__all__ = [
    "KEPT",
    "NOTED",
    "RESTS",
    "Account",
    "AddGroup",
    "AddUsers",
    "Added",
    "ChangeOwnMobile",
    "ChangeOwnSignature",
    "ChangeSettings",
    "CountNumbers",
    "Domain",
    "DomainKind",
    "DomainSet",
    "Effective",
    "FoundOrganisation",
    "Founded",
    "GetSettings",
    "Group",
    "Left",
    "Limit",
    "LimitKind",
    "ListAdmins",
    "ListDomains",
    "ListGroups",
    "ListNumbers",
    "ListUsers",
    "Lock",
    "LockHeld",
    "MergeGroup",
    "MoveGroup",
    "Number",
    "NumberState",
    "PoolCount",
    "ProvideNumbers",
    "Quota",
    "Recount",
    "ReleaseDomain",
    "RemoveGroup",
    "RemoveUsers",
    "RenameGroup",
    "SetAdmins",
    "SetSubdomain",
    "SetTopDomain",
    "Setting",
    "Settings",
    "SmsLeft",
    "Struck",
    "Tally",
    "Tree",
    "Usage",
    "User",
    "UserAdded",
    "UserRemoved",
    "WithdrawNumbers",
    "ascii_domain",
    "bucket_of",
    "check_relays",
    "domain_of",
    "effective",
    "held_by",
    "is_relay",
    "judge",
    "least",
    "levels",
    "limits_of",
    "merged",
    "most_segments",
    "most_specific",
    "moved",
    "read_domain",
    "recounted",
    "removed",
    "said",
    "signature_of",
    "signs_itself",
    "topmost",
    "withdrawn",
]
