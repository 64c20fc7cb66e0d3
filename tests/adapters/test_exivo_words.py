"""exivo's words: keys, visits, devices and lines of the log, read as far as they go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.doors.exivo.words import component_of, event_of, key_of, kind_of, text
from servicekit.moments import Instant

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "name", "components", "validFrom", "validTo", "data", "occurredAt", "templateIdentifier", "ready")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)), st.booleans())
def test_anything_is_read_somehow(told: dict[str, Any], by_pin: bool) -> None:
    """Whatever JSON a field holds: no reader fails, and what is no text is no id."""
    key = key_of(told, by_pin)
    assert key.marker == (told.get("name") if isinstance(told.get("name"), str) else "")
    assert component_of(told, "gateway", ()).id == text(told, "id")
    event_of({**told, "occurredAt": "2026-03-28T13:00:00Z"})


def test_a_keys_kind_is_in_our_id_of_it() -> None:
    """exivo's own id is what it was."""
    told = {"id": "k1"}
    for by_pin in (False, True):
        assert kind_of(key_of(told, by_pin).vendor_id) == (by_pin, "k1")


def test_pins_and_links_are_no_evidence() -> None:
    """Whoever has both gets in."""
    key = key_of({"id": "v1", "code": "730194", "link": "https://exivo.example/x", "name": "sk:7:1"}, True)  # noqa: FBT003
    assert key.evidence == {"id": "v1", "name": "sk:7:1"}


@pytest.mark.parametrize("told", [{}, {"occurredAt": None}, {"occurredAt": "yesterday"}, {"occurredAt": 7}])
def test_a_line_without_a_time_is_no_event(told: dict[str, Any]) -> None:
    """Nobody can say who came when by it."""
    assert event_of({"id": "1", "name": "accessPermitted", **told}) is None


@pytest.mark.parametrize(
    ("word", "granted"),
    [
        ("accessPermitted", True),
        ("componentUnlocked", True),
        ("accessDenied", False),
        ("sabotageAlarm", None),
        ("", None),
    ],
)
def test_only_known_words_let_somebody_in(word: str, granted: bool | None) -> None:
    """A word that we do not know says nothing."""
    event = event_of({"id": "1", "name": word, "occurredAt": "2026-03-28T13:00:00Z"})
    assert event is not None
    assert (event.word, event.granted, event.at) == (word, granted, Instant.parse("2026-03-28T13:00:00Z"))


@pytest.mark.parametrize(
    ("data", "component", "marker", "mobile"),
    [
        ({"component": {"id": "c1"}, "publicRegistrationId": "+41791234567"}, "c1", "", "+41791234567"),
        ({"componentId": "c2", "person": {"firstName": "sk:bkg_7:1"}}, "c2", "sk:bkg_7:1", ""),
        ({"person": {"lastName": "sk:bkg_7:2:3", "phone": "+4179"}}, "", "sk:bkg_7:2:3", ""),
        (["c1"], "", "", ""),
        (None, "", "", ""),
        ({"component": "c1", "deep": {"deeper": {"phone": "+41791234567"}}}, "", "", ""),
    ],
)
def test_whose_it_was_is_found_where_it_stands(data: object, component: str, marker: str, mobile: str) -> None:
    """Nobody documents where; a device, our marker and a phone are known by their form."""
    event = event_of({"id": "1", "name": "accessPermitted", "occurredAt": "2026-03-28T13:00:00Z", "data": data})
    assert event is not None
    assert (event.component, event.marker, event.mobile) == (component, marker, mobile)
