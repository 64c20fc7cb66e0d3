"""What can be asked about people: users, administrators, the domains that bring users along, and what a user has left."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from servicekit.commands import Command, Query
from servicekit.groups.domains import Domain
from servicekit.groups.quotas import Limit
from servicekit.groups.tree import User
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant

__all__ = [
    "AddUsers",
    "Added",
    "ChangeOwnMobile",
    "ChangeOwnSignature",
    "DomainSet",
    "Left",
    "ListAdmins",
    "ListDomains",
    "ListUsers",
    "ReleaseDomain",
    "RemoveUsers",
    "SetAdmins",
    "SetSubdomain",
    "SetTopDomain",
    "SmsLeft",
    "UserAdded",
    "UserRemoved",
]


class Added(StrEnum):
    """What became of one address."""

    ADDED = "added"
    MOVED = "moved"
    ALREADY_THERE = "already there"
    NOT_AN_ADDRESS = "not an address"
    TAKEN = "belongs to others"
    """To another organisation, or to groups that the asker may not see."""


@frozen
class UserAdded:
    """A line of the report: the address as it was given, what became of it, and the user."""

    address: str
    outcome: Added
    user: UserId | None


@frozen(kw_only=True)
class AddUsers(Command[tuple[UserAdded, ...]]):
    """Add addresses to a group, or move them into it from another of the same organisation. Needs ``users:write`` there.

    A moved user is the same user: its log stays in the groups that it sent in, and what it has used counts on under the
    quota of its new group. A free account is moved like a user of the organisation.

    Raises:
        Forbidden: moving a user needs ``users:write`` in the group that it leaves as well; then nobody is added.
    """

    group: GroupId
    addresses: tuple[str, ...]


@frozen
class UserRemoved:
    """A line of the report: the address as it was given, and the user; None: there is no such user in the group or below."""

    address: str
    user: UserId | None


@frozen(kw_only=True)
class RemoveUsers(Command[tuple[UserRemoved, ...]]):
    """Remove addresses from a group and all below it. Needs ``users:write`` there.

    Their log stays, and so does what they have used; their rights end; their numbers are given back. An address that
    is added again to the same organisation is the same user.

    Raises:
        Conflict: ``last_admin``.
    """

    group: GroupId
    addresses: tuple[str, ...]


@frozen(kw_only=True)
class ListUsers(Query[tuple[User, ...]]):
    """Users of a group, by address. Needs ``users:read`` there.

    Attributes:
        below: those of all groups below it as well.
        containing: only addresses with this in them; capitals are the same as small letters.
        after: only addresses after this one: the last of the page before.
        most: at most so many, 1 to 1,000.

    Raises:
        Invalid: ``page_size``.
    """

    group: GroupId
    below: bool = False
    containing: str = ""
    after: str = ""
    most: int = 100


@frozen(kw_only=True)
class SetAdmins(Command[tuple[User, ...]]):
    """Make these, and nobody else, the administrators of a group and all below it. Needs ``admins:write`` there.

    An administrator holds ``*:*`` there, and nobody gives what it does not hold: a new one is named by administrators of
    that group or one above. Other grants are left as they are.

    Raises:
        Invalid: ``not_an_address``; ``not_a_member`` if one that is no administrator yet is no user of the organisation, or
            of a group that the asker may not see.
        Forbidden: ``not_yours_to_give`` for a new one, where the asker does not hold everything itself.
        Conflict: ``last_admin`` if an organisation would be left without.
    """

    group: GroupId
    emails: tuple[str, ...]


@frozen
class ListAdmins(Query[tuple[User, ...]]):
    """The administrators of exactly this group, by address. Needs ``admins:read`` there."""

    group: GroupId


@frozen
class DomainSet:
    """A domain that was set, and the users whom it brought into the group."""

    domain: Domain
    moved: tuple[UserId, ...]


@frozen(kw_only=True)
class SetTopDomain(Command[DomainSet]):
    """Give a group a domain, with every user of the organisation, and every free account, that is at it. For operators.

    They are moved into the group. Whoever is at a subdomain that belongs to another group stays where it is. Costs one pass over
    all users.

    Attributes:
        group: None: the domain is nobody's any more, and its users stay where they are.

    Raises:
        Invalid: ``not_a_domain``, ``public_domain``.
        Conflict: ``domain_taken``, never by whom.
        NotFound: ``no_domain`` where there is none to free.
    """

    group: GroupId | None
    domain: str


@frozen(kw_only=True)
class SetSubdomain(Command[DomainSet]):
    """Give a group a subdomain of a domain that the asker administers, and move its users, as with :class:`SetTopDomain`.

    Needs ``domains:write`` there, and in the group that the nearest domain above belongs to; ``users:write`` in groups that
    users are moved from.

    Raises:
        Invalid: ``not_a_domain``, ``public_domain``.
        Conflict: ``domain_not_owned``, ``domain_taken`` (never by whom), ``users_elsewhere``.
    """

    group: GroupId
    domain: str


@frozen(kw_only=True)
class ReleaseDomain(Command[Domain]):
    """Take a subdomain from its group. Its users stay where they are. Needs ``domains:write`` there.

    Raises:
        NotFound: ``no_domain``: the group has no such domain.
        Forbidden: ``top_domain``: that is an operator's, see :class:`SetTopDomain`.
    """

    group: GroupId
    domain: str


@frozen
class ListDomains(Query[tuple[Domain, ...]]):
    """The domains of exactly this group, by name. Needs ``domains:read`` there."""

    group: GroupId


@frozen(kw_only=True)
class ChangeOwnMobile(Command[User]):
    """Set a user's own mobile, for what texts it itself. The user may, and ``users:write``.

    Attributes:
        mobile: E.164, or national in the group's country; empty: none.

    Raises:
        Invalid: what is wrong with the number.
    """

    user: UserId
    mobile: str


@frozen(kw_only=True)
class ChangeOwnSignature(Command[User]):
    """Set a user's own signature, where the group's may be changed by everyone. The user may, and ``users:write``.

    Attributes:
        signature: None: the group's again; empty: none.

    Raises:
        Forbidden: ``locked``.
        Invalid: ``long_signature``.
    """

    user: UserId
    signature: str | None = field(repr=False)


@frozen
class Left:
    """What a user may still send.

    Attributes:
        segments: the smallest remainder over all limits that apply; None: unlimited.
        limit: which limit that is; of several, the one that strikes first.
        more_at: when more comes back at the latest; None: never, or nothing is used.
    """

    segments: int | None
    limit: Limit | None
    more_at: Instant | None


@frozen
class SmsLeft(Query[Left]):
    """What a user may still send. The user itself may ask, and ``users:read``. Costs one pass over each limit's window."""

    user: UserId
