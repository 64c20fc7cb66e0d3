"""JSON Schema (draft 2020-12) of what the codec writes and reads, from the types themselves.

Rules kept here: the schema says what :mod:`servicekit.codec` does, and no more. A class stands once, under its name; a type
that the codec's JSON cannot be told of is an error when the description is made, not when somebody calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs

from servicekit.ids import Id
from servicekit.moments import Instant

__all__ = ["Schemas", "fields_of"]

Schema = dict[str, Any]
_PLAIN: Mapping[type, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    float: {"type": "number"},
    str: {"type": "string"},
    NoneType: {"type": "null"},
    Instant: {"type": "string", "format": "date-time", "description": "RFC 3339, UTC"},
    timedelta: {"type": "integer", "description": "microseconds"},
}


def fields_of(kind: type) -> tuple[attrs.Attribute[Any], ...]:
    """The fields that a class is made from, with their types resolved."""
    resolved: Any = attrs.resolve_types(kind)
    return tuple(item for item in attrs.fields(resolved) if item.init)


class Schemas:
    """Schemas of types, and the classes that they refer to."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, kind: Any) -> Schema:
        """The schema of a type.

        Raises:
            TypeError: a type that has none.
        """
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        origin = get_origin(kind)
        if origin in {Union, UnionType}:
            return {"anyOf": [self.of(option) for option in get_args(kind)]}
        if origin is tuple and get_args(kind)[1:] == (...,):
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if isinstance(kind, type):
            if issubclass(kind, Id):
                return {"type": "string", "pattern": f"^{kind.prefix}_", "description": first_line(kind)}
            if issubclass(kind, Enum):
                return {"type": "string", "enum": [member.value for member in kind]}
            if attrs.has(kind):
                return self._class(kind)
        raise TypeError(f"{kind!r} has no JSON schema: answer with attrs classes of plain fields.")

    def _class(self, kind: type) -> Schema:
        name = kind.__name__
        if name not in self.components:
            self.components[name] = {}  # said before its fields are, because they may refer to it
            self.components[name] = {"description": first_line(kind), **self.object_of(kind, answer=True)}
        return {"$ref": f"#/components/schemas/{name}"}

    def object_of(self, kind: type, names: Mapping[str, bool] | None = None, *, answer: bool = False) -> Schema:
        """An object with the fields of a class.

        Args:
            kind: an attrs class.
            names: which fields, and whether each is required; all, as the class requires them, unless said.
            answer: whether it is written, and so has all fields.
        """
        properties: dict[str, Schema] = {}
        required = []
        for item in fields_of(kind):
            if names is not None and item.name not in names:
                continue
            properties[item.name] = self.of(item.type)
            if (answer or item.default is attrs.NOTHING) if names is None else names[item.name]:
                required.append(item.name)
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }


def first_line(kind: type) -> str:
    """The first sentence of a docstring."""
    return (inspect.getdoc(kind) or kind.__name__).partition("\n")[0]
