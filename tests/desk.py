"""A desk whose texts come in by a carrier of its own kind: the calls to us are the facts themselves. On either database.

What its other processes do stands here as well; they share nothing with the test but the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

from attrs import define, field

from servicekit import Kit, Principal
from servicekit.codec import dumps, loads
from servicekit.commands import Command, Query
from servicekit.errors import OutcomeUnknown, Refused
from servicekit.groups import FoundOrganisation, Group, ProvideNumbers, Settings, User
from servicekit.ids import UserId
from servicekit.mail import OutgoingMail
from servicekit.messages import Message, SendText
from servicekit.moments import Instant
from servicekit.outbox.facts import TextPart, TextReceived, TextStatus
from servicekit.ports.http import HttpFlow
from servicekit.ports.mail import MailReceipt
from servicekit.ports.store import Transaction, transact
from servicekit.ports.texts import OutgoingText, TextCapabilities, TextHook, TextReceipt
from servicekit.testing.clock import ManualClock

NOON = Instant.parse("2026-11-25T12:00:00Z")
TICK, MINUTE, HOUR, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OPERATOR = Principal.operator("tests")
OURS = ("+46766861001", "+46766861002", "+46766861003")
MOBILE = "+46701740605"
GATEWAY = "sms.example"


@define
class Doves:
    """A carrier that sends whatever it is given, and whose calls to us are facts as JSON, one a line."""

    sent: list[OutgoingText] = field(factory=list)
    name: str = "doves"

    @property
    def capabilities(self) -> TextCapabilities:
        """It keeps no list."""
        return TextCapabilities(alphanumeric_sender=True, delivery_reports=True, inbound=True, look_up=False)

    def send(self, text: OutgoingText) -> HttpFlow[TextReceipt]:
        """Let one fly. Nothing goes over HTTP."""
        self.sent.append(text)
        return TextReceipt(vendor_id=f"d{len(self.sent)}", status=TextStatus.SENT)
        yield

    def find(self, text: OutgoingText, since: Instant) -> HttpFlow[tuple[TextReceipt, ...]]:
        """It cannot be asked."""
        raise OutcomeUnknown(f"{text.to} {since}")
        yield

    def read(self, headers: Mapping[str, str], body: bytes, at: Instant) -> TextHook:  # noqa: ARG002 - the port's
        """What the lines say."""
        return TextHook(facts=tuple(loads(line, TextReceived) for line in body.splitlines()))


@define
class Pile:
    """Takes mail and keeps it."""

    mails: list[OutgoingMail] = field(factory=list)
    name: str = "pile"

    def send(self, mail: OutgoingMail) -> MailReceipt:
        """On top."""
        self.mails.append(mail)
        return MailReceipt(vendor_id=mail.message_id)


def text_in(text: str = "", *, event: str, sender: str = MOBILE, to: str = OURS[0], **more: Any) -> TextReceived:
    """A text from a mobile."""
    return TextReceived(vendor="doves", event_id=event, vendor_id=event, sender=sender, to=to, text=text, **more)


def part_in(
    number: int, total: int, text: str, *, reference: str = "8:42", event: str = "", **more: Any
) -> TextReceived:
    """A part of a long one."""
    part = TextPart(reference=reference, number=number, total=total)
    return text_in(text, event=event or f"{reference} {number}/{total} {text}", part=part, **more)


@define
class Desk:
    """An organisation on a kit, with Anna who may receive."""

    kit: Kit
    clock: ManualClock
    root: Group
    admin: User
    doves: Doves
    pile: Pile

    @property
    def anna(self) -> Principal:
        """The administrator."""
        return Principal.of(self.admin.id)

    def send(self, text: str = "Hej", to: str = MOBILE, *, user: UserId | None = None) -> Message:
        """A text by a user, Anna unless said."""
        who = user or self.admin.id
        return self.kit.perform(SendText(user=who, to=to, text=text), by=Principal.of(who))

    def hear(self, *facts: TextReceived) -> None:
        """One call of the carrier, a moment after whatever was before: what comes first stands first."""
        self.clock.advance(TICK)
        self.kit.receive("doves", {}, b"\n".join(dumps(fact).encode() for fact in facts))

    def bodies(self) -> list[str]:
        """What the mails so far say, quotes left out, once everything due is delivered."""
        self.kit.deliver()
        return [_body(mail) for mail in self.pile.mails]

    def refused(self, ask: Command[Any] | Query[Any], by: Principal | None = None) -> Refused:
        """The refusal that a command or query ends in."""
        try:
            if isinstance(ask, Command):
                self.kit.perform(ask, by=by or self.anna)
            else:
                self.kit.ask(ask, by=by or self.anna)
        except Refused as refused:
            return refused
        raise AssertionError(f"nothing refused {ask}")


def _body(mail: OutgoingMail) -> str:
    text: str = message_from_bytes(mail.raw, policy=default).get_content()
    return text.replace("\r\n", "\n").partition("\n\n-----Original message-----")[0].rstrip("\n")


@contextmanager
def desk(url: str = "sqlite:///:memory:", *, numbers: Sequence[str] = OURS, **settings: Any) -> Iterator[Desk]:
    """The desk in a database of its own."""
    clock, doves, pile = ManualClock(NOON), Doves(), Pile()
    with opened(url, clock, doves, pile) as kit:
        founded = kit.perform(
            FoundOrganisation(
                name="Desk",
                zone="Europe/Stockholm",
                admin="anna@desk.example",
                settings=Settings(**{"may_receive": True, "sender_name": "Desk", **settings}),
            ),
            by=OPERATOR,
        )
        kit.perform(ProvideNumbers(numbers=tuple(numbers)), by=OPERATOR)
        yield Desk(kit, clock, founded.root, founded.admin, doves, pile)


def opened(url: str, clock: ManualClock, doves: Doves, pile: Pile) -> Kit:
    """A kit on the database."""
    return Kit.open(url, texts=doves, mail=pile, mail_from="desk@desk.example", gateway_domain=GATEWAY, clock=clock)


# What other processes do


def hear_in_turn(url: str, calls: Sequence[Sequence[TextReceived]], at: Instant) -> int:
    """The calls with these facts; how many there were."""
    with opened(url, ManualClock(at), Doves(), Pile()) as kit:
        for facts in calls:
            kit.receive("doves", {}, b"\n".join(dumps(fact).encode() for fact in facts))
    return len(calls)


def hear_one_of(url: str, queue: str, calls: Mapping[str, Sequence[TextReceived]], at: Instant) -> str:
    """The call whose turn it is: processes take them off a table, one each."""
    with opened(url, ManualClock(at), Doves(), Pile()) as kit:

        def taken(store: Transaction) -> str:
            return next(name for name in sorted(calls) if store.inbox.first_time(queue, name, at))

        name = transact(kit._storage, taken)
        kit.receive("doves", {}, b"\n".join(dumps(fact).encode() for fact in calls[name]))
    return name


def first_texts(url: str, users: Sequence[UserId], at: Instant) -> list[tuple[str, str]]:
    """A text by each user; who, and from which sender."""
    with opened(url, ManualClock(at), Doves(), Pile()) as kit:

        def sender(user: UserId) -> str:
            return kit.perform(SendText(user=user, to=MOBILE, text="Hej"), by=Principal.of(user)).sender

        return [(str(user), sender(user)) for user in users]
