"""Targets of pushes: set, inherited, rotated, removed; who may, what is shown to whom, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from desk import DAY, HOUR, MOBILE
from processes import race
from receivers import Office, office, receiving, send_by
from servicekit import Kit, Principal
from servicekit.accounts import AddApiKey
from servicekit.commands import Command
from servicekit.errors import ConfigurationError, Invalid, NotFound, Refused
from servicekit.groups import AddUsers, Group, MoveGroup, RemoveGroup, RemoveUsers, SetAdmins
from servicekit.ids import UserId
from servicekit.messages import SendText
from servicekit.push import GetPush, Push, PushForm, RemovePush, RotatePushSecret, SetPush, verify

URL = "https://example.com/texts?key=hidden"


@pytest.fixture
def it(database_url: str) -> Iterator[Office]:
    """An office, on either database."""
    with office(database_url) as made:
        yield made


@pytest.fixture
def one() -> Iterator[Office]:
    """The same on SQLite alone."""
    with office() as made:
        yield made


def seen(it: Office, group: Group, by: Principal | None = None) -> Push | None:
    """What holds for a group."""
    return it.kit.ask(GetPush(group.id), by=by or it.anna)


def member(it: Office, group: Group, name: str = "max") -> UserId:
    """A user of a group."""
    (added,) = it.kit.perform(AddUsers(group=group.id, addresses=(f"{name}@desk.example",)), by=it.anna)
    assert added.user is not None
    return added.user


def text_of(it: Office, user: UserId) -> None:
    """A text by a user, delivered with all that follows."""
    it.heard += 1
    it.kit.perform(SendText(user=user, to=MOBILE, text=f"Hej {it.heard}"), by=Principal.of(user))
    it.kit.deliver()


def refused(it: Office, ask: Command[object]) -> Refused:
    """The refusal of Anna's command."""
    with pytest.raises(Refused) as caught:
        it.kit.perform(ask, by=it.anna)
    return caught.value


# Set


@pytest.mark.spec("M-33")
def test_a_target_is_set_and_its_secret_shown_once(it: Office) -> None:
    """No query tells it; setting the same URL again keeps it, another URL gets another."""
    made = it.kit.perform(SetPush(group=it.root.id, url=URL), by=it.anna)
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    again = it.kit.perform(SetPush(group=it.root.id, url=URL, form=PushForm.JSON), by=it.anna)
    other = it.kit.perform(SetPush(group=it.root.id, url=f"{URL}2"), by=it.anna)

    assert again.secret is None
    assert other.secret not in {None, made.secret}
    shown = seen(it, it.root)
    assert shown == other.push
    assert shown is not None
    assert (shown.group, shown.url, shown.form, shown.inherited) == (it.root.id, f"{URL}2", PushForm.FORM, False)
    assert "whsec" not in str(shown)
    assert again.push.form is PushForm.JSON


@pytest.mark.parametrize(
    ("url", "code"),
    [("", "bad_push_url"), ("https://u:p@example.com/", "bad_push_url"), ("http://example.com/", "plain_push_url"),
     ("https://127.0.0.1/", "private_push_url"), ("https://[fd00::1]/", "private_push_url")],
)  # fmt: skip
def test_a_bad_url_is_refused_and_nothing_is_set(url: str, code: str) -> None:
    """As a kit is that was not told more."""
    with office(push_private=False) as it:
        refusal = refused(it, SetPush(group=it.root.id, url=url))
        assert (type(refusal), refusal.code) == (Invalid, code)
        assert seen(it, it.root) is None


def test_networks_that_pushes_may_go_to_are_named_when_the_kit_is_opened() -> None:
    """What is no network is found there."""
    with office(push_private=["10.1.0.0/16"]) as it:
        assert it.push(url="http://10.1.2.3/").secret
        assert refused(it, SetPush(group=it.root.id, url="http://10.2.0.1/")).code == "private_push_url"
    with pytest.raises(ConfigurationError, match="no network"):
        Kit.open("sqlite:///:memory:", push_private=["here"])


def test_a_name_that_leads_inside_is_not_pushed_to() -> None:
    """It passes when it is set, and is refused at every try: nothing is connected to, and the trouble says why."""
    with office(push_private=False) as it, receiving() as inside:
        port = inside.url.rsplit(":", 1)[1]
        it.kit.perform(SetPush(group=it.root.id, url=f"https://localhost:{port}"), by=it.anna)
        it.send()
        it.kit.deliver()
        it.wait(HOUR)
        shown = seen(it, it.root)

        assert not inside.began.acquire(blocking=False)
        assert shown is not None
        assert "localhost is at no address that pushes may go to" in shown.trouble


# Inherited


def test_the_nearest_group_decides(it: Office) -> None:
    """Each group's texts go to its own target, else to that of the nearest above; removed, to the next one again."""
    team = it.group("Team")
    desk = it.group("Desk", team)
    max_ = member(it, desk)
    it.push()
    with receiving() as teams, receiving() as desks:
        text_of(it, max_)
        it.push(team, url=teams.url)
        text_of(it, max_)
        it.push(desk, url=desks.url)
        text_of(it, max_)
        it.kit.perform(RemovePush(desk.id), by=it.anna)
        text_of(it, max_)
        it.kit.perform(RemovePush(team.id), by=it.anna)
        text_of(it, max_)

        assert [len(one.calls) for one in (it.receiver, teams, desks)] == [2, 2, 1]
        shown = seen(it, desk)
        assert shown is not None
        assert (shown.group, shown.inherited) == (it.root.id, True)


def test_a_group_that_moves_or_is_removed_takes_the_next_target(it: Office) -> None:
    """What a removed group had counts no more, also for what was sent in it."""
    left, right = it.group("Left"), it.group("Right")
    desk = it.group("Desk", left)
    max_ = member(it, desk)
    with receiving() as lefts:
        it.push()
        it.push(left, url=lefts.url)
        text_of(it, max_)
        it.kit.perform(MoveGroup(group=desk.id, under=right.id), by=it.anna)
        text_of(it, max_)
        it.kit.perform(MoveGroup(group=desk.id, under=left.id), by=it.anna)
        it.kit.perform(RemoveGroup(group=left.id), by=it.anna)
        text_of(it, max_)
        assert [len(one.calls) for one in (it.receiver, lefts)] == [2, 1]


def test_nobody_elses_texts_are_pushed(one: Office) -> None:
    """Neither another organisation's, nor those of groups beside."""
    team, other = one.group("Team"), one.group("Other")
    one.push(team)
    text_of(one, member(one, other))
    text_of(one, one.admin.id)
    assert one.receiver.calls == []
    with one.kit._storage.read() as store:
        assert store.push_events.where() == ()


def test_whoever_administers_a_group_alone_does_not_see_what_is_above(one: Office) -> None:
    """Of an inherited target it sees the origin, and neither whose it is nor the path; its own it may set."""
    team = one.group("Team")
    member(one, team)
    (max_,) = one.kit.perform(SetAdmins(group=team.id, emails=("max@desk.example",)), by=one.anna)
    by = Principal.of(max_.id)
    one.push(url=URL)
    shown = seen(one, team, by)
    assert shown is not None
    assert (shown.group, shown.url, shown.inherited) == (None, "https://example.com", True)
    with pytest.raises(NotFound):
        seen(one, one.root, by)

    one.kit.perform(SetPush(group=team.id, url=f"{URL}3"), by=by)
    shown = seen(one, team, by)
    assert shown is not None
    assert (shown.group, shown.url, shown.inherited) == (team.id, f"{URL}3", False)


# Of one user


@pytest.mark.spec("M-33")
def test_an_api_user_has_a_url_of_its_own(it: Office) -> None:
    """What is sent with its key, and what is answered to it, is posted there; what others of its group do is not."""
    key = it.kit.perform(AddApiKey(group=it.root.id, name="Till"), by=it.anna).key
    it.push()
    with receiving() as till:
        made = it.kit.perform(SetPush(group=it.root.id, user=key.user, url=till.url), by=it.anna)
        sent = it.kit.perform(SendText(user=key.user, to=MOBILE, text="From the till"), by=Principal.of(key.id))
        it.kit.deliver()
        (flown,) = it.pigeons.sent
        it.hear("p1 DELIVERED")
        it.hear(f"in1 {MOBILE} {flown.sender} Back to the till")
        it.kit.deliver()
        it.send()
        it.kit.deliver()

        assert (made.push.user, made.push.group, made.push.inherited) == (key.user, it.root.id, False)
        of_message = [value for message, value in till.taken() if message == sent.id]
        assert of_message == ["SENT", "DELIVERED"]
        assert [value for message, value in till.taken() if message != sent.id] == ["INCOMING"]
        assert made.secret is not None
        assert [verify(call.headers, call.body, made.secret, it.clock.now()) for call in till.calls]
        assert it.receiver.statuses() == ["SENT"]


def test_without_a_url_of_its_own_a_user_has_its_groups(it: Office) -> None:
    """Before it is set and after it is removed; rotating one secret leaves the other."""
    team = it.group("Team")
    max_ = member(it, team)
    asked = GetPush(team.id, user=max_)
    assert it.kit.ask(asked, by=it.anna) is None
    it.push()
    shown = it.kit.ask(asked, by=it.anna)
    assert shown is not None
    assert (shown.group, shown.user, shown.inherited) == (it.root.id, None, True)

    it.push(team)
    shown = it.kit.ask(asked, by=it.anna)
    assert shown is not None
    assert (shown.group, shown.user, shown.inherited) == (team.id, None, True)

    own = it.kit.perform(SetPush(group=team.id, user=max_, url=URL), by=it.anna)
    rotated = it.kit.perform(RotatePushSecret(group=team.id, user=max_), by=it.anna)
    assert rotated.secret not in {None, own.secret}
    assert it.kit.ask(asked, by=it.anna) == rotated.push
    whole = seen(it, team)
    assert whole is not None
    assert (whole.user, whole.both_until) == (None, None)
    it.kit.perform(RemovePush(team.id, user=max_), by=it.anna)
    assert it.kit.ask(asked, by=it.anna) == shown
    assert refused(it, RemovePush(team.id, user=max_)).code == "no_push"


def test_a_users_url_goes_along_with_it_until_it_is_removed(it: Office) -> None:
    """Then what was sent before is told to its group's."""
    team = it.group("Team")
    max_ = member(it, team)
    it.push()
    with receiving() as own:
        it.push(team, user=max_, url=own.url)
        it.kit.perform(AddUsers(group=it.root.id, addresses=("max@desk.example",)), by=it.anna)
        text_of(it, max_)
        it.kit.perform(RemoveUsers(group=it.root.id, addresses=("max@desk.example",)), by=it.anna)
        it.hear("p1 DELIVERED")
        it.kit.deliver()
        assert (own.statuses(), it.receiver.statuses()) == (["SENT"], ["DELIVERED"])


@pytest.mark.parametrize("which", ["unknown", "elsewhere", "removed"])
def test_a_url_is_of_a_user_of_this_very_group(one: Office, which: str) -> None:
    """Whoever names another is refused, whatever it asks."""
    team = one.group("Team")
    user = UserId("usr_0") if which == "unknown" else member(one, one.root if which == "elsewhere" else team)
    if which == "removed":
        one.kit.perform(RemoveUsers(group=one.root.id, addresses=("max@desk.example",)), by=one.anna)
    for ask in (
        SetPush(group=team.id, url=URL, user=user),
        RotatePushSecret(group=team.id, user=user),
        RemovePush(team.id, user=user),
    ):
        assert refused(one, ask).code == "not_a_member"
    with pytest.raises(Invalid, match="no user of this group"):
        one.kit.ask(GetPush(team.id, user=user), by=one.anna)


def test_when_a_users_receiver_is_given_up_its_groups_administrators_are_told(one: Office) -> None:
    """By mail, once."""
    team = one.group("Team")
    max_ = member(one, team)
    with receiving() as own:
        own.always = 503
        one.push(team, user=max_, url=own.url)
        text_of(one, max_)
        one.pile.mails.clear()
        one.wait_through(4 * DAY)
        (mail,) = one.pile.mails
        assert b"Pushes of Team are not taken" in mail.raw


# Rotated, removed


def test_a_rotating_secret_is_shown_once_and_the_overlap_until_it_is_over(it: Office) -> None:
    """To the moment."""
    it.push()
    old = it.secret
    made = it.kit.perform(RotatePushSecret(group=it.root.id), by=it.anna)
    assert made.secret not in {None, old}
    assert made.push.both_until == it.clock.now() + DAY
    it.clock.advance(DAY)
    shown = seen(it, it.root)
    assert shown is not None
    assert shown.both_until is None
    assert shown.group == it.root.id


@pytest.mark.parametrize("overlap", [timedelta(microseconds=-1), timedelta(days=30, microseconds=1), timedelta.max])
def test_an_overlap_has_bounds(one: Office, overlap: timedelta) -> None:
    """Nothing to 30 days."""
    one.push()
    refusal = refused(one, RotatePushSecret(group=one.root.id, overlap=overlap))
    assert (type(refusal), refusal.code, refusal.facts) == (Invalid, "overlap", {"most_days": 30})
    one.kit.perform(RotatePushSecret(group=one.root.id, overlap=timedelta(0)), by=one.anna)
    one.kit.perform(RotatePushSecret(group=one.root.id, overlap=timedelta(days=30)), by=one.anna)


def test_only_a_groups_own_target_is_rotated_or_removed(one: Office) -> None:
    """Not the one that it inherits."""
    team = one.group("Team")
    one.push()
    for ask in (RotatePushSecret(group=team.id), RemovePush(team.id)):
        refusal = refused(one, ask)
        assert (type(refusal), refusal.code) == (NotFound, "no_push")


def test_a_removed_target_leaves_nothing(it: Office) -> None:
    """Neither its secret nor what waited; set again it has another secret."""
    it.push()
    secret = it.secret
    it.receiver.always = 503
    it.send()
    it.kit.deliver()
    it.kit.perform(RemovePush(it.root.id), by=it.anna)
    with it.kit._storage.read() as store:
        assert (store.push_targets.where(), store.push_events.where()) == ((), ())
    it.receiver.always = 204
    assert it.push().secret != secret
    it.wait(DAY)
    assert len(it.receiver.calls) == 1


# Beside each other


def test_many_who_note_at_once_lose_nothing(it: Office, database_url: str) -> None:
    """Six processes send and deliver beside each other: every text's status is pushed."""
    users = [member(it, it.root, f"user{number}") for number in range(6)]
    it.push()
    race(send_by, database_url, it.clock.now(), users, count=6)
    it.kit.deliver()

    assert len(it.receiver.taken()) == 6 * 3
    assert set(it.receiver.statuses()) == {"SENT"}
    shown = seen(it, it.root)
    assert shown is not None
    assert shown.waiting == 0
