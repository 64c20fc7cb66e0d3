"""What goes in its time: commands that can be queued, and a mark that is nobody's number or address."""

from __future__ import annotations

import pytest

from samples import ROOT
from servicekit.codec import dumps, loads
from servicekit.errors import Invalid
from servicekit.messages import ERASED, BlankTexts, ErasePerson
from servicekit.sms.numbers import read_number
from servicekit.usecases.work import address_of


@pytest.mark.parametrize("command", [BlankTexts(most=5), ErasePerson(organisation=ROOT, number="+46701740605")])
def test_a_command_can_be_queued(command: BlankTexts | ErasePerson) -> None:
    """What was written reads back equal."""
    assert loads(dumps(command), type(command)) == command


def test_what_stands_for_the_erased_is_nobodys() -> None:
    """No number and no address: nobody can be called so, write so, or be found so."""
    with pytest.raises(Invalid):
        read_number(ERASED, 46)
    with pytest.raises(Invalid):
        address_of(ERASED)
