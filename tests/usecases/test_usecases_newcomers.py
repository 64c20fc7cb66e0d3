"""New senders: an account in the group of their domain, or a free one; a welcome with a link; nothing for who was removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import children
from processes import race
from servicekit import Kit, Principal
from servicekit.accounts import LINK_SPAN, PasswordLink, check_usable, digest_of
from servicekit.errors import ConfigurationError, Invalid, NotFound, OutcomeUnknown
from servicekit.groups import (
    AddGroup,
    AddUsers,
    Domain,
    DomainKind,
    FoundOrganisation,
    Group,
    ListUsers,
    Quota,
    RemoveGroup,
    RemoveUsers,
    SetSubdomain,
    Settings,
    SetTopDomain,
    User,
)
from servicekit.ids import UserId
from servicekit.mail import ListIgnoredMails, OutgoingMail, Unproven
from servicekit.messages import Message, SearchLog
from servicekit.ports.mail import MailReceipt
from servicekit.runtime.entropy import mint
from servicekit.testing.simulators import MailboxSimulator
from servicekit.usecases.newcomers import newcomer
from servicekit.usecases.wiring import Wiring
from servicekit.usecases.work import Work
from world import OPERATOR, SALON, World, envelope, mail, opened

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"
URL = "https://sms.example/password/{token}"
LINK = re.compile(r"https://sms\.example/password/([\w-]{43})\b")


@pytest.fixture
def welcoming(tmp_path: Path, postbox: MailboxSimulator) -> Iterator[World]:
    """A salon that mails and welcomes; salon.example is its domain."""
    with opened(tmp_path, mailbox=postbox, password_url=URL) as world:
        world.kit.perform(SetTopDomain(group=world.root.id, domain="salon.example"), by=OPERATOR)
        yield world


def write(world: World, sender: str, *, text: str = "Hej", number: int = 1, **headers: str) -> Message | None:
    """A mail's text."""
    raw = mail(text, sender=sender, number=number, **headers)
    taken = world.kit.receive("mail", envelope(sender, MOBILE), raw)
    return taken.lines[0].message if taken.lines else None


def found_free(world: World, **settings: Any) -> Group:
    """The operator's organisation of free accounts."""
    chosen = Settings(sender_name="Free", **settings)
    command = FoundOrganisation(name="Free", zone="UTC", admin="ops@gateway.example", settings=chosen, free=True)
    return world.kit.perform(command, by=OPERATOR).root


def links(world: World) -> list[PasswordLink]:
    """Every link there is."""
    with world.look() as store:
        return list(store.password_links.where())


@pytest.mark.spec("M-03")
def test_the_first_mail_makes_an_account_and_goes_out(welcoming: World) -> None:
    """Its text is sent; the welcome comes to the address with a link, whose token stands nowhere else."""
    world = welcoming
    message = write(world, "Eva@Salon.example")
    world.kit.deliver()

    assert message is not None
    assert [text.text for text in world.elks.handset(MOBILE)] == ["Hej"]
    assert "eva@salon.example" in [user.email for user in world.ask(ListUsers(group=world.root.id))]
    (welcome,) = world.mails("eva@salon.example")
    (token,) = LINK.findall(welcome.text)
    (link,) = links(world)
    assert (link.digest, link.user) == (digest_of(token), message.user)
    assert check_usable(link, world.now + LINK_SPAN / 2) == link
    assert token not in str(world.tables())
    assert welcome.mail_from == "<>"
    assert welcome.message["Auto-Submitted"] == "auto-generated"

    write(world, "eva@salon.example", text="Igen", number=2)
    world.kit.deliver()
    assert len(world.mails("eva@salon.example")) == 1


@pytest.mark.spec("M-04")
@pytest.mark.parametrize(
    ("sender", "group"),
    [
        ("eva@salon.example", "Salon"),
        ("eva@office.salon.example", "Salon"),
        ("eva@zh.salon.example", "Zürich"),
        ("eva@desk.zh.salon.example", "Zürich"),
        ("eva@evil-salon.example", "Free"),
        ("eva@gmail.com", "Free"),
    ],
)
def test_it_joins_the_group_of_its_domain(welcoming: World, sender: str, group: str) -> None:
    """The most specific one; else it is a free account, outside of every customer's organisation."""
    world = welcoming
    zurich = world.ask(AddGroup(parent=world.root.id, name="Zürich"))
    world.ask(SetSubdomain(group=zurich.id, domain="zh.salon.example"))
    free = found_free(world)
    message = write(world, sender)

    assert message is not None
    assert message.group == {"Salon": world.root.id, "Zürich": zurich.id, "Free": free.id}[group]


def test_a_free_account_has_the_free_quota(welcoming: World) -> None:
    """What the operator's settings give: so many each, and so many for all of them together."""
    world = welcoming
    found_free(world, user_quota=Quota(2), group_quota=Quota(3))
    shown = [
        message.shown
        for number, who in enumerate(["eva", "eva", "eva", "kim", "kim"])
        if (message := write(world, f"{who}@home.example", text=f"Hej {number}", number=number)) is not None
    ]
    assert shown == ["QUEUED", "QUEUED", "Personal:Free", "QUEUED", "Group:Free"]


def test_without_a_group_there_is_no_account(welcoming: World) -> None:
    """Where the operator has founded no organisation for free accounts; nothing is written."""
    before = welcoming.tables()
    with pytest.raises(NotFound) as caught:
        write(welcoming, "eva@home.example")
    assert (caught.value.code, caught.value.facts) == ("unknown_sender", {"sender": "eva@home.example"})
    assert "an administrator adds it to a group" in caught.value.message
    assert welcoming.tables() == before


def test_who_was_removed_stays_removed(welcoming: World) -> None:
    """A mail does not undo what an administrator has done; who is added again is the same user."""
    world = welcoming
    write(world, "eva@salon.example")
    world.ask(RemoveUsers(group=world.root.id, addresses=("eva@salon.example",)))
    with pytest.raises(NotFound) as caught:
        write(world, "eva@salon.example", number=2)
    assert caught.value.code == "unknown_sender"
    world.ask(AddUsers(group=world.root.id, addresses=("eva@salon.example",)))
    assert write(world, "eva@salon.example", number=3, text="Igen") is not None


def test_a_group_that_ends_hands_its_newcomers_on(welcoming: World) -> None:
    """Its domain goes to the group above."""
    world = welcoming
    zurich = world.ask(AddGroup(parent=world.root.id, name="Zürich"))
    world.ask(SetSubdomain(group=zurich.id, domain="zh.salon.example"))
    world.ask(RemoveGroup(group=zurich.id))
    message = write(world, "eva@zh.salon.example")
    assert message is not None
    assert message.group == world.root.id


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated"}])
def test_a_machine_gets_no_account(welcoming: World, headers: dict[str, Any]) -> None:
    """And no welcome."""
    users = welcoming.tables()["users"]
    assert write(welcoming, "eva@salon.example", **headers) is None
    welcoming.kit.deliver()
    assert welcoming.tables()["users"] == users
    assert welcoming.mails() == ()


def test_a_mail_that_is_refused_makes_no_account(welcoming: World) -> None:
    """No text, no recipient: nothing is written."""
    before = welcoming.tables()
    for raw, to in ((mail(" ", sender="eva@salon.example"), MOBILE), (mail("Hej", sender="eva@salon.example"), "info")):
        with pytest.raises(Invalid):
            welcoming.kit.receive("mail", envelope("eva@salon.example", to), raw)
    assert welcoming.tables() == before


def test_who_proves_nothing_gets_no_account_and_no_answer(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """A welcome would go to whoever the mail claims to be from."""

    class Never:
        """Proves nobody."""

        def judge(self, *_: object) -> Unproven:
            """Says so."""
            return Unproven("no")

    with opened(tmp_path, mailbox=postbox, password_url=URL, senders=Never()) as world:
        found_free(world)
        users = world.tables()["users"]
        assert write(world, "eva@home.example") is None
        world.kit.deliver()
        assert (world.tables()["users"], world.mails()) == (users, ())


def test_without_an_address_for_passwords_there_is_no_welcome(mailed: World) -> None:
    """The account is made all the same."""
    mailed.kit.perform(SetTopDomain(group=mailed.root.id, domain="salon.example"), by=OPERATOR)
    assert write(mailed, "eva@salon.example") is not None
    mailed.kit.deliver()
    assert mailed.mails("eva@salon.example") == ()


class Lossy:
    """A mail server whose answer gets lost once."""

    name = "lossy"

    def __init__(self) -> None:
        self.sent: list[OutgoingMail] = []

    def send(self, sent: OutgoingMail) -> MailReceipt:
        """Keep it, and lose the answer of the first."""
        self.sent.append(sent)
        if len(self.sent) == 1:
            raise OutcomeUnknown("The line broke.")
        return MailReceipt(vendor_id=sent.message_id)


def test_a_welcome_whose_answer_was_lost_goes_out_again(tmp_path: Path) -> None:
    """With a link of its own, so that whichever mail arrives has a good one."""
    mailer = Lossy()
    with opened(tmp_path, mail=mailer, mail_from="salon@salon.example", password_url=URL) as world:
        world.kit.perform(SetTopDomain(group=world.root.id, domain="salon.example"), by=OPERATOR)
        write(world, "eva@salon.example")
        world.settle()
        tokens = [LINK.findall(sent.raw.decode())[0] for sent in mailer.sent]
        assert len(set(tokens)) == 2
        assert {digest_of(token) for token in tokens} == {link.digest for link in links(world)}
        assert len({sent.message_id for sent in mailer.sent}) == 2


def test_a_user_removed_meanwhile_is_not_welcomed(welcoming: World) -> None:
    """There would be nothing to log in to."""
    write(welcoming, "eva@salon.example")
    welcoming.ask(RemoveUsers(group=welcoming.root.id, addresses=("eva@salon.example",)))
    welcoming.kit.deliver()
    assert (welcoming.mails("eva@salon.example"), links(welcoming)) == ((), [])


@pytest.mark.parametrize("url", ["https://sms.example/password", "{tok}"])
def test_an_address_for_passwords_has_a_place_for_the_token(tmp_path: Path, url: str) -> None:
    """Found when the kit is opened; and it needs a way to mail."""
    for more in ({"mail": Lossy(), "mail_from": "a@salon.example", "password_url": url}, {"password_url": URL}):
        with pytest.raises(ConfigurationError, match="token"):
            Kit.open(f"sqlite:////{tmp_path}/x.db", **more)


def test_who_waits_for_the_tree_looks_again(welcoming: World) -> None:
    """Meanwhile the domain has gone to another group, and somebody else's mail has made the account there."""
    world = welcoming
    zurich = world.ask(AddGroup(parent=world.root.id, name="Zürich"))
    eva = User(id=UserId("usr_eva"), organisation=world.root.id, group=zurich.id, email="eva@salon.example")
    held: list[str] = []

    with world.look() as store:

        def hold_tree(group: str) -> None:
            if not held:
                store.domains.save(Domain("salon.example", DomainKind.TOP, zurich.id))
            elif group == zurich.id:
                store.users.add(eva)
            held.append(group)

        store.hold_tree = hold_tree  # type: ignore[method-assign]  # stands for the wait for another process
        user, path = newcomer(Work(store, world.now, OPERATOR, Wiring(), mint), eva.email)
    assert held == [world.root.id, zurich.id]
    assert (user, path[0].id) == (eva, zurich.id)


@pytest.fixture
def salon(database_url: str) -> Iterator[tuple[str, Kit, Group, Principal]]:
    """A salon on either database, with its domain."""
    with Kit.open(database_url) as kit:
        founded = kit.perform(
            FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example", settings=SALON), by=OPERATOR
        )
        kit.perform(SetTopDomain(group=founded.root.id, domain="salon.example"), by=OPERATOR)
        yield database_url, kit, founded.root, Principal.of(founded.admin.id)


def test_many_first_mails_at_once_make_one_account(salon: tuple[str, Kit, Group, Principal]) -> None:
    """Six processes, one address, one user, and every text is there."""
    url, kit, root, anna = salon
    shown = race(children.take_mail, url, "eva@salon.example", False, count=6)  # noqa: FBT003
    users = kit.ask(ListUsers(group=root.id), by=anna)
    assert sorted(user.email for user in users) == ["anna@salon.example", "eva@salon.example"]
    assert shown == ["QUEUED"] * 6


@pytest.mark.spec("M-07")
def test_of_many_mails_with_the_same_words_one_goes_out(salon: tuple[str, Kit, Group, Principal]) -> None:
    """The loop guard's check and its record are one step, whoever else is at it: the others are logged and cost nothing."""
    url, kit, root, anna = salon
    shown = race(children.take_mail, url, "anna@salon.example", True, count=6)  # noqa: FBT003
    assert sorted(shown) == ["QUEUED", *["sms_already_sent_24H"] * 5]
    assert kit.ask(SearchLog(group=root.id), by=anna).segments == 1


def test_a_flood_of_forged_mails_is_counted_to_the_last(salon: tuple[str, Kit, Group, Principal]) -> None:
    """Several processes, one row for the user whom they claim to be from; none of them waits for ever, none is lost."""
    url, kit, root, anna = salon
    assert race(children.be_ignored, url, "anna@salon.example", 20, count=4) == [20] * 4
    assert sum(row.mails for row in kit.ask(ListIgnoredMails(group=root.id), by=anna)) == 80
