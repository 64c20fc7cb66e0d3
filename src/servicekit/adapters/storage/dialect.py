"""What SQLite and PostgreSQL spell differently, as data. All other SQL is the same for both."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["POSTGRES", "SQLITE", "Dialect"]


@frozen(kw_only=True)
class Dialect:
    """One database's spelling.

    Attributes:
        spelling: what stands for the placeholders of the migrations.
        hold: ends a SELECT whose rows nobody else may change until the transaction ends.
        claim: the same, passing over rows that others hold.
        share: takes a lock that is known by a text, the parameter, until the transaction ends; others may share it.
        alone: the same, with nobody else.
        share_tree, hold_tree: the same for the tree that a group, the parameter, is in.
        share_tree_of: the same as ``share_tree``, for the tree that a user, the parameter, belongs to; also gives its root.
    """

    spelling: Mapping[str, str] = field(factory=dict)
    hold: str = ""
    claim: str = ""
    share: str = ""
    alone: str = ""
    share_tree: str = ""
    hold_tree: str = ""
    share_tree_of: str = ""


SQLITE = Dialect(spelling={"bytes": "BLOB"})
"""There is one writer at a time, from the beginning of its transaction: nothing has to be held."""

POSTGRES = Dialect(
    spelling={"bytes": "BYTEA"},
    hold=" FOR NO KEY UPDATE",  # ids never change, so rows that refer to a held one may come meanwhile
    claim=" FOR NO KEY UPDATE SKIP LOCKED",
    share="SELECT pg_advisory_xact_lock_shared(hashtextextended(?, 0))",
    alone="SELECT pg_advisory_xact_lock(hashtextextended(?, 0))",
    share_tree="SELECT pg_advisory_xact_lock_shared(hashtextextended(organisation, 0)) FROM groups WHERE id = ?",
    hold_tree="SELECT pg_advisory_xact_lock(hashtextextended(organisation, 0)) FROM groups WHERE id = ?",
    share_tree_of=(
        "SELECT pg_advisory_xact_lock_shared(hashtextextended(organisation, 0)), organisation FROM users WHERE id = ?"
    ),
)
"""Writers run side by side, each statement on what is committed by then; what must not change is held."""
