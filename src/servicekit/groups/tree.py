"""The tree: groups, their settings, their users, and what a group inherits.

Rules kept here: a setting of None is inherited; an effective setting names the group it came from; whatever no group sets
has the default of :data:`DEFAULTS`. A path always runs from a group up to the root.

Refused when set: no segments, a quota below nothing, a window of no days, permissions that everyone may change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from attrs import evolve, fields, frozen

from servicekit.errors import Invalid
from servicekit.ids import GroupId, UserId
from servicekit.moments import Zone

__all__ = [
    "DEFAULTS",
    "PROGRAMS",
    "Effective",
    "Group",
    "Lock",
    "Quota",
    "Settings",
    "User",
    "changed",
    "effective",
    "most_segments",
]

MOST_SEGMENTS = 9
_MOST_DAYS = 36_500
_LOWEST_HOLDS = frozenset({"most_segments", "texts_kept_days"})

PROGRAMS = "api.invalid"
"""The domain of API users: no mail ever reaches it (RFC 2606 section 2)."""


@frozen
class Quota:
    """How many segments may be sent: ``None`` is unlimited, ``0`` may not send. ``days`` back from now; None: for ever.

    Raises:
        Invalid: ``negative_quota`` or ``empty_quota_window``.
    """

    segments: int | None
    days: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.segments is not None and self.segments < 0:
            raise Invalid("A quota is a number from 0 (may not send), or None for unlimited.", code="negative_quota")
        if self.days is not None and self.days < 1:
            raise Invalid("A quota's window is at least one day, or None for none.", code="empty_quota_window")


class Lock(StrEnum):
    """Who else may change a setting, besides the administrators of the group that says so and those above."""

    LOCKED = "locked"
    """Nobody."""
    ADMINS = "admins"
    """The administrators of the groups below."""
    EVERYONE = "everyone"
    """They, and each user for its own texts. For signatures only."""


@frozen(kw_only=True)
class Settings:
    """What a group sets; None inherits.

    Attributes:
        country_code: calling code put before national numbers, such as 46.
        may_receive: whether users get a number of their own that can be answered.
        sender_name: what recipients see where the group may not receive; at most 11 characters (TS 23.040 9.1.2.5).
        signature: appended to every text.
        most_segments: how many segments one message of the group or of any below it may have; the lowest on the path holds.
        user_most_segments: the same for each user of exactly this group, beside the group's.
        user_quota: for each user of exactly this group.
        group_quota: for the group with everything below it; those above count as well.
        destinations: the countries (ISO 3166-1 alpha-2) that texts may go to besides the group's own, which is the main one of its
            country code.
        costly_numbers: premium numbers (E.164) and short codes (digits) that texts may go to; there are none unless listed.
        alarm_senders: addresses of users whose machines' mail becomes texts.
        trusted_relays: IP addresses and networks from which mail of users needs no proof of its sender.
        texts_kept_days: how many days the words of the group's messages, and of those of any group below, are kept; the lowest on
            the path holds. Where no group says it, for ever.
        permissions_lock: who else may change the settings above but for sender name and signature, in the groups below.
        signature_lock: who else may change the signature, in the groups below and for their users.
    """

    country_code: int | None = None
    may_receive: bool | None = None
    sender_name: str | None = None
    signature: str | None = None
    most_segments: int | None = None
    user_most_segments: int | None = None
    user_quota: Quota | None = None
    group_quota: Quota | None = None
    destinations: tuple[str, ...] | None = None
    costly_numbers: tuple[str, ...] | None = None
    alarm_senders: tuple[str, ...] | None = None
    trusted_relays: tuple[str, ...] | None = None
    texts_kept_days: int | None = None
    permissions_lock: Lock | None = None
    signature_lock: Lock | None = None

    def __attrs_post_init__(self) -> None:
        for most in (self.most_segments, self.user_most_segments):
            if most is not None and most < 1:
                raise Invalid(
                    "A message has at least one segment: set 1 or more.", code="no_segments", most_segments=most
                )
        if self.texts_kept_days is not None and not 1 <= self.texts_kept_days <= _MOST_DAYS:
            raise Invalid(
                f"Texts are kept for 1 to {_MOST_DAYS} days: set one of these, or inherit.",
                code="bad_retention",
                days=self.texts_kept_days,
            )
        if self.permissions_lock is Lock.EVERYONE:
            raise Invalid(
                "Permissions are locked or changed by administrators below: only signatures can be left to everyone.",
                code="lock_for_everyone",
            )


DEFAULTS = Settings(
    country_code=46,
    may_receive=False,
    sender_name="",
    signature="",
    most_segments=MOST_SEGMENTS,
    user_most_segments=MOST_SEGMENTS,
    user_quota=Quota(None),
    group_quota=Quota(None),
    destinations=(),
    costly_numbers=(),
    alarm_senders=(),
    trusted_relays=(),
    permissions_lock=Lock.ADMINS,
    signature_lock=Lock.ADMINS,
)
"""What holds where not even the root has set something."""


@frozen(kw_only=True)
class Group:
    """A group; the root's id is the organisation's and it has no parent.

    Attributes:
        zone: the organisation's.
        free: on a root: its users are free accounts, outside every customer's organisation.
        removed: it is no more but in the log; it stays below its parent, so that what it sent counts there for ever.
    """

    id: GroupId
    organisation: GroupId
    parent: GroupId | None
    name: str
    zone: Zone
    settings: Settings = Settings()
    free: bool = False
    removed: bool = False


@frozen(kw_only=True)
class User:
    """A user, known by a mail address in lower case, in exactly one group.

    Attributes:
        number: its own, once it has one; see :mod:`servicekit.groups.numbers`.
        mobile: its usual mobile, in E.164, for what texts it itself; empty: none.
        signature: its own, where the group's may be changed by everyone; None: the group's, empty: none.
        removed: it may do nothing any more; its log stays.
    """

    id: UserId
    organisation: GroupId
    group: GroupId
    email: str
    number: str | None = None
    signature: str | None = None
    mobile: str = ""
    removed: bool = False

    @property
    def program(self) -> bool:
        """Whether it is an API user, which no mail reaches."""
        return self.email.endswith(f"@{PROGRAMS}")


@frozen
class Effective:
    """A setting as it holds, and the group that set it; None: nobody did, it is the default."""

    value: Any
    source: GroupId | None


def effective(path: Sequence[Group], name: str) -> Effective:
    """The setting ``name`` as it holds for ``path[0]``: its own, or that of the nearest group above that sets it.

    Of ``most_segments`` and ``texts_kept_days`` the lowest holds, and the nearest that says it is named.

    >>> root = Group(id=GroupId("grp_r"), organisation=GroupId("grp_r"), parent=None, name="Salon", zone="UTC",
    ...              settings=Settings(signature="/Salon"))
    >>> effective([root], "signature")
    Effective(value='/Salon', source='grp_r')
    >>> effective([root], "country_code")
    Effective(value=46, source=None)
    """
    said = [(value, group.id) for group in path if (value := getattr(group.settings, name)) is not None]
    if not said:
        return Effective(getattr(DEFAULTS, name), None)
    value, source = min(said, key=lambda one: one[0]) if name in _LOWEST_HOLDS else said[0]
    return Effective(value, source)


def most_segments(path: Sequence[Group], *, of_user: bool) -> int:
    """How many segments one message may have that is sent in ``path[0]``, by a user or by the organisation itself.

    The group's bound and the user's hold both; where only one of them is set, that one.
    """
    group, user = effective(path, "most_segments"), effective(path, "user_most_segments")
    bounds = [bound.value for bound in (group, user if of_user else group) if bound.source is not None]
    return min(bounds, default=MOST_SEGMENTS)


def changed(settings: Settings, change: Settings, inherit: Iterable[str] = ()) -> Settings:
    """``settings`` with everything that ``change`` sets, and what ``inherit`` names unset; the rest stays as it is.

    Raises:
        Invalid: ``unknown_setting``, or ``set_and_inherited`` for a name that is in both.
    """
    names = frozenset(item.name for item in fields(Settings))
    said = {name: value for name in names if (value := getattr(change, name)) is not None}
    for name in inherit:
        if name not in names:
            raise Invalid(
                f"{name!r} is no setting: there are {', '.join(sorted(names))}.", code="unknown_setting", setting=name
            )
        if name in said:
            raise Invalid(f"{name} cannot be set and inherited at once.", code="set_and_inherited", setting=name)
    return evolve(settings, **said, **dict.fromkeys(inherit))
