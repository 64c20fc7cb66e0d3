"""Values to rows and back, from the fields of an attrs class.

Rules kept here: a field is a column of the same name; instants and spans become microseconds, enums their value, truth 0 or
1, dates and decimals their text, anything nested JSON. What a class cannot be stored as is found when its table is made, not
when the first row comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import attrs

from servicekit.codec import dumps, loads
from servicekit.ids import GroupId, Id
from servicekit.moments import Instant

__all__ = ["Rows"]

E = TypeVar("E")
_MICROSECOND = timedelta(microseconds=1)
_SURELY = 10**17  # microseconds: into the year 5138
Convert = Callable[[Any], Any]


class Rows(Generic[E]):
    """How things of one class stand in a table."""

    def __init__(self, kind: type[E]) -> None:
        self.kind = kind
        resolved: Any = attrs.resolve_types(kind)  # type: ignore[type-var]
        fields = attrs.fields(resolved)
        self.columns: tuple[str, ...] = tuple(item.name for item in fields)
        converts = [_converters(item.type)[0] for item in fields]
        self._to = dict(zip(self.columns, converts, strict=True))
        # Most columns hold the very value; only the others are looked at.
        self._changed_to = [(place, to) for place, to in enumerate(converts) if to is not _same]
        self._values = _getter(self.columns)
        self._made = _maker(kind, self.columns, [item.type for item in fields])

    def row(self, thing: E) -> list[object]:
        """The thing's column values, in order of ``columns``."""
        row = list(self._values(thing))
        for place, convert in self._changed_to:
            row[place] = convert(row[place])
        return row

    def value(self, column: str, value: object) -> object:
        """One field's value as its column holds it."""
        return self._to[column](value)

    def thing(self, row: Sequence[object]) -> E:
        """The thing of a row that has all columns in order."""
        return self._made(row)


def _maker(kind: type[E], columns: Sequence[str], kinds: Sequence[Any]) -> Callable[[Sequence[object]], E]:
    """A function of its own for each class, as attrs makes its ``__init__``: a page of the log is mostly this."""
    backs = [_converters(_without_none(one))[1] for one in kinds]
    known: dict[str, Any] = {"kind": kind, "text": str.__new__}
    known |= {f"back_{place}": back for place, back in enumerate(backs)}
    known |= {f"kind_{place}": _without_none(one) for place, one in enumerate(kinds)}
    values = [_expression(place, one, back) for place, (one, back) in enumerate(zip(kinds, backs, strict=True))]
    twin = _twin(kind)
    if twin is None:
        made = f"return kind({', '.join(f'{column}={value}' for column, value in zip(columns, values, strict=True))})"
    else:
        known |= {"twin": twin, "new": object.__new__}
        places = ", ".join(f"made.{column}" for column in columns)
        made = f"made = new(twin); {places}, = {', '.join(values)},; made.__class__ = kind; return made"
    exec(  # noqa: S102 - of our own classes' fields, once for each class
        f"def thing(row):\n    {', '.join(f'_{place}' for place in range(len(columns)))}, = row\n    {made}",
        known,
    )
    thing: Callable[[Sequence[object]], E] = known["thing"]
    return thing


def _expression(place: int, kind: Any, back: Convert) -> str:
    """What a column's value becomes; the commonest conversions without a call."""
    value, inner = f"_{place}", _without_none(kind)
    if back is _same:
        return value
    made = f"back_{place}({value})"
    if isinstance(inner, type) and issubclass(inner, Id) and inner is not GroupId:
        start = inner.prefix + "_"  # as its class looks at it
        made = f"text(kind_{place}, {value}) if {value}[:{len(start)}] == {start!r} else {made}"
    return made if inner is kind else f"None if {value} is None else {made}"


def _without_none(kind: Any) -> Any:
    """The one type beside None of a union of two; else the type itself."""
    inner = [option for option in get_args(kind) if option is not NoneType]
    return inner[0] if get_origin(kind) in {Union, UnionType} and len(inner) == 1 else kind


def _twin(kind: type[E]) -> type | None:
    """A subclass that can be assigned to: a sixth of the time that a frozen class takes to set its own fields.

    What is made of it then becomes one of ``kind``. None for a class that looks at its values while it is made.
    """
    looks = any(item.validator or item.converter for item in attrs.fields(kind))  # type: ignore[arg-type]
    if looks or hasattr(kind, "__attrs_post_init__") or "__slots__" not in kind.__dict__:
        return None
    # Both: with one of them alone, Python still looks the other one up for each assignment.
    thawed = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    return type(kind.__name__, (kind,), {"__slots__": (), **thawed})


def _getter(names: Sequence[str]) -> Callable[[object], tuple[Any, ...]]:
    if len(names) == 1:  # for which attrgetter gives no tuple
        return lambda thing: (getattr(thing, names[0]),)
    return attrgetter(*names)


def _same(value: Any) -> Any:
    return value


def _or_none(convert: Convert) -> Convert:
    return convert if convert is _same else lambda value: None if value is None else convert(value)


def _converters(kind: Any) -> tuple[Convert, Convert]:
    """To the column and from it."""
    inner = _without_none(kind)
    if inner is not kind:
        to, back = _converters(inner)
        return _or_none(to), _or_none(back)
    if isinstance(kind, type):
        if kind in {str, int, bytes}:
            return _same, _same
        if issubclass(kind, GroupId):  # few, and in nearly every row
            return _same, lru_cache(maxsize=4096)(kind)
        if issubclass(kind, Id):
            return _same, kind
        if issubclass(kind, Enum):
            return attrgetter("value"), _Members(kind).__getitem__
        if kind in _SCALARS:
            return _SCALARS[kind]
    if get_origin(kind) is tuple:
        return (lambda value: dumps(value) if value else "[]"), _from_json(kind)
    return dumps, _from_json(kind)


class _Members(dict[object, Enum]):
    """An enum's members by their values, looked up, because calling the class takes ten times as long."""

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__((member.value, member) for member in kind)
        self._kind = kind

    def __missing__(self, value: object) -> Enum:
        return self._kind(value)  # which says what is wrong


class _Thawed(Instant):
    """An instant that can be assigned to; see :func:`_twin`."""

    __slots__ = ()
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


def _instant(us: int) -> Instant:
    """Two in most rows: those of the next millennia are surely within what an instant can be."""
    if not 0 <= us < _SURELY:
        return Instant(us)
    made: Any = object.__new__(_Thawed)
    made.us = us
    made.__class__ = Instant
    instant: Instant = made
    return instant


_SCALARS: dict[type, tuple[Convert, Convert]] = {
    bool: (int, bool),
    date: (date.isoformat, date.fromisoformat),
    Decimal: (str, Decimal),
    Instant: (attrgetter("us"), _instant),
    timedelta: ((lambda span: span // _MICROSECOND), (lambda value: value * _MICROSECOND)),
}


def _from_json(kind: Any) -> Convert:
    if get_origin(kind) is tuple or (isinstance(kind, type) and attrs.has(kind)):
        # Frozen, and mostly the same few: the settings of a tree are read with every text.
        return lru_cache(maxsize=4096)(lambda text: loads(text, kind))
    return lambda text: loads(text, kind)
