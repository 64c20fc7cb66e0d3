"""New senders: the first mail of a proven address makes an account, and a welcome mail with a link to choose a password.

Rules kept here:

* The account joins the group with the most specific domain of the address; without one, the free accounts, if the operator has
  founded an organisation for them (``FoundOrganisation(free=True)``), whose settings are the free quota. Else there is none.
* An address that an administrator has removed stays removed: its mail makes no new account.
* The welcome goes to the address that was proven, never as an answer to a machine. The link's token is made when the
  mail leaves and stands in that mail alone; a mail that must go out again has a new one, and both are good.
"""

from __future__ import annotations

from servicekit.accounts import LINK_SPAN, TOKEN_BYTES, link_for, token_of
from servicekit.errors import NotFound
from servicekit.groups import Group, User, domain_of
from servicekit.ids import GroupId, UserId
from servicekit.mail import plain_mail
from servicekit.outbox.effects import Effect, EffectKind
from servicekit.usecases.delivering import Done, Failed, Outside, Step
from servicekit.usecases.domains import owner_of
from servicekit.usecases.work import Work

__all__ = ["newcomer", "prepare_welcome"]


def newcomer(work: Work, address: str) -> tuple[User, tuple[Group, ...]]:
    """The account of an address that is no user's, made now; its group's path.

    Raises:
        NotFound: ``unknown_sender`` where no group takes it, or one has removed it.
    """
    group = _group(work, address)
    known = work.store.users.where(email=address, removed=False)
    if known:  # somebody else's mail was first
        return work.member(known[0].id)
    path = work.store.path(group)
    organisation = path[0].organisation
    if work.store.users.where(email=address, organisation=organisation, removed=True):
        raise _unknown(address)
    user = User(id=work.new(UserId), organisation=organisation, group=path[0].id, email=address)
    work.store.users.add(user)
    if work.wiring.mail is not None and work.wiring.password_url:
        work.enqueue(EffectKind.WELCOME, user.id, organisation)
    return user, path


def _group(work: Work, address: str) -> GroupId:
    """Where the address belongs, its tree held, so that nobody else makes the same account, or takes the domain away."""
    found = _wanted(work, address)
    while True:
        work.store.hold_tree(found)
        again = _wanted(work, address)
        if again == found:
            return found
        found = again


def _wanted(work: Work, address: str) -> GroupId:
    domain = owner_of(work, domain_of(address))
    if domain is not None and domain.group is not None:
        return domain.group
    free = work.store.groups.where(free=True)
    if not free:
        raise _unknown(address)
    return free[0].id


def _unknown(address: str) -> NotFound:
    return NotFound(
        f"{address} is no user here: an administrator adds it to a group.", code="unknown_sender", sender=address
    )


# --- the welcome

_SUBJECT = "Welcome: your texts by mail"
_TEXT = """Hello,

your mail to {gateway} has made you an account. You send a text by writing a mail to a mobile number there, such as
+46701234567@{gateway}; what you write in subject and body is what the mobile shows.

To see your texts, choose a password here, within {days} days:

{link}

Your user name is {address}. If you have not written to {gateway}, ignore this mail: nobody has a password yet.
"""


def prepare_welcome(work: Work, effect: Effect) -> Step:
    """Make a link, store its digest, and mail it."""
    mailer = work.wiring.need(work.wiring.mail, "mail")
    user = work.store.users.get(effect.subject)
    if user.removed:
        return Done()
    token = token_of(work.wiring.random_bytes(TOKEN_BYTES))
    work.store.password_links.add(link_for(user.id, token, work.at))
    sender = work.wiring.mail_from
    mail = plain_mail(
        to=user.email,
        from_address=sender,
        subject=_SUBJECT,
        text=_TEXT.format(
            gateway=work.wiring.gateway_domain,
            days=LINK_SPAN.days,
            link=work.wiring.password_url.replace("{token}", token),
            address=user.email,
        ),
        message_id=f"<{effect.id}.{effect.fence}@{sender.rpartition('@')[2]}>",
        at=work.at,
        envelope_from="",
    )
    return Outside(lambda: mailer.send(mail), lambda _work, _receipt: Done(), lambda _work, error: Failed(error))
