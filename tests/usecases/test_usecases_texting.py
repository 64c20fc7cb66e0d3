"""Texts: number, signature, segments, loop guard and quotas, in that order; what refuses is logged and costs nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import children
from processes import race
from servicekit import Principal
from servicekit.errors import Invalid
from servicekit.groups import AddGroup, AddUsers, ChangeSettings, Group, Quota, Settings
from servicekit.ids import UserId
from servicekit.messages import Direction, HandOver, LogPage, Message, SearchLog, SendText, Status
from servicekit.outbox.effects import EffectState
from servicekit.sms import split
from servicekit.testing.simulators import Fault
from world import DAY, EVA_MOBILE, HOUR, MINUTE, NUMBERS, World

pytest_plugins = ("world_fixtures",)

MOBILE = "+46701740605"


def send(world: World, text: str = "Hej", to: str = MOBILE, *, user: UserId | None = None) -> Message:
    """A text by a user, itself or Anna."""
    who = user or world.admin.id
    return world.kit.perform(SendText(user=who, to=to, text=text), by=Principal.of(who))


def change(world: World, group: Group | None = None, **settings_: Any) -> None:
    """Set what is said for a group, the root unless said."""
    world.ask(ChangeSettings(group=(group or world.root).id, change=Settings(**settings_)))


def team(world: World, name: str, *, parent: Group | None = None, **settings_: Any) -> tuple[Group, UserId]:
    """A group with a user."""
    made: Group = world.ask(AddGroup(parent=(parent or world.root).id, name=name, settings=Settings(**settings_)))
    (added,) = world.ask(AddUsers(group=made.id, addresses=(f"{name.lower()}@salon.example",)))
    return made, added.user


def log(world: World, **narrowed: Any) -> LogPage:
    """The log of the whole organisation."""
    page: LogPage = world.ask(SearchLog(group=world.root.id, **narrowed))
    return page


def texts(world: World, to: str = MOBILE) -> list[str]:
    """What stands on a phone."""
    return [text.text for text in world.elks.handset(to)]


# What can be sent at all


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "\x07", "a\x7f", "\ud83d", "\udc00a"])
def test_what_no_phone_shows_is_refused(world: World, text: str) -> None:
    """Control characters and halves of pairs, with their place; nothing is written. PostgreSQL could not even store some."""
    refused = world.refused(SendText(user=world.admin.id, to=MOBILE, text=f"Hej {text}"))
    assert (type(refused), refused.code) == (Invalid, "control_character")
    assert refused.facts["position"] == 4 + next(at for at, char in enumerate(text) if not char.isprintable())


def test_line_breaks_tabs_and_form_feeds_may_stay(world: World) -> None:
    """The GSM alphabet has a form feed."""
    assert send(world, "Hej\r\n\tdu\n\x0c!").status is Status.QUEUED


# Numbers, senders, signatures


@pytest.mark.spec("M-08")
@pytest.mark.parametrize(
    ("country_code", "written", "number"),
    [
        (46, "0701234567", "+46701234567"),
        (46, "070-123 45 67", "+46701234567"),
        (46, "+41791234567", "+41791234567"),
        (41, "0791234567", "+41791234567"),
        (41, "+46701234567", "+46701234567"),
    ],
)
def test_national_numbers_get_the_groups_country_code(
    world: World, country_code: int, written: str, number: str
) -> None:
    """A number with ``+`` is left alone; the text reaches that phone."""
    change(world, country_code=country_code)

    assert send(world, to=written).number == number
    world.kit.deliver()
    assert texts(world, number) == ["Hej"]


@pytest.mark.parametrize("to", ["", "abc", "+", "12", "0701", "+4618123456", "call me"])
def test_a_number_that_is_none_is_refused(world: World, to: str) -> None:
    """With what a number looks like; nothing is logged."""
    refused = world.refused(SendText(user=world.admin.id, to=to, text="Hej"))

    assert isinstance(refused, Invalid)
    assert refused.code in {"not_a_number", "impossible_number", "not_mobile"}
    assert any(word in refused.message for word in ("write a mobile number", "check the", "use a mobile number"))


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_an_empty_text_is_refused(world: World, text: str) -> None:
    """A signature alone is nobody's message."""
    change(world, signature="/Salon")
    refused = world.refused(SendText(user=world.admin.id, to=MOBILE, text=text))

    assert (type(refused), refused.code) == (Invalid, "empty_text")
    assert "write a text" in refused.message


def test_half_a_character_is_refused(world: World) -> None:
    """A lone surrogate can be put into no SMS."""
    refused = world.refused(SendText(user=world.admin.id, to=MOBILE, text="Hej \ud83d"))

    assert (type(refused), refused.code) == (Invalid, "control_character")


def test_the_groups_signature_is_appended_and_counts(world: World) -> None:
    """On a line of its own; a group below inherits it, or has none of its own choice."""
    change(world, signature="/Salon")
    _, max_ = team(world, "Max")
    _, ida = team(world, "Ida", signature="")
    sent = [send(world, "x" * 153), send(world, "Hej", user=max_), send(world, "Hi", user=ida)]
    world.kit.deliver()

    assert [message.segments for message in sent] == [1, 1, 1]
    assert set(texts(world)) == {"x" * 153 + "\n/Salon", "Hej\n/Salon", "Hi"}
    assert send(world, "x" * 154).segments == 2


@pytest.mark.spec("M-06")
def test_a_group_that_may_not_receive_sends_under_its_name(world: World) -> None:
    """And takes no number from the pool."""
    change(world, may_receive=True)
    _, max_ = team(world, "Max", may_receive=False, sender_name="Haus Max")
    message = send(world, user=max_)
    world.kit.deliver()

    assert [text.sender for text in world.elks.handset(MOBILE)] == ["Haus Max"] == [message.sender]
    with world.look() as store:
        assert store.users.get(max_).number is None
    assert {row[1] for row in world.tables()["numbers"]} == {None}


def test_a_user_that_may_receive_sends_from_a_number_of_its_own(world: World) -> None:
    """The same for every text; another user has another; without a free one, the group's name stands in."""
    change(world, may_receive=True)
    users = [world.admin.id, *(team(world, name)[1] for name in ("Max", "Ida", "Uli"))]

    senders = [send(world, f"Hej {time}", user=user).sender for user in users for time in (1, 2)]
    assert senders == [sender for own in (*NUMBERS, "Salon") for sender in (own, own)]


def test_without_number_and_name_there_is_no_sender(world: World) -> None:
    """The refusal says what to set; nothing is logged, no number is taken."""
    change(world, sender_name="")
    refused = world.refused(SendText(user=world.admin.id, to=MOBILE, text="Hej"))

    assert (type(refused), refused.code, refused.facts) == (Invalid, "no_sender", {"group": world.root.id})
    assert "set a sender name, or let it receive" in refused.message


def test_an_administrator_may_send_for_a_user(world: World) -> None:
    """Then it is the user's text: its name, its quota, its place in the log."""
    shop, max_ = team(world, "Max", sender_name="Haus Max", user_quota=Quota(1))
    message: Message = world.ask(SendText(user=max_, to=MOBILE, text="Hej"))

    assert (message.user, message.group, message.sender) == (max_, shop.id, "Haus Max")
    assert send(world, "Mer", user=max_).shown == "Personal:Max"


# Segments


@pytest.mark.spec("M-11")
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, [160]),
        ("a" * 161, [153, 8]),
        ("a" * 306, [153, 153]),
        ("a" * 307, [153, 153, 1]),
        ("€" * 80, [80]),
        ("a" * 152 + "€" + "a" * 100, [152, 101]),  # the extension character takes two septets and is never cut
        ("ж" * 70, [70]),
        ("ж" * 71, [67, 4]),
        ("ж" * 66 + "😀" + "ж" * 10, [66, 11]),  # nor is a surrogate pair
    ],
)
def test_a_text_takes_as_many_sms_as_the_alphabet_says(world: World, text: str, parts: list[int]) -> None:
    """160 or 153 septets, 70 or 67 UTF-16 units; the phone gets those parts, and the carrier counted the same."""
    message = send(world, text)
    world.kit.deliver()
    (arrived,) = world.elks.handset(MOBILE)

    assert message.segments == len(parts)
    assert [len(part) for part in arrived.parts] == parts
    assert [part.text for part in split(text)] == list(arrived.parts)
    assert log(world).messages[0].detail == ""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("aå€[ж😀\n "), min_size=1, max_size=320).filter(str.strip))
@pytest.mark.spec("M-11")
def test_f79_what_is_charged_is_what_the_carrier_counts(world: World, text: str) -> None:
    """F-79: for any text, our segments, the parts of our own split, and those on the phone are as many."""
    change(world, most_segments=255)
    world.clock.advance(2 * DAY)
    message = send(world, text)
    world.kit.deliver()
    arrived = world.elks.handset(MOBILE)[-1]

    assert message.segments == len(arrived.parts) == len(split(text))
    assert "".join(arrived.parts) == text


@pytest.mark.spec("M-12")
@pytest.mark.parametrize(("most", "longest"), [(None, 9 * 153), (2, 306), (1, 160)])
def test_a_text_of_too_many_segments_is_not_sent(world: World, most: int | None, longest: int) -> None:
    """At most nine, or the group's own bound; the log says how many it had, and it costs nothing."""
    if most is not None:
        change(world, most_segments=most)
    allowed = most or 9
    refused, sent = send(world, "a" * (longest + 1)), send(world, "a" * longest)
    world.kit.deliver()

    assert (refused.status, refused.segments, refused.hand_over) == (Status.TOO_LONG, 0, HandOver.NONE)
    assert refused.detail == f"{2 if most == 1 else allowed + 1} segments, {allowed} allowed"
    assert sent.segments == allowed
    assert texts(world) == ["a" * longest]
    assert {message.shown for message in log(world).messages} == {"too_many_segments", "SENT"}


# The loop guard


@pytest.mark.spec("M-07")
def test_the_same_text_to_the_same_number_is_sent_once_a_day(world: World) -> None:
    """By the same user, within 24 hours; it is logged with its status and costs nothing."""
    first = send(world, "Larm!")
    world.clock.advance(DAY - MINUTE)
    again = send(world, "Larm!")
    world.clock.advance(MINUTE)
    next_day = send(world, "Larm!")
    world.kit.deliver()

    assert [message.status for message in (first, again, next_day)] == [
        Status.QUEUED,
        Status.ALREADY_SENT,
        Status.QUEUED,
    ]
    assert (again.shown, again.segments) == ("sms_already_sent_24H", 0)
    assert texts(world) == ["Larm!", "Larm!"]


@pytest.mark.spec("M-07")
def test_another_text_another_number_or_another_user_passes(world: World) -> None:
    """A time in the text makes it another one."""
    _, max_ = team(world, "Max")
    send(world, "Larm! 12:00")
    others = [send(world, "Larm! 12:01"), send(world, "Larm! 12:00", EVA_MOBILE), send(world, "Larm! 12:00", user=max_)]

    assert {message.status for message in others} == {Status.QUEUED}


def test_a_text_that_a_quota_refused_may_come_again(world: World) -> None:
    """It has not been sent, so the guard does not hold it once there is room."""
    change(world, user_quota=Quota(0))
    assert send(world).status is Status.PERSONAL
    change(world, user_quota=Quota(1))

    assert send(world).status is Status.QUEUED


# Quotas


@pytest.mark.spec("M-18", "M-23")
def test_the_limit_that_strikes_first_is_named(world: World) -> None:
    """The user's own, then its group's, then each above; it costs nothing and stands in the log."""
    region, _ = team(world, "Region", group_quota=Quota(30))
    shop, max_ = team(world, "Shop", parent=region, user_quota=Quota(3), group_quota=Quota(5))
    (ida,) = world.ask(AddUsers(group=shop.id, addresses=("ida@salon.example",)))
    change(world, group_quota=Quota(6))

    shown = [send(world, f"a{n}", user=max_).shown for n in range(4)]
    shown += [send(world, f"b{n}", user=ida.user).shown for n in range(3)]
    shown += [send(world, f"c{n}").shown for n in range(2)]
    assert shown == [
        *["QUEUED"] * 3,
        "Personal:Shop",  # Max has sent his three
        *["QUEUED"] * 2,
        "Group:Shop",  # Ida has sent two of her three, and the shop five
        "QUEUED",  # the root's sixth; the shop's five count there as well
        "Group:Salon",
    ]
    assert [message.segments for message in log(world, status=Status.PERSONAL).messages] == [0]
    assert sum(message.segments for message in log(world).messages) == log(world).segments == 6


@pytest.mark.spec("M-23")
def test_a_group_far_above_counts_all_that_is_below(world: World) -> None:
    """A limit of the middle strikes for what two groups below have sent, and names the middle."""
    region, _ = team(world, "Region", group_quota=Quota(2))
    users = [team(world, name, parent=region)[1] for name in ("East", "West")]

    assert [send(world, user=user).shown for user in users] == ["QUEUED", "QUEUED"]
    assert [send(world, "more", user=user).shown for user in users] == ["Group:Region", "Group:Region"]
    assert send(world).shown == "QUEUED"


@pytest.mark.spec("M-22")
@pytest.mark.parametrize(
    ("quota", "shown"),
    [
        (Quota(None), ["QUEUED", "QUEUED", "QUEUED"]),
        (Quota(0), ["Personal:Salon", "Personal:Salon", "Personal:Salon"]),
        (Quota(1), ["QUEUED", "Personal:Salon", "Personal:Salon"]),
        (Quota(1, days=7), ["QUEUED", "Personal:Salon", "QUEUED"]),
    ],
)
def test_a_quota_is_unlimited_a_number_or_may_not_send(world: World, quota: Quota, shown: list[str]) -> None:
    """Its window is a number of days back from now, or none: then what was sent counts for ever."""
    change(world, user_quota=quota)
    sent = [send(world, "now").shown]
    world.clock.advance(6 * DAY)
    sent.append(send(world, "within the week").shown)
    world.clock.advance(DAY + HOUR)
    sent.append(send(world, "after it").shown)

    assert sent == shown


@pytest.mark.spec("M-29")
def test_eight_processes_send_no_more_than_the_quota(world: World) -> None:
    """Each wants ten texts, twelve are left: twelve are queued, and each phone gets its one."""
    change(world, group_quota=Quota(12))
    wishes = [SendText(user=world.admin.id, to=MOBILE, text=f"Text {number}") for number in range(40)]
    outcomes = race(children.perform, str(world.path), wishes, world.anna, world.now)
    world.kit.deliver()

    counted = [outcome for mine in outcomes for outcome in mine]
    assert counted.count("QUEUED") == 12
    assert set(counted) == {"QUEUED", "Group:Salon", "sms_already_sent_24H"}
    assert sorted(texts(world)) == sorted(set(texts(world)))
    assert len(texts(world)) == 12 == log(world, most=1000).segments


@pytest.mark.spec("M-29")
def test_f78_a_text_that_was_never_handed_over_gives_back_what_it_reserved(world: World) -> None:
    """F-78: its segments, in every limit it was reserved under, and the loop guard: it may be sent again."""
    change(world, user_quota=Quota(1, days=30), group_quota=Quota(1))
    world.elks.inject(Fault.error("POST", "/sms$", status=400))
    first = send(world)
    assert send(world, "Another").shown == "Personal:Salon"
    world.kit.deliver()

    (after,) = log(world, status=Status.UNSENT).messages
    assert (after.id, after.segments, after.hand_over) == (first.id, 0, HandOver.FAILED)
    assert "46elks answered 400" in after.detail
    again = send(world)
    world.kit.deliver()
    assert again.status is Status.QUEUED
    assert texts(world) == ["Hej"]
    assert send(world, "Another").shown == "Personal:Salon"


def test_texts_of_the_organisation_itself_count_in_its_group(world: World) -> None:
    """A confirmation has no user: no personal limit and no loop guard hold it, the group's quota does."""
    change(world, user_quota=Quota(0), group_quota=Quota(2))
    for days in (1, 2, 3):
        world.book(world.haircut, starts=world.now + days * DAY)
    world.settle()

    assert sorted(message.shown for message in log(world).messages) == ["Group:Salon", "SENT", "SENT"]
    assert {message.user for message in log(world).messages} == {None}
    assert len(texts(world, EVA_MOBILE)) == 2
    assert world.effects(EffectState.DEAD) == []


def test_a_confirmation_that_was_refused_gives_back_its_segments(world: World) -> None:
    """Though no guard had to let it pass."""
    change(world, group_quota=Quota(1))
    world.elks.inject(Fault.error("POST", "/sms$", status=400))
    world.book(world.haircut)
    world.settle()

    assert log(world).segments == 0
    assert send(world).status is Status.QUEUED


# The log


def test_the_log_shows_a_group_with_all_below_it(world: World) -> None:
    """Newest first, between two times, narrowed by user, number, direction and status."""
    region, _ = team(world, "Region")
    _, max_ = team(world, "Max", parent=region)
    send(world, "root")
    world.clock.advance(HOUR)
    send(world, "max", user=max_)
    world.clock.advance(HOUR)
    send(world, "eva", EVA_MOBILE)

    def found(**narrowed: Any) -> list[str]:
        return [message.text for message in log(world, **narrowed).messages]

    assert found() == ["eva", "max", "root"]
    assert [message.text for message in world.ask(SearchLog(group=region.id)).messages] == ["max"]
    assert found(most=1) == ["eva"]
    assert found(user=max_) == ["max"]
    assert found(number=EVA_MOBILE) == ["eva"]
    assert found(direction=Direction.IN) == []
    assert found(status=Status.QUEUED, since=world.now - HOUR, until=world.now) == ["max"]


@pytest.mark.parametrize("most", [0, -1, 1001])
def test_a_page_of_the_log_has_1_to_1000_rows(world: World, most: int) -> None:
    """Anything else is refused, with the bounds."""
    refused = world.refused(SearchLog(group=world.root.id, most=most))

    assert (type(refused), refused.code, refused.facts) == (Invalid, "page_size", {"most": most})
    assert "1 to 1000 rows" in refused.message
    assert log(world, most=1000).messages == ()


def test_a_text_keeps_the_group_that_its_user_had(world: World) -> None:
    """Moving a user moves no history: what it sent stays in the log of the group it was in."""
    shop, max_ = team(world, "Max")
    other, _ = team(world, "Other")
    message = send(world, user=max_)
    world.ask(AddUsers(group=other.id, addresses=("max@salon.example",)))

    assert world.ask(SearchLog(group=shop.id)).messages == (message,)
    assert world.ask(SearchLog(group=other.id)).messages == ()


# Destinations


@pytest.mark.spec("M-36")
@pytest.mark.parametrize(
    ("settings_", "to", "allowed"),
    [
        ({}, MOBILE, True),
        ({}, "+4791234567", False),
        ({"destinations": ("NO",)}, "+4791234567", True),
        ({"destinations": ("NO",)}, MOBILE, True),
        ({"country_code": 47}, "+4791234567", True),
        ({"country_code": 47}, MOBILE, False),
        ({"country_code": 1}, "+14165550123", False),
        ({"country_code": 1, "destinations": ("CA",)}, "+14165550123", True),
        ({}, "+881612345678", False),
        ({}, "0900-123456", False),
        ({"costly_numbers": ("+46900123456",)}, "0900-123456", True),
        ({"costly_numbers": ("+46900123456",)}, "0900-123457", False),
        ({}, "72456", False),
        ({"costly_numbers": ("72456",)}, "72456", True),
    ],
)
def test_texts_go_to_the_own_country_and_to_what_is_named(
    world: World,
    settings_: dict[str, Any],
    to: str,
    allowed: bool,
) -> None:
    """Other countries, premium numbers and short codes only where the group says so; what is refused is logged and costs 0."""
    change(world, destinations=(), may_receive=True, user_quota=Quota(1))
    change(world, **settings_)
    message = send(world, to=to)
    world.kit.deliver()

    assert message.status is (Status.QUEUED if allowed else Status.DESTINATION)
    assert (message.segments, message.hand_over is HandOver.NONE) == ((1, False) if allowed else (0, True))
    assert log(world, status=None).messages[0].number == message.number
    if not allowed:
        assert message.shown == "destination_not_allowed"
        assert "not named" in message.detail or "not listed" in message.detail
        assert message.sender == "", "a number of the pool was taken for nothing"
        assert send(world, to="+46701740605" if "country_code" not in settings_ else to).status is not Status.PERSONAL


def test_destinations_are_inherited_and_closed_again(world: World) -> None:
    """A group below sends where the root does, until it says otherwise; a notice is bound by the root's."""
    change(world, destinations=("NO",))
    _, max_ = team(world, "Max")
    _, ida = team(world, "Ida", destinations=())
    assert send(world, to="+4791234567", user=max_).status is Status.QUEUED
    assert send(world, to="+4791234567", user=ida).status is Status.DESTINATION
