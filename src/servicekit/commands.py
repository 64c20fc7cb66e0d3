"""Commands (changes), queries (readings) and the principal who asks for them.

Rules kept here: a command is a frozen value that knows what it returns (``Command[Booking]``), so that
``kit.perform(command)`` is typed; it can be logged, queued and sent again. Who asks is always said; there is no
principal that may do everything: an operator is one by name, and is refused where rights of an organisation decide.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from attrs import field, frozen

from servicekit.errors import Invalid
from servicekit.ids import ApiKeyId, ClientId, CustomerUserId, Id, ProviderId, UserId

__all__ = ["Command", "Principal", "PrincipalKind", "Query"]

T_co = TypeVar("T_co", covariant=True)


class Command(Generic[T_co]):
    """Asks for a change; ``kit.perform`` returns a ``T``. Subclasses are frozen attrs classes."""

    __slots__ = ()


class Query(Generic[T_co]):
    """Asks for a reading; ``kit.ask`` returns a ``T``. Subclasses are frozen attrs classes."""

    __slots__ = ()


class PrincipalKind(StrEnum):
    """What kind of somebody asks."""

    OPERATOR = "operator"
    """Who runs the platform: founds organisations, provides numbers, sets top domains. Has no rights inside one."""
    USER = "user"
    PROVIDER = "provider"
    CLIENT = "client"
    CUSTOMER_USER = "customer_user"
    API_KEY = "api_key"
    """A program, by its key."""


_KINDS: dict[type[Id], PrincipalKind] = {
    UserId: PrincipalKind.USER,
    ProviderId: PrincipalKind.PROVIDER,
    ClientId: PrincipalKind.CLIENT,
    CustomerUserId: PrincipalKind.CUSTOMER_USER,
    ApiKeyId: PrincipalKind.API_KEY,
}


@frozen
class Principal:
    """Who asks. The application has made sure of it (a log-in, a session); what they may do is looked up here.

    ``origin`` says from where, such as ``"192.0.2.7"``; activity logs keep it, and tries to log in
    are counted by it; what anybody may do never depends on it.

    >>> Principal.operator("set-up script").kind
    <PrincipalKind.OPERATOR: 'operator'>
    """

    kind: PrincipalKind
    id: str
    origin: str = field(default="", eq=False, kw_only=True)

    @classmethod
    def operator(cls, name: str, *, origin: str = "") -> Principal:
        """The platform's operator, under a name that logs can show."""
        if not name.strip():
            raise Invalid("An operator has a name, so that logs can tell who acted.", code="nameless_operator")
        return cls(PrincipalKind.OPERATOR, name, origin=origin)

    @classmethod
    def of(cls, who: UserId | ProviderId | ClientId | CustomerUserId | ApiKeyId, *, origin: str = "") -> Principal:
        """The principal that an id names.

        Raises:
            Invalid: ``not_a_principal`` for ids of things that cannot ask, and for bare text.
        """
        kind = _KINDS.get(type(who))
        if kind is None:
            raise Invalid(
                f"{who!r} cannot act: pass a UserId, ProviderId, ClientId or CustomerUserId.",
                code="not_a_principal",
                value=who,
            )
        return cls(kind, who, origin=origin)
