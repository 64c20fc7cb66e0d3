"""Keys compared with what the door system lists: every kind of difference ends as its booking wants, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from salons import Salon, booked, discard
from servicekit import Kit, Principal
from servicekit.adapters.doors.by_site import DoorsBySite
from servicekit.adapters.doors.resivo import Resivo
from servicekit.bookings import AddBranch, Cancel, Rebook
from servicekit.groups import FoundOrganisation
from servicekit.keys import KeyState
from servicekit.outbox.effects import EffectKind
from servicekit.outbox.reconciled import Outcome
from servicekit.testing.simulators import Fault
from world import (
    DAY,
    HOUR,
    MAIN,
    MINUTE,
    NOON,
    OPERATOR,
    ROOM_2,
)

pytest_plugins = ("salons_fixtures",)


@pytest.mark.spec("K-11")
@pytest.mark.parametrize("how", ["forgotten", "revoked by hand"])
def test_a_key_that_is_missing_is_made_anew(salon: Salon, how: str) -> None:
    """Whether the vendor has lost it or somebody has revoked it there: the booking has one key that works again."""
    booking = booked(salon)
    (key,) = salon.keys(booking)
    (salon.exivo.forget if how == "forgotten" else salon.exivo.revoke_by_hand)(key.vendor_id)
    assert salon.exivo_keys() == []

    assert salon.found() == [("missing", "healing")]
    assert salon.found() == []  # in flight
    salon.settle()
    (held,) = salon.exivo_keys()
    assert held.marker == f"sk:{booking.id}:1:2"
    assert [one.state for one in salon.keys(booking)] == [KeyState.ENDED, KeyState.MADE]
    assert salon.reconcile().even


def test_a_key_that_goes_missing_again_and_again_is_a_person_s_affair(salon: Salon) -> None:
    """After five it is only said."""
    booking = booked(salon)
    for _ in range(4):
        salon.exivo.forget(salon.keys(booking)[-1].vendor_id)
        assert salon.found() == [("missing", "healing")]
        salon.settle()
    salon.exivo.forget(salon.keys(booking)[-1].vendor_id)

    assert salon.found() == salon.found() == [("missing", "given up")]
    assert len(salon.keys(booking)) == 5


def test_a_missing_key_that_nobody_wants_is_noted_and_not_made(salon: Salon) -> None:
    """Its effect was discarded, and the vendor has lost it: it is ended here as well."""
    booking = booked(salon)
    salon.exivo.forget(salon.keys(booking)[0].vendor_id)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.KEY, booking))

    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert [key.state for key in salon.keys(booking)] == [KeyState.ENDED]
    assert salon.exivo_keys() == []
    assert salon.reconcile().even


@pytest.mark.spec("K-11")
def test_a_key_that_should_be_gone_is_revoked(salon: Salon) -> None:
    """Whatever became of the effect that was to end it."""
    booking = booked(salon)
    salon.ask(Cancel(booking.id))
    salon.change(lambda store: discard(store, EffectKind.KEY, booking))
    salon.settle()
    assert len(salon.exivo_keys()) == 1

    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.exivo_keys() == []
    assert salon.reconcile().even


@pytest.mark.parametrize(
    "changed",
    [
        {"opens": NOON + DAY - 20 * MINUTE},
        {"closes": NOON + DAY + 3 * HOUR},
        {"components": (MAIN, ROOM_2)},
        {"mobile": "+41790000000"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_key_that_differs_is_replaced(salon: Salon, changed: dict[str, Any]) -> None:
    """Another window, other doors, another phone than the row says: the new one first, then the old one ended."""
    booking = booked(salon)
    salon.alter_key(booking, **changed)

    assert salon.found() == [("changed", "healing")]
    salon.settle()
    (held,) = salon.exivo_keys()
    latest = salon.keys(booking)[-1]
    assert held.marker == latest.marker == f"sk:{booking.id}:1:2"
    assert (held.opens, held.closes) == (str(latest.opens), str(latest.closes))
    assert (held.phone, held.doors) == (latest.mobile, frozenset(latest.components))
    assert salon.reconcile().even


def test_a_key_that_was_ordered_late_is_no_difference(salon: Salon) -> None:
    """exivo was told "from now on", because it takes no start in the past."""
    salon.clock.set(NOON + 55 * MINUTE)
    salon.book(starts=NOON + HOUR)
    salon.settle()

    assert salon.reconcile().even


@pytest.mark.spec("K-11")
def test_a_key_that_we_know_is_ended_and_that_is_wanted_is_missing(salon: Salon) -> None:
    """Whatever became of the effect that found its end: the booking gets another, once."""
    booking = booked(salon)
    (key,) = salon.keys(booking)
    salon.exivo.revoke_by_hand(key.vendor_id)
    salon.alter_key(booking, state=KeyState.ENDED)

    assert salon.found() == [("missing", "healing")]
    salon.settle()
    assert [one.marker for one in salon.exivo_keys()] == [f"sk:{booking.id}:1:2"]
    assert salon.reconcile().even


@pytest.mark.spec("K-11")
@pytest.mark.parametrize("pin", ["", "123456"])
def test_a_key_that_a_lost_answer_left_behind_is_adopted(salon: Salon, pin: str) -> None:
    """By its marker, whatever we took for true: nothing is made again."""
    booking = salon.book(salon.massage)
    salon.change(lambda store: discard(store, EffectKind.KEY, booking))
    salon.alter_key(booking, state=KeyState.FAILED, pin=pin, components=(MAIN,))
    made = salon.make_key(f"sk:{booking.id}:1", pin=pin)

    assert salon.found() == [("left behind", "healing")]
    salon.settle()
    (key,) = salon.keys(booking)
    assert (key.state, key.vendor_id) == (KeyState.MADE, made)
    assert len(salon.exivo.state()["keys"]) + len(salon.exivo.state()["visits"]) == 1


@pytest.mark.spec("K-11")
def test_a_key_left_behind_of_a_cancelled_booking_is_revoked(salon: Salon) -> None:
    """Also one whose id we never heard: its marker names the booking, whose rows say that none is wanted."""
    booking = booked(salon)
    salon.ask(Cancel(booking.id))
    salon.settle()
    salon.make_key(f"sk:{booking.id}:1")
    assert len(salon.exivo_keys()) == 1

    assert salon.found() == [("unwanted", "healing")]
    salon.settle()
    assert salon.exivo_keys() == []
    assert salon.reconcile().even


@pytest.mark.spec("K-11")
def test_strays_are_reported_and_removed_only_when_told_to(salon: Salon) -> None:
    """One of an unknown booking, and a second one beside a booking's own. What has no marker of ours is nobody's business."""
    booking = booked(salon)
    unknown = salon.make_key("sk:bkg_unknown:1")
    second = salon.make_key(f"sk:{booking.id}:1")
    others = {salon.make_key("Eva's flat"), salon.make_key(""), salon.make_key("sk: the janitor's")}

    report = salon.reconcile()
    assert {one.vendor_id for one in report.strays} == {unknown, second}
    assert {one.outcome for one in report.findings} == {Outcome.REPORTED}
    assert not report.even
    assert len(salon.exivo_keys()) == 6

    report = salon.reconcile(remove_strays=True)
    assert {one.outcome for one in report.strays} == {Outcome.REMOVED}
    assert report.even
    working = {key["id"] for key in salon.exivo.state()["keys"] if not key["revoked"]}
    assert working == others | {salon.keys(booking)[0].vendor_id}
    assert salon.reconcile().findings == ()


def test_a_stray_that_cannot_be_removed_is_said(salon: Salon) -> None:
    """With the vendor's words; the others go."""
    salon.make_key("sk:bkg_unknown:1")
    salon.make_key("sk:bkg_unknown:2")
    salon.exivo.inject(Fault.error("POST", "/revoke$", times=1))
    salon.exivo.inject(Fault.error("GET", "/digitalKeyVisit/", times=1))

    assert sorted(salon.found(remove_strays=True)) == [("stray", "failed"), ("stray", "removed")]
    assert len(salon.exivo_keys()) == 1


def test_a_stray_that_somebody_owns_by_then_is_kept(salon: Salon) -> None:
    """It is asked once more whose it is, right before it would be ended."""
    booking = booked(salon)
    unknown, second = salon.make_key("sk:bkg_unknown:1"), salon.make_key(f"sk:{booking.id}:1")
    salon.wire.before.append((f"{unknown}/revoke", lambda: salon.alter_key(booking, vendor_id=second)))

    assert salon.found(remove_strays=True) == [("stray", "removed"), ("stray", "passed")]
    assert second in {key["id"] for key in salon.exivo.state()["keys"] if not key["revoked"]}


def test_what_is_as_wanted_at_the_second_look_is_passed(salon: Salon) -> None:
    """The relay has seen to it in between."""
    booking = booked(salon)
    salon.exivo.revoke_by_hand(salon.keys(booking)[0].vendor_id)
    again = f"/digitalKeyVisit/{salon.keys(booking)[0].vendor_id}"

    def meanwhile() -> None:
        salon.ask(Rebook(booking.id, starts=booking.starts + DAY))
        salon.settle()

    salon.wire.before.append((again, meanwhile))
    assert salon.found()[0] == ("missing", "passed")
    assert [one.marker for one in salon.exivo_keys()] == [f"sk:{booking.id}:2"]


@pytest.mark.parametrize("when", ["while it is listed", "before it is looked at again"])
def test_a_booking_that_changes_meanwhile_is_left_to_its_effect(salon: Salon, when: str) -> None:
    """Cancelled while the list is read, or between the list and the second look: nothing is made for it."""
    booking = booked(salon)
    (key,) = salon.keys(booking)
    salon.exivo.forget(key.vendor_id)
    path = "/visit" if when == "while it is listed" else f"/digitalKeyVisit/{key.vendor_id}"
    salon.wire.before.append((path, lambda: salon.ask(Cancel(booking.id))))

    assert salon.found()[0] == ("missing", "in flight")
    assert not salon.wire.before
    salon.settle()
    assert salon.exivo_keys() == []
    assert [one.state for one in salon.keys(booking)] == [KeyState.ENDED]


# Places


def test_a_door_system_that_lists_nothing_is_passed_over_and_named(tmp_path: Path) -> None:
    """It is asked nothing, and that is no trouble: no other pass could do better."""
    asked: list[httpx.Request] = []
    doors = Resivo("id", "secret")

    def nobody(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(500)

    with Kit.open(f"sqlite:////{tmp_path}/s.db", doors=doors, transport=httpx.MockTransport(nobody)) as kit:
        branch(kit, "site-7")
        report = kit.reconcile()
    assert [(one.vendor, one.place) for one in report.unlisted] == [("resivo", "site-7")]
    assert report.even
    assert asked == []


def test_a_site_that_nobody_serves_is_trouble(tmp_path: Path) -> None:
    """Somebody has taken its account away: that is no door system without a list, and a person has to look."""
    with Kit.open(f"sqlite:////{tmp_path}/s.db", doors=DoorsBySite({"another": Resivo("id", "secret")})) as kit:
        branch(kit, "site-7")
        report = kit.reconcile()
    assert [one.place for one in report.troubles] == ["site-7"]
    assert not report.even


def branch(kit: Kit, site: str) -> None:
    """A branch with a site, whose doors are not set yet."""
    founded = kit.perform(FoundOrganisation(name="Salon", zone="UTC", admin="anna@salon.example"), by=OPERATOR)
    new = AddBranch(organisation=founded.root.id, name="Z", zone="UTC", site=site)
    kit.perform(new, by=Principal.of(founded.admin.id))
