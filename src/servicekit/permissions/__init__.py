"""Permissions: who may do what, and what a list may show.

The rules of this room:

* A scope is ``resource:action``; ``manage`` includes ``write``, which includes ``read``; ``*`` stands for any resource or
  action. A grant gives scopes within a boundary, from and until stated instants.
* Nothing is allowed unless a grant says so. A check answers with the grant that decided, or with what was missing.
* Whoever grants gives only what it holds itself and may pass on, no wider and no longer, and nothing to itself.
* What a person may see is one value, used many times: as a predicate for one object and as a filter that the storage runs.
  They cannot disagree, because there is only one of them.
"""

from servicekit.permissions.boundaries import Boundary, Place
from servicekit.permissions.commands import Explain, GetVisible, GrantScopes, ListGrants, RevokeGrant
from servicekit.permissions.conditions import Columns, condition_of, sql_where
from servicekit.permissions.grants import Grant, Held, decide
from servicekit.permissions.passing import missing_to_give, narrowed
from servicekit.permissions.registry import SCOPES, ScopeRegistry
from servicekit.permissions.scopes import Scope, Scopes, parse_scopes
from servicekit.permissions.visibility import (
    AnyOf,
    Everything,
    InGroups,
    Nothing,
    OfCustomer,
    Visible,
    sees,
    visible_by,
)

__all__ = [
    "SCOPES",
    "AnyOf",
    "Boundary",
    "Columns",
    "Everything",
    "Explain",
    "GetVisible",
    "Grant",
    "GrantScopes",
    "Held",
    "InGroups",
    "ListGrants",
    "Nothing",
    "OfCustomer",
    "Place",
    "RevokeGrant",
    "Scope",
    "ScopeRegistry",
    "Scopes",
    "Visible",
    "condition_of",
    "decide",
    "missing_to_give",
    "narrowed",
    "parse_scopes",
    "sees",
    "sql_where",
    "visible_by",
]
