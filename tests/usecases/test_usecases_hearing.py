"""What vendors tell: in whatever order, however often, and before we know what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carriers import Pigeons
from servicekit.bookings import Cancel
from servicekit.groups import ChangeSettings, Quota, Settings
from servicekit.messages import Direction, Message, SearchLog, SendText, Status
from servicekit.outbox.effects import EffectKind, EffectState
from servicekit.outbox.facts import TextStatus
from servicekit.testing.simulators import Outcome, WebhookFault, transport
from world import DAY, HOUR, MINUTE, NUMBERS, World, opened

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"


def send(world: World, text: str = "Hej", to: str = MOBILE) -> Message:
    """A text of Anna's."""
    return world.kit.perform(SendText(user=world.admin.id, to=to, text=text), by=world.anna)


def logged(world: World) -> tuple[Message, ...]:
    """The log, newest first."""
    page: tuple[Message, ...] = world.ask(SearchLog(group=world.root.id)).messages
    return page


def told(world: World, *calls: str) -> None:
    """The pigeons' calls, one after the other."""
    for number, call in enumerate(calls):
        world.kit.receive("pigeons", {"flight": str(number)}, call.encode())


# Delivery reports


@pytest.mark.spec("M-17")
@pytest.mark.parametrize(
    ("outcome", "final"), [(Outcome.DELIVERED, Status.DELIVERED), (Outcome.FAILED, Status.UNDELIVERED)]
)
def test_a_text_is_sent_at_the_hand_over_and_then_what_is_reported(
    world: World, outcome: Outcome, final: Status
) -> None:
    """QUEUED, SENT, and a final status; what did not arrive costs all the same."""
    world.elks.set_outcome(MOBILE, outcome)
    assert send(world).status is Status.QUEUED
    world.kit.deliver()
    assert logged(world)[0].status is Status.SENT
    world.clock.advance(MINUTE)
    world.elks.deliver_webhooks()

    (message,) = logged(world)
    assert (message.status, message.segments, message.changed_at) == (final, 1, world.now)


_FINAL = {TextStatus.DELIVERED, TextStatus.UNDELIVERED, TextStatus.UNSENT}


@pytest.mark.spec("M-17")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(TextStatus), max_size=8))
def test_reports_in_any_order_never_move_a_status_back(
    tmp_path_factory: pytest.TempPathFactory, reports: Sequence[TextStatus]
) -> None:
    """The first final status stays; before one, BUFFERED is not undone by SENT; an unknown word moves nothing."""
    with opened(tmp_path_factory.mktemp("reports"), texts=Pigeons()) as world:
        send(world)
        world.kit.deliver()
        told(world, *(f"p1 {report}" for report in reports))
        (message,) = logged(world)

    final = next((report for report in reports if report in _FINAL), None)
    held = TextStatus.BUFFERED in reports
    expected = final or (TextStatus.BUFFERED if held else TextStatus.SENT)
    assert message.status.value == expected.value
    assert message.segments == (0 if expected is TextStatus.UNSENT else 1)


@pytest.mark.spec("M-17")
def test_reports_that_come_late_twice_and_out_of_order_change_nothing_more(world: World) -> None:
    """``sent`` after ``delivered``, each doubled, and a day late."""
    world.elks.report_sent = True
    world.elks.inject(
        WebhookFault(webhook="reordered"), WebhookFault(webhook="doubled"), WebhookFault(webhook="late", seconds=86_400)
    )
    send(world, "One")
    world.kit.deliver()
    send(world, "Two")
    world.kit.deliver()
    for _ in range(3):
        world.elks.deliver_webhooks(everything=True)
        world.clock.advance(DAY)

    assert [message.status for message in logged(world)] == [Status.DELIVERED, Status.DELIVERED]
    assert [delivery.status for delivery in world.elks.deliveries] == [204] * 5


def test_a_report_told_twice_is_heard_once(world: World) -> None:
    """The second changes nothing, not even the time of the last change."""
    send(world)
    world.kit.deliver()
    world.elks.deliver_webhooks()
    before = world.tables()
    world.clock.advance(HOUR)
    world.elks.report(world.elks.state()["sms"][0]["id"], "delivered")
    world.elks.deliver_webhooks()

    assert len(world.elks.deliveries) == 2
    assert world.tables() == before


class _Hasty(httpx.BaseTransport):
    """The network to a carrier whose reports are faster than its answers."""

    def __init__(self) -> None:
        self.world: World

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = transport(self.world.elks).handle_request(request)
        self.world.elks.deliver_webhooks()
        return response


def test_a_report_before_the_answer_to_the_hand_over_is_kept_until_it_is_known(tmp_path: Path) -> None:
    """And then it counts: the text is DELIVERED, not SENT."""
    hasty = _Hasty()
    with opened(tmp_path, transport=hasty) as world:
        hasty.world = world
        send(world)
        world.kit.deliver()

        assert [delivery.status for delivery in world.elks.deliveries] == [204]
        assert [message.status for message in logged(world)] == [Status.DELIVERED]
        assert world.tables()["inbox_kept"] == []


def test_a_report_about_an_unknown_text_is_kept_and_changes_nothing(tmp_path: Path) -> None:
    """Another installation may share the carrier's account; what is kept is the whole fact."""
    with opened(tmp_path, texts=Pigeons()) as world:
        send(world)
        told(world, "p9 DELIVERED", "p1 BUFFERED")
        assert [message.status for message in logged(world)] == [Status.QUEUED]
        assert len(world.tables()["inbox_kept"]) == 2
        world.kit.deliver()

        assert [message.status for message in logged(world)] == [Status.BUFFERED]
        assert [row[1] for row in world.tables()["inbox_kept"]] == ["p9"]


def test_a_text_reported_as_never_sent_gives_back_its_quota_once(tmp_path: Path) -> None:
    """However often it is reported."""
    with opened(tmp_path, texts=Pigeons()) as world:
        world.ask(ChangeSettings(group=world.root.id, change=Settings(user_quota=Quota(2))))
        send(world, "One")
        send(world, "Two")
        world.kit.deliver()
        told(world, "p1 UNSENT", "p1 UNSENT")

        assert [send(world, text).shown for text in ("Three", "Four")] == ["QUEUED", "Personal:Salon"]


def test_a_forged_report_is_not_heard(world: World) -> None:
    """The carrier is told so, and nothing is written."""
    world.elks.inject(WebhookFault(webhook="forged"))
    send(world)
    world.kit.deliver()
    before = world.tables()
    world.elks.deliver_webhooks()

    assert [delivery.status for delivery in world.elks.deliveries] == [403]
    assert world.tables() == before


# Texts from mobiles


def receiving(world: World) -> None:
    """Let Anna have the first number."""
    world.ask(ChangeSettings(group=world.root.id, change=Settings(may_receive=True)))
    send(world, "Passar torsdag?")
    world.kit.deliver()
    world.clock.advance(MINUTE)


@pytest.mark.spec("M-17")
def test_a_text_from_a_mobile_is_logged_and_mailed_to_the_numbers_owner(mailed: World) -> None:
    """INCOMING, it costs nothing, and it stands in the log of the user's group."""
    world = mailed
    receiving(world)
    world.elks.answer_from_mobile(MOBILE, NUMBERS[0], "Ja, kl 14 😀")
    world.elks.deliver_webhooks()
    world.kit.deliver()

    message = world.ask(SearchLog(group=world.root.id, direction=Direction.IN)).messages[0]
    assert (message.status, message.segments, message.text) == (Status.INCOMING, 0, "Ja, kl 14 😀")
    assert (message.number, message.user, message.group) == (MOBILE, world.admin.id, world.root.id)
    (mail,) = world.mails()
    assert mail.rcpt_to == "anna@salon.example"
    assert mail.text.startswith("Ja, kl 14 😀")
    assert world.elks.handset(MOBILE)[1:] == ()  # our answer to the carrier's call would be sent as a text


def test_a_text_told_twice_is_mailed_once(mailed: World) -> None:
    """The carrier repeats what it believes we missed."""
    world = mailed
    receiving(world)
    world.elks.inject(WebhookFault(webhook="doubled", event="inbound"))
    world.elks.answer_from_mobile(MOBILE, NUMBERS[0], "Ja")
    world.elks.deliver_webhooks()
    world.kit.deliver()

    assert len(world.mails()) == 1
    assert [message.text for message in logged(world)] == ["Ja", "Passar torsdag?"]


def test_the_mail_quotes_the_last_text_that_went_out(mailed: World) -> None:
    """Not one that a quota or the loop guard refused, and nothing where nothing was sent; each number is a thread."""
    world = mailed
    receiving(world)
    for text in ("Passar torsdag?", "x" * 3000):
        world.clock.advance(MINUTE)
        assert send(world, text).segments == 0
    world.elks.answer_from_mobile(MOBILE, NUMBERS[0], "Ja")
    world.elks.answer_from_mobile("+46701740606", NUMBERS[0], "Hej")
    world.elks.deliver_webhooks()
    world.kit.deliver()

    known, new = sorted(world.mails(), key=lambda mail: mail.text, reverse=True)
    assert known.text.splitlines()[-1] == "> Passar torsdag?"
    assert new.text.strip() == "Hej"
    assert known.message["References"] != new.message["References"]


def test_a_text_to_a_number_of_nobodys_is_kept(mailed: World) -> None:
    """It is in no log and no mailbox."""
    world = mailed
    world.elks.answer_from_mobile(MOBILE, NUMBERS[2], "Hello?")
    world.elks.deliver_webhooks()
    world.kit.deliver()

    assert [delivery.status for delivery in world.elks.deliveries] == [204]
    assert logged(world) == ()
    assert world.mails() == ()
    assert [row[1] for row in world.tables()["inbox_kept"]] == [f"to {NUMBERS[2]}"]


@pytest.mark.parametrize("gateway", ["", "sms.example"])
def test_without_a_mail_server_a_text_is_only_logged(tmp_path: Path, gateway: str) -> None:
    """Or without a domain from which it could be answered."""
    with opened(tmp_path, gateway_domain=gateway) as world:
        receiving(world)
        world.elks.answer_from_mobile(MOBILE, NUMBERS[0], "Ja")
        world.elks.deliver_webhooks()

        assert [message.text for message in logged(world)] == ["Ja", "Passar torsdag?"]
        assert world.effects(EffectState.DUE) == []


# Meetings


def test_a_meeting_deleted_at_the_vendor_is_made_anew(world: World) -> None:
    """Where its booking still wants it; the client is told the new link, and the old marker finds nothing new."""
    booking = world.book(world.advice)
    world.settle()
    (before,) = world.zoom_meetings()
    world.zoom.delete_meeting(before.id)
    world.zoom.deliver_webhooks()
    assert {effect.kind for effect in world.effects(EffectState.DUE)} == {EffectKind.MEETING, EffectKind.NOTICE}
    world.settle()

    (after,) = world.zoom_meetings()
    assert (after.marker, after.starts) == (f"sk:{booking.id}:2", before.starts)
    assert after.join_url != before.join_url


def test_our_own_removal_comes_back_and_changes_nothing(world: World) -> None:
    """The vendor tells us of that as well."""
    booking = world.book(world.advice)
    world.settle()
    world.kit.perform(Cancel(booking.id), by=world.anna)
    world.settle()
    before = {**world.tables(), "inbox": []}
    world.zoom.deliver_webhooks()

    assert [delivery.event for delivery in world.zoom.deliveries] == ["meeting.deleted"]
    assert {**world.tables(), "inbox": []} == before
    assert world.zoom_meetings() == []


def test_a_meeting_that_goes_before_its_cancelling_is_carried_out_is_not_made_anew(world: World) -> None:
    """The booking does not want it any more."""
    booking = world.book(world.advice)
    world.settle()
    world.kit.perform(Cancel(booking.id), by=world.anna)
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.zoom.deliver_webhooks()
    world.settle()

    assert world.zoom_meetings() == []
    assert world.effects(EffectState.DEAD) == []


def test_a_meeting_that_has_taken_place_may_be_tidied_up(world: World) -> None:
    """Nobody needs it any more; nothing is made anew, and nobody is bothered."""
    world.book(world.advice)
    world.settle()
    world.clock.advance(DAY + HOUR)
    world.zoom.delete_meeting(world.zoom_meetings()[0].id)
    world.zoom.deliver_webhooks()
    world.settle()

    assert world.zoom_meetings() == []
    assert world.effects(EffectState.DEAD) == world.effects(EffectState.DUE) == []


def test_a_meeting_of_nobodys_is_passed_over(world: World) -> None:
    """The account may hold others; and that the app was removed is taken in without a change."""
    before = {**world.tables(), "inbox": []}
    other = httpx.Client(transport=transport(world.zoom))
    with other:
        login = (world.zoom.client_id, world.zoom.client_secret)
        form = {"grant_type": "account_credentials", "account_id": world.zoom.account_id}
        token = other.post("https://zoom.us/oauth/token", data=form, auth=login).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        made = other.post("https://api.zoom.us/v2/users/me/meetings", json={"topic": "Yoga"}, headers=headers).json()
    world.zoom.delete_meeting(made["id"])
    world.zoom.deauthorize()
    world.zoom.deliver_webhooks()

    assert [delivery.status for delivery in world.zoom.deliveries] == [204, 204]
    assert {**world.tables(), "inbox": []} == before
