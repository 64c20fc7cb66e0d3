"""Billing addresses: which group pays, and what an address needs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.billing import BillingAddress, nearest_payer
from servicekit.errors import Invalid
from servicekit.ids import GroupId

COMPLETE = {"name": "Ettstads kommun", "street": "Rådhuset", "city": "Ettstad", "country": "SE"}


@pytest.mark.spec("M-35")
@given(st.lists(st.integers(0, 9), min_size=1, unique=True), st.sets(st.integers(0, 9)))
def test_the_nearest_with_an_address_pays(path: list[int], addressed: set[int]) -> None:
    """Going up from the group, the first that has one; nobody where none has."""
    ids = [GroupId(f"grp_{number}") for number in path]
    having = {GroupId(f"grp_{number}") for number in addressed}
    expected = None
    for group in reversed(ids):
        expected = group if group in having else expected

    assert nearest_payer(ids, having) == expected


@pytest.mark.parametrize("field", ["name", "street", "city", "country"])
@pytest.mark.parametrize("wrong", ["", "  ", "two\nlines", "x" * 201])
def test_what_an_invoice_needs_is_demanded(field: str, wrong: str) -> None:
    """One printable line each."""
    said: dict[str, Any] = {**COMPLETE, field: wrong}
    with pytest.raises(Invalid) as caught:
        BillingAddress(**said)
    assert (caught.value.code, caught.value.facts) == ("incomplete_address", {"field": field})


@pytest.mark.parametrize("field", ["postal_code", "attention", "reference", "number", "email"])
def test_what_else_there_is_may_be_left_out(field: str) -> None:
    """But it is a printable line as well."""
    said: dict[str, Any] = {**COMPLETE, field: ""}
    assert getattr(BillingAddress(**said), field) == ""
    with pytest.raises(Invalid):
        BillingAddress(**{**said, field: "a\tb"})
