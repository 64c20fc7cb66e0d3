"""What can be asked about people."""

from __future__ import annotations

import pytest

from servicekit.groups import (
    Added,
    AddUsers,
    ChangeOwnSignature,
    ListUsers,
    RemoveUsers,
    SetAdmins,
    SetSubdomain,
    SetTopDomain,
)
from servicekit.ids import GroupId, UserId


@pytest.mark.parametrize("kind", [AddUsers, RemoveUsers, ListUsers, SetAdmins, SetTopDomain, SetSubdomain])
def test_everything_is_said_by_name(kind: type) -> None:
    """A group and an address cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("grp_1", "ett.se")


@pytest.mark.spec("M-27")
def test_what_became_of_an_address_reads_as_a_report() -> None:
    """Users read these words in the report on the addresses they added."""
    assert set(Added) == {"added", "moved", "already there", "not an address", "belongs to others"}


def test_a_list_of_users_is_of_exactly_the_group_unless_said() -> None:
    """A page of a hundred, unfiltered."""
    query = ListUsers(group=GroupId("grp_1"))
    assert (query.below, query.containing, query.after, query.most) == (False, "", "", 100)


def test_a_signature_shows_in_no_log() -> None:
    """It is a person's text."""
    assert "secret" not in repr(ChangeOwnSignature(user=UserId("usr_1"), signature="secret"))
