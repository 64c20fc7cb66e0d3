"""Values to rows and back, from the fields of an attrs class.

Rules kept here: a field is a column of the same name; instants and spans become microseconds, enums their value, truth 0 or
1, anything nested JSON. What a class cannot be stored as is found when its table is made, not when the first row comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
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
        self._changed_from = [
            (name, back) for name, (_, back) in zip(self.columns, converts, strict=True) if back is not _same
        ]
        self._values = _getter(self.columns)

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
        values = dict(zip(self.columns, row, strict=True))
        for name, convert in self._changed_from:
            values[name] = convert(values[name])
        return self.kind(**values)


def _getter(names: Sequence[str]) -> Callable[[object], tuple[Any, ...]]:
    if len(names) == 1:  # for which attrgetter gives no tuple
        return lambda thing: (getattr(thing, names[0]),)
    return attrgetter(*names)


def _same(value: Any) -> Any:
    return value


def _converters(kind: Any) -> tuple[Convert, Convert]:
    """To the column and from it."""
    if get_origin(kind) in {Union, UnionType}:
        inner = [option for option in get_args(kind) if option is not NoneType]
        if len(inner) == 1:
            to, back = _converters(inner[0])
            return (lambda value: None if value is None else to(value)), (
                lambda value: None if value is None else back(value)
            )
    if isinstance(kind, type):
        if kind in {str, int, bytes}:
            return _same, _same
        if issubclass(kind, Id):
            return _same, kind
        if issubclass(kind, Enum):
            members = {
                member.value: member for member in kind
            }  # looked up, because calling the class takes ten times as long
            return attrgetter("value"), lambda value: members[value] if value in members else kind(value)
        if kind in _SCALARS:
            return _SCALARS[kind]
    if get_origin(kind) is tuple:
        return (lambda value: dumps(value) if value else "[]"), _from_json(kind)
    return dumps, _from_json(kind)


_SCALARS: dict[type, tuple[Convert, Convert]] = {
    bool: (int, bool),
    Instant: (attrgetter("us"), Instant),
    timedelta: ((lambda span: span // _MICROSECOND), (lambda value: value * _MICROSECOND)),
}


def _from_json(kind: Any) -> Convert:
    if get_origin(kind) is tuple or (isinstance(kind, type) and attrs.has(kind)):
        # Frozen, and mostly the same few: the settings of a tree are read with every text.
        return lru_cache(maxsize=4096)(lambda text: loads(text, kind))
    return lambda text: loads(text, kind)
