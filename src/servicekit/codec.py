"""Values to JSON and back: one cattrs converter for commands, facts and stored details.

Rules kept here: an instant is RFC 3339 text with ``Z``, an id its text, checked for its kind when read back; what was
written by :func:`dumps` reads back equal. cattrs would turn pendulum's and the standard's datetimes into fixed offsets, so
only :class:`~servicekit.moments.Instant` crosses here. Text that does not fit the asked type is refused, never guessed.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from servicekit.errors import Invalid
from servicekit.ids import Id
from servicekit.moments import Instant

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

__all__ = ["dumps", "loads"]

T = TypeVar("T")


def _why(error: BaseException, kind: type | None) -> str:
    from cattrs.v import format_exception

    return error.message if isinstance(error, Invalid) else format_exception(error, kind)


@cache
def converter() -> JsonConverter:
    """The converter, made at first use: cattrs takes 50 ms to import."""
    from cattrs.preconf.json import make_converter

    made = make_converter(forbid_extra_keys=True)
    made.register_unstructure_hook(Instant, Instant.iso)
    made.register_structure_hook(Instant, lambda value, _: Instant.parse(value))
    made.register_unstructure_hook(timedelta, lambda span: span.total_seconds())
    made.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    made.register_unstructure_hook_func(lambda kind: isinstance(kind, type) and issubclass(kind, Id), str)
    made.register_structure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, Id), lambda value, kind: kind(value)
    )
    return made


def dumps(value: object) -> str:
    """The value as JSON text, keys sorted, so that equal values give equal text."""
    return converter().dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def loads(text: str | bytes, kind: type[T]) -> T:
    """A value of type ``kind`` from JSON text.

    Raises:
        Invalid: ``not_readable`` if the text is no JSON or does not fit the type; ``facts["why"]`` names each fault's path.
    """
    from cattrs import BaseValidationError, transform_error

    try:
        return converter().loads(text, kind)
    except BaseValidationError as error:
        why = transform_error(error, format_exception=_why)
        raise Invalid(f"This is no stored {kind.__name__}: {'; '.join(why)}", code="not_readable", why=why) from error
    except ValueError as error:
        raise Invalid(f"This is no JSON: {error}", code="not_readable", why=[str(error)]) from error
