"""Texts from mobiles: joined, logged, mailed to whose number it is; kept where it is nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import desk as desks
from desk import DAY, GATEWAY, HOUR, MINUTE, MOBILE, NOON, OPERATOR, OURS, TICK, Desk, desk, part_in, text_in
from processes import race
from servicekit.errors import Forbidden, Invalid
from servicekit.groups import AddUsers, ChangeSettings, ProvideNumbers, RemoveUsers, Settings, WithdrawNumbers
from servicekit.ids import EffectId
from servicekit.mail import Envelope
from servicekit.messages import Direction, ListStrays, Message, NameThread, SearchLog, Status
from servicekit.outbox.effects import Effect, EffectKind, EffectState, ListEffects
from servicekit.ports.store import transact
from servicekit.runtime.entropy import mint
from servicekit.testing.simulators import KeptMail, WebhookFault
from world import NUMBERS as WORLD_NUMBERS
from world import World, mail

pytest_plugins = ("world_fixtures",)

HI, THERE = part_in(1, 2, "Hi "), part_in(2, 2, "there")


@pytest.fixture
def it(database_url: str) -> Iterator[Desk]:
    """A desk whose Anna has her number, on either database."""
    with desk(database_url) as made:
        made.send("Passar torsdag?")
        yield made


def came(it: Desk) -> list[Message]:
    """What came in, oldest first."""
    page = it.kit.ask(SearchLog(group=it.root.id, direction=Direction.IN), by=it.anna)
    return list(page.messages[::-1])


def waiting(it: Desk) -> int:
    """Effects that are due some time."""
    return len(it.kit.ask(ListEffects(organisation=it.root.id, state=EffectState.DUE), by=it.anna))


# Long texts


@pytest.mark.spec("M-05")
@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_the_parts_of_a_long_text_are_one_message_and_one_mail(it: Desk, order: tuple[int, ...]) -> None:
    """Whatever their order, and also where the carrier repeats one under another id; then nothing waits any more."""
    parts = {number: part_in(number, 3, f"<{number}>") for number in (1, 2, 3)}
    for number in order:
        it.hear(parts[number])
        it.hear(parts[number], evolve(parts[number], event_id=f"again {number}"))

    assert [(one.text, one.status, one.segments) for one in came(it)] == [("<1><2><3>", Status.INCOMING, 0)]
    assert it.bodies() == ["<1><2><3>"]
    it.clock.advance(2 * HOUR)
    assert it.bodies() == ["<1><2><3>"]
    it.clock.advance(2 * HOUR)
    assert it.bodies() == ["<1><2><3>"]
    assert waiting(it) == 0
    with it.kit._storage.read() as store:
        assert store.inbox.listed("parts of texts", None, 9) == ()


def test_parts_in_one_call_are_one_text(it: Desk) -> None:
    """With what was cut between them put together again."""
    it.hear(part_in(2, 2, "\ude00!", event="e2"), part_in(1, 2, "Hej \ud83d", event="e1"))
    assert it.bodies() == ["Hej 😀!"]


def test_what_never_comes_is_marked_after_ten_minutes(it: Desk) -> None:
    """The relay sees to it; not a moment before, and the rest is not lost if it comes late after all."""
    it.hear(HI)
    it.clock.advance(10 * MINUTE - TICK)
    assert it.bodies() == []
    it.clock.advance(TICK)
    assert it.bodies() == ["Hi  [part 2 of 2 missing]"]
    it.clock.advance(10 * MINUTE)
    it.hear(THERE)

    assert it.bodies() == ["Hi  [part 2 of 2 missing]", "Hi there"]
    assert [one.text for one in came(it)] == ["Hi  [part 2 of 2 missing]", "Hi there"]


def test_what_no_relay_let_out_for_hours_goes_out_and_is_forgotten(it: Desk) -> None:
    """One effect does both."""
    it.hear(HI)
    it.clock.advance(5 * HOUR)
    assert it.bodies() == ["Hi  [part 2 of 2 missing]"]
    assert waiting(it) == 0


def test_a_look_at_a_text_that_is_forgotten_does_nothing(it: Desk) -> None:
    """As where two were under way at the same time."""
    late = Effect(
        id=mint(EffectId, it.clock.now()),
        organisation=it.root.id,
        kind=EffectKind.PARTS,
        subject="forgotten",
        made_at=it.clock.now(),
        due_at=it.clock.now(),
    )
    transact(it.kit._storage, lambda store: store.effects.enqueue(late))

    assert it.bodies() == []
    assert waiting(it) == 0


def test_parts_of_different_texts_are_kept_apart(it: Desk) -> None:
    """Another sender, a reference of another width, and a reference that is used again the day after."""
    it.hear(HI, evolve(HI, sender="+46701740606", event_id="b1", text="Yo "))
    it.hear(part_in(1, 2, "Wide ", reference="16:42"))
    it.hear(evolve(THERE, sender="+46701740606", event_id="b2", text="you"))
    it.hear(THERE)
    it.hear(part_in(2, 2, "load", reference="16:42"))
    it.clock.advance(DAY)
    it.hear(evolve(HI, event_id="later 1"), evolve(THERE, event_id="later 2", text="again"))

    assert [one.text for one in came(it)] == ["Yo you", "Hi there", "Wide load", "Hi again"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.integers(2, 4), min_size=1, max_size=3).flatmap(
        lambda totals: st.permutations(
            [(text, number, total) for text, total in enumerate(totals) for number in range(1, total + 1)]
        )
    ),
    cut=st.integers(0, 3),
)
def test_texts_whose_parts_come_between_each_other_lose_nothing(texts: list[tuple[int, int, int]], cut: int) -> None:
    """Of any number of texts, in any order; what is cut off at the end is marked, and everything that came is shown once."""
    heard = texts[: len(texts) - cut]
    with desk() as it:
        it.send("Hej")
        for text, number, total in heard:
            it.hear(part_in(number, total, f"<{text}.{number}>", reference=f"8:{text}"))
        it.clock.advance(10 * MINUTE)
        it.kit.deliver()
        shown = [one.text for one in came(it)]

    assert len(shown) == len({text for text, *_ in heard})
    for text, number, total in texts:
        there = (text, number, total) in heard
        assert sum(f"<{text}.{number}>" in one for one in shown) == there
    gone = {text for text, *_ in texts[len(texts) - cut :]} & {text for text, *_ in heard}
    assert sum("missing]" in one for one in shown) == len(gone)


@pytest.mark.parametrize("times", range(3))
def test_the_last_two_parts_at_the_same_moment_are_one_mail(it: Desk, database_url: str, times: int) -> None:
    """Two processes get one each: one of them sees both."""
    it.hear(part_in(1, 3, "<1>"))
    calls = {str(number): [part_in(number, 3, f"<{number}>")] for number in (2, 3)}

    assert sorted(race(desks.hear_one_of, database_url, f"race {times}", calls, it.clock.now(), count=2)) == ["2", "3"]
    assert [one.text for one in came(it)] == ["<1><2><3>"]
    assert it.bodies() == ["<1><2><3>"]


def test_the_same_calls_to_many_processes_are_heard_once(it: Desk, database_url: str) -> None:
    """As where a carrier repeats what it believes we missed, to another machine each time."""
    calls = [[part_in(number, 3, f"<{number}>")] for number in (2, 1, 3)]
    race(desks.hear_in_turn, database_url, calls, it.clock.now(), count=4)

    assert it.bodies() == ["<1><2><3>"]


def test_parts_to_a_number_that_is_given_back_between_them_reach_who_had_it(it: Desk) -> None:
    """The text began while the number was theirs; what begins after it is in the log alone."""
    it.hear(HI)
    it.kit.perform(ChangeSettings(group=it.root.id, change=Settings(may_receive=False)), by=it.anna)
    it.hear(THERE)
    it.hear(text_in("Hello?", event="after"))

    assert it.bodies() == ["Hi there"]
    assert [one.text for one in came(it)] == ["Hi there", "Hello?"]
    strays = it.kit.ask(ListStrays(), by=OPERATOR)
    assert [(one.text, one.part) for one in strays] == [("there", "2 of 2"), ("Hello?", "")]


def test_a_long_text_to_an_organisations_own_number_is_logged(it: Desk) -> None:
    """Its parts wait like those of any other, and nobody is mailed."""
    own = "+46766861009"
    it.kit.perform(ProvideNumbers(numbers=(own,), organisation=it.root.id), by=OPERATOR)
    it.hear(evolve(HI, to=own))
    it.clock.advance(10 * MINUTE)

    assert it.bodies() == []
    assert [(one.text, one.user, one.group) for one in came(it)] == [("Hi  [part 2 of 2 missing]", None, it.root.id)]


# What is no text


def test_pictures_and_binaries_are_named_in_mail_and_log(it: Desk) -> None:
    """Also where there are no words at all; of several parts, all that came with them."""
    it.hear(text_in("Look!", event="m1", media=("image/jpeg https://carrier.example/1",)))
    it.hear(text_in("", event="m2", media=("binary, 42 bytes",)))
    it.hear(evolve(THERE, media=("video/mp4 u2",)), evolve(HI, media=("image/png u1",)))

    shown = [
        "Look!\n[not text: image/jpeg https://carrier.example/1]",
        "[not text: binary, 42 bytes]",
        "Hi there\n[not text: image/png u1]\n[not text: video/mp4 u2]",
    ]
    assert [one.text for one in came(it)] == shown
    assert sorted(it.bodies()) == sorted(shown)


@pytest.mark.parametrize("sender", ["+46701740605", "72456", "Bank", "", "a\r\nBcc: b@c.example", "\ud83d\0"])
def test_whoever_sends_whatever_it_is_stored_and_mailed(it: Desk, sender: str) -> None:
    """Half characters and NUL are replaced, nothing becomes a header of its own; who is no number is not answered."""
    it.hear(text_in("a\0b \ud83d", event="e1", sender=sender))
    it.kit.deliver()

    assert [one.text for one in came(it)] == ["a\ufffdb \ufffd"]
    (raw,) = [one.raw for one in it.pile.mails]
    parsed = message_from_bytes(raw, policy=default)
    (address,) = parsed["From"].addresses
    assert address.addr_spec == f"{sender if sender[-5:].isdecimal() else 'noreply'}@{GATEWAY}"
    assert parsed["Bcc"] is None


# Whose it is


def test_an_answer_in_parts_that_is_whole_is_like_any_other(it: Desk) -> None:
    """Part one of one."""
    it.hear(part_in(1, 1, "Hej"))
    assert it.bodies() == ["Hej"]
    assert waiting(it) == 0


def test_a_removed_users_mail_is_not_sent(it: Desk) -> None:
    """What began before it was removed is logged."""
    other = it.kit.perform(AddUsers(group=it.root.id, addresses=("bo@desk.example",)), by=it.anna)[0].user
    assert other is not None
    number = it.send("Hej", user=other).sender
    it.hear(evolve(HI, to=number))
    it.kit.perform(RemoveUsers(group=it.root.id, addresses=("bo@desk.example",)), by=it.anna)
    it.clock.advance(10 * MINUTE)

    assert it.bodies() == []
    assert [one.user for one in came(it)] == [other]


def test_texts_to_nobodys_number_are_kept_for_the_operator(it: Desk) -> None:
    """Never provided, not yet anybody's, withdrawn: listed, oldest first. What somebody had last is in its log as well."""
    it.hear(text_in("One", event="e1", to="+46766861009"))
    it.clock.advance(MINUTE)
    it.hear(text_in("Two", event="e2", to=OURS[2], media=("binary, 1 bytes",)))
    it.clock.advance(MINUTE)
    it.kit.perform(WithdrawNumbers(numbers=(OURS[0],)), by=OPERATOR)
    it.hear(text_in("Three", event="e3", sender="a\nb"), evolve(HI, event_id="e4"))
    it.clock.advance(MINUTE)

    strays = it.kit.ask(ListStrays(), by=OPERATOR)
    assert [(one.text, one.to, one.at - NOON, one.part) for one in strays[:3]] == [
        ("One", "+46766861009", TICK, ""),
        ("Two", OURS[2], MINUTE + 2 * TICK, ""),
        ("Three", OURS[0], 2 * MINUTE + 3 * TICK, ""),
    ]
    assert (strays[1].media, strays[2].sender, strays[3].part, strays[0].vendor) == (
        ("binary, 1 bytes",),
        "a b",
        "1 of 2",
        "doves",
    )
    assert it.kit.ask(ListStrays(since=strays[1].at, most=1), by=OPERATOR) == strays[1:2]
    assert [one.text for one in came(it)] == ["Three"]
    assert it.bodies() == []
    assert "Three" not in repr(strays)


@pytest.mark.parametrize("most", [0, 1001])
def test_strays_are_the_operators_and_come_in_pages(it: Desk, most: int) -> None:
    """An administrator's organisation has nothing to do with them."""
    assert type(it.refused(ListStrays())) is Forbidden
    refused = it.refused(ListStrays(most=most), OPERATOR)
    assert (type(refused), refused.code) == (Invalid, "page_size")


# There and back by mail

PROGRAMS = {
    "Gmail": "{typed}\r\n\r\nDen ons 25 nov. 2026 kl 13:05 skrev {name} <{address}>:\r\n\r\n{quoted}",
    "Apple Mail": "{typed}\r\n\r\n> 25 nov. 2026 kl. 13:05 skrev {name} <{address}>:\r\n>\r\n{quoted}\r\n\r\n"
    "Skickat från min iPhone\r\n",
    "Outlook": "{typed}\r\n\r\n________________________________\r\nFrån: {name} <{address}>\r\n"
    "Skickat: den 25 november 2026 13:05\r\nTill: Anna <anna@salon.example>\r\nÄmne: {subject}\r\n\r\n{bare}",
    "Outlook in English": "{typed}\r\n\r\n-----Original Message-----\r\nFrom: {name} <{address}>\r\n"
    "Sent: Wednesday, November 25, 2026 1:05 PM\r\nTo: Anna\r\nSubject: {subject}\r\n\r\n{bare}",
    "Thunderbird": "On 2026-11-25 13:05, {name} wrote:\r\n{quoted}\r\n\r\n{typed}\r\n\r\n-- \r\nAnna Ek\r\nSalon\r\n",
    "Android": "{typed}\r\n\r\nSkickat från min Samsung Galaxy\r\n\r\n-------- Originalmeddelande --------\r\n"
    "Från: {name} <{address}>\r\nDatum: 2026-11-25 13:05 (GMT+01:00)\r\nTill: anna@salon.example\r\n"
    "Ämne: {subject}\r\n\r\n{bare}",
}


def conversation(world: World) -> KeptMail:
    """Anna asks, and the mobile answers: the mail that comes of it."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(may_receive=True)))
    world.kit.receive("mail", Envelope("anna@salon.example", (f"{MOBILE}@{GATEWAY}",)), mail("Passar torsdag?"))
    world.kit.deliver()
    world.ask(NameThread(user=world.admin.id, number=MOBILE, name="Eva, Åre"))
    world.clock.advance(MINUTE)
    world.elks.answer_from_mobile(MOBILE, WORLD_NUMBERS[0], "Ja! Kl 14?\nEller 15")
    world.elks.deliver_webhooks()
    world.kit.deliver()
    (found,) = world.mails()
    return found


def reply(found: KeptMail, body: str, **headers: str) -> tuple[Envelope, bytes]:
    """What a person's mail program sends for it."""
    answered = str(found.message["Message-ID"])
    raw = mail(
        body,
        subject=f"Sv: {found.message['Subject']}",
        number=2,
        In_Reply_To=answered,
        References=f"{found.message['References']} {answered}",
        **headers,
    )
    return Envelope("anna@salon.example", (found.message["Reply-To"].addresses[0].addr_spec,)), raw


@pytest.mark.spec("M-05")
@pytest.mark.spec("M-19")
@pytest.mark.parametrize("program", PROGRAMS)
def test_answering_the_mail_answers_the_text(mailed: World, program: str) -> None:
    """Whatever the program quotes, the mobile gets what was typed and no more, from the number that it wrote to."""
    world = mailed
    found = conversation(world)
    (sender,) = found.message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Eva, Åre", f"{MOBILE}@{GATEWAY}")
    assert found.rcpt_to == "anna@salon.example"
    body = PROGRAMS[program].format(
        typed="Fjorton blir bra.",
        name="Eva, Åre",
        address=sender.addr_spec,
        subject=found.message["Subject"],
        bare=found.text.replace("\n", "\r\n"),
        quoted="\r\n".join(f"> {line}" for line in found.text.rstrip("\n").split("\n")),
    )
    taken = world.kit.receive("mail", *reply(found, body))
    world.kit.deliver()

    assert [line.refusal for line in taken.lines] == [""]
    assert [(text.sender, text.text) for text in world.elks.handset(MOBILE) if text.text != "Ja! Kl 14?\nEller 15"] == [
        (WORLD_NUMBERS[0], "Passar torsdag?"),
        (WORLD_NUMBERS[0], "Fjorton blir bra."),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Autoreply": "yes"},
        {"Precedence": "bulk"},
        {"X_Loop": "servicekit"},
    ],
    ids=str,
)
def test_machines_that_answer_the_mail_stay_silent(mailed: World, headers: dict[str, str]) -> None:
    """An out-of-office note about our mail becomes no text."""
    world = mailed
    found = conversation(world)
    taken = world.kit.receive("mail", *reply(found, "Jag är på semester.", **headers))
    world.kit.deliver()

    assert taken.ignored
    assert [text.text for text in world.elks.handset(MOBILE)][:1] == ["Passar torsdag?"]
    assert len(world.ask(SearchLog(group=world.root.id)).messages) == 2


def test_the_mail_tells_machines_that_a_machine_wrote_it(mailed: World) -> None:
    """And fed back to us by whatever loop, it becomes nothing (RFC 3834)."""
    world = mailed
    found = conversation(world)
    message = found.message

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert world.kit.receive("mail", Envelope(found.mail_from, (f"{MOBILE}@{GATEWAY}",)), found.raw).ignored


@pytest.mark.spec("M-19")
def test_all_mails_of_a_thread_hang_together(mailed: World) -> None:
    """One subject and one root, whatever the thread is called meanwhile; each mail has an id of its own."""
    world = mailed
    conversation(world)
    for name in ("Eva", ""):
        world.ask(NameThread(user=world.admin.id, number=MOBILE, name=name))
        world.clock.advance(DAY)
        world.elks.inject(WebhookFault(webhook="doubled", event="inbound"))
        world.elks.answer_from_mobile(MOBILE, WORLD_NUMBERS[0], f"Hej igen {name}")
        world.elks.deliver_webhooks()
        world.kit.deliver()

    messages = [kept.message for kept in world.mails()]
    assert [one["From"].addresses[0].display_name for one in messages] == ["Eva, Åre", "Eva", MOBILE]
    assert {str(one["Subject"]) for one in messages} == {f"SMS {MOBILE}"}
    assert len({(str(one["References"]), str(one["In-Reply-To"])) for one in messages}) == 1
    assert len({str(one["Message-ID"]) for one in messages}) == 3
