"""Values to JSON and back: everything reads back equal, and nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import attrs
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from servicekit.bookings import BookingRules, Frequency, Hours, Recurrence
from servicekit.codec import dumps, loads
from servicekit.errors import Invalid
from servicekit.groups import Quota, Settings
from servicekit.ids import BookingId, Id, ProviderId
from servicekit.moments import Instant
from servicekit.outbox import facts
from servicekit.outbox.effects import EffectState, RetryEffect, Stage

MODULES = [
    "groups",
    "messages",
    "bookings",
    "keys",
    "meetings",
    "notices",
    "portal",
    "push.commands",
    "outbox.effects",
    "outbox.facts",
    "outbox.letters",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type, from the type alone."""
    if get_origin(kind) in {Union, UnionType}:
        return st.one_of([values(option) for option in get_args(kind)])
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        return st.dictionaries(st.text(), JSON, max_size=3)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind in LEAVES:
        return LEAVES[kind]
    if issubclass(kind, Id):
        return st.text(max_size=5).map(lambda text: kind(f"{kind.prefix}_{text}"))
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    return st.deferred(lambda: made(kind))


LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    NoneType: st.none(),
    str: st.text(st.characters()),
    int: st.integers(),
    bool: st.booleans(),
    bytes: st.binary(),
    timedelta: st.timedeltas(),
    Instant: st.integers(-(10**16), 10**17).map(Instant),
    date: st.dates(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    # Whose rules would refuse almost all that is drawn without regard to them.
    Hours: st.builds(lambda opens, length: Hours(opens, opens + length), st.integers(0, 1439), st.integers(1, 1440)),
    BookingRules: st.builds(
        BookingRules,
        providers=st.lists(st.just(ProviderId("prv_1"))).map(tuple),
        seats=st.none() | st.integers(1, 9),
        before=st.timedeltas(timedelta(0), timedelta(31)),
        lead=st.timedeltas(timedelta(0), timedelta(31)),
        horizon=st.none() | st.timedeltas(timedelta(32), timedelta(99)),
        every=st.integers(1, 1440).map(lambda minutes: timedelta(minutes=minutes)),
    ),
    Recurrence: st.builds(
        Recurrence, every=st.just(Frequency.WEEKLY), until=st.dates(), on=st.lists(st.integers(0, 6)).map(tuple)
    ),
}


@st.composite
def made(draw: st.DrawFn, kind: Any) -> Any:
    """A value of an attrs class, where its rules allow what was drawn."""
    fields = attrs.fields(attrs.resolve_types(kind))
    try:
        return kind(**{item.alias: draw(values(item.type)) for item in fields})
    except Invalid:
        reject()


KINDS: list[Any] = [
    public
    for name in MODULES
    for module in [import_module(f"servicekit.{name}")]
    for public in map(module.__dict__.get, module.__all__)
    if isinstance(public, type)
    and attrs.has(public)
    and public.__name__
    not in {
        "Effective",
        "Recount",
        "Route",
        "Setting",
        "Tree",
        "Way",
    }  # never written: readings of any type, a whole tree and what changed in it, routes of a kit
]


@given(st.data())
def test_everything_reads_back_equal(data: st.DataObject) -> None:
    """Commands, facts and stored values of every room come back as they were, over any text and any bytes between."""
    value = data.draw(st.sampled_from(KINDS).flatmap(values))
    text = dumps(value)
    assert loads(text, type(value)) == value
    assert loads(text.encode("ascii"), type(value)) == value


@given(st.data())
def test_equal_values_give_equal_text(data: st.DataObject) -> None:
    """Also mappings that were filled in another order."""
    evidence = data.draw(st.dictionaries(st.text(), JSON, min_size=2))
    turned = dict(reversed(evidence.items()))
    assert dumps(evidence) == dumps(turned)


@given(
    JSON,
    st.sampled_from(
        [*KINDS, Instant, timedelta, BookingId, EffectState, Stage, tuple[str, ...], int, str, bool, float]
    ),
)
def test_other_json_is_refused(value: object, kind: Any) -> None:
    """Whatever JSON is given for whatever type: it reads as one of that type, or is refused with the fault's path."""
    try:
        read = loads(json.dumps(value), kind)
    except Invalid as error:
        assert error.code == "not_readable"  # noqa: PT017 - most JSON is refused, not all
        assert all(" @ $" in why for why in error.facts["why"])  # type: ignore[attr-defined]  # noqa: PT017 - as above
    else:
        assert isinstance(read, get_origin(kind) or kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('"5"', int),
        ("5.0", int),
        ("true", int),
        ("true", Stage),
        ("0", bool),
        ('"false"', bool),
        ("5", str),
        ("null", str),
        ("true", float),
        ('"ab"', tuple[str, ...]),
        ('{"a": 1}', tuple[str, ...]),
        ("0", Instant),
        ('"2026-11-25T14:00:00"', Instant),
        ("1.5", timedelta),
        ("1" + "0" * 30, timedelta),
        ('"usr_1"', BookingId),
        ('"gone"', EffectState),
        ("[]", Settings),
        ('{"signature": "/S", "colour": "red"}', Settings),
        ("5", Quota | None),
        ("0.5", Decimal),
        ("5", Decimal),
        ('"NaN"', Decimal),
        ('"half"', Decimal),
        ("20261125", date),
        ('"25.11.2026"', date),
    ],
)
def test_nothing_is_guessed(text: str, kind: Any) -> None:
    """A text is no number, true is no 1, a text is no list, an id of one kind none of another, and no field is ignored."""
    with pytest.raises(Invalid) as caught:
        loads(text, kind)
    assert caught.value.code == "not_readable"


def test_whole_numbers_are_numbers_with_a_fraction() -> None:
    """JSON does not tell 5 from 5.0, so either is a float."""
    assert loads("5", float) == 5.0
    assert isinstance(loads("5", float), float)
    assert loads("5.5", float) == 5.5


@given(st.decimals(allow_nan=False, allow_infinity=False), st.dates())
def test_decimals_and_dates_read_back_to_the_last_digit(number: Decimal, day: date) -> None:
    """As text: a decimal with its very zeros, which a number of JSON would not keep."""
    back = loads(dumps([number]), list[Decimal])

    assert str(back[0]) == str(number)
    assert loads(dumps([day]), list[date]) == [day]
    assert dumps([Decimal("0.4850"), date(2026, 11, 25)]) == '["0.4850","2026-11-25"]'


def test_pairs_are_no_lists() -> None:
    """A tuple of stated members has each of its own type, and exactly so many."""
    assert loads('[1, "a"]', tuple[int, str]) == (1, "a")
    with pytest.raises(Invalid):
        loads('[1, "a", "b"]', tuple[int, str])


def test_faults_name_their_path() -> None:
    """Each fault says where it is; a rule's own sentence is kept."""
    with pytest.raises(Invalid) as caught:
        loads('{"user_quota": {"segments": -1}, "country_code": "46"}', Settings)
    assert caught.value.facts["why"] == [
        "invalid value for type, expected int | None @ $.country_code",
        "A quota is a number from 0 (may not send), or None for unlimited. @ $.user_quota",
    ]
    assert caught.value.message.startswith("This is no Settings: ")


@pytest.mark.parametrize("text", ["", "{", "[1,]", b"\xff", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    """Broken, undecodable and endless text is refused, and said to be no JSON."""
    with pytest.raises(Invalid, match="This is no JSON") as caught:
        loads(text, Settings)
    assert caught.value.code == "not_readable"


def test_the_form_is_stable() -> None:
    """What is stored today is read by later releases: instants with Z, spans in microseconds, words of enums, sorted keys."""
    fact = facts.TextReported(
        vendor="v", event_id="e", evidence={"b": [1.5], "a": None}, vendor_id="s1", status=facts.TextStatus.SENT
    )
    text = (
        '{"also":[],"cost":null,"event_id":"e","evidence":{"a":null,"b":[1.5]},"number":"","parts":null,"reference":"",'
        '"status":"SENT","vendor":"v","vendor_id":"s1"}'
    )
    assert dumps(fact) == text
    assert dumps([Instant(0), timedelta(minutes=1), "Ö"]) == '["1970-01-01T00:00:00Z",60000000,"\\u00d6"]'
    assert loads('{"effect": "eff_1"}', RetryEffect).effect == "eff_1"
