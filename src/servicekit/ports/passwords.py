"""The port to what hashes passwords: slow on purpose, so it is never asked within a transaction."""

from __future__ import annotations

from typing import Protocol

__all__ = ["SALT_BYTES", "Passwords"]

SALT_BYTES = 16
"""Bytes of randomness in a hash."""


class Passwords(Protocol):
    """Something that hashes passwords."""

    def hash(self, password: str, salt: bytes) -> str:
        """The hash, as text that says how it was made.

        Args:
            password: as it was prepared.
            salt: :data:`SALT_BYTES` random bytes.
        """
        ...

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is the password of a stored hash. Nobody's, None, costs as much and is never right."""
        ...

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made in another way than a new one is, so that it is to be made anew."""
        ...
