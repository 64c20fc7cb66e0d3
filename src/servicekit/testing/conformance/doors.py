"""What every door system's adapter promises (see :mod:`servicekit.ports.doors`), as one class of tests.

Rules kept here: nothing is asked but through the port and the trial's hooks; every test has a trial of its own; a rule is
tested for every system whose capabilities say that it can keep it, and that it cannot is tested, too: ``Unsupported``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from servicekit.errors import Invalid, OutcomeUnknown, OutsideError, Rejected, Throttled, Unreachable, Unsupported
from servicekit.moments import Window
from servicekit.ports.doors import KeyOrder, VendorKey
from servicekit.testing.conformance.doors_trial import DoorsTrial
from servicekit.testing.conformance.texts_trial import Trouble

__all__ = ["DoorsConformance"]

HOUR = timedelta(hours=1)
SLACK = timedelta(seconds=15)  # for whole seconds, and for a vendor whose clock is ahead
MANY = 205


class DoorsConformance:
    """Subclass it, and give in the fixture ``trial`` your adapter with what it is tried on.

    ::

        class TestMyDoors(DoorsConformance):
            @pytest.fixture
            def trial(self):
                return MyTrial(...)  # a DoorsTrial, or a SimulatedDoors over a Simulator
    """

    @pytest.fixture
    def trial(self) -> DoorsTrial:
        """A fresh trial: no key was made, nothing is wrong yet."""
        raise NotImplementedError("a door system's test says here how its adapter is tried")

    # The site

    def test_the_site_proves_the_credentials(self, trial: DoorsTrial) -> None:
        """Right ones show the site; wrong ones are the vendor's no."""
        assert trial.run(lambda: trial.adapter.info(trial.site)).id == trial.site
        with pytest.raises(Rejected):
            trial.run(lambda: trial.stranger().info(trial.site))

    def test_components_are_listed_and_gateways_marked(self, trial: DoorsTrial) -> None:
        """Doors are doors, and no gateway is one."""
        listed = {one.id: one for one in trial.run(lambda: trial.adapter.components(trial.site))}
        assert set(trial.doors) <= set(listed)
        assert not any(listed[door].gateway for door in trial.doors)
        if trial.gateway:
            assert listed[trial.gateway].gateway

    # Making

    def test_a_key_is_held_as_it_was_ordered(self, trial: DoorsTrial) -> None:
        """For exactly these doors; its window is not shortened, and lengthened by less than a second at either side."""
        made = trial.create()
        (held,) = trial.held()
        second = timedelta(seconds=1)
        assert (held.vendor_id, held.components, held.works) == (made.vendor_id, frozenset(trial.doors), True)
        assert trial.window.opens - second < held.opens <= trial.window.opens
        assert trial.window.closes <= held.closes < trial.window.closes + second
        assert made.works
        assert made.marker == "sk:bkg_1:1"

    def test_a_late_key_begins_now_and_ends_as_wanted(self, trial: DoorsTrial) -> None:
        """A window that has begun is clamped for the vendor: never in the past, and no shorter than it must be."""
        trial.create(trial.order(window=Window(trial.at - HOUR, trial.at + HOUR)))
        (held,) = trial.held()
        assert trial.at <= held.opens <= trial.at + SLACK
        assert trial.at + HOUR <= held.closes

    def test_what_can_open_nothing_is_refused_before_any_call(self, trial: DoorsTrial) -> None:
        """No door, or no time left."""
        over = trial.order(window=Window(trial.at - 2 * HOUR, trial.at - HOUR))
        for order, code in ((trial.doorless(), "no_components"), (over, "window_over")):
            with pytest.raises(Invalid) as caught:
                trial.create(order)
            assert caught.value.code == code
        assert not trial.held()

    def test_a_kind_of_key_that_it_has_not_is_unsupported(self, trial: DoorsTrial) -> None:
        """Said before any call; what it has, it makes."""
        for by_pin, can in ((False, trial.can.phone_keys), (True, trial.can.pin_keys)):
            if can:
                assert trial.create(trial.order(f"sk:bkg_{by_pin:d}:1", by_pin=by_pin)).works
            else:
                with pytest.raises(Unsupported):
                    trial.create(trial.order(by_pin=by_pin))
        assert len(trial.held()) == trial.can.phone_keys + trial.can.pin_keys

    @pytest.mark.parametrize(
        "trouble", [Trouble.LOST, Trouble.UNDONE, Trouble.FAILED, Trouble.FAILED_UNDONE, Trouble.WRONG_TYPE], ids=str
    )
    def test_a_create_without_a_usable_answer_is_of_unknown_outcome(self, trial: DoorsTrial, trouble: Trouble) -> None:
        """And it is made once or not at all: an adapter never repeats it."""
        trial.provoke("create", trouble)
        with pytest.raises(OutcomeUnknown):
            trial.create()
        assert len(trial.held()) == (trouble in {Trouble.LOST, Trouble.FAILED, Trouble.WRONG_TYPE})

    @pytest.mark.parametrize(
        ("trouble", "kind"), [(Trouble.UNREACHABLE, Unreachable), (Trouble.THROTTLED, Throttled)], ids=str
    )
    def test_what_was_surely_not_made_may_be_tried_again(
        self, trial: DoorsTrial, trouble: Trouble, kind: type[OutsideError]
    ) -> None:
        """No connection, or asked to wait: nothing is held, and the next try makes it."""
        trial.provoke("create", trouble)
        with pytest.raises(kind):
            trial.create()
        assert not trial.held()
        trial.create()
        assert len(trial.held()) == 1

    def test_a_refused_key_is_the_vendors_no(self, trial: DoorsTrial) -> None:
        """A door that is not there."""
        order = trial.order()
        nowhere = KeyOrder(
            marker=order.marker, components=("nowhere",), mobile=order.mobile, window=order.window, pin=order.pin
        )
        with pytest.raises(Rejected):
            trial.create(nowhere)
        assert not trial.held()

    # Finding

    def test_a_key_is_found_by_its_whole_marker(self, trial: DoorsTrial) -> None:
        """Also one that was ended; not one whose marker begins alike. Without a list it is Unsupported."""
        order = trial.order("sk:bkg_1:1")
        if not trial.can.look_up:
            with pytest.raises(Unsupported):
                trial.find(order)
            return
        first, _, second = trial.create(order), trial.create(trial.order("sk:bkg_1:11")), trial.create(order)
        trial.revoke(first.vendor_id)
        found = {key.vendor_id: key.works for key in trial.find(order)}
        assert found == {first.vendor_id: False, second.vendor_id: True}
        assert trial.find(trial.order("sk:bkg_2:1")) == ()

    def test_a_key_whose_answer_was_lost_is_found(self, trial: DoorsTrial) -> None:
        """The one that is held; it can be ended by what was found."""
        _listed(trial)
        trial.provoke("create", Trouble.LOST)
        with pytest.raises(OutcomeUnknown):
            trial.create()
        (found,) = trial.find(trial.order())
        assert [held.vendor_id for held in trial.held()] == [found.vendor_id]
        trial.revoke(found.vendor_id)
        assert not trial.held()[0].works

    @pytest.mark.parametrize(
        "trouble", [Trouble.LOST, Trouble.FAILED, Trouble.WRONG_TYPE, Trouble.UNREACHABLE], ids=str
    )
    def test_a_list_that_cannot_be_read_is_never_an_empty_one(self, trial: DoorsTrial, trouble: Trouble) -> None:
        """Else a key would be made twice."""
        _listed(trial)
        trial.create()
        trial.provoke("find", trouble)
        with pytest.raises(Unreachable):
            trial.find(trial.order())

    def test_all_keys_are_listed_page_by_page(self, trial: DoorsTrial) -> None:
        """Every one, of every kind, ended ones too, each once where nothing is made meanwhile; one request a page."""
        _listed(trial)
        kinds = [by_pin for by_pin, can in ((False, trial.can.phone_keys), (True, trial.can.pin_keys)) if can]
        made = [
            trial.create(trial.order(f"sk:bkg_{number}:1", by_pin=by_pin)).vendor_id
            for by_pin in kinds
            for number in range(MANY)
        ]
        trial.revoke(made[0])
        listed: list[VendorKey] = []
        cursor, pages = "", 0
        while pages == 0 or cursor:
            at = cursor
            page = trial.run(lambda: trial.adapter.list_keys(trial.site, at))  # noqa: B023 - it is run at once
            listed, cursor, pages = [*listed, *page.keys], page.next, pages + 1
            assert pages <= len(made), "it does not end"
        assert sorted(key.vendor_id for key in listed) == sorted(made)
        assert sum(not key.works for key in listed) == 1
        assert {key.marker for key in listed} == {f"sk:bkg_{number}:1" for number in range(MANY)}

    def test_without_a_list_nothing_is_listed(self, trial: DoorsTrial) -> None:
        """Unsupported, never empty."""
        if trial.can.look_up:
            pytest.skip("it lists its keys")
        with pytest.raises(Unsupported):
            trial.run(lambda: trial.adapter.list_keys(trial.site))

    # Reading and ending

    def test_a_key_is_read_as_it_is_now(self, trial: DoorsTrial) -> None:
        """Working, ended by somebody's hand, unknown."""
        made = trial.create()
        key = trial.run(lambda: trial.adapter.get(trial.site, made.vendor_id))
        assert key is not None
        assert key.works
        trial.revoke_by_hand(made.vendor_id)
        key = trial.run(lambda: trial.adapter.get(trial.site, made.vendor_id))
        assert key is not None
        assert not key.works
        assert trial.run(lambda: trial.adapter.get(trial.site, "00000000-0000-4000-8000-000000000000")) is None

    @pytest.mark.parametrize(
        "trouble", [Trouble.LOST, Trouble.FAILED, Trouble.WRONG_TYPE, Trouble.UNREACHABLE], ids=str
    )
    def test_a_key_that_cannot_be_read_is_never_none(self, trial: DoorsTrial, trouble: Trouble) -> None:
        """Only the vendor's own word says that there is no such key."""
        made = trial.create()
        trial.provoke("get", trouble)
        with pytest.raises(Unreachable):
            trial.run(lambda: trial.adapter.get(trial.site, made.vendor_id))

    @pytest.mark.parametrize("hand", [False, True], ids=["by us", "by hand"])
    def test_a_revoke_ends_a_key_however_often_it_is_asked_for(self, trial: DoorsTrial, *, hand: bool) -> None:
        """And read back it works no more; one that somebody has ended is ended."""
        made = trial.create()
        if hand:
            trial.revoke_by_hand(made.vendor_id)
        for _ in range(2):
            ended = trial.revoke(made.vendor_id)
            assert ended is None or not ended.works
        assert [held.works for held in trial.held()] == [False]

    def test_a_revoke_of_what_is_not_there_is_done(self, trial: DoorsTrial) -> None:
        """There is nothing that could open."""
        assert trial.revoke("00000000-0000-4000-8000-000000000000") is None

    @pytest.mark.parametrize(
        "trouble", [Trouble.LOST, Trouble.UNDONE, Trouble.UNREACHABLE, Trouble.FAILED_UNDONE], ids=str
    )
    def test_a_revoke_without_an_answer_is_asked_for_again(self, trial: DoorsTrial, trouble: Trouble) -> None:
        """It is no create: its outcome is merely not reached, and the next one ends the key."""
        made = trial.create()
        trial.provoke("revoke", trouble)
        with pytest.raises(Unreachable):
            trial.revoke(made.vendor_id)
        trial.revoke(made.vendor_id)
        assert not trial.held()[0].works

    # Opening, and who came

    def test_a_door_is_asked_to_open_once(self, trial: DoorsTrial) -> None:
        """A lost answer is of unknown outcome, because a door that opens later lets anybody in."""
        door = trial.doors[0]

        def unlock() -> None:
            trial.run(lambda: trial.adapter.unlock(trial.site, door, "Eva"))

        if not trial.can.unlock:
            with pytest.raises(Unsupported):
                unlock()
            return
        unlock()
        assert list(trial.unlocked()) == [door]
        trial.provoke("unlock", Trouble.LOST)
        with pytest.raises(OutcomeUnknown):
            unlock()
        assert list(trial.unlocked()) == [door, door]

    def test_the_log_tells_who_came(self, trial: DoorsTrial) -> None:
        """A granted opening, with door and time, and the phone or our marker; nothing from outside the window."""

        def log(window: Window) -> Any:
            return trial.run(lambda: trial.adapter.access_log(trial.site, window))

        around = Window(trial.at - HOUR, trial.at + HOUR)
        if not trial.can.access_log:
            with pytest.raises(Unsupported):
                log(around)
            return
        made = trial.create(trial.order(window=Window(trial.at, trial.at + HOUR)))
        trial.open_with(made, trial.doors[0])
        (event,) = log(around)
        assert (event.at, event.component, event.granted) == (trial.at, trial.doors[0], True)
        assert event.marker == made.marker or event.mobile == trial.mobile
        assert log(Window(trial.at - HOUR, trial.at)) == ()

    # Secrets

    @pytest.mark.parametrize("what", ["create", "revoke", "find", "get"])
    def test_secrets_and_pins_are_shown_nowhere(self, trial: DoorsTrial, what: str) -> None:
        """Not in a repr, nor in what was made, nor in an error with its facts."""
        order = trial.order(by_pin=trial.can.pin_keys)
        made = trial.create(order)
        calls: dict[str, Callable[[], object]] = {
            "create": lambda: trial.create(order),
            "revoke": lambda: trial.revoke(made.vendor_id),
            "find": lambda: trial.find(order),
            "get": lambda: trial.run(lambda: trial.adapter.get(trial.site, made.vendor_id)),
        }
        shown = [repr(trial.adapter), repr(made), repr(dict(made.evidence)), repr(order), repr(trial.stranger())]
        trial.provoke(what, Trouble.FAILED)
        try:
            calls[what]()
        except OutsideError as error:
            shown += [str(error), repr(error.facts)]
        for secret in (*trial.secrets, trial.pin):
            assert not any(secret in one for one in shown)


def _listed(trial: DoorsTrial) -> None:
    if not trial.can.look_up:
        pytest.skip("it has no list of its keys")
