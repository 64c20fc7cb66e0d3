"""A kit over several carriers: how it is opened, whom it asks, and what it never does twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from carriers import Scripted
from servicekit import AsyncKit, Kit
from servicekit.errors import (
    ConfigurationError,
    Invalid,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unreachable,
    Unsupported,
)
from servicekit.groups import ChangeSettings, Settings
from servicekit.messages import HandOver, Message, Route, SearchLog, SendText, Status, Try
from servicekit.outbox.effects import EffectState, ListEffects, RetryEffect
from servicekit.outbox.facts import TextStatus
from servicekit.ports.texts import ACCOUNT_REFUSED, TextReceipt
from servicekit.runtime.relay import Delivered
from servicekit.usecases.carriers import Carriers
from world import DAY, HOUR, MINUTE, OPERATOR, World, elks_adapter, envelope, mail, opened, zoom_adapter

MOBILE = "+46701740605"
SWISS = "+41791234567"
NORWEGIAN = "+4740612345"
SECOND = timedelta(seconds=1)


def over(folder: Path, *carriers: Scripted, routes: Sequence[Route] = (), **more: Any) -> AbstractContextManager[World]:
    """A world whose texts go over these carriers."""
    return opened(folder, texts=list(carriers), routes=routes, **more)


def send(world: World, to: str = MOBILE) -> Message:
    """A text of Anna's."""
    message: Message = world.ask(SendText(user=world.admin.id, to=to, text="Hej"))
    return message


def logged(world: World) -> Message:
    """The one message in the log."""
    (message,) = world.ask(SearchLog(group=world.root.id)).messages
    assert isinstance(message, Message)
    return message


def pair(**first: Any) -> tuple[Scripted, Scripted]:
    """Two carriers, the first as told."""
    return Scripted("alpha", **first), Scripted("beta")


# Opening


def test_carriers_have_names_of_their_own(tmp_path: Path) -> None:
    """Two of one name, the name of the meeting service, or that of mail: the refusal names them."""
    url = f"sqlite:////{tmp_path}/salon.db"
    with pytest.raises(ConfigurationError, match="Two carriers are called 46elks"):
        Kit.open(url, texts=[elks_adapter(), elks_adapter()])
    with pytest.raises(ConfigurationError, match="elks, zoom, zoom"):
        Kit.open(url, texts=[elks_adapter(name="elks"), elks_adapter(name="zoom")], meetings=zoom_adapter())
    with pytest.raises(ConfigurationError, match="'mail' is where mails come in"):
        Kit.open(url, texts=elks_adapter(name="mail"))
    assert list(tmp_path.iterdir()) == []


def test_routes_need_their_carriers(tmp_path: Path) -> None:
    """A route to nobody, routes without carriers, a list without any."""
    url = f"sqlite:////{tmp_path}/salon.db"
    for texts in (elks_adapter(), None):
        with pytest.raises(ConfigurationError, match="A route leads to 'twilio'"):
            Kit.open(url, texts=texts, routes=[Route(carrier="twilio")])
    with pytest.raises(ConfigurationError, match="texts=None for none"):
        Kit.open(url, texts=[])


def test_the_carriers_of_one_kit_open_another(tmp_path: Path) -> None:
    """As they are, with their routes."""
    alpha, beta = pair()
    carriers = Carriers.of([alpha, beta], [Route(carrier="beta")])
    assert Carriers.of(carriers) is carriers
    with opened(tmp_path, texts=carriers) as world:
        send(world)
        world.kit.deliver()
        assert (len(alpha.asked), len(beta.taken)) == (0, 1)


def test_every_carrier_may_call(tmp_path: Path) -> None:
    """Under its name; each knows its own texts."""
    alpha, beta = pair(answers=[Unreachable("down")])
    with over(tmp_path, alpha, beta) as world:
        assert world.kit.sources == {"alpha", "beta", "zoom"}
        send(world)
        world.kit.deliver()
        told = f"{logged(world).vendor_id} DELIVERED".encode()
        world.kit.receive("alpha", {}, told)
        assert logged(world).status is Status.SENT
        world.kit.receive("beta", {}, told)
        assert logged(world).status is Status.DELIVERED


# Choosing


def test_a_text_goes_by_prefix_and_price(tmp_path: Path) -> None:
    """And the message keeps who has it, what it costs there and how many parts were counted."""
    alpha, beta = pair()
    routes = [
        Route(carrier="alpha", price=Decimal("0.08"), currency="EUR"),
        Route(carrier="beta", price=Decimal("0.07"), currency="EUR"),
        Route(carrier="alpha", prefix="+46", price=Decimal("0.09"), currency="EUR"),
    ]
    with over(tmp_path, alpha, beta, routes=routes) as world:
        swedish, swiss = send(world), send(world, SWISS)
        assert world.kit.deliver() == Delivered(done=2)

        assert (alpha.taken, beta.taken) == ([swedish.id], [swiss.id])
        kept = {message.id: message for message in world.ask(SearchLog(group=world.root.id)).messages}
        assert kept[swiss.id].vendor == "beta"
        assert (kept[swiss.id].cost, kept[swiss.id].vendor_parts, kept[swiss.id].segments) == ("0.12 EUR", 3, 1)


def test_without_routes_the_first_carrier_is_asked(tmp_path: Path) -> None:
    """In the order in which they were given."""
    alpha, beta = pair()
    with over(tmp_path, alpha, beta) as world:
        send(world)
        world.kit.deliver()

        assert (len(alpha.taken), len(beta.taken)) == (1, 0)


def test_a_name_is_sent_by_who_can_show_it(tmp_path: Path) -> None:
    """Where nobody can, whoever sends is told so at once, and nothing is written."""
    alpha, beta = Scripted("alpha", names=False), Scripted("beta")
    with over(tmp_path, alpha, beta) as world:
        send(world)
        world.kit.deliver()
        assert (alpha.asked, len(beta.taken)) == ([], 1)

    (tmp_path / "2").mkdir()
    with over(tmp_path / "2", Scripted("alpha", names=False)) as world:
        with pytest.raises(Invalid, match="alpha shows no names as sender") as refused:
            send(world)
        assert refused.value.code == "no_route"
        assert world.ask(SearchLog(group=world.root.id)).messages == ()


def test_a_number_that_no_route_leads_to_is_refused_at_once(tmp_path: Path) -> None:
    """The error names the number's country and what to add; neither log, quota nor outbox has anything of it."""
    with over(tmp_path, Scripted("alpha"), routes=[Route(carrier="alpha", prefix="+46")]) as world:
        before = world.tables()
        with pytest.raises(
            Invalid, match=r"\(CH\): no route leads there. Open it with a carrier, or a route"
        ) as refused:
            send(world, SWISS)
        assert (refused.value.code, refused.value.facts["country"]) == ("no_route", "CH")
        assert world.tables() == before
        assert send(world).status is Status.QUEUED


def test_what_a_rule_refuses_is_logged_whether_or_not_a_route_leads_there(tmp_path: Path) -> None:
    """A country that the group does not send to."""
    with over(tmp_path, Scripted("alpha"), routes=[Route(carrier="alpha", prefix="+46")]) as world:
        assert send(world, NORWEGIAN).status is Status.DESTINATION
        taken = world.kit.receive("mail", envelope("anna@salon.example", NORWEGIAN), mail("Hej"))
        assert [line.message.status for line in taken.lines if line.message] == [Status.DESTINATION]


def test_of_a_mail_each_recipient_that_no_route_leads_to_is_refused(tmp_path: Path) -> None:
    """The sender reads why; the other recipient's text goes out; the same mail again is judged the same way."""
    with over(tmp_path, Scripted("alpha"), routes=[Route(carrier="alpha", prefix="+46")]) as world:
        for _ in range(2):
            taken = world.kit.receive("mail", envelope("anna@salon.example", MOBILE, SWISS), mail("Hej"))
            assert taken.lines[1].refusal == "no_route"
            assert "(CH)" in taken.refusals[taken.lines[1].recipient]
        assert logged(world).number == MOBILE


def test_a_number_of_a_users_own_is_shown_by_who_may_show_it(tmp_path: Path) -> None:
    """A carrier that is bound to other senders is none for it; the number stays free."""
    bound = [Route(carrier="alpha", senders=("+41",))]
    with over(tmp_path, Scripted("alpha"), routes=bound) as world:
        world.ask(ChangeSettings(group=world.root.id, change=Settings(may_receive=True)))
        before = world.tables()
        with pytest.raises(Invalid, match=r"alpha may not show \+46"):
            send(world)
        assert world.tables() == before


def test_a_relay_without_a_way_leaves_the_text_to_a_person(tmp_path: Path) -> None:
    """The application's kit has other carriers than the relay's: what is refused there is a dead letter, which says why."""
    with opened(tmp_path, texts=None) as world:
        send(world)
        elsewhere = Kit.open(
            f"sqlite:////{tmp_path / 'salon.db'}", texts=Scripted("alpha", names=False), clock=world.clock
        )
        with elsewhere as relay:
            assert relay.deliver() == Delivered(dead=1)
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        assert letter.trouble == f"no carrier takes {MOBILE} from Salon: alpha shows no names as sender"
        assert logged(world).hand_over is HandOver.PLANNED


# Going on


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("down"),
        Throttled("busy"),
        Rejected("no credit", status=402),
        Rejected("wrong password", code=ACCOUNT_REFUSED, status=4),
        Unsupported("no names there"),
    ],
    ids=lambda error: f"{type(error).__name__} {error}",
)
def test_another_is_asked_where_the_first_surely_did_not_send(tmp_path: Path, error: Exception) -> None:
    """In the same delivery; the message tells who was asked in vain."""
    alpha, beta = pair(answers=[error])
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        assert world.kit.deliver() == Delivered(done=1)

        assert (alpha.taken, beta.taken) == ([], [message.id])
        after = logged(world)
        assert (after.vendor, [one.carrier for one in after.tried]) == ("beta", ["alpha"])


def test_a_no_to_the_recipient_is_the_end(tmp_path: Path) -> None:
    """A number that is none is none everywhere; the log says who refused."""
    alpha, beta = pair(answers=[Rejected("no such number", status=400)])
    with over(tmp_path, alpha, beta) as world:
        send(world)
        assert world.kit.deliver() == Delivered(done=1)

        after = logged(world)
        assert (after.status, after.vendor, after.detail) == (Status.UNSENT, "alpha", "no such number")
        assert beta.asked == []


def test_what_may_have_been_sent_is_asked_of_nobody_else(tmp_path: Path) -> None:
    """However long the first cannot be asked, and however well the second stands."""
    alpha, beta = pair(answers=[OutcomeUnknown("lost")], finds=[Unreachable("down")] * 5)
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        alpha.finds.append((TextReceipt(vendor_id="a1", status=TextStatus.DELIVERED),))
        world.settle()

        assert beta.asked == []
        assert alpha.asked == [f"send {message.id}", *[f"find {message.id}"] * 6]
        after = logged(world)
        assert (after.status, after.vendor, after.vendor_id) == (Status.DELIVERED, "alpha", "a1")


def test_what_was_looked_up_and_is_not_there_goes_to_the_next(tmp_path: Path) -> None:
    """But not before the first has had time to do what it was asked, although we have stopped waiting."""
    alpha, beta = pair(answers=[OutcomeUnknown("lost")])
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        asked = world.now
        world.kit.deliver()
        world.clock.advance(30 * SECOND)
        assert world.kit.deliver() == Delivered(again=1)
        assert (alpha.asked, beta.asked) == ([f"send {message.id}", f"find {message.id}"], [])
        world.settle()

        assert beta.taken == [message.id]
        assert world.now >= asked + MINUTE
        assert logged(world).tried == (Try("alpha"),)


def test_how_long_a_text_may_be_missing_from_a_list_is_the_carriers_own(tmp_path: Path) -> None:
    """One whose list is never behind is believed at once."""
    alpha, beta = pair(answers=[OutcomeUnknown("lost")], listed_within=timedelta(0))
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        world.kit.deliver()
        world.clock.advance(10 * SECOND)
        assert world.kit.deliver() == Delivered(done=1)

        assert beta.taken == [message.id]


def test_a_single_carrier_that_does_not_have_it_is_asked_again(tmp_path: Path) -> None:
    """As often as it gets lost on the way there."""
    alpha = Scripted("alpha", answers=[OutcomeUnknown("lost")] * 3)
    with over(tmp_path, alpha) as world:
        message = send(world)
        world.settle()

        assert alpha.taken == [message.id]
        assert [asked.split()[0] for asked in alpha.asked].count("send") == 4


def test_whom_it_asks_is_written_down_before(tmp_path: Path) -> None:
    """And who was asked in vain, so that a crash at this very moment loses nothing."""
    alpha, beta = pair(answers=[Unreachable("down")])
    seen: list[Message] = []
    with over(tmp_path, alpha, beta) as world:

        def look() -> None:
            with world.look() as store:
                seen.extend(store.messages.where())

        alpha.before = beta.before = look
        send(world)
        world.kit.deliver()

    assert [(one.hand_over, one.vendor, one.asked_at) for one in seen] == [
        (HandOver.ASKED, "alpha", world.now),
        (HandOver.ASKED, "beta", world.now),
    ]
    assert [one.tried for one in seen] == [(), (Try("alpha"),)]


class Crash(ConfigurationError):
    """The relay ends in the middle of a call, as if its process had died: nothing is recorded, the lease runs out."""


@pytest.mark.parametrize("there", [True, False])
def test_after_a_crash_the_carrier_that_was_asked_is_looked_up(tmp_path: Path, *, there: bool) -> None:
    """Not the first one, and not another; only where it is surely not there it goes on."""
    alpha, beta = Scripted("alpha", answers=[Unreachable("down")] * 2), Scripted("beta", answers=[Crash()])
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        with pytest.raises(Crash):
            world.kit.deliver()
        if there:
            beta.finds = [(TextReceipt(vendor_id="b1", status=TextStatus.SENT),)]
        world.clock.advance(3 * MINUTE)
        world.settle()

        assert beta.asked[:2] == [f"send {message.id}", f"find {message.id}"]
        assert beta.taken == ([] if there else [message.id])
        assert alpha.taken == []
        assert logged(world).vendor == "beta"


def test_a_carrier_that_the_kit_has_no_more_is_named(tmp_path: Path) -> None:
    """Nobody else is asked: it may have been sent. With that carrier it is taken up again."""
    alpha, beta = pair(answers=[OutcomeUnknown("lost")])
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        world.kit.deliver()
        world.clock.advance(MINUTE)
        with Kit.open(f"sqlite:////{world.path}", texts=beta, clock=world.clock) as other:
            assert other.deliver() == Delivered(dead=1)
        assert beta.asked == []
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        assert letter.trouble == "perhaps sent by alpha, which this kit was opened without: open it with that carrier"
        world.ask(RetryEffect(letter.id))
        alpha.finds = [(TextReceipt(vendor_id="a1", status=TextStatus.SENT),)]
        world.kit.deliver()
        assert (logged(world).id, logged(world).vendor_id) == (message.id, "a1")


def test_a_report_that_is_faster_than_the_look_up_counts(tmp_path: Path) -> None:
    """What the carrier has said it has is not sent again, although its list does not show it yet."""
    alpha, beta = pair(answers=[OutcomeUnknown("lost")])
    with over(tmp_path, alpha, beta) as world:
        send(world)
        world.kit.deliver()
        world.clock.advance(2 * MINUTE)

        def report() -> None:
            with world.look() as store:
                (message,) = store.messages.where()
                store.messages.save(evolve(message, hand_over=HandOver.DONE, status=Status.DELIVERED))

        alpha.before = report
        assert world.kit.deliver() == Delivered(done=1)
        assert (alpha.taken, beta.taken) == ([], [])
        assert logged(world).status is Status.DELIVERED


def test_a_report_that_is_faster_than_the_error_counts(tmp_path: Path) -> None:
    """The carrier has said that it has the text; that our call to it failed says nothing any more."""
    alpha, beta = pair(answers=[Unreachable("down")])
    with over(tmp_path, alpha, beta) as world:
        send(world)

        def report() -> None:
            with world.look() as store:
                (message,) = store.messages.where()
                store.messages.save(evolve(message, hand_over=HandOver.DONE, status=Status.DELIVERED))

        alpha.before = report
        assert world.kit.deliver() == Delivered(done=1)
        assert (logged(world).status, beta.asked) == (Status.DELIVERED, [])


# In vain


def later(world: World, span: timedelta) -> Throttled:
    """Asks to wait so long."""
    return Throttled("busy", until=world.now + span)


def due(world: World) -> timedelta:
    """How long until the one effect is due."""
    (effect,) = world.effects(EffectState.DUE)
    return effect.due_at - world.now


def test_when_nobody_can_be_reached_all_are_asked_again(tmp_path: Path) -> None:
    """After a pause, from the first on."""
    alpha, beta = Scripted("alpha", answers=[Unreachable("down")]), Scripted("beta", answers=[Unreachable("down")])
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        assert world.kit.deliver() == Delivered(again=1)
        assert logged(world).tried == ()
        world.settle()
        assert (alpha.taken, len(beta.asked)) == ([message.id], 1)


def test_when_all_have_said_no_to_us_a_person_is_asked(tmp_path: Path) -> None:
    """Once it is mended it goes out."""
    alpha, beta = (Scripted(name, answers=[Rejected("no credit", status=402)]) for name in ("alpha", "beta"))
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        assert world.kit.deliver() == Delivered(dead=1)
        assert logged(world).status is Status.QUEUED
        (letter,) = world.ask(ListEffects(organisation=world.root.id))
        world.ask(RetryEffect(letter.id))
        world.kit.deliver()
        assert alpha.taken == [message.id]


def test_the_most_hopeful_answer_decides_when_it_is_tried_again(tmp_path: Path) -> None:
    """Who may answer soon is asked soon, whoever else asks to wait; nobody is asked before it said."""
    alpha, beta, gamma = (Scripted(name) for name in ("alpha", "beta", "gamma"))
    with over(tmp_path, alpha, beta, gamma) as world:
        message = send(world)
        alpha.answers = [later(world, HOUR)]
        beta.answers = [Unreachable("down"), later(world, 2 * HOUR)]
        gamma.answers = [Rejected("no credit", status=402)] * 3
        world.kit.deliver()
        assert due(world) < MINUTE
        assert logged(world).tried == (Try("alpha", until=world.now + HOUR),)
        world.clock.advance(MINUTE)
        world.kit.deliver()
        assert (len(alpha.asked), len(beta.asked), len(gamma.asked)) == (1, 2, 2)
        assert HOUR - MINUTE <= due(world) < HOUR
        world.settle()
        assert alpha.taken == [message.id]
        assert len(beta.asked) == 2


def test_a_carrier_that_asked_to_wait_is_waited_for_also_when_others_are_gone(tmp_path: Path) -> None:
    """A kit that is opened with it alone does not ask before the time."""
    alpha, beta = Scripted("alpha"), Scripted("beta", answers=[Unreachable("down")])
    with over(tmp_path, alpha, beta) as world:
        send(world)
        alpha.answers = [later(world, HOUR)]
        world.kit.deliver()
        world.clock.advance(MINUTE)
        with Kit.open(f"sqlite:////{world.path}", texts=alpha, clock=world.clock) as other:
            assert other.deliver() == Delivered(again=1)
            assert len(alpha.asked) == 1
            world.clock.advance(HOUR)
            assert other.deliver() == Delivered(done=1)


def test_each_pause_is_waited_for_and_is_no_failure(tmp_path: Path) -> None:
    """A carrier that asks to wait again and again is asked once after each; it never counts as a failure."""
    alpha = Scripted("alpha")
    with over(tmp_path, alpha) as world:
        send(world)
        for number in range(1, 4):
            alpha.answers = [later(world, HOUR)]
            assert world.kit.deliver() == Delivered(again=1)
            (effect,) = world.effects(EffectState.DUE)
            assert (len(alpha.asked), effect.attempts) == (number, 0)
            assert effect.due_at - world.now >= HOUR
            world.clock.set(effect.due_at)
        assert world.kit.deliver() == Delivered(done=1)


def test_a_carrier_that_asks_to_wait_no_longer_is_asked_soon(tmp_path: Path) -> None:
    """Its time is over before the others have answered."""
    alpha, beta = Scripted("alpha"), Scripted("beta", answers=[Rejected("no credit", status=402)])
    with over(tmp_path, alpha, beta) as world:
        send(world)
        alpha.answers = [Throttled("busy")]
        assert world.kit.deliver() == Delivered(again=1)
        assert due(world) < MINUTE


# Idempotent carriers


def test_an_idempotent_carrier_is_simply_asked_again(tmp_path: Path) -> None:
    """Under the same reference; whatever else the repeat ends in says nothing about the first time."""
    alpha, beta = pair(idempotent=True, look_up=False)
    with over(tmp_path, alpha, beta) as world:
        message = send(world)
        alpha.answers = [OutcomeUnknown("lost"), Unreachable("down"), Throttled("busy"), OutcomeUnknown("lost")]
        world.settle()

        assert alpha.asked == [f"send {message.id}"] * 5
        assert beta.asked == []
        assert logged(world).vendor_id == f"alpha-{message.id}"


def test_a_no_to_the_repeat_waits_for_a_person(tmp_path: Path) -> None:
    """It may have been sent the first time: nobody else is asked, and nothing is given back."""
    alpha, beta = pair(idempotent=True, answers=[OutcomeUnknown("lost"), Rejected("no credit", status=402)])
    with over(tmp_path, alpha, beta) as world:
        send(world)
        world.settle()

        assert len(world.effects(EffectState.DEAD)) == 1
        assert beta.asked == []
        assert (logged(world).hand_over, logged(world).segments) == (HandOver.ASKED, 1)


@pytest.mark.parametrize("look_up", [True, False])
def test_a_day_later_an_idempotent_carrier_has_forgotten(tmp_path: Path, *, look_up: bool) -> None:
    """Then it is looked up, or unknown, as at any other."""
    alpha = Scripted("alpha", idempotent=True, look_up=look_up, answers=[OutcomeUnknown("lost")])
    with over(tmp_path, alpha) as world:
        message = send(world)
        world.kit.deliver()
        world.clock.advance(DAY)
        alpha.finds = [(TextReceipt(vendor_id="a1", status=TextStatus.SENT),)]
        world.kit.deliver()

        assert alpha.asked == [f"send {message.id}", *([f"find {message.id}"] if look_up else [])]
        assert logged(world).status is (Status.SENT if look_up else Status.UNKNOWN)


def test_an_asynchronous_kit_goes_over_several_carriers_too(tmp_path: Path) -> None:
    """Also over those that block."""
    import asyncio

    from servicekit.groups import FoundOrganisation

    alpha, beta = pair(answers=[Unreachable("down")])

    async def play() -> Delivered:
        async with AsyncKit.open(
            f"sqlite:////{tmp_path}/salon.db",
            texts=[alpha, beta],
            routes=[Route(carrier="alpha"), Route(carrier="beta")],
        ) as kit:
            assert kit.sources == {"alpha", "beta"}
            from servicekit import Principal
            from world import SALON

            founded = await kit.perform(
                FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example", settings=SALON), by=OPERATOR
            )
            anna = Principal.of(founded.admin.id)
            await kit.perform(SendText(user=founded.admin.id, to=MOBILE, text="Hej"), by=anna)
            return await kit.deliver()

    assert asyncio.run(play()) == Delivered(done=1)
    assert len(beta.taken) == 1
