"""Work: what a use case is given, and the rights that it asks for.

Rules kept here: a use case has one transaction, the caller's time, the caller's principal and a source of ids; it reaches
nothing else. What somebody may not know of reads as if it did not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from attrs import field, frozen

from servicekit.commands import Command, Principal, PrincipalKind
from servicekit.decisions import Decision, Denied, require
from servicekit.errors import Forbidden, Invalid, NotFound
from servicekit.groups import Group, User, ascii_domain
from servicekit.ids import CustomerId, EffectId, FacilityId, GroupId, Id, MailId, UserId
from servicekit.mail import OutgoingMail
from servicekit.moments import Instant
from servicekit.outbox.effects import Effect, EffectKind, Stage
from servicekit.outbox.letters import Letter
from servicekit.permissions import Held, Place
from servicekit.ports.store import NO_GROUP, Transaction
from servicekit.usecases.holders import grants_of
from servicekit.usecases.wiring import Wiring

__all__ = ["Mint", "Work", "address_of", "evenly", "named", "unseen"]

I = TypeVar("I", bound=Id)  # noqa: E741 - the usual name of an id's type
A = TypeVar("A")

_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"]+@[^@\s<>()\[\],;:\\\".]+(?:\.[^@\s<>()\[\],;:\\\".]+)+")


class Mint(Protocol):
    """Makes ids; its randomness is the runtime's."""

    def __call__(self, kind: type[I], at: Instant) -> I:
        """A new id of this kind."""
        ...


@frozen
class Work:
    """One use case's world."""

    store: Transaction
    at: Instant
    by: Principal
    wiring: Wiring
    mint: Mint = field(repr=False)
    _asker: dict[str, Held | bool] = field(factory=dict, init=False, repr=False, eq=False)

    def new(self, kind: type[I]) -> I:
        """A new id."""
        return self.mint(kind, self.at)

    def operator(self) -> None:
        """Demand an operator.

        Raises:
            Forbidden: ``operators_only``.
        """
        if self.by.kind is not PrincipalKind.OPERATOR:
            raise Forbidden("Only the platform's operator can do this.", code="operators_only")

    def allow(self, scope: str, group: str, *, removed: bool = False) -> tuple[Group, ...]:
        """Demand a scope in a group; the path from that group up to the root, which was read for it.

        Args:
            scope: what is needed.
            group: where.
            removed: whether a group that is only in the log any more will do.

        Raises:
            NotFound: no such group, or the asker has nothing to do with it.
            Forbidden: the asker lacks the scope there.
        """
        path = self.store.path(group)
        if path[0].removed and not removed:
            raise unseen(path[0])
        self._demand(scope, _place(path), path, path[0])
        return path

    def organisation(self, scope: str, group: str) -> Group:
        """Demand a scope over the whole organisation that ``group`` is, or is part of; its root group.

        Raises:
            NotFound: no such group, or the asker has nothing to do with it.
            Forbidden: the asker lacks the scope there; a right in a group below the root is none over the organisation.
        """
        path = self.store.path(group)
        if path[0].removed:
            raise unseen(path[0])
        self._demand(scope, _place(path[-1:]), path, path[0])
        return path[-1]

    def owned(
        self,
        scope: str,
        thing: A,
        group: GroupId,
        customer: CustomerId | None = None,
        facility: FacilityId | None = None,
    ) -> A:
        """The thing itself, once the asker holds ``scope`` where it lies.

        Args:
            scope: what is needed.
            thing: what the asker wants to do something with.
            group: the group that it belongs to.
            customer, facility: whose it is, and where; without them, grants that are bounded to a customer do not count.

        Raises:
            NotFound: the asker has nothing to do with it.
            Forbidden: the asker lacks the scope.
        """
        path = self.store.path(group)
        self._demand(scope, _place(path, customer, facility), path, thing)
        return thing

    def decision(
        self,
        scope: str,
        path: tuple[Group, ...],
        customer: CustomerId | None = None,
        facility: FacilityId | None = None,
    ) -> Decision:
        """Whether the asker holds a scope in the group that the path starts at."""
        return self.held().check(scope, _place(path, customer, facility), self.at)

    def _demand(self, scope: str, where: Place, path: tuple[Group, ...], thing: object) -> None:
        decision = self.held().check(scope, where, self.at)
        if isinstance(decision, Denied) and not self.knows(path, where.customer, where.facility):
            raise unseen(thing)
        require(decision)

    def held(self) -> Held:
        """The asker's grants, read once for each piece of work, after the first path: whoever ends one holds the tree."""
        held = self._asker.get("held")
        if not isinstance(held, Held):
            held = self._asker["held"] = Held(grants_of(self.store, self.by))
        return held

    def knows(
        self, path: tuple[Group, ...], customer: CustomerId | None = None, facility: FacilityId | None = None
    ) -> bool:
        """Whether the asker is a user of exactly ``path[0]``, or holds anything at all there."""
        user = self.store.users.find(self.by.id) if self.by.kind is PrincipalKind.USER else None
        self._asker["looked up"] = True
        if user is not None and not user.removed and user.group == path[0].id:
            return True
        return self.held().knows(_place(path, customer, facility), self.at)

    def even_out(self, error: NotFound, *, writes: bool) -> None:
        """Read what would have been read about something that is there, before it is said that it is not.

        So neither the sentence nor the number of statements tells a stranger which of the two it was.
        """
        if "held" not in self._asker:
            kind = error.facts.get("kind")
            if writes and kind in _BEHIND_CUSTOMERS:
                with suppress(NotFound):
                    self.store.customers.hold(self.by.id)
            if writes and kind in _BEHIND_TREES:
                self.store.hold_tree(NO_GROUP)
            if kind != Group.__name__:  # whose path has been looked for already
                with suppress(NotFound):
                    self.store.path(NO_GROUP)
            self.held()
        if "looked up" not in self._asker and self.by.kind is PrincipalKind.USER:
            self.store.users.find(self.by.id)

    def member(self, user: UserId) -> tuple[User, tuple[Group, ...]]:
        """A user and the path of its group, both as they are until the transaction ends.

        Raises:
            NotFound: no such user, or it has been removed.
        """
        known = self.store.member(user)
        if known.removed:
            raise unseen(known)
        return known, self.store.path(known.group)

    def about_user(self, scope: str, user: UserId) -> tuple[User, tuple[Group, ...]]:
        """As :meth:`member`, for the user itself and for whoever holds ``scope`` in its group.

        Raises:
            NotFound: no such user, or the asker has nothing to do with its group.
            Forbidden: the asker lacks the scope there.
        """
        known, path = self.member(user)
        if self.by != Principal.of(known.id):
            self._demand(scope, _place(path), path, known)
        return known, path

    def enqueue(
        self,
        kind: EffectKind,
        subject: str,
        organisation: GroupId,
        *,
        revision: int = 1,
        about: str = "",
        stage: Stage = Stage.DEED,
        payload: str = "",
        due_at: Instant | None = None,
    ) -> None:
        """Write an effect into the outbox, due at once unless a time is said."""
        self.store.effects.enqueue(
            Effect(
                id=self.new(EffectId),
                organisation=organisation,
                kind=kind,
                subject=subject,
                revision=revision,
                about=about,
                stage=stage,
                made_at=self.at,
                due_at=due_at or self.at,
                payload=payload,
            )
        )

    def post(self, mail_id: MailId, organisation: GroupId, mail: OutgoingMail, *, to: str) -> None:
        """Store a mail of ours for one recipient, and enqueue its hand-over."""
        self.store.letters.add(
            Letter(
                id=mail_id,
                organisation=organisation,
                message_id=mail.message_id,
                envelope_from=mail.envelope_from,
                recipient=to,
                raw=mail.raw,
                made_at=self.at,
            )
        )
        self.enqueue(EffectKind.LETTER, mail_id, organisation)


def _place(path: Sequence[Group], customer: CustomerId | None = None, facility: FacilityId | None = None) -> Place:
    return Place(tuple(group.id for group in path), customer, facility)


_BEHIND_CUSTOMERS = frozenset(
    {"Comment", "CustomerUser", "Document", "FaultReport", "Inspection", "Order", "Reading", "ServiceObject"}
)
"""Whatever is written about one of these holds its customer first."""
_BEHIND_TREES = frozenset({"ApiKey", "Grant"})
"""Whatever is written about one of these holds the whole tree first."""


def evenly(handler: Callable[..., A], work: Work, *asked: object) -> A:
    """What a use case gives; whether something is not there or not to be seen, it took as many statements."""
    try:
        return handler(work, *asked)
    except NotFound as error:
        work.even_out(error, writes=isinstance(asked[0], Command))
        raise


def unseen(thing: object) -> NotFound:
    """The very error that a storage raises for what does not exist, so that nobody can tell the two apart."""
    kind, key = type(thing).__name__, getattr(thing, "id", "")
    return NotFound(f"There is no {kind} {key}, or you may not see it.", kind=kind, id=key)


def named(name: str) -> str:
    """A name without space around it.

    Raises:
        Invalid: ``nameless`` if nothing is left, or if it has line breaks.
    """
    stripped = name.strip()
    if not stripped or not stripped.isprintable():
        raise Invalid("A name is needed: some printable characters on one line.", code="nameless", name=name)
    return stripped


def address_of(text: str) -> str:
    """A mail address in lower case, its domain in ASCII, as users are known by it.

    Raises:
        Invalid: ``not_an_address``.
    """
    local, at, host = text.strip().lower().rpartition("@")
    domain = ascii_domain(host)
    address = f"{local}{at}{domain}"
    if domain is None or not _ADDRESS.fullmatch(address) or not address.isprintable():
        raise Invalid(
            f"{text!r} is no mail address: write it like anna@example.com.", code="not_an_address", address=text
        )
    return address
