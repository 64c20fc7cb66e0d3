"""Settings through the kit: inherited, unlimited or a value; where they come from; locks; signatures of users."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from servicekit import Principal
from servicekit.errors import Forbidden, Invalid, NotFound, Refused
from servicekit.groups import (
    AddGroup,
    ChangeOwnMobile,
    ChangeOwnSignature,
    ChangeSettings,
    GetSettings,
    Lock,
    Quota,
    Setting,
    Settings,
)
from servicekit.ids import UserId
from servicekit.messages import Status
from town import Town, rivals, town


@pytest.fixture
def it() -> Iterator[Town]:
    """Ettstad, whose root sets some things."""
    with town(signature="/Ettstad", country_code=46, user_quota=Quota(5, 30)) as made:
        yield made


def code(refused: Refused) -> tuple[type[Refused], str]:
    """What kind of refusal it is."""
    return type(refused), refused.code


# Inheritance


@pytest.mark.spec("M-20", "M-21")
def test_each_setting_says_which_group_it_came_from(it: Town) -> None:
    """By id and name: its own, one from above, or nobody's, which is the default."""
    school = it.group("School", signature="/School")
    shown = it.ask(GetSettings(it.group("Class", school, may_receive=True).id))

    assert shown["signature"] == Setting(value="/School", source=school.id, source_name="School", inherited=True)
    assert shown["country_code"] == Setting(value=46, source=it.root.id, source_name="Ettstad", inherited=True)
    assert (shown["may_receive"].value, shown["may_receive"].inherited) == (True, False)
    assert shown["most_segments"] == Setting(value=9, source=None, source_name="", inherited=False)
    assert shown["group_quota"].value == Quota(None)
    assert set(shown) == set(Settings.__annotations__)


@pytest.mark.spec("M-20", "M-22")
def test_inherited_unlimited_and_a_value_are_three_things(it: Town) -> None:
    """Set one after the other, and back; each setting on its own."""
    school = it.group("School")

    def holds() -> tuple[object, bool]:
        shown = it.ask(GetSettings(school.id))["user_quota"]
        return shown.value, shown.inherited

    assert holds() == (Quota(5, 30), True)
    it.set(school, user_quota=Quota(None), signature="/School")
    assert holds() == (Quota(None), False)
    it.set(school, user_quota=Quota(2, 1))
    assert holds() == (Quota(2, 1), False)
    after = it.set(school, "user_quota")
    assert holds() == (Quota(5, 30), True)
    assert after.settings == Settings(signature="/School")


@pytest.mark.spec("M-26")
def test_who_may_not_look_up_does_not_learn_where_a_setting_comes_from(it: Town) -> None:
    """The value holds all the same, and that it is inherited is said."""
    school = it.group("School")
    eva = it.grant(it.user("eva", school), school)

    assert it.ask(GetSettings(school.id), eva)["signature"] == Setting(
        value="/Ettstad", source=None, source_name="", inherited=True
    )


@pytest.mark.parametrize(
    ("inherit", "expected"),
    [(("colour",), "unknown_setting"), (("signature",), "set_and_inherited")],
)
def test_what_cannot_be_inherited_again(it: Town, inherit: tuple[str, ...], expected: str) -> None:
    """A name that is no setting, and one that is set at once."""
    refused = it.refused(ChangeSettings(group=it.root.id, change=Settings(signature="/X"), inherit=inherit))
    assert code(refused) == (Invalid, expected)


@pytest.mark.spec("M-12", "M-15")
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"sender_name": "Tolv tecken!"}, "bad_sender_length"),
        ({"country_code": 999}, "bad_country_code"),
        ({"most_segments": 256}, "bad_limit"),
        ({"user_most_segments": 256}, "bad_limit"),
        ({"signature": "x" * 613}, "long_signature"),
    ],
)
def test_what_would_refuse_every_text_is_refused_when_it_is_set(
    it: Town, settings: dict[str, Any], expected: str
) -> None:
    """A sender name of twelve characters, a country that does not exist, bounds that no message has, an endless signature."""
    assert code(it.refused(ChangeSettings(group=it.root.id, change=Settings(**settings)))) == (Invalid, expected)
    assert code(it.refused(AddGroup(parent=it.root.id, name="X", settings=Settings(**settings)))) == (Invalid, expected)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"destinations": ("XX",)}, "unknown_country"),
        ({"costly_numbers": ("0900123456",)}, "not_listable"),
        ({"alarm_senders": ("anna",)}, "not_an_address"),
        ({"trusted_relays": ("0.0.0.0/0",)}, "wide_relay"),
        ({"trusted_relays": ("127.0.0.1",)}, "local_relay"),
        ({"trusted_relays": ("mail.ettstad.example",)}, "not_a_network"),
    ],
)
def test_what_opens_the_gateway_to_nobody_is_refused(it: Town, settings: dict[str, Any], expected: str) -> None:
    """When it is set, and when a group is made with it; nothing is written."""
    for command in (
        ChangeSettings(group=it.root.id, change=Settings(**settings)),
        AddGroup(parent=it.root.id, name="School", settings=Settings(**settings)),
    ):
        assert code(it.refused(command)) == (Invalid, expected)


def test_addresses_of_machines_are_kept_as_they_are_compared(it: Town) -> None:
    """In lower case, their domain in ASCII; and they are bound by the lock on permissions."""
    it.tell(ChangeSettings(group=it.root.id, change=Settings(alarm_senders=("Frys@Bücher.Example",))))
    assert it.ask(GetSettings(it.root.id))["alarm_senders"].value == ("frys@xn--bcher-kva.example",)
    it.tell(ChangeSettings(group=it.root.id, inherit=("alarm_senders",)))
    assert it.ask(GetSettings(it.root.id))["alarm_senders"].value == ()


def test_a_signature_of_four_segments_is_taken(it: Town) -> None:
    """And a sender name that is empty again: the group then has none."""
    assert it.set(it.root, signature="x" * 612, sender_name="").settings.sender_name == ""


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda: Quota(-1), "negative_quota"),
        (lambda: Quota(5, 0), "empty_quota_window"),
        (lambda: Settings(user_most_segments=0), "no_segments"),
        (lambda: Settings(permissions_lock=Lock.EVERYONE), "lock_for_everyone"),
    ],
)
def test_what_makes_no_sense_cannot_even_be_said(wrong: Any, expected: str) -> None:
    """A negative quota, a window of no days, a bound below one segment, permissions for everyone."""
    with pytest.raises(Invalid) as caught:
        wrong()
    assert caught.value.code == expected


# Segments


@pytest.mark.spec("M-12")
def test_the_group_bounds_all_below_it_and_its_users_more_closely(it: Town) -> None:
    """The lowest bound for groups on the path, and the nearest for users; a longer text is logged as too long and costs 0."""
    it.set(it.root, most_segments=3)
    school = it.group("School", most_segments=8)
    pupils = it.group("Pupils", school, user_most_segments=1)
    eva, max_ = it.user("eva", school), it.user("max", pupils)
    it.set(it.root, "signature", "user_quota")

    assert it.send(eva, 3).status is Status.QUEUED
    too_long = it.send(eva, 4)
    assert (too_long.status, too_long.segments, too_long.detail) == (Status.TOO_LONG, 0, "4 segments, 3 allowed")
    assert it.send(max_, 1).status is Status.QUEUED
    assert it.send(max_, 2).detail == "2 segments, 1 allowed"


# Locks


@pytest.mark.spec("M-24")
def test_a_lock_binds_who_administers_only_groups_below(it: Town) -> None:
    """Permissions and signature apart; the locking group's own administrators and those above are free, and so is the rest."""
    school = it.group("School")
    lesson = it.group("Class", school)
    head = it.grant(it.user("head", school), school)
    teacher = it.grant(it.user("teacher", lesson), lesson)
    it.set(school, permissions_lock=Lock.LOCKED)

    refused = it.refused(ChangeSettings(group=lesson.id, change=Settings(user_quota=Quota(9), signature="/C")), teacher)
    assert code(refused) == (Forbidden, "locked")
    assert refused.facts == {"settings": ["user_quota"]}
    assert "School" not in refused.message
    assert code(it.refused(ChangeSettings(group=lesson.id, inherit=("country_code",)), teacher)) == (
        Forbidden,
        "locked",
    )
    it.set(lesson, signature="/C", sender_name="Class", by=teacher)
    it.set(lesson, user_quota=Quota(9), by=head)
    it.set(school, user_quota=Quota(9), by=head)
    it.set(lesson, user_quota=Quota(8))

    it.set(school, "permissions_lock", signature_lock=Lock.LOCKED, by=head)
    it.set(lesson, user_quota=Quota(7), by=teacher)
    refused = it.refused(ChangeSettings(group=lesson.id, change=Settings(signature="/D")), teacher)
    assert refused.facts == {"settings": ["signature"]}


@pytest.mark.spec("M-24")
def test_a_lock_is_named_to_who_may_see_the_group(it: Town) -> None:
    """Somebody with another right there learns where to ask."""
    school = it.group("School")
    head = it.user("head", school)
    it.grant(head, it.root, "log:read")
    it.set(it.root, permissions_lock=Lock.LOCKED)
    refused = it.refused(ChangeSettings(group=school.id, change=Settings(may_receive=True)), it.grant(head, school))

    assert refused.facts == {"settings": ["may_receive"], "group": it.root.id}
    assert "in the group Ettstad" in refused.message


@pytest.mark.spec("M-24")
def test_a_lock_cannot_be_got_round_by_a_new_group(it: Town) -> None:
    """Nor lifted from below: the lock is one of the settings that it locks."""
    school = it.group("School")
    head = it.grant(it.user("head", school), school)
    it.set(it.root, permissions_lock=Lock.LOCKED, signature_lock=Lock.LOCKED)

    for settings in (
        Settings(group_quota=Quota(None)),
        Settings(permissions_lock=Lock.ADMINS),
        Settings(signature_lock=Lock.EVERYONE),
        Settings(signature=""),
    ):
        assert code(it.refused(AddGroup(parent=school.id, name="X", settings=settings), head)) == (Forbidden, "locked")
        assert code(it.refused(ChangeSettings(group=school.id, change=settings), head)) == (Forbidden, "locked")
    assert it.tell(AddGroup(parent=school.id, name="X", settings=Settings(sender_name="X")), head).parent == school.id


# Signatures


@pytest.mark.spec("M-14", "M-24")
def test_users_change_or_remove_their_signature_where_everyone_may(it: Town) -> None:
    """The group's is the default and comes back; where it is closed again, what users have set does not count."""
    it.set(it.root, "user_quota", signature_lock=Lock.EVERYONE)
    user = it.user("eva")
    eva = Principal.of(user)

    def signed() -> str:
        it.sent += 1
        return it.send(user, text=f"Hi {it.sent}").text.partition("\n")[2]

    assert signed() == "/Ettstad"
    assert it.tell(ChangeOwnSignature(user=user, signature="/Eva"), eva).signature == "/Eva"
    assert signed() == "/Eva"
    it.tell(ChangeOwnSignature(user=user, signature=""), eva)
    assert signed() == ""
    it.set(it.root, signature_lock=Lock.ADMINS)
    assert signed() == "/Ettstad"
    refused = it.refused(ChangeOwnSignature(user=user, signature="/Eva"), eva)
    assert (code(refused), refused.facts) == ((Forbidden, "locked"), {"settings": ["signature"]})
    it.set(it.root, signature_lock=Lock.EVERYONE)
    it.tell(ChangeOwnSignature(user=user, signature=None), eva)
    assert signed() == "/Ettstad"


@pytest.mark.spec("M-14", "M-24")
def test_a_signature_counts_as_part_of_the_text(it: Town) -> None:
    """Whoever's it is: what it makes longer costs, and an endless one is refused."""
    it.set(it.root, "user_quota", signature_lock=Lock.EVERYONE)
    user = it.user("eva")
    it.tell(ChangeOwnSignature(user=user, signature="/" + "E" * 30), Principal.of(user))

    assert it.send(user, text="x" * 128).segments == 1
    assert it.send(user, text="x" * 129).segments == 2
    refused = it.refused(ChangeOwnSignature(user=user, signature="x" * 613), Principal.of(user))
    assert code(refused) == (Invalid, "long_signature")


def test_a_users_signature_is_nobody_elses_affair(it: Town) -> None:
    """Another user is told so; a stranger learns nothing; an administrator may."""
    it.set(it.root, signature_lock=Lock.EVERYONE)
    user, other = it.user("eva"), Principal.of(it.user("max"))
    _, rolf = rivals(it)

    assert code(it.refused(ChangeOwnSignature(user=user, signature=""), other)) == (Forbidden, "forbidden")
    assert code(it.refused(ChangeOwnSignature(user=user, signature=""), rolf)) == (NotFound, "not_found")
    nobody = UserId("usr_nobody")
    assert code(it.refused(ChangeOwnSignature(user=nobody, signature=""), Principal.of(nobody))) == (
        NotFound,
        "not_found",
    )
    assert it.tell(ChangeOwnSignature(user=user, signature="")).signature == ""


# One's own mobile


@pytest.mark.spec("M-34")
def test_a_user_says_its_own_mobile(it: Town) -> None:
    """National in its group's country, or E.164; empty is none again. Others need ``users:write``."""
    user = it.user("eva@ettstad.example")
    eva = Principal.of(user)
    for said, kept in (("070-345 67 89", "+46703456789"), ("+41 79 123 45 67", "+41791234567"), (" ", "")):
        assert it.tell(ChangeOwnMobile(user=user, mobile=said), eva).mobile == kept
    assert it.tell(ChangeOwnMobile(user=user, mobile="070-345 67 89")).mobile == "+46703456789"
    other = Principal.of(it.user("max@ettstad.example"))
    assert type(it.refused(ChangeOwnMobile(user=user, mobile=""), other)) is Forbidden


def test_what_is_no_mobile_is_refused(it: Town) -> None:
    """And nothing changes."""
    user = it.user("eva@ettstad.example")
    assert type(it.refused(ChangeOwnMobile(user=user, mobile="nobody"), Principal.of(user))) is Invalid
