"""Customer users: invited, changed, listed and removed.

Rules kept here:

* Whoever holds ``customer_rights:write`` over the customer changes its users, and nobody its own rights: a customer user holds
  no such right.
* An invitation's token is made when the mail leaves and stands in that mail alone; a mail that must go out again has a new
  one. The first that is used uses up all of them.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve

from servicekit.accounts import LINK_SPAN, TOKEN_BYTES, Invitation, check_usable, digest_of, invitation_for, token_of
from servicekit.commands import Principal
from servicekit.errors import Conflict, Invalid
from servicekit.ids import CustomerUserId, FacilityId
from servicekit.mail import plain_mail
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.portal import (
    ALL_RIGHTS,
    AcceptInvitation,
    AddCustomerUser,
    ChangeCustomerUser,
    Customer,
    CustomerUser,
    InviteAgain,
    ListCustomerUsers,
    RemoveCustomerUser,
    Right,
)
from servicekit.usecases.activity import note
from servicekit.usecases.delivering import Done, Failed, Outside, Step
from servicekit.usecases.portal import check_facility
from servicekit.usecases.seeing import held_customer
from servicekit.usecases.work import Work, address_of, unseen

__all__ = [
    "accept",
    "accept_invitation",
    "add_customer_user",
    "change_customer_user",
    "invite_again",
    "list_customer_users",
    "prepare_invitation",
    "remove_customer_user",
]


def add_customer_user(work: Work, command: AddCustomerUser) -> CustomerUser:
    """A person who logs in for a customer."""
    customer = held_customer(work, "customer_rights:write", command.customer)
    email = address_of(command.email)
    work.store.inbox.hold("customer user", email)  # the same address twice at once: the second one sees the first
    if work.store.customer_users.where(email=email, removed=False):
        raise Conflict(f"{email} is a customer user already.", code="address_taken", email=email)
    user = CustomerUser(
        id=work.new(CustomerUserId),
        organisation=customer.organisation,
        customer=customer.id,
        email=email,
        facilities=_facilities(work, customer, command.facilities),
        unassigned=command.unassigned,
        rights=_sorted(command.rights),
    )
    work.store.customer_users.add(user)
    note(work, customer, "customer user added", user.id, detail=_shown(user), internal=True)
    if _can_invite(work):
        work.enqueue(EffectKind.INVITATION, user.id, user.organisation)
    return user


def change_customer_user(work: Work, command: ChangeCustomerUser) -> CustomerUser:
    """All of what it may see and do, at once."""
    before, customer = _held(work, command.user)
    user = evolve(
        before,
        facilities=_facilities(work, customer, command.facilities),
        unassigned=command.unassigned,
        rights=_sorted(command.rights),
    )
    work.store.customer_users.save(user)
    note(
        work,
        customer,
        "customer user changed",
        user.id,
        detail=f"{_shown(user)}; before: {_shown(before)}",
        internal=True,
    )
    return user


def invite_again(work: Work, command: InviteAgain) -> CustomerUser:
    """A new mail with a new link."""
    user, customer = _held(work, command.user)
    if not _can_invite(work):
        raise Conflict(
            "This kit sends no invitations: open it with Kit.open(..., mail=..., invitation_url=...).",
            code="cannot_invite",
        )
    note(work, customer, "customer user invited again", user.id, internal=True)
    work.enqueue(EffectKind.INVITATION, user.id, user.organisation)
    return user


def remove_customer_user(work: Work, command: RemoveCustomerUser) -> CustomerUser:
    """It sees nothing from now on; what it did stays written."""
    user, customer = _held(work, command.user)
    removed = evolve(user, removed=True)
    work.store.customer_users.save(removed)
    note(work, customer, "customer user removed", user.id, detail=user.email, internal=True)
    return removed


def list_customer_users(work: Work, query: ListCustomerUsers) -> tuple[CustomerUser, ...]:
    """Those of one customer."""
    customer = work.store.customers.get(query.customer)
    work.owned("customer_rights:read", customer, customer.organisation, customer.id)
    return work.store.customer_users.where(customer=customer.id, removed=False)


def accept_invitation(work: Work, command: AcceptInvitation) -> CustomerUser:
    """Whose link it is."""
    work.operator()
    digest = digest_of(command.token)
    link = check_usable(next(iter(work.store.invitations.where(digest=digest)), None), work.at)
    return accept(work, link)


def accept(work: Work, link: Invitation) -> CustomerUser:
    """Use a link that was good when it was looked at, and all others of its user."""
    customer = work.store.customers.hold(work.store.customer_users.get(link.user).customer)
    user = work.store.customer_users.hold(link.user)
    (link,) = work.store.invitations.where(digest=link.digest)  # as it is now that nobody else can use it
    check_usable(None if user.removed else link, work.at)
    for other in work.store.invitations.where(user=user.id, used_at=None):
        work.store.invitations.save(evolve(other, used_at=work.at))
    user = evolve(user, accepted_at=work.at)
    work.store.customer_users.save(user)
    as_itself = evolve(work, by=Principal.of(user.id, origin=work.by.origin))
    note(as_itself, customer, "invitation accepted", user.id)
    return user


def _held(work: Work, user_id: CustomerUserId) -> tuple[CustomerUser, Customer]:
    """The user and its customer, both held. Of the user is said that it is not there, not of its customer."""
    user = work.store.customer_users.get(user_id)
    customer = work.store.customers.hold(user.customer)
    work.owned("customer_rights:write", user, user.organisation, user.customer)
    user = work.store.customer_users.hold(user_id)
    if user.removed:
        raise unseen(user)
    return user, customer


def _facilities(
    work: Work, customer: Customer, facilities: tuple[FacilityId, ...] | None
) -> tuple[FacilityId, ...] | None:
    for facility in facilities or ():
        check_facility(work, customer, facility)
    return None if facilities is None else tuple(dict.fromkeys(facilities))


def _sorted(rights: Iterable[Right]) -> tuple[Right, ...]:
    wanted = set[str](rights)
    unknown = sorted(wanted.difference(ALL_RIGHTS))
    if unknown:
        raise Invalid(
            f"Customer users have no right {unknown[0]!r}: choose among {', '.join(ALL_RIGHTS)}.",
            code="unknown_right",
            rights=unknown,
        )
    return tuple(right for right in ALL_RIGHTS if right in wanted)


def _shown(user: CustomerUser) -> str:
    """What a user may see and do, for the log."""
    where = "all facilities" if user.facilities is None else ", ".join(user.facilities) or "no facility"
    loose = "and not assigned" if user.unassigned else "only"
    return f"{user.email}: {where} {loose}; {', '.join(user.rights) or 'no rights'}"


# --- the invitation

_SUBJECT = "{organisation}: your log-in"
_TEXT = """Hello,

{organisation} has made you a log-in for {customer}, so that you can follow your orders.

Choose a password here, within {days} days; the link works once:

{link}

Your user name is {address}. If you expect nothing from {organisation}, ignore this mail.
"""


def _can_invite(work: Work) -> bool:
    return work.wiring.mail is not None and bool(work.wiring.invitation_url)


def prepare_invitation(work: Work, effect: Effect) -> Step:
    """Make a link, store its digest, and mail it."""
    mailer = work.wiring.need(work.wiring.mail, "mail")
    user = work.store.customer_users.hold(effect.subject)
    if user.removed:
        return Done()
    token = token_of(work.wiring.random_bytes(TOKEN_BYTES))
    work.store.invitations.add(invitation_for(user.id, token, work.at))
    organisation = work.store.groups.get(user.organisation).name
    sender = work.wiring.mail_from
    mail = plain_mail(
        to=user.email,
        from_address=sender,
        from_name=organisation,
        subject=_SUBJECT.format(organisation=organisation),
        text=_TEXT.format(
            organisation=organisation,
            customer=work.store.customers.get(user.customer).name,
            days=LINK_SPAN.days,
            link=work.wiring.invitation_url.replace("{token}", token),
            address=user.email,
        ),
        message_id=f"<{effect.id}.{effect.fence}@{sender.rpartition('@')[2]}>",
        at=work.at,
    )
    return Outside(lambda: mailer.send(mail), lambda _work, _receipt: Done(), lambda _work, error: Failed(error))
