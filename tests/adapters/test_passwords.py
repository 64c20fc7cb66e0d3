"""Passwords by Argon2: against the RFC's form, and what an unknown user costs."""

from __future__ import annotations

import sys

import pytest

from servicekit.adapters.passwords import Argon2
from servicekit.errors import MissingExtra

SALT = bytes(16)


@pytest.fixture
def cheap() -> Argon2:
    """The least parameters."""
    return Argon2(passes=1, memory_kib=8, lanes=1)


def test_a_hash_verifies_its_password_and_no_other(cheap: Argon2) -> None:
    """The same salt gives the same hash; it is the caller's randomness."""
    made = cheap.hash("correct horse battery", SALT)

    assert made == cheap.hash("correct horse battery", SALT) != cheap.hash("correct horse battery", bytes(range(16)))
    assert made.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert cheap.verify(made, "correct horse battery")
    assert not cheap.verify(made, "correct horse batterz")


def test_nobodys_password_is_never_right_and_is_computed_all_the_same(cheap: Argon2) -> None:
    """The stand-in has the parameters of every new hash, so it costs as much."""
    assert not cheap.verify(None, "correct horse battery")
    assert not cheap.outdated(cheap._nobody)
    assert (
        cheap._nobody.rpartition("$")[0].rpartition("$")[0]
        == cheap.hash("x", SALT).rpartition("$")[0].rpartition("$")[0]
    )


def test_other_parameters_are_outdated(cheap: Argon2) -> None:
    """Old hashes still verify."""
    made = cheap.hash("correct horse battery", SALT)
    stronger = Argon2(passes=2, memory_kib=16, lanes=1)

    assert (cheap.outdated(made), stronger.outdated(made)) == (False, True)
    assert stronger.verify(made, "correct horse battery")


def test_the_parameters_are_the_rfcs_second_choice() -> None:
    """RFC 9106 section 4: t=3, 64 MiB, p=4."""
    assert "$m=65536,t=3,p=4$" in Argon2()._nobody


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """And importing the module costs nothing."""
    monkeypatch.setitem(sys.modules, "argon2", None)
    with pytest.raises(MissingExtra, match=r"servicekit-sdk\[passwords\]"):
        Argon2()
