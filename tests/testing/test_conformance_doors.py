"""The suite for door systems: an adapter that breaks a rule fails the test of that rule, and every test can fail.

Each mutant is exivo's adapter with one thing wrong. The adapters that are right run the whole suite in ``tests/adapters``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from servicekit.adapters.doors.exivo import Exivo
from servicekit.errors import Invalid, OutcomeUnknown, OutsideError, Rejected, Unreachable, Unsupported
from servicekit.keys import DoorEvent
from servicekit.moments import Instant, Window
from servicekit.ports.doors import DoorCapabilities, KeyOrder, KeyPage, SiteInfo, VendorKey
from servicekit.ports.http import HttpFlow, HttpRequest
from servicekit.testing.conformance import DoorsConformance, DoorsTrial
from trials_doors import ExivoTrial

Change = dict[str, Any]
RIGHT = Exivo


def flowing(value: object = None, error: Exception | None = None) -> Callable[..., HttpFlow[Any]]:
    """A method that asks nobody."""

    def method(*_: object, **__: object) -> HttpFlow[Any]:
        if error is not None:
            raise error
        return value
        yield

    return method


def swallowing(method: str, kind: type[Exception], answer: Any) -> Callable[..., HttpFlow[Any]]:
    """The right method, but for an error that becomes an answer, or another error."""

    def swallow(self: Exivo, *args: Any, **named: Any) -> HttpFlow[Any]:
        try:
            return (yield from getattr(RIGHT, method)(self, *args, **named))
        except kind:
            if isinstance(answer, Exception):
                raise answer from None
            return answer

    return swallow


def creating(change: Callable[[KeyOrder, Instant], tuple[KeyOrder, Instant]]) -> Change:
    """Another order goes out than was given."""

    def create(self: Exivo, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
        return (yield from RIGHT.create(self, site, *change(order, at)))

    return {"create": create}


def create_twice(self: Exivo, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
    """A lost answer is asked for again."""
    try:
        return (yield from RIGHT.create(self, site, order, at))
    except OutcomeUnknown:
        return (yield from RIGHT.create(self, site, order, at))


def create_unclamped(self: Exivo, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
    """The past is asked for."""
    if order.window.closes <= at:
        return (yield from RIGHT.create(self, site, order, at))
    early = min(at, order.window.opens)
    return (yield from RIGHT.create(self, site, order, early))


def find_beginning(self: Exivo, site: str, marker: str, *, by_pin: bool = False) -> HttpFlow[tuple[VendorKey, ...]]:
    """What begins alike is found, too."""
    page = yield from RIGHT.list_keys(self, site, "visit 0 " if by_pin else "")
    return tuple(key for key in page.keys if key.marker.startswith(marker))


def first_page(self: Exivo, site: str, cursor: str = "") -> HttpFlow[KeyPage]:
    """There is no second one."""
    page = yield from RIGHT.list_keys(self, site, cursor)
    return KeyPage(keys=page.keys)


def revoke_blindly(self: Exivo, site: str, vendor_id: str) -> HttpFlow[VendorKey | None]:
    """A status is believed, and a second time is an error."""
    path = f"visit/{vendor_id[6:]}" if vendor_id.startswith("visit:") else f"digitalKeyVisit/{vendor_id}"
    url = f"{self.base_url}/{site}/{path}/revoke"
    response = yield HttpRequest.json("POST", url, {}, headers=self._proof)
    if not response.ok:
        raise Rejected("no")
    return None


def unlock_twice(self: Exivo, site: str, component: str, shown: str) -> HttpFlow[None]:
    """Once more, to be sure."""
    yield from RIGHT.unlock(self, site, component, shown)
    yield from RIGHT.unlock(self, site, component, shown)


def whole_days(self: Exivo, site: str, window: Window) -> HttpFlow[tuple[DoorEvent, ...]]:
    """Not cut to the window."""
    return (yield from RIGHT.access_log(self, site, window.widened(timedelta(days=1), timedelta(days=1))))


def told_pin(self: Exivo, site: str, order: KeyOrder, at: Instant) -> HttpFlow[VendorKey]:
    """The PIN stands in what was made."""
    made = yield from RIGHT.create(self, site, order, at)
    return evolve(made, evidence={"code": order.pin})


UNREADABLE = Unreachable("unreadable")
MUTANTS: dict[str, tuple[str, Change]] = {
    "another site": (
        "test_the_site_proves_the_credentials",
        {"info": flowing(SiteInfo(id="another", name="", zone=None))},
    ),
    "no gateways": ("test_components_are_listed_and_gateways_marked", {"wrong": {"gateway_pattern": "bridge"}}),
    "another window": (
        "test_a_key_is_held_as_it_was_ordered",
        creating(lambda order, at: (evolve(order, window=Window(at, order.window.closes)), at)),
    ),
    "one door only": (
        "test_a_key_is_held_as_it_was_ordered",
        creating(lambda order, at: (evolve(order, components=order.components[:1]), at)),
    ),
    "the past": ("test_a_late_key_begins_now_and_ends_as_wanted", {"create": create_unclamped}),
    "asks for nothing": (
        "test_what_can_open_nothing_is_refused_before_any_call",
        {"create": swallowing("create", Invalid, Rejected("no"))},
    ),
    "promises too little": (
        "test_a_kind_of_key_that_it_has_not_is_unsupported",
        {"capabilities_at": lambda *_: DoorCapabilities(phone_keys=True, look_up=True)},
    ),
    "creates twice": (
        "test_a_create_without_a_usable_answer_is_of_unknown_outcome",
        {"create": create_twice},
    ),
    "retries what may be done": (
        "test_a_create_without_a_usable_answer_is_of_unknown_outcome",
        {"create": swallowing("create", OutcomeUnknown, UNREADABLE)},
    ),
    "gives up what was not done": (
        "test_what_was_surely_not_made_may_be_tried_again",
        {"create": swallowing("create", OutsideError, Rejected("no"))},
    ),
    "never hears a no": (
        "test_a_refused_key_is_the_vendors_no",
        {"create": swallowing("create", Rejected, OutcomeUnknown("perhaps"))},
    ),
    "finds what begins alike": ("test_a_key_is_found_by_its_whole_marker", {"find": find_beginning}),
    "finds nothing": ("test_a_key_whose_answer_was_lost_is_found", {"find": flowing(())}),
    "an error is an empty list": (
        "test_a_list_that_cannot_be_read_is_never_an_empty_one",
        {"find": swallowing("find", OutsideError, ())},
    ),
    "one page": ("test_all_keys_are_listed_page_by_page", {"list_keys": first_page}),
    "lists nothing, and does not say so": (
        "test_without_a_list_nothing_is_listed",
        {"capabilities_at": lambda *_: DoorCapabilities(phone_keys=True, look_up=False)},
    ),
    "every key works": (
        "test_a_key_is_read_as_it_is_now",
        {
            "get": flowing(
                VendorKey(
                    vendor_id="k", marker="", components=(), mobile=None, window=None, revoked=False, expired=False
                )
            )
        },
    ),
    "an error is no key": (
        "test_a_key_that_cannot_be_read_is_never_none",
        {"get": swallowing("get", OutsideError, None)},
    ),
    "revokes blindly": ("test_a_revoke_ends_a_key_however_often_it_is_asked_for", {"revoke": revoke_blindly}),
    "revokes what is not there": ("test_a_revoke_of_what_is_not_there_is_done", {"revoke": revoke_blindly}),
    "an unknown revoke": (
        "test_a_revoke_without_an_answer_is_asked_for_again",
        {"revoke": swallowing("revoke", Unreachable, OutcomeUnknown("perhaps"))},
    ),
    "unlocks twice": ("test_a_door_is_asked_to_open_once", {"unlock": unlock_twice}),
    "can unlock, and does not say so": (
        "test_a_door_is_asked_to_open_once",
        {"capabilities_at": lambda *_: DoorCapabilities(phone_keys=True, look_up=True, pin_keys=True)},
    ),
    "an unlock is repeatable": (
        "test_a_door_is_asked_to_open_once",
        {"unlock": swallowing("unlock", OutcomeUnknown, UNREADABLE)},
    ),
    "whole days": ("test_the_log_tells_who_came", {"access_log": whole_days}),
    "no log, and does not say so": (
        "test_the_log_tells_who_came",
        {"access_log": flowing(error=Unsupported("no log"))},
    ),
    "a PIN in the evidence": ("test_secrets_and_pins_are_shown_nowhere", {"create": told_pin}),
    "a secret in the repr": ("test_secrets_and_pins_are_shown_nowhere", {"__repr__": lambda self: self.api_secret}),
}
TESTS = sorted(name for name in dir(DoorsConformance) if name.startswith("test_"))


def trial_of(change: Change) -> DoorsTrial:
    """A trial of exivo's adapter with some methods replaced."""
    trial = ExivoTrial.open()
    mutant = type("Mutant", (Exivo,), {key: one for key, one in change.items() if key != "wrong"})
    key, secret = trial.secrets
    trial.adapter = mutant(key, secret, "4711", **change.get("wrong", {}))
    return trial


def cases(name: str) -> Iterator[dict[str, Any]]:
    """The parameters that pytest would call a test with."""
    axes: list[list[dict[str, Any]]] = []
    for mark in getattr(getattr(DoorsConformance, name), "pytestmark", []):
        names, values = mark.args
        names = [one.strip() for one in names.split(",")] if isinstance(names, str) else names
        axes.append([dict(zip(names, one if len(names) > 1 else (one,), strict=True)) for one in values])
    for chosen in product(*axes):
        yield {name: value for part in chosen for name, value in part.items()}


def fails(name: str, change: Change) -> bool:
    """Whether a test of the suite fails, in any of its cases."""
    for case in cases(name):
        try:
            getattr(DoorsConformance(), name)(trial=trial_of(change), **case)
        except pytest.skip.Exception:
            continue
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever it fails with
            return True
    return False


@pytest.mark.parametrize("what", MUTANTS)
def test_an_adapter_that_breaks_a_rule_fails_its_test(what: str) -> None:
    """The test of that rule passes for the adapter that is right, and fails for this one."""
    name, change = MUTANTS[what]
    assert not fails(name, {})
    assert fails(name, change)


def test_every_test_of_the_suite_can_fail() -> None:
    """Each has an adapter here that fails it."""
    assert sorted({name for name, _ in MUTANTS.values()}) == TESTS


def test_a_trial_says_what_it_lacks() -> None:
    """A fixture and hooks that an adapter's author has to give."""

    class Bare(ExivoTrial):
        """A trial of a system that is said to unlock, without the hooks."""

        unlocked = DoorsTrial.unlocked
        open_with = DoorsTrial.open_with

    bare = Bare.open()
    made = bare.create()
    with pytest.raises(NotImplementedError, match="which doors were asked"):
        bare.unlocked()
    with pytest.raises(NotImplementedError, match="lets somebody open"):
        bare.open_with(made, bare.doors[0])
    with pytest.raises(NotImplementedError, match="how its adapter is tried"):
        DoorsConformance.trial.__wrapped__(DoorsConformance())  # type: ignore[attr-defined] # what the fixture wraps
