"""Values to JSON and back: one cattrs converter for commands, facts and stored details.

Rules kept here: an instant is RFC 3339 text with ``Z``, a span a whole number of microseconds, an id its text, checked for
its kind when read back, a decimal its digits as text, a date ``2026-11-25``; what was written by :func:`dumps` reads
back equal. cattrs would turn pendulum's and the standard's datetimes into fixed offsets, so only
:class:`~servicekit.moments.Instant` crosses here.

Refused, never guessed: JSON that does not fit the asked type. cattrs alone would read ``"false"`` as true, 5 as ``"5"`` and a
text as the list of its characters.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin

from servicekit.errors import Invalid
from servicekit.ids import Id
from servicekit.moments import Instant

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

__all__ = ["dumps", "loads"]

T = TypeVar("T")
_MICROSECOND = timedelta(microseconds=1)


def _exactly(kind: type[T]) -> Callable[[Any, type[T]], T]:
    """A hook that takes JSON values of this very type (true is no int), for the type and those made of it: ids, enums."""

    def structure(value: Any, asked: type[T]) -> T:
        if type(value) is not kind:
            raise TypeError(f"{value!r} is no {kind.__name__}")
        return asked(value)  # type: ignore[call-arg]

    return structure


def _is_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)


def _ids_in(kind: Any) -> tuple[type[Id], ...]:
    """The kinds of ids that a union is of; none if it is of anything else."""
    kinds = get_args(kind) if isinstance(kind, UnionType) else ()
    return kinds if all(isinstance(one, type) and issubclass(one, Id) for one in kinds) else ()


def _id_of(value: str, kinds: tuple[type[Id], ...]) -> Id:
    fitting = [kind for kind in kinds if value.startswith(f"{kind.prefix}_")]
    return (fitting or kinds)[0](value)


def _decimal(value: Any, _: type) -> Decimal:
    """A number that is as long as it was written, which a float may not be."""
    if type(value) is not str or not (read := Decimal(value)).is_finite():
        raise TypeError(f"{value!r} is no decimal number as text")
    return read


def _why(error: BaseException, kind: type | None) -> str:
    from cattrs.v import format_exception

    return error.message if isinstance(error, Invalid) else format_exception(error, kind)


@cache
def converter() -> JsonConverter:
    """The converter, made at first use: cattrs takes 50 ms to import."""
    from cattrs.preconf.json import make_converter

    made = make_converter(forbid_extra_keys=True)
    text, whole, real = _exactly(str), _exactly(int), _exactly(float)
    made.register_structure_hook(str, text)
    made.register_structure_hook(int, whole)
    made.register_structure_hook(bool, _exactly(bool))
    made.register_structure_hook(float, lambda value, kind: real(float(value) if type(value) is int else value, kind))
    rows, many = _exactly(list), cast("Any", list)
    made.register_structure_hook_func(
        _is_tuple, lambda value, kind: tuple(made.structure(rows(value, list), many[get_args(kind)[0]]))
    )
    made.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)  # evidence: JSON as it is
    made.register_structure_hook_func(
        lambda kind: bool(_ids_in(kind)), lambda value, kind: _id_of(text(value, str), _ids_in(kind))
    )
    made.register_structure_hook(Instant, lambda value, _: Instant.parse(text(value, str)))
    made.register_structure_hook(timedelta, lambda value, _: whole(value, int) * _MICROSECOND)
    made.register_structure_hook(Decimal, _decimal)
    made.register_unstructure_hook(Decimal, str)
    made.register_unstructure_hook(Instant, Instant.iso)
    made.register_unstructure_hook(timedelta, lambda span: span // _MICROSECOND)
    return made


def dumps(value: object) -> str:
    """The value as JSON text in ASCII, keys sorted, so that equal values give equal text."""
    return converter().dumps(value, sort_keys=True, separators=(",", ":"))


def loads(text: str | bytes, kind: type[T]) -> T:
    """A value of type ``kind`` from JSON text.

    Raises:
        Invalid: ``not_readable`` if the text is no JSON or does not fit the type; ``facts["why"]`` names each fault's path.
    """
    from cattrs import BaseValidationError, transform_error

    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"This is no JSON: {error}", code="not_readable", why=[str(error)]) from error
    try:
        # In a list, because cattrs gathers the faults of what stands in something, and only those.
        (read,) = converter().structure([value], list[kind])  # type: ignore[valid-type]
    except BaseValidationError as error:
        why = [fault.replace("$[0]", "$", 1) for fault in transform_error(error, format_exception=_why)]
        name = getattr(kind, "__name__", kind)
        raise Invalid(f"This is no {name}: {'; '.join(why)}", code="not_readable", why=why) from error
    return read
