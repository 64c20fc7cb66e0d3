"""Values to rows and back, from the fields of an attrs class.

Rules kept here: a field is a column of the same name; instants and spans become microseconds, enums their value, truth 0 or
1, anything nested JSON. What a class cannot be stored as is found when its table is made, not when the first row comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import Enum
from functools import lru_cache
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
        self._from = [(item.name, convert[1]) for item, convert in zip(fields, converts, strict=True)]

    def row(self, thing: E) -> list[object]:
        """The thing's column values, in order of ``columns``."""
        return [convert(getattr(thing, name)) for name, convert in self._to.items()]

    def value(self, column: str, value: object) -> object:
        """One field's value as its column holds it."""
        return self._to[column](value)

    def thing(self, row: Sequence[object]) -> E:
        """The thing of a row that has all columns in order."""
        values = {name: convert(value) for (name, convert), value in zip(self._from, row, strict=True)}
        return self.kind(**values)


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
        if kind is bool:
            return int, bool
        if kind is Instant:
            return (lambda value: value.us), Instant
        if kind is timedelta:
            return (lambda value: value // _MICROSECOND), (lambda value: value * _MICROSECOND)
        if issubclass(kind, Enum):
            return (lambda value: value.value), kind
    return dumps, _from_json(kind)


def _from_json(kind: Any) -> Convert:
    if isinstance(kind, type) and attrs.has(kind):
        # Frozen, and mostly the same few: the settings of a tree are read with every text.
        return lru_cache(maxsize=4096)(lambda text: loads(text, kind))
    return lambda text: loads(text, kind)
