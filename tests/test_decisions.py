"""Decisions: values with a reason, and the way from a denial to an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.decisions import Allowed, Denied, require
from servicekit.errors import Forbidden

FACTS = st.dictionaries(st.sampled_from(["needs", "grant", "group", "asked"]), st.text())


@given(reason=st.text(), facts=FACTS)
def test_what_is_allowed_passes_as_it_is(reason: str, facts: dict[str, object]) -> None:
    """An Allowed is true, and is what ``require`` returns."""
    decision = Allowed(reason, facts)
    assert decision
    assert require(decision) is decision


@given(reason=st.text(), facts=FACTS)
def test_what_is_denied_becomes_an_error(reason: str, facts: dict[str, object]) -> None:
    """A Denied is false; demanded, it is a Forbidden with its reason as text and its facts."""
    decision = Denied(reason, facts)
    assert not decision
    with pytest.raises(Forbidden) as caught:
        require(decision)
    assert caught.value.message == reason
    assert caught.value.facts == facts
    assert caught.value.code == "forbidden"


def test_a_code_among_the_facts_is_the_errors_code() -> None:
    """A rule may name its own code; it stands in ``code`` and not among the facts as well."""
    with pytest.raises(Forbidden) as caught:
        require(Denied("Not on Sundays.", {"code": "closed", "day": "Sunday"}))
    assert caught.value.code == "closed"
    assert caught.value.facts == {"day": "Sunday"}
