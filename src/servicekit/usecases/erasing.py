"""Words blanked in their time, and persons forgotten on request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve

from servicekit.bookings import BookingState, Client
from servicekit.errors import Invalid, NotFound
from servicekit.groups import Group, Tree, User, effective
from servicekit.ids import GroupId
from servicekit.messages import ERASED, GUARD_SPAN, Blanked, BlankTexts, Erased, ErasePerson, Kept, cleaned
from servicekit.moments import Instant
from servicekit.usecases.membership import keep_an_admin
from servicekit.usecases.numbering import give_back
from servicekit.usecases.restructuring import end
from servicekit.usecases.work import Work, address_of

__all__ = ["blank_texts", "erase_person"]

_MOST_ROWS = 10_000
_ROWS = "rows of the log: time, group, direction, status, segments, the carrier's reference"
_ROWS_WHY = "quotas count them and invoices rest on them; nothing in them names the person"
_WAITING = "messages on their way, or of unknown fate"
_WAITING_WHY = "their words and number are needed until that is settled: ask again then"
_USER = "the user's id"
_USER_WHY = "it holds the rows of the log together, and names nobody any more"
_CLIENTS = "clients of bookings with this number or address"
_CLIENTS_WHY = "they have bookings that are still to come: cancel those, or ask again afterwards"
_BOOKERS = "the client's id"
_BOOKERS_WHY = "it holds its past bookings together, and names nobody any more"
_PORTAL = "customer users of the portal with this address"
_PORTAL_WHY = "the portal's activity log proves who did what; remove them there"


def blank_texts(work: Work, command: BlankTexts) -> Blanked:
    """Group by group, then mails, until so many rows are done."""
    work.operator()
    if not 1 <= command.most <= _MOST_ROWS:
        raise Invalid(
            f"One run blanks 1 to {_MOST_ROWS} rows, not {command.most}.", code="page_size", most=command.most
        )
    tree = Tree.of(work.store.groups.where())
    texts = letters = 0
    for group in sorted(tree.groups.values(), key=lambda one: one.id):
        before = _kept_since(work, tree.path(group.id))
        if before is None:
            continue
        texts += work.store.blanking.texts(group.id, before, command.most - texts - letters)
        if group.parent is None:
            letters += work.store.blanking.letters(group.id, before, command.most - texts - letters)
        if texts + letters == command.most:
            break
    digests = work.store.guards.purge(work.at - GUARD_SPAN, command.most)
    return Blanked(texts, letters, more=command.most in {texts + letters, digests}, digests=digests)


def _kept_since(work: Work, path: tuple[Group, ...]) -> Instant | None:
    days = effective(path, "texts_kept_days").value
    return None if days is None else work.at - timedelta(days=days)


def erase_person(work: Work, command: ErasePerson) -> Erased:
    """By number, by address, or both."""
    work.store.hold_tree(command.organisation)
    root = work.organisation("users:write", command.organisation)
    number = command.number.strip()
    if not number and not command.email:
        raise Invalid("Name whom to forget: a number, an address, or both.", code="nobody_named")
    if cleaned(number) != number or number == ERASED:
        raise Invalid("No row has such a number.", code="unsearchable")
    email = address_of(command.email) if command.email else ""
    users = work.store.users.where(email=email, organisation=root.id) if email else ()
    done = waiting = 0
    if number:
        done, waiting = work.store.blanking.number(root.id, number)
    clients = [one for one in work.store.clients.where(organisation=root.id) if _is(one, number, email)]
    if not (done or waiting or users or clients):
        raise NotFound("Nobody is known here by that number or address.", code="nobody_known")
    for user in users:
        blanked, on_the_way = _forget(work, user)
        done, waiting = done + blanked, waiting + on_the_way
    if users:
        keep_an_admin(work, root.id)
    kept = (
        Kept(_ROWS, done, _ROWS_WHY),
        Kept(_WAITING, waiting, _WAITING_WHY),
        Kept(_USER, len(users), _USER_WHY),
        *_forget_clients(work, clients),
        Kept(_PORTAL, _customer_users(work, root.id, email), _PORTAL_WHY),
    )
    return Erased(done, tuple(one for one in kept if one.count))


def _forget(work: Work, user: User) -> tuple[int, int]:
    (user,) = give_back(work, [work.store.users.hold(user.id)])
    work.store.users.save(evolve(user, email=ERASED, signature=None, mobile="", removed=True))
    end(work, work.store.grants.where(principal=user.id))
    for key in work.store.api_keys.where(organisation=user.organisation, user=user.id):
        work.store.api_keys.save(evolve(key, name=ERASED, revoked_at=key.revoked_at or work.at))
        end(work, work.store.grants.where(principal=key.id))
    return work.store.blanking.user(user.organisation, user.id, user.email)


def _forget_clients(work: Work, clients: Sequence[Client]) -> tuple[Kept, Kept]:
    """Those whose bookings are over; the others are needed, so that they hear of what they have booked."""
    coming = [one for one in clients if _has_more_to_come(work, one)]
    over = [one for one in clients if one not in coming]
    for client in over:
        work.store.clients.save(evolve(client, name=ERASED, email="", mobile=""))
    return Kept(_BOOKERS, len(over), _BOOKERS_WHY), Kept(_CLIENTS, len(coming), _CLIENTS_WHY)


def _has_more_to_come(work: Work, client: Client) -> bool:
    bookings = work.store.bookings.where(client=client.id)
    return any(one.ends > work.at and one.state is not BookingState.CANCELLED for one in bookings)


def _customer_users(work: Work, organisation: GroupId, email: str) -> int:
    return len(work.store.customer_users.where(organisation=organisation, email=email)) if email else 0


def _is(client: Client, number: str, email: str) -> bool:
    return bool(number and client.mobile == number) or bool(email and client.email.lower() == email)
