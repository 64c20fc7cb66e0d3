"""Which scopes there are, and which of them customers may be given.

Rules kept here: a scope that nobody asks for gives nobody anything, so a misspelt one is refused when it is granted and not
found out when somebody is denied. An application adds its own with :meth:`ScopeRegistry.extended`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.permissions.scopes import Scope, Scopes

__all__ = ["SCOPES", "ScopeRegistry"]

_UMBRELLAS = frozenset({"manage", "*"})


def _closed(actions: Iterable[str]) -> frozenset[str]:
    found = frozenset(actions)
    return found | {"read"} if "write" in found else found


def _by_resource(resources: Mapping[str, Iterable[str]]) -> Mapping[str, frozenset[str]]:
    for resource, actions in resources.items():
        for action in actions:
            if "*" in Scope.parse(f"{resource}:{action}").__str__():
                raise Invalid(f"{resource}:{action} is no scope of its own: register names.", code="bad_scope")
    return {resource: _closed(actions) for resource, actions in resources.items()}


@frozen
class ScopeRegistry:
    """The scopes that there are: for each resource its actions. Where there is ``write`` there is ``read``.

    >>> mine = SCOPES.extended({"tickets": ("write", "close")}, for_customers=("tickets:read",))
    >>> mine.knows(Scope.parse("tickets:close")), SCOPES.knows(Scope.parse("tickets:close"))
    (True, False)

    Attributes:
        resources: the actions of each resource, without ``manage`` and ``*``, which every resource has.
        for_customers: what a customer's user may be given by whoever holds ``customer_rights:write``.
    """

    resources: Mapping[str, frozenset[str]] = field(converter=_by_resource, repr=", ".join)
    for_customers: Scopes = field(factory=Scopes, repr=str)

    def knows(self, scope: Scope) -> bool:
        """Whether the scope stands for anything at all."""
        if scope.resource == "*":
            return scope.action in _UMBRELLAS or any(scope.action in actions for actions in self.resources.values())
        actions = self.resources.get(scope.resource)
        return actions is not None and (scope.action in _UMBRELLAS or scope.action in actions)

    def checked(self, texts: Iterable[str]) -> Scopes:
        """The scopes of these texts, all of them known.

        Raises:
            Invalid: ``bad_scope``; ``unknown_scope``.
        """
        given = [Scope.parse(text) for text in texts]
        for scope in given:
            if not self.knows(scope):
                raise Invalid(
                    f"Nothing asks for {scope}: is it misspelt? Your application's own scopes are registered with"
                    " Kit.open(..., scopes=SCOPES.extended(...)).",
                    code="unknown_scope",
                    scope=str(scope),
                )
        return Scopes(frozenset(given))

    def concrete(self, scopes: Scopes) -> tuple[Scope, ...]:
        """Every known scope without a wildcard that these imply, in order."""
        known = (
            Scope(resource, action)
            for resource, actions in self.resources.items()
            for action in sorted(actions | {"manage"})
        )
        return tuple(sorted(scope for scope in known if scopes.implies(scope)))

    def extended(self, resources: Mapping[str, Iterable[str]], *, for_customers: Iterable[str] = ()) -> ScopeRegistry:
        """With more resources, or more actions of known ones.

        Args:
            resources: the actions of each.
            for_customers: scopes that customers' users may be given.

        Raises:
            Invalid: ``bad_scope``; ``unknown_scope`` for a customers' scope that is not registered.
        """
        joined = {
            name: self.resources.get(name, frozenset()) | frozenset(resources.get(name, ()))
            for name in {**self.resources, **resources}
        }
        wider = ScopeRegistry(joined, self.for_customers)
        return ScopeRegistry(joined, self.for_customers | wider.checked(for_customers))


_WRITE = ("write",)
SCOPES = ScopeRegistry(
    {
        **dict.fromkeys(("activity", "admins", "brand", "catalogue", "clients", "comments", "customer_rights"), _WRITE),
        **dict.fromkeys(("customers", "documents", "domains", "effects", "fault_reports", "grants", "groups"), _WRITE),
        **dict.fromkeys(("inspections", "messages", "objects", "orders", "readings", "templates", "users"), _WRITE),
        "billing": _WRITE,
        "bookings": ("write", "override"),
        "doors": ("write", "unlock"),
        "log": ("read",),
        "meetings": ("write", "host", "connect"),
        "push": _WRITE,
    },
    Scopes.parse(
        "comments:write, customers:read, documents:write, fault_reports:write, inspections:write, objects:read, orders:read,"
        " readings:write"
    ),
)
"""Those of servicekit itself."""
