"""Accounts: how a person comes to a password. Whoever is sent a link may choose one, once and for a while.

The rules of this room:

* A link's token is 32 bytes of the caller's randomness. Only its SHA-256 is stored: who reads the database can open no account.
* A link is good for seven days and for one use. It is for one user, for ever.

Refused: a link that is unknown, used or too old, all alike (``dead_link``), so that nobody learns which tokens there were.
"""

from servicekit.accounts.links import (
    LINK_SPAN,
    TOKEN_BYTES,
    Invitation,
    PasswordLink,
    check_usable,
    digest_of,
    invitation_for,
    link_for,
    token_of,
)

__all__ = [
    "LINK_SPAN",
    "TOKEN_BYTES",
    "Invitation",
    "PasswordLink",
    "check_usable",
    "digest_of",
    "invitation_for",
    "link_for",
    "token_of",
]
