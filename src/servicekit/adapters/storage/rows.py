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
from servicekit.ids import Id
from servicekit.moments import Instant

__all__ = ["Rows"]

E = TypeVar("E")
_MICROSECOND = timedelta(microseconds=1)
Convert = Callable[[Any], Any]


class Rows(Generic[E]):
    """How things of one class stand in a table."""

    def __init__(self, kind: type[E]) -> None:
        self.kind = kind
        resolved: Any = attrs.resolve_types(kind)  # type: ignore[type-var]
        fields = attrs.fields(resolved)
        self.columns: tuple[str, ...] = tuple(item.name for item in fields)
        converts = [_converters(item.type) for item in fields]
        self._to = {item.name: convert[0] for item, convert in zip(fields, converts, strict=True)}
        # Most columns hold the very value; only the others are looked at.
        self._changed_to = [(place, to) for place, (to, _) in enumerate(converts) if to is not _same]
        self._values = _getter(self.columns)
        self._made = _maker(kind, self.columns, [back for _, back in converts])

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


def _maker(kind: type[E], columns: Sequence[str], backs: Sequence[Convert]) -> Callable[[Sequence[object]], E]:
    """A function of its own for each class, as attrs makes its ``__init__``: half the time of going through the columns."""
    known: dict[str, Any] = {"kind": kind, **{f"back_{place}": back for place, back in enumerate(backs)}}
    values = [f"_{place}" if back is _same else f"back_{place}(_{place})" for place, back in enumerate(backs)]
    exec(  # noqa: S102 - of our own classes' fields, once for each class
        f"def thing(row):\n"
        f"    {', '.join(f'_{place}' for place in range(len(columns)))}, = row\n"
        f"    return kind({', '.join(f'{column}={value}' for column, value in zip(columns, values, strict=True))})",
        known,
    )
    made: Callable[[Sequence[object]], E] = known["thing"]
    return made


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
    if get_origin(kind) in {Union, UnionType}:
        inner = [option for option in get_args(kind) if option is not NoneType]
        if len(inner) == 1:
            to, back = _converters(inner[0])
            return _or_none(to), _or_none(back)
    if isinstance(kind, type):
        if kind in {str, int, bytes}:
            return _same, _same
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


_SCALARS: dict[type, tuple[Convert, Convert]] = {
    bool: (int, bool),
    date: (date.isoformat, date.fromisoformat),
    Decimal: (str, Decimal),
    Instant: (attrgetter("us"), Instant),
    timedelta: ((lambda span: span // _MICROSECOND), (lambda value: value * _MICROSECOND)),
}


def _from_json(kind: Any) -> Convert:
    if get_origin(kind) is tuple or (isinstance(kind, type) and attrs.has(kind)):
        # Frozen, and mostly the same few: the settings of a tree are read with every text.
        return lru_cache(maxsize=4096)(lambda text: loads(text, kind))
    return lambda text: loads(text, kind)
