"""What can be asked about billing."""

from __future__ import annotations

import pytest

from servicekit.billing import CloseMonth, ListPrices, ListStatements, SetBillingAddress, SetPrices
from servicekit.ids import GroupId


@pytest.mark.parametrize("kind", [CloseMonth, SetBillingAddress, SetPrices, ListStatements])
def test_everything_is_said_by_name(kind: type) -> None:
    """A group and a month cannot be swapped unseen."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("grp_1", "2026-10")


def test_a_page_has_a_hundred_statements_and_prices_are_everybodys_unless_said() -> None:
    """What is left out."""
    assert (ListStatements(group=GroupId("grp_1")).most, ListPrices().organisation) == (100, None)
