"""Rows: every kind of field goes into a column and comes back equal."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest
from attrs import field, frozen
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from servicekit.adapters.storage.rows import Rows
from servicekit.errors import Invalid
from servicekit.groups import Quota
from servicekit.ids import BookingId, UserId
from servicekit.moments import Instant


class Word(StrEnum):
    """An enum of texts."""

    HELLO = "hello"


class Rank(IntEnum):
    """An enum of numbers."""

    FIRST = 1


@frozen(kw_only=True)
class Thing:
    """One field of each kind that is stored."""

    id: BookingId
    text: str
    number: int
    raw: bytes
    truth: bool
    at: Instant
    span: timedelta
    day: date
    price: Decimal
    word: Word
    rank: Rank
    names: tuple[str, ...]
    quota: Quota
    either: int | bool
    owner: UserId | None = None
    until: Instant | None = None
    places: tuple[UserId, ...] | None = None


THING = Thing(
    id=BookingId("bkg_1"),
    text="Grüße",
    number=-7,
    raw=b"\x00\xff",
    truth=True,
    at=Instant.parse("2026-11-25T12:00:00.000001Z"),
    span=timedelta(minutes=15, microseconds=1),
    day=date(2026, 11, 25),
    price=Decimal("0.4850"),
    word=Word.HELLO,
    rank=Rank.FIRST,
    names=("main", "cloakroom"),
    quota=Quota(100, days=30),
    either=5,
)


def test_columns_are_the_fields_in_order() -> None:
    """A field is a column of the same name."""
    assert Rows(Thing).columns[:3] == ("id", "text", "number")
    assert Rows(Thing).columns[-1] == "places"


def test_values_stand_in_columns_as_the_migration_says() -> None:
    """Instants and spans in microseconds, truth 0 or 1, enums by value, anything nested as JSON, None as NULL."""
    row = dict(zip(Rows(Thing).columns, Rows(Thing).row(THING), strict=True))

    assert (row["id"], row["text"], row["number"], row["raw"]) == ("bkg_1", "Grüße", -7, b"\x00\xff")
    assert (row["truth"], row["at"], row["span"]) == (1, THING.at.us, 900_000_001)
    assert (row["word"], row["rank"]) == ("hello", 1)
    assert (row["day"], row["price"]) == ("2026-11-25", "0.4850")
    assert (row["names"], row["quota"]) == ('["main","cloakroom"]', '{"days":30,"segments":100}')
    assert row["either"] == "5"
    assert (row["owner"], row["until"], row["places"]) == (None, None, None)


def test_one_value_is_stored_as_its_column_holds_it() -> None:
    """``value`` gives what a WHERE clause compares with."""
    rows = Rows(Thing)

    assert rows.value("at", THING.at) == THING.at.us
    assert rows.value("places", (UserId("usr_1"),)) == '["usr_1"]'
    assert rows.value("owner", None) is None


@given(
    st.builds(
        Thing,
        id=st.just(BookingId("bkg_1")),
        text=st.text(),
        number=st.integers(-(2**63), 2**63 - 1),
        raw=st.binary(),
        truth=st.booleans(),
        at=st.integers(-(10**15), 10**16).map(Instant),
        span=st.timedeltas(timedelta(days=-3650), timedelta(days=3650)),
        day=st.dates(),
        price=st.decimals(allow_nan=False, allow_infinity=False),
        word=st.sampled_from(Word),
        rank=st.sampled_from(Rank),
        names=st.lists(st.text(st.characters(codec="utf-8"))).map(tuple),
        quota=st.builds(Quota, st.none() | st.integers(0, 10**6), st.none() | st.integers(1, 400)),
        either=st.integers() | st.booleans(),
        owner=st.none() | st.just(UserId("usr_1")),
        until=st.none() | st.integers(0, 10**16).map(Instant),
        places=st.none() | st.lists(st.just(UserId("usr_1"))).map(tuple),
    )
)
def test_what_is_stored_reads_back_equal(thing: Thing) -> None:
    """A row made into a thing again is the thing, and its ids are ids again."""
    rows = Rows(Thing)
    back = rows.thing(rows.row(thing))

    assert back == thing
    assert type(back.id) is BookingId
    assert type(back.truth) is bool


def test_a_row_that_is_none_is_refused() -> None:
    """An id of another kind in a column, a word that is none, or a column too few or too many: an error, never a thing."""
    rows = Rows(Thing)
    row = rows.row(THING)

    with pytest.raises(Invalid, match="no BookingId"):
        rows.thing(["usr_1", *row[1:]])
    word = rows.columns.index("word")
    with pytest.raises(ValueError, match="'bye' is not a valid Word"):
        rows.thing([*row[:word], "bye", *row[word + 1 :]])
    with pytest.raises(ValueError, match="not enough"):
        rows.thing(row[:-1])
    with pytest.raises(ValueError, match="too many"):
        rows.thing([*row, None])


def _unsigned(number: int) -> int:
    return abs(number)


@frozen
class Careful:
    """A class that looks at its values while it is made."""

    id: BookingId
    number: int = field(converter=_unsigned)


def test_what_is_read_is_as_if_it_had_been_made_by_hand() -> None:
    """Of its very class, frozen, hashable; and a class that looks at its values does so with those of a row."""
    rows = Rows(Thing)
    back = rows.thing(rows.row(THING))

    assert (type(back), type(back.at), hash(back.at)) == (Thing, Instant, hash(THING.at))
    with pytest.raises(FrozenInstanceError):
        back.number = 8  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        back.at.us = 8  # type: ignore[misc]
    assert Rows(Careful).thing(["bkg_1", -3]) == Careful(BookingId("bkg_1"), 3)
