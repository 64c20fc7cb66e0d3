"""Mail in, texts out: each recipient judged on its own, each mail once, and no mail of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit import Kit
from servicekit.errors import ConfigurationError, Invalid, NotFound, ServicekitError, Unreachable, UnreadableMail
from servicekit.groups import AddGroup, AddUsers, ChangeSettings, Quota, Settings
from servicekit.mail import (
    Envelope,
    ListIgnoredMails,
    Proven,
    TrustedResults,
    Undecided,
    Unproven,
    Verdict,
    WhyIgnored,
)
from servicekit.messages import Direction, SearchLog, Status
from servicekit.sms import read_destination
from servicekit.testing.simulators import MailboxSimulator
from servicekit.usecases.mailing import MailLine, MailTaken, is_gateway_recipient, why_hopeless
from world import DAY, GATEWAY, HOUR, NUMBERS, OPERATOR, World, envelope, foreign, mail, opened

pytest_plugins = ("world_fixtures",)

ANNA = "anna@salon.example"
MOBILE = "+46701740605"


def take(world: World, raw: bytes, *recipients: str, sender: str = ANNA) -> MailTaken:
    """What becomes of a mail to numbers at the gateway."""
    return world.kit.receive("mail", envelope(sender, *(recipients or (MOBILE,))), raw)


def untouched(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but of the one that counts the mails that became nothing."""
    return {name: rows for name, rows in world.tables().items() if name != "ignored_mails"}


def refused(world: World, raw: bytes, *recipients: str, sender: str = ANNA) -> ServicekitError:
    """The error that it ends in, with nothing written."""
    before = untouched(world)
    with pytest.raises(ServicekitError) as caught:
        take(world, raw, *recipients, sender=sender)
    assert untouched(world) == before
    return caught.value


def ignored(world: World) -> list[tuple[str, WhyIgnored, str, int]]:
    """What administrators see of mails that became nothing."""
    rows = world.ask(ListIgnoredMails(group=world.root.id))
    return [(row.sender, row.why, row.detail, row.mails) for row in rows]


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


def test_what_no_text_carries_is_named(world: World) -> None:
    """Whoever passes mails on can tell the sender what was left out."""
    parts = "--x\r\n\r\nSe bilagan\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--x--"
    taken = take(world, mail(parts, Content_Type="multipart/mixed; boundary=x"))
    assert taken.left_out == ("a.pdf",)
    assert phone(world) == ["Se bilagan"]
    assert take(world, mail("Hej", number=2)).left_out == ()


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


@pytest.mark.spec("M-09")
@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, WhyIgnored.AUTOMATIC),
        ({"List_Id": "<news.example>"}, WhyIgnored.AUTOMATIC),
        ({"Auto_Submitted": "auto-generated"}, WhyIgnored.UNLISTED_MACHINE),
        ({"Precedence": "bulk"}, WhyIgnored.UNLISTED_MACHINE),
    ],
)
def test_f75_a_machines_mail_becomes_nothing(world: World, headers: dict[str, Any], why: WhyIgnored) -> None:
    """F-75: neither a vacation note nor a list's nor an unlisted alarm; administrators see what showed it."""
    before = untouched(world)
    taken = take(world, mail("I am away", **headers))

    assert (taken.lines, taken.why) == ((), why)
    assert untouched(world) == before
    assert ignored(world) == [(ANNA, why, taken.ignored, 1)]


@pytest.mark.spec("M-09")
def test_an_alarm_from_a_listed_address_becomes_a_text(world: World) -> None:
    """Of a machine's own mail, whatever capitals the list has; an answering machine's never does."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(alarm_senders=("Anna@Salon.example",))))
    taken = take(world, mail("Frysen är varm", Auto_Submitted="auto-generated"))
    assert [line.refusal for line in taken.lines] == [""]
    assert take(world, mail("Borta", number=2, Auto_Submitted="auto-replied")).why is WhyIgnored.AUTOMATIC
    assert take(world, mail("Re", number=3, Auto_Submitted="auto-generated", In_Reply_To="<1@x.example>")).lines == ()
    assert phone(world) == ["Frysen är varm"]


def test_our_own_mail_never_comes_back_as_a_text(world: World) -> None:
    """From an address at the gateway, or the one that our notices come from: a loop."""
    for number, sender in enumerate((f"{MOBILE}@{GATEWAY}", f"{MOBILE}@{GATEWAY.upper()}")):
        taken = take(world, mail("Hej", sender=sender, number=number))
        assert (taken.why, taken.ignored) == (WhyIgnored.AUTOMATIC, "loop: from an address of ours")


def test_notices_never_come_back_as_texts(mailed: World) -> None:
    """Not even where the address they come from is a user's."""
    mailed.ask(AddUsers(group=mailed.root.id, addresses=("salon@salon.example",)))
    assert take(mailed, mail("Hej", sender="salon@salon.example")).ignored == "loop: from an address of ours"


def test_a_bounce_becomes_nothing(world: World) -> None:
    """An empty envelope sender is a machine's."""
    assert take(world, mail("Not delivered"), sender="").ignored == "bounce: empty envelope sender"


# Proof


class Judge:
    """Gives the verdicts that it is told, and keeps what it was asked."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.asked: list[tuple[Envelope, bytes, str]] = []

    def judge(self, given: Envelope, raw: bytes, from_address: str) -> Verdict:
        """The verdict."""
        self.asked.append((given, raw, from_address))
        return self.verdict


@pytest.mark.spec("M-09")
def test_f76_a_mail_that_nothing_proves_becomes_nothing(tmp_path: Path, postbox: MailboxSimulator) -> None:
    """F-76: no text, no quota, no account, no answer; it is taken, and counted where its supposed group can see it."""
    judge = Judge(Unproven("spf=fail"))
    url = "https://sms.example/password/{token}"
    with opened(tmp_path, mailbox=postbox, senders=judge, password_url=url) as world:
        before = untouched(world)
        for number in range(2):
            taken = take(world, mail("Hej", number=number))
            assert taken == MailTaken(ignored="spf=fail", why=WhyIgnored.UNPROVEN)
        world.clock.advance(DAY)
        take(world, mail("Hej", number=3))
        take(world, mail("Hej", sender="eve@elsewhere.example", number=4))
        world.kit.deliver()

        assert untouched(world) == before
        assert world.mails() == ()
        assert ignored(world) == [
            (ANNA, WhyIgnored.UNPROVEN, "spf=fail", 1),
            (ANNA, WhyIgnored.UNPROVEN, "spf=fail", 2),
        ]
        (nobodys,) = world.kit.ask(ListIgnoredMails(group=None), by=OPERATOR)
        assert (nobodys.sender, nobodys.group, nobodys.mails) == ("", "", 1)
    assert judge.asked[0] == (envelope(ANNA, MOBILE), mail("Hej", number=0), ANNA)


def test_a_sender_that_cannot_be_proven_now_is_to_come_again(tmp_path: Path) -> None:
    """Nothing is written, not even that it came; the next try is judged anew."""
    judge = Judge(Undecided("dmarc=temperror"))
    with opened(tmp_path, senders=judge) as world:
        before = world.tables()
        error = refused(world, mail("Hej"))
        assert (type(error), error.code) == (Unreachable, "sender_undecided")
        assert "dmarc=temperror" in error.message
        assert world.tables() == before
        judge.verdict = Proven("dmarc=pass")
        assert take(world, mail("Hej")).lines[0].message is not None


def test_who_sent_an_answering_machines_mail_is_not_asked(tmp_path: Path) -> None:
    """It becomes nothing anyhow, and the DNS costs time."""
    judge = Judge(Unproven("no"))
    with opened(tmp_path, senders=judge) as world:
        assert take(world, mail("Borta", Auto_Submitted="auto-replied")).why is WhyIgnored.AUTOMATIC
    assert judge.asked == []


@pytest.mark.parametrize("verdict", [Unproven("spf=fail"), Undecided("dmarc=temperror")])
def test_an_organisations_relay_needs_no_proof(tmp_path: Path, verdict: Verdict) -> None:
    """For its own users' addresses, from the addresses that it has listed; nobody else's."""
    with opened(tmp_path, senders=Judge(verdict)) as world:
        world.ask(ChangeSettings(group=world.root.id, change=Settings(trusted_relays=("192.0.2.0/28",))))

        def from_peer(peer: str, sender: str = ANNA) -> MailTaken:
            given = Envelope(sender, (f"{MOBILE}@{GATEWAY}",), peer=peer)
            return world.kit.receive("mail", given, mail("Hej", sender=sender, number=len(peer)))

        assert from_peer("192.0.2.7").lines[0].message is not None
        for peer, sender in (("198.51.100.1", ANNA), ("", ANNA), ("192.0.2.7", "eve@elsewhere.example")):
            if isinstance(verdict, Undecided):
                with pytest.raises(Unreachable):
                    from_peer(peer, sender)
            else:
                assert from_peer(peer, sender).why is WhyIgnored.UNPROVEN


def test_what_the_own_server_wrote_proves(tmp_path: Path) -> None:
    """The whole way: the field on top is ours, and one that came with the mail is not."""
    with opened(tmp_path, senders=TrustedResults("mx.sms.example")) as world:
        ours = b"Authentication-Results: mx.sms.example; dmarc=pass header.from=salon.example\r\n"
        forged = b"Received: from eve\r\n" + ours
        none = b"Authentication-Results: mx.sms.example; dmarc=fail header.from=salon.example\r\n"
        assert take(world, ours + mail("Hej")).lines[0].message is not None
        assert take(world, none + forged + mail("Hej", number=2)).why is WhyIgnored.UNPROVEN
        assert take(world, mail("Hej", number=3)).why is WhyIgnored.UNPROVEN


def test_without_a_way_to_prove_senders_no_mail_is_taken(tmp_path: Path) -> None:
    """It is said how to mend it."""
    with opened(tmp_path, senders=None) as world:
        assert not world.kit.takes_mail
        with pytest.raises(ConfigurationError, match="senders"):
            take(world, mail("Hej"))


# The list of mails that became nothing


def test_ignored_mails_are_seen_by_who_may_read_the_log(world: World) -> None:
    """Of a group and all below; those of nobody are the operator's. Three months, the latest first, a page at most."""
    group = world.ask(AddGroup(parent=world.root.id, name="Zürich"))
    world.ask(AddUsers(group=group.id, addresses=("max@salon.example",)))
    take(world, mail("Borta", sender="max@salon.example", Auto_Submitted="auto-replied"), sender="max@salon.example")
    world.clock.advance(HOUR)
    take(world, mail("Borta", Auto_Submitted="auto-replied", number=2))

    def senders(**asked: Any) -> list[str]:
        return [row.sender for row in world.ask(ListIgnoredMails(**asked))]

    assert senders(group=world.root.id) == [ANNA, "max@salon.example"]
    assert senders(group=world.root.id, most=1) == [ANNA]
    assert senders(group=group.id) == ["max@salon.example"]
    assert world.refused(ListIgnoredMails(group=None)).code == "operators_only"
    assert world.refused(ListIgnoredMails(group=world.root.id, most=0)).code == "page_size"
    assert isinstance(world.refused(ListIgnoredMails(group=world.root.id), by=foreign(world)[1]), NotFound)
    world.clock.advance(91 * DAY)
    take(world, mail("Borta", Auto_Submitted="auto-replied", number=3))
    assert senders(group=world.root.id) == [ANNA]


def test_unreadable_mails_are_counted(world: World) -> None:
    """They are nobody's; a million of them are one row a day."""
    for _ in range(3):
        refused(world, b"")
    (row,) = world.kit.ask(ListIgnoredMails(group=None), by=OPERATOR)
    assert (row.why, row.detail, row.mails, row.sender) == (WhyIgnored.UNREADABLE, "empty_mail", 3, "")


# Recipients


@pytest.mark.parametrize(
    ("recipient", "hopeless"),
    [
        ("0701740605", False),
        ("+46701740605", False),
        ("070-174 06 05", False),
        ('"070 174 06 05"', False),
        ("08123456", False),  # fixed in Sweden, perhaps mobile elsewhere
        ("72456", False),  # a short code that a group may list
        ("+46900123456", False),  # a premium number that a group may list
        ("+4618123456", True),
        ("+4670", True),
        ("12", True),
        ("1" * 16, True),
        ("info", True),
        ("", True),
    ],
)
def test_hopeless_numbers_are_known_before_the_mail_comes(world: World, recipient: str, hopeless: bool) -> None:
    """Those to which no group can send; the sentence tells the sender why."""
    reason = world.kit.hopeless(f"{recipient}@{GATEWAY}")
    assert (reason is not None) is hopeless
    assert reason is None or len(reason) > 20


@given(st.from_regex(r"[0-9]{3,15}", fullmatch=True))
def test_plain_digits_are_welcome_because_no_reader_says_that_they_are_no_number(digits: str) -> None:
    """What is wrong with them depends on the country that a group reads them in, whatever the digits are."""
    assert why_hopeless(f"{digits}@{GATEWAY}") is None
    code = ""
    try:
        read_destination(digits)
    except Invalid as wrong:
        code = wrong.code
    assert code != "not_a_number"


def test_each_recipient_that_gets_nothing_is_told_why(world: World) -> None:
    """A sentence for each; none for those that are logged, or were taken before."""
    taken = take(world, mail("Hej"), MOBILE, "info", "max@elsewhere.example")
    assert set(taken.refusals) == {f"info@{GATEWAY}", "max@elsewhere.example"}
    assert "mobile number" in taken.refusals[f"info@{GATEWAY}"]
    assert take(world, mail("Hej"), MOBILE).refusals == {}


@pytest.mark.spec("M-36")
def test_a_mail_to_a_costly_or_foreign_number_costs_nothing(world: World) -> None:
    """It is logged with its status."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(destinations=())))
    taken = take(world, mail("Hej"), "0900-123456", "72456", "+41791234567", MOBILE)
    assert [line.message and (line.message.shown, line.message.segments) for line in taken.lines] == [
        ("destination_not_allowed", 0),
        ("destination_not_allowed", 0),
        ("destination_not_allowed", 0),
        ("QUEUED", 1),
    ]


def test_a_mail_without_an_id_is_known_again(world: World) -> None:
    """By its date, addresses and body (facts that a redelivery keeps), whatever servers have added on its way."""
    raw = mail("Hej").replace(b"Message-ID: <1@salon.example>\r\n", b"Date: Mon, 3 Aug 2026 10:00:00 +0200\r\n")
    assert b"Message-ID" not in raw
    assert take(world, raw).lines[0].refusal == ""
    assert take(world, b"Received: from a by b\r\n" + raw).lines[0].refusal == "seen_before"
    later = raw.replace(b"10:00:00", b"10:00:01")
    assert take(world, later).lines[0].refusal == ""


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
