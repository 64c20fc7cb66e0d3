"""What can be asked of the groups' room."""

from __future__ import annotations

import pytest

from servicekit.groups import (
    AddGroup,
    ChangeSettings,
    FoundOrganisation,
    MoveGroup,
    ProvideNumbers,
    RenameGroup,
    Settings,
)
from servicekit.ids import GroupId


@pytest.mark.spec("M-20")
def test_what_is_not_said_is_inherited() -> None:
    """Founding and adding a group without settings leaves every one to be inherited."""
    assert FoundOrganisation(name="Salon", zone="Europe/Zurich", admin="anna@salon.example").settings == Settings()
    assert AddGroup(parent=GroupId("grp_1"), name="Stylists").settings == Settings()


@pytest.mark.parametrize("kind", [FoundOrganisation, AddGroup, ChangeSettings, MoveGroup, RenameGroup, ProvideNumbers])
def test_everything_is_said_by_name(kind: type) -> None:
    """A group and an address cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("grp_1", "Stylists")


def test_a_change_may_set_nothing_and_only_inherit_again() -> None:
    """What is left out of a change is left as it is."""
    change = ChangeSettings(group=GroupId("grp_1"), inherit=("signature",))
    assert (change.change, change.inherit) == (Settings(), ("signature",))
