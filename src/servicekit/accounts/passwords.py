"""Passwords: which may be chosen, and what is stored of one. What hashes is behind a port.

Rules kept here, after NIST SP 800-63B-4 (3.1.1.2): length is what counts, so no kind of character is demanded; every character
is taken, also spaces, and the same one however a keyboard composed it (NFKC).

Refused, as `Invalid`: ``short_password``, ``long_password``, ``easy_password``.
"""

from __future__ import annotations

import unicodedata

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.moments import Instant

__all__ = ["FEWEST_CHARACTERS", "MOST_CHARACTERS", "Password", "check_password", "prepared"]

FEWEST_CHARACTERS = 10
"""A password has at least so many characters."""

MOST_CHARACTERS = 256
"""And at most so many, so that hashing it stays cheap."""

_FEWEST_KINDS = 5


@frozen(kw_only=True)
class Password:
    """What is stored of a password.

    Attributes:
        user: whose it is: the id of a user or of a customer user.
        hash: of the password, with all that is needed to compute it again.
        set_at: when it was chosen.
    """

    user: str
    hash: str = field(repr=False)
    set_at: Instant


def prepared(password: str) -> str:
    """The password as it is hashed: the same for every way of typing it.

    >>> prepared("cafe\u0301") == prepared("caf\u00e9")
    True
    """
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, address: str) -> str:
    """The password, :func:`prepared`, if it may be chosen.

    Args:
        password: as it was typed.
        address: the mail address of whoever chooses it, which it may not be.

    Raises:
        Invalid: ``short_password``, ``long_password``; ``easy_password`` for the own address, for hardly different characters,
            and for half a surrogate pair, which cannot be typed again.
    """
    chosen = prepared(password)
    if len(chosen) < FEWEST_CHARACTERS:
        raise Invalid(
            f"A password has at least {FEWEST_CHARACTERS} characters: some words that only you put together will do.",
            code="short_password",
            fewest=FEWEST_CHARACTERS,
        )
    if len(chosen) > MOST_CHARACTERS:
        raise Invalid(
            f"A password has at most {MOST_CHARACTERS} characters.", code="long_password", most=MOST_CHARACTERS
        )
    folded = chosen.casefold()
    surrogate = any("\ud800" <= one <= "\udfff" for one in chosen)
    local = address.partition("@")[0].casefold()
    if surrogate or len(set(folded)) < _FEWEST_KINDS or folded in {address.casefold(), local, f"{local}{local}"}:
        raise Invalid(
            "This password is among the first that anybody would try: choose some words that only you put together.",
            code="easy_password",
        )
    return chosen
