"""Logged in by password, and passwords chosen and changed.

Rules kept here:

* Passwords are hashed and verified between two transactions, never in one. The second looks at everything again, so whoever
  guesses in many processes at once is counted all the same, and a password that changed meanwhile counts for nothing.
* A try is counted before its outcome is looked at: once the pace is spent, a right password is told no more than a wrong one.
* An unknown address costs what a known one does: the same statements, one verification, one count.
"""

from __future__ import annotations

from attrs import evolve, frozen

from servicekit.accounts import (
    GUESSES,
    GUESSES_FROM,
    ChangePassword,
    Invitation,
    LoggedIn,
    LogIn,
    NotLoggedIn,
    Password,
    PasswordChanged,
    PasswordLink,
    SessionEnd,
    SetPassword,
    WhyNot,
    check_password,
    check_usable,
    digest_of,
    network_of,
    prepared,
    subject_of,
)
from servicekit.commands import PrincipalKind
from servicekit.errors import Forbidden, Invalid
from servicekit.groups import User
from servicekit.moments import Instant
from servicekit.portal import CustomerUser
from servicekit.ports.passwords import SALT_BYTES, Passwords
from servicekit.usecases.asking import Worked
from servicekit.usecases.customer_users import accept
from servicekit.usecases.pacing import Spend, too_often
from servicekit.usecases.people import person, person_at
from servicekit.usecases.sessions import begin, end_others
from servicekit.usecases.work import Work, address_of

__all__ = ["Verified", "change_password", "hash_chosen", "log_in", "set_password", "verify_log_in", "verify_old"]


@frozen
class Verified:
    """What came of verifying and hashing: against which hash, whether it was right, and what is to be stored."""

    stored: str | None
    right: bool
    hash: str = ""


# --- log in


def verify_log_in(work: Work, command: LogIn) -> Worked[Verified] | None:
    """One verification, of somebody's hash or of nobody's; none at all where the pace is spent."""
    work.operator()
    passwords = work.wiring.need(work.wiring.passwords, "passwords")
    stored = work.store.passwords.find(_key(person_at(work, command.kind, _address(command.email))))
    if _waits(work, *_guesses(work, command.kind, command.email)) is not None:
        return None
    return Worked(lambda: _verified(passwords, stored, command.password, command.password, work))


def log_in(work: Work, command: LogIn, verified: Verified | None = None) -> LoggedIn | NotLoggedIn:
    """A session, if the password was right and still is."""
    work.operator()
    spends = _guesses(work, command.kind, command.email)
    until = _waits(work, *spends) if verified is None else too_often(work, *spends)
    if until is not None or verified is None:
        return NotLoggedIn(why=WhyNot.SLOW_DOWN, until=until)
    known = person_at(work, command.kind, _address(command.email))
    stored = work.store.passwords.find(_key(known))
    if known is None or stored is None or not _still_right(stored, verified):
        work.store.paces.sweep(work.at)
        return NotLoggedIn(why=WhyNot.WRONG)
    if verified.hash:
        work.store.passwords.save(evolve(work.store.passwords.hold(known.id), hash=verified.hash))
    account, origin = spends
    work.store.paces.forget(account.subject)
    work.store.paces.give_back(origin.subject, origin.pace)  # and no more: a thief has an account of its own, too
    return begin(work, known.id, keep=command.keep, label=command.label)


def _guesses(work: Work, kind: PrincipalKind, email: str) -> tuple[Spend, Spend]:
    return (
        Spend(subject_of("guess", kind, _address(email)), GUESSES),
        Spend(subject_of("guess from", network_of(work.by.origin)), GUESSES_FROM),
    )


def _waits(work: Work, *spends: Spend) -> Instant | None:
    """When the next try is looked at, if not now."""
    waits = [spend.pace.next_at(work.store.paces.until(spend.subject), work.at) for spend in spends]
    latest = max(waits)
    return latest if latest > work.at else None


def _verified(passwords: Passwords, stored: Password | None, given: str, new: str, work: Work) -> Verified:
    """Verified, and hashed anew where the stored hash is of another make or there is another password."""
    known = None if stored is None else stored.hash
    right = passwords.verify(known, prepared(given))
    again = known is not None and right and (new != given or passwords.outdated(known))
    made = passwords.hash(prepared(new), work.wiring.random_bytes(SALT_BYTES)) if again else ""
    return Verified(known, right, made)


def _still_right(stored: Password, verified: Verified) -> bool:
    return verified.right and stored.hash == verified.stored


def _key(known: User | CustomerUser | None) -> str:
    return "" if known is None else known.id


def _address(text: str) -> str:
    """The address as users are known by it; what is none is nobody's."""
    try:
        return address_of(text)
    except Invalid:
        return ""


# --- by link


def hash_chosen(work: Work, command: SetPassword) -> Worked[Verified]:
    """The hash of what is chosen, once the link is good."""
    work.operator()
    passwords = work.wiring.need(work.wiring.passwords, "passwords")
    _, known = _linked(work, command.token)
    chosen = check_password(command.password, known.email)
    return Worked(lambda: Verified(None, right=True, hash=passwords.hash(chosen, work.wiring.random_bytes(SALT_BYTES))))


def set_password(work: Work, command: SetPassword, verified: Verified) -> LoggedIn:
    """Stored, and logged in."""
    work.operator()
    link, known = _linked(work, command.token)
    if isinstance(link, Invitation):
        accept(work, link)
    else:
        work.store.users.hold(known.id)
        _linked(work, command.token)  # as it is now that nobody else can use it
        _use_links(work, known.id)
    _store(work, known.id, verified.hash)
    end_others(work, known.id, SessionEnd.PASSWORD)
    kind = PrincipalKind.USER if isinstance(known, User) else PrincipalKind.CUSTOMER_USER
    work.store.paces.forget(subject_of("guess", kind, known.email))
    return begin(work, known.id, keep=command.keep, label=command.label)


def _linked(work: Work, token: str) -> tuple[PasswordLink | Invitation, User | CustomerUser]:
    """A link that is good, and whose it is.

    Raises:
        NotFound: ``dead_link``.
    """
    digest = digest_of(token)
    links, invitations = work.store.password_links.where(digest=digest), work.store.invitations.where(digest=digest)
    link: PasswordLink | Invitation
    link = check_usable(links[0], work.at) if links else check_usable(next(iter(invitations), None), work.at)
    known = person(work, link.user)
    if known is None or known.removed:
        check_usable(None, work.at)  # which refuses
        raise AssertionError(link)
    return link, known


def _use_links(work: Work, user: str) -> None:
    for other in work.store.password_links.where(user=user, used_at=None):
        work.store.password_links.save(evolve(other, used_at=work.at))
    for invitation in work.store.invitations.where(user=user, used_at=None):
        work.store.invitations.save(evolve(invitation, used_at=work.at))


def _store(work: Work, user: str, made: str) -> None:
    password = Password(user=user, hash=made, set_at=work.at)
    if work.store.passwords.find(user) is None:
        work.store.passwords.add(password)
    else:
        work.store.passwords.save(password)


# --- change


def verify_old(work: Work, command: ChangePassword) -> Worked[Verified] | None:
    """The old one verified, the new one hashed; nothing where the pace is spent."""
    known = _oneself(work)
    passwords = work.wiring.need(work.wiring.passwords, "passwords")
    check_password(command.new, known.email)
    stored = work.store.passwords.find(known.id)
    if _waits(work, _old_guess(known.id)) is not None:
        return None
    return Worked(lambda: _verified(passwords, stored, command.old, command.new, work))


def change_password(
    work: Work, command: ChangePassword, verified: Verified | None = None
) -> PasswordChanged | NotLoggedIn:
    """Stored, and all others out."""
    known = _oneself(work)
    spend = _old_guess(known.id)
    until = _waits(work, spend) if verified is None else too_often(work, spend)
    if until is not None or verified is None:
        return NotLoggedIn(why=WhyNot.SLOW_DOWN, until=until)
    stored = work.store.passwords.find(known.id)
    if stored is None or not _still_right(stored, verified):
        return NotLoggedIn(why=WhyNot.WRONG)
    if verified.hash:  # empty where it is the same again
        work.store.passwords.save(evolve(work.store.passwords.hold(known.id), hash=verified.hash, set_at=work.at))
    work.store.paces.forget(spend.subject)
    _use_links(work, known.id)
    return PasswordChanged(ended=end_others(work, known.id, SessionEnd.PASSWORD, but=command.session))


def _old_guess(user: str) -> Spend:
    return Spend(subject_of("old", user), GUESSES)


def _oneself(work: Work) -> User | CustomerUser:
    known = person(work, work.by.id) if work.by.kind is not PrincipalKind.OPERATOR else None
    if known is None or known.removed:
        raise Forbidden("Only whoever has a password can change it.", code="not_oneself")
    return known
