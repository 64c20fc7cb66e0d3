"""Devices, keys and the lock's decision of the simulated exivo site."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim_helpers import NOON, key_order

from servicekit.moments import Instant
from servicekit.testing.simulators import COMPONENTS, Light
from servicekit.testing.simulators.exivo_site import HeldKey, judge, problem_of

DOORS = [COMPONENTS[0].id, COMPONENTS[1].id]
KNOWN = frozenset(one.id for one in COMPONENTS)
GATEWAYS = frozenset(one.id for one in COMPONENTS if not one.opens)


def held(opens: int, closes: int, doors: list[str], *, revoked: bool = False) -> HeldKey:
    """A key for microseconds since 1970."""
    return HeldKey(id="k", asked={"components": doors}, opens=Instant(opens), closes=Instant(closes), revoked=revoked)


keys = st.builds(
    held,
    st.integers(0, 5),
    st.integers(6, 9),
    st.lists(st.sampled_from([one.id for one in COMPONENTS]), min_size=1, max_size=3),
    revoked=st.booleans(),
)


@settings(max_examples=100)
@given(st.lists(keys, max_size=4), st.sampled_from(COMPONENTS), st.integers(0, 10))
def test_green_means_that_some_key_opens(keys_held: list[HeldKey], component: Any, at: int) -> None:
    """Against the plain rule: one key, not revoked, for this door, no gateway among its doors, within its window."""
    expected = any(
        not key.revoked
        and component.id in key.asked["components"]
        and not GATEWAYS & set(key.asked["components"])
        and key.opens.us <= at < key.closes.us
        for key in keys_held
    )
    light = judge(keys_held, component, GATEWAYS, Instant(at))
    assert light.green == bool(light) == expected
    assert (light.reason == "ok") == expected
    if not keys_held:
        assert light.reason == "no_key"


def test_of_several_keys_the_nearest_to_opening_gives_the_reason() -> None:
    """After a move the new key's "too early" is shown, not the old key's "revoked"; a running key elsewhere says "wrong door"."""
    old, new, other = held(0, 9, DOORS[:1], revoked=True), held(6, 9, DOORS[:1]), held(0, 9, DOORS[1:])
    spent, elsewhere = held(0, 4, DOORS[:1]), held(6, 9, DOORS[1:])
    light = judge([old, new], COMPONENTS[0], GATEWAYS, Instant(5))
    assert light == Light(green=False, reason="too_early")
    assert judge([new, other], COMPONENTS[0], GATEWAYS, Instant(5)).reason == "wrong_door"
    assert judge([elsewhere, spent], COMPONENTS[0], GATEWAYS, Instant(5)).reason == "too_late"


def test_a_key_that_names_the_gateway_opens_nothing() -> None:
    """As if it had never reached the lock; the gateway itself is no door."""
    key = held(0, 9, [COMPONENTS[0].id, *GATEWAYS])
    assert judge([key], COMPONENTS[0], GATEWAYS, Instant(5)).reason == "no_key"
    assert judge([key], COMPONENTS[-1], GATEWAYS, Instant(5)).reason == "wrong_door"


@pytest.mark.parametrize(
    "changed",
    [
        {"validFrom": None},
        {"installNotification": "no"},
        {"components": []},
        {"components": ["none"]},
        {"formFactor": "ma-watch"},
        {"publicRegistrationId": "0791234567"},
        {"formFactor": "ma-email"},
        {"formFactor": "ma-custom"},
        {"mobileApp": {"id": "x"}},
    ],
)
def test_wishes_against_the_description_have_a_problem(changed: dict[str, Any]) -> None:
    """Missing or misshapen fields, unknown doors, a registration id that does not fit, an app id with letters."""
    assert problem_of(key_order(**changed), KNOWN)


def test_the_three_kinds_of_registration_are_taken() -> None:
    """Phone in E.164, e-mail address, UUID version 4."""
    assert not problem_of(key_order(), KNOWN)
    assert not problem_of(key_order(formFactor="ma-email", publicRegistrationId="anna@example.org"), KNOWN)
    custom = "c0000000-0000-4000-8000-000000000001"
    assert not problem_of(key_order(formFactor="ma-custom", publicRegistrationId=custom), KNOWN)


def test_components_and_keys_are_shown_in_the_vendor_s_words() -> None:
    """Field names of the API description."""
    assert COMPONENTS[0].to_json()["templateIdentifier"] == COMPONENTS[0].template
    shown = held(0, 5, DOORS).to_json(NOON)
    assert (shown["expired"], shown["revoked"], shown["components"]) == (True, False, DOORS)
