"""The loop guard: what makes two texts the same, and for how long that counts.

Sender, recipient (E.164) and text decide, after white space at the ends and runs of it are folded: mail programs rewrap.
The check and its record must be one step of the storage; this file only says what is compared.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

__all__ = ["GUARD_SPAN", "identity"]

GUARD_SPAN = timedelta(hours=24)


def identity(sender: str, recipient: str, text: str) -> str:
    """What is equal for two messages exactly when the guard takes them for the same: 64 hexadecimal digits.

    >>> identity("usr_1", "+46701740605", "Hello  there ") == identity("usr_1", "+46701740605", "Hello there")
    True
    """
    parts = (sender, recipient, " ".join(text.split()))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
