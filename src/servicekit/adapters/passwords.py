"""Passwords hashed with Argon2id (RFC 9106), by argon2-cffi (extra ``passwords``).

Rules kept here: the parameters are those that RFC 9106 section 4 recommends where memory is scarce (64 MiB, three passes, four
lanes), unless others are asked for; a hash names its own, so that they may change later.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from servicekit.errors import MissingExtra

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["Argon2"]

_HASH_BYTES = 32
_NOBODY = base64.b64encode(bytes(_HASH_BYTES)).decode("ascii").rstrip("=")  # what no password hashes to
_SALT = base64.b64encode(b"nobody's account").decode("ascii").rstrip("=")


class Argon2:
    """Hashes passwords. Safe for many threads; one hash takes ``memory_kib`` of memory, and tens of milliseconds.

    Args:
        passes: how often the memory is gone over.
        memory_kib: memory in KiB.
        lanes: threads.

    Raises:
        MissingExtra: argon2-cffi is not installed.
    """

    def __init__(self, *, passes: int = 3, memory_kib: int = 65536, lanes: int = 4) -> None:
        try:
            from argon2 import PasswordHasher
        except ImportError:
            raise MissingExtra("passwords", "Hashing passwords with Argon2") from None
        self._hasher: PasswordHasher = PasswordHasher(
            time_cost=passes, memory_cost=memory_kib, parallelism=lanes, hash_len=_HASH_BYTES, salt_len=16
        )
        # Verified in place of the hash that an unknown user has not: the same work.
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${_SALT}${_NOBODY}"

    def hash(self, password: str, salt: bytes) -> str:
        """In the PHC string format."""
        return self._hasher.hash(password, salt=salt)

    def verify(self, stored: str | None, password: str) -> bool:
        """One computation of Argon2, whatever is stored."""
        from argon2.exceptions import VerifyMismatchError

        try:
            return self._hasher.verify(stored or self._nobody, password)
        except VerifyMismatchError:
            return False

    def outdated(self, stored: str) -> bool:
        """Whether its parameters are others."""
        return self._hasher.check_needs_rehash(stored)
