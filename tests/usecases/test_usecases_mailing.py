"""Mail in, texts out: each recipient judged on its own, each mail once, and no mail of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from servicekit import Kit
from servicekit.errors import ConfigurationError, Invalid, NotFound, ServicekitError, UnreadableMail
from servicekit.groups import AddGroup, AddUsers, ChangeSettings, Quota, Settings
from servicekit.mail import Envelope
from servicekit.messages import Direction, SearchLog, Status
from servicekit.usecases.mailing import MailLine, MailTaken, is_gateway_recipient
from world import GATEWAY, NUMBERS, World, envelope, mail

pytest_plugins = ("world_fixtures",)

ANNA = "anna@salon.example"
MOBILE = "+46701740605"


def take(world: World, raw: bytes, *recipients: str, sender: str = ANNA) -> MailTaken:
    """What becomes of a mail to numbers at the gateway."""
    return world.kit.receive("mail", envelope(sender, *(recipients or (MOBILE,))), raw)


def refused(world: World, raw: bytes, *recipients: str, sender: str = ANNA) -> ServicekitError:
    """The error that it ends in, with nothing written."""
    before = world.tables()
    with pytest.raises(ServicekitError) as caught:
        take(world, raw, *recipients, sender=sender)
    assert world.tables() == before
    return caught.value


def phone(world: World, number: str = MOBILE) -> list[str]:
    """What stands on a phone once everything is delivered."""
    world.kit.deliver()
    return [text.text for text in world.elks.handset(number)]


@pytest.mark.spec("M-01")
def test_a_mail_to_a_number_becomes_a_text(world: World) -> None:
    """Subject and the rest of the body go along, without what mail programs add; a national number gets its country."""
    raw = mail("Vi ses på torsdag.\r\n\r\n-- \r\nAnna, Salon", subject="Re: Tiden")
    taken = take(world, raw, "070-174 06 05")

    (line,) = taken.lines
    assert (line.recipient, line.refusal, taken.ignored) == (f"070-174 06 05@{GATEWAY}", "", "")
    assert line.message is not None
    assert (line.message.number, line.message.user) == (MOBILE, world.admin.id)
    assert phone(world) == ["Tiden\nVi ses på torsdag."]


@pytest.mark.spec("M-02")
def test_each_recipient_is_judged_and_logged_on_its_own(world: World) -> None:
    """To, Cc and the envelope alone: it is the envelope that says where a mail goes. One refusal hinders no other."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(user_quota=Quota(2))))
    numbers = [f"+4670174060{digit}" for digit in range(1, 4)]
    raw = mail("Hej alla", To=f"{numbers[0]}@{GATEWAY}", Cc=f"{numbers[1]}@{GATEWAY}")
    taken = take(world, raw, numbers[0], "max@salon.example", "hello", numbers[1], numbers[2], numbers[0])

    assert [(line.refusal, line.message and line.message.shown) for line in taken.lines] == [
        ("", "QUEUED"),
        ("not_our_domain", None),
        ("not_a_number", None),
        ("", "QUEUED"),
        ("", "Personal:Salon"),
    ]
    logged = world.ask(SearchLog(group=world.root.id)).messages
    assert sorted((message.number, message.segments) for message in logged) == [
        (numbers[0], 1),
        (numbers[1], 1),
        (numbers[2], 0),
    ]
    assert [phone(world, number) for number in numbers] == [["Hej alla"], ["Hej alla"], []]


def test_recipients_of_one_mail_share_the_users_number(world: World) -> None:
    """The first text takes it from the pool, the others go out under it as well."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(may_receive=True)))
    taken = take(world, mail("Hej alla"), MOBILE, "+46701740606")

    assert [line.message and line.message.sender for line in taken.lines] == [NUMBERS[0], NUMBERS[0]]


def test_a_mail_delivered_again_changes_nothing(world: World) -> None:
    """A sending server that missed our answer tries again: the same Message-ID and recipient are taken once."""
    take(world, mail("Hej"))
    before = world.tables()
    again = take(world, mail("Hej"))

    assert again == MailTaken((MailLine(f"{MOBILE}@{GATEWAY}", refusal="seen_before"),))
    assert world.tables() == before
    assert take(world, mail("Hej"), "0701740605").lines[0].refusal == "seen_before"
    assert take(world, mail("Hej", number=2)).lines[0].message is not None


def test_a_new_recipient_of_a_known_mail_is_served(world: World) -> None:
    """As when a server splits a mail by recipients."""
    take(world, mail("Hej"), MOBILE)
    taken = take(world, mail("Hej"), MOBILE, "+46701740606")

    assert [line.refusal for line in taken.lines] == ["seen_before", ""]
    assert phone(world, "+46701740606") == ["Hej"]


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated"}, {"List_Id": "<news.example>"}],
)
def test_a_machines_mail_becomes_nothing(world: World, headers: dict[str, Any]) -> None:
    """Neither a vacation note nor an alarm nor a list's; what showed it is told."""
    before = world.tables()
    taken = take(world, mail("I am away", **headers))

    assert taken.lines == ()
    assert taken.ignored
    assert world.tables() == before


def test_a_bounce_becomes_nothing(world: World) -> None:
    """An empty envelope sender is a machine's."""
    assert take(world, mail("Not delivered"), sender="").ignored == "bounce: empty envelope sender"


def test_an_unknown_sender_is_refused(world: World) -> None:
    """It has no group that pays; who can mend that is told."""
    error = refused(world, mail("Hej", sender="eve@elsewhere.example"), sender="eve@elsewhere.example")

    assert (type(error), error.code) == (NotFound, "unknown_sender")
    assert error.facts == {"sender": "eve@elsewhere.example"}
    assert "an administrator adds it to a group" in error.message


def test_it_is_the_from_field_that_counts(world: World) -> None:
    """A forwarder changes the envelope's sender, not who wrote."""
    assert take(world, mail("Hej"), sender="relay@forwarder.example").lines[0].message is not None
    error = refused(world, mail("Hej", sender="eve@elsewhere.example", number=2))
    assert error.code == "unknown_sender"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_mail"),
        (b"x" * 10_000_001, "mail_too_large"),
        (b"Subject: Hej\r\n\r\nHej", "no_single_sender"),
        (b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nHej", "no_single_sender"),
    ],
)
def test_an_unreadable_mail_is_refused(world: World, raw: bytes, code: str) -> None:
    """With what to do about it."""
    error = refused(world, raw)

    assert (type(error), error.code) == (UnreadableMail, code)
    assert "send" in error.message


def test_a_mail_without_text_is_refused(world: World) -> None:
    """There is nothing to send."""
    error = refused(world, mail("  \r\n"))

    assert (type(error), error.code) == (Invalid, "empty_text")
    assert "write what shall be sent" in error.message


def test_a_mail_to_no_number_at_all_is_refused(world: World) -> None:
    """The refusal says of each recipient what is wrong."""
    error = refused(world, mail("Hej"), "info", "max@salon.example", "12")

    assert (type(error), error.code) == (Invalid, "no_recipient")
    assert error.facts["lines"] == {
        f"info@{GATEWAY}": "not_a_number",
        "max@salon.example": "not_our_domain",
        f"12@{GATEWAY}": "impossible_number",
    }
    assert f"None of the recipients is a mobile number at {GATEWAY}" in error.message


def test_the_rules_of_the_senders_group_apply(world: World) -> None:
    """Its country code, its signature, its sender name: the user's group decides, not the root."""
    group = world.ask(
        AddGroup(
            parent=world.root.id,
            name="Zürich",
            settings=Settings(country_code=41, signature="/ZH", sender_name="Zuerich"),
        )
    )
    world.ask(AddUsers(group=group.id, addresses=("max@salon.example",)))
    taken = take(world, mail("Hoi", sender="Max <Max@salon.example>"), "0791234567")

    assert taken.lines[0].message is not None
    assert taken.lines[0].message.group == group.id
    world.kit.deliver()
    (text,) = world.elks.handset("+41791234567")
    assert (text.sender, text.text) == ("Zuerich", "Hoi\n/ZH")


@pytest.mark.spec("M-05")
def test_answering_the_mail_of_a_text_sends_a_text_to_that_number(mailed: World) -> None:
    """Out from the user's own number; the answer comes as mail from the number at our domain; a plain reply goes back to it."""
    world = mailed
    world.ask(ChangeSettings(group=world.root.id, change=Settings(may_receive=True)))
    take(world, mail("Passar torsdag?"))
    world.kit.deliver()
    (asked,) = world.elks.handset(MOBILE)
    assert asked.sender == NUMBERS[0]

    world.elks.answer_from_mobile(MOBILE, asked.sender, "Ja, kl 14")
    world.elks.deliver_webhooks()
    world.kit.deliver()
    (came,) = world.mails(ANNA)
    assert came.message["From"].addresses[0].addr_spec == f"{MOBILE}@{GATEWAY}"
    assert "Ja, kl 14" in came.text
    assert "> Passar torsdag?" in came.text

    quoted = "".join(f"> {line}\r\n" for line in came.text.splitlines())
    reply = mail(
        f"Bra!\r\n\r\nOn Wednesday {MOBILE} wrote:\r\n{quoted}",
        subject=f"Re: {came.message['Subject']}",
        number=2,
        In_Reply_To=str(came.message["Message-ID"]),
        References=f"{came.message['References']} {came.message['Message-ID']}",
    )
    world.kit.receive("mail", Envelope(ANNA, (came.message["Reply-To"].addresses[0].addr_spec,)), reply)
    assert phone(world) == ["Passar torsdag?", "Bra!"]
    directions = [message.direction for message in world.ask(SearchLog(group=world.root.id)).messages]
    assert sorted(directions) == [Direction.IN, Direction.OUT, Direction.OUT]


def test_an_answer_to_somebody_elses_mail_keeps_its_subject(world: World) -> None:
    """Only in answers to mails of ours is the subject ours and stays away."""
    take(world, mail("Ja", subject="Re: Fest", In_Reply_To="<1@elsewhere.example>"), MOBILE)
    take(world, mail("Ja", subject="Re: SMS", number=2, In_Reply_To=f"<mai_1@{GATEWAY.upper()}>"), MOBILE)

    assert sorted(phone(world)) == ["Fest\nJa", "Ja"]


def test_a_kit_without_a_domain_takes_no_mail(tmp_path: Path) -> None:
    """It does not know which recipients are numbers of its own."""
    with (
        Kit.open(f"sqlite:////{tmp_path}/salon.db") as kit,
        pytest.raises(ConfigurationError, match=r"open the kit with Kit.open\(..., gateway_domain=...\)"),
    ):
        kit.receive("mail", envelope(ANNA, MOBILE), mail("Hej"))


def test_an_address_is_at_the_gateway_whatever_its_capitals() -> None:
    """And only there: not at a domain below it or around it."""
    assert is_gateway_recipient("0701740605@SMS.Example", GATEWAY)
    assert not is_gateway_recipient(f"0701740605@a.{GATEWAY}", GATEWAY)
    assert not is_gateway_recipient(f"0701740605@{GATEWAY}.example", GATEWAY)
    assert not is_gateway_recipient(GATEWAY, "example")


def test_the_loop_guard_holds_a_mail_that_comes_back(world: World) -> None:
    """The same text to the same number, as another mail: logged, not sent."""
    take(world, mail("Larm!"))
    (line,) = take(world, mail("Larm!", number=2)).lines

    assert line.message is not None
    assert line.message.status is Status.ALREADY_SENT
    assert phone(world) == ["Larm!"]
