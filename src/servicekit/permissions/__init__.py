"""Permissions: who may do what, and what a list may show.

The rules of this room:

* A scope is ``resource:action``; ``manage`` includes ``write``, which includes ``read``; ``*`` stands for any resource or
  action. A grant gives scopes within a boundary, from and until stated instants.
* Nothing is allowed unless a grant says so. A check answers with the grant that decided, or with what was missing.
* What a person may see is one value, used twice: as a predicate for one object and as a filter that the storage runs. They
  cannot disagree, because there is only one of them.
"""

from servicekit.permissions.grants import Grant, GroupBoundary, decide
from servicekit.permissions.scopes import Scope, parse_scopes
from servicekit.permissions.visibility import Everything, Nothing, OfCustomer, Visible, sees

__all__ = [
    "Everything",
    "Grant",
    "GroupBoundary",
    "Nothing",
    "OfCustomer",
    "Scope",
    "Visible",
    "decide",
    "parse_scopes",
    "sees",
]
