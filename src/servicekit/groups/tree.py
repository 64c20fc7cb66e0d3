"""The tree: groups, their settings, their users, and what a group inherits.

Rules kept here: a setting of None is inherited; an effective setting names the group it came from; whatever no group sets
has the default of :data:`DEFAULTS`. A path always runs from a group up to the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve, fields, frozen

from servicekit.errors import Invalid
from servicekit.ids import GroupId, UserId
from servicekit.moments import Zone

__all__ = ["DEFAULTS", "Effective", "Group", "Quota", "Settings", "User", "changed", "effective"]

MOST_SEGMENTS = 9


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


@frozen(kw_only=True)
class Settings:
    """What a group sets; None inherits.

    Attributes:
        country_code: calling code put before national numbers, such as 46.
        may_receive: whether users get a number of their own that can be answered.
        sender_name: what recipients see where the group may not receive; at most 11 characters (TS 23.040 9.1.2.5).
        signature: appended to every text.
        most_segments: how many segments one message may have, 1 to 9 unless the carrier takes more.
        user_quota: for each user of exactly this group.
        group_quota: for the group with everything below it; not inherited, since those above count as well.
    """

    country_code: int | None = None
    may_receive: bool | None = None
    sender_name: str | None = None
    signature: str | None = None
    most_segments: int | None = None
    user_quota: Quota | None = None
    group_quota: Quota | None = None

    def __attrs_post_init__(self) -> None:
        if self.most_segments is not None and self.most_segments < 1:
            raise Invalid(
                "A message has at least one segment: set 1 or more.",
                code="no_segments",
                most_segments=self.most_segments,
            )


DEFAULTS = Settings(
    country_code=46,
    may_receive=False,
    sender_name="",
    signature="",
    most_segments=MOST_SEGMENTS,
    user_quota=Quota(None),
    group_quota=Quota(None),
)
"""What holds where not even the root has set something."""


@frozen(kw_only=True)
class Group:
    """A group; the root's id is the organisation's and it has no parent. ``zone`` is the organisation's."""

    id: GroupId
    organisation: GroupId
    parent: GroupId | None
    name: str
    zone: Zone
    settings: Settings = Settings()


@frozen(kw_only=True)
class User:
    """A user, known by a mail address in lower case, in exactly one group; ``number`` is its own, once it has one."""

    id: UserId
    organisation: GroupId
    group: GroupId
    email: str
    number: str | None = None


@frozen
class Effective:
    """A setting as it holds, and the group that set it; None: nobody did, it is the default."""

    value: Any
    source: GroupId | None


def effective(path: Sequence[Group], name: str) -> Effective:
    """The setting ``name`` as it holds for ``path[0]``: its own, or that of the nearest group above that sets it.

    >>> root = Group(id=GroupId("grp_r"), organisation=GroupId("grp_r"), parent=None, name="Salon", zone="UTC",
    ...              settings=Settings(signature="/Salon"))
    >>> effective([root], "signature")
    Effective(value='/Salon', source='grp_r')
    >>> effective([root], "country_code")
    Effective(value=46, source=None)
    """
    for group in path:
        value = getattr(group.settings, name)
        if value is not None:
            return Effective(value, group.id)
    return Effective(getattr(DEFAULTS, name), None)


def changed(settings: Settings, change: Settings) -> Settings:
    """``settings`` with everything that ``change`` sets; what ``change`` leaves at None stays as it is."""
    said = {item.name: value for item in fields(Settings) if (value := getattr(change, item.name)) is not None}
    return evolve(settings, **said)
