"""exivo's words read into ours.

Rules kept here: fields may be missing, null or of unknown words, and are read as far as they go. PINs and links go into no
evidence. Whose a line of the access log is stands somewhere in its ``data``, whose form exivo leaves open.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from servicekit.errors import Invalid
from servicekit.keys import booking_of
from servicekit.moments import Instant, Window
from servicekit.ports.doors import Component, DoorEvent, VendorKey

__all__ = ["component_of", "event_of", "key_of", "kind_of", "text"]

_VISIT = "visit:"
_HIDDEN = frozenset({"code", "link"})  # whoever has both gets in
_GRANTED = {"accessPermitted": True, "componentUnlocked": True, "accessDenied": False}
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")


def component_of(told: Mapping[str, Any], gateway_pattern: str, gateways: Collection[str]) -> Component:
    """A device; a gateway by its template or because somebody said so."""
    template = text(told, "templateIdentifier").casefold()
    ready = told.get("ready")
    return Component(
        id=text(told, "id"),
        name=" ".join(filter(None, (text(told, "identifier"), text(told, "labelling")))) or text(told, "id"),
        gateway=gateway_pattern.casefold() in template or text(told, "id") in gateways,
        alarm="alarm" in template,
        ready=ready if isinstance(ready, bool) else None,
        evidence=told,
    )


def kind_of(vendor_id: str) -> tuple[bool, str]:
    """Whether it is a key with a PIN, and exivo's own id of it."""
    return vendor_id.startswith(_VISIT), vendor_id.removeprefix(_VISIT)


def key_of(told: Mapping[str, Any], by_pin: bool) -> VendorKey:
    """A digital key visit, or a visit with a PIN."""
    doors = told.get("components")
    return VendorKey(
        vendor_id=_VISIT * by_pin + text(told, "id"),
        marker=text(told, "name"),
        components=tuple(map(str, doors)) if isinstance(doors, list) else (),
        mobile=text(told, "smsNr" if by_pin else "publicRegistrationId") or None,
        window=_window(told),
        revoked=told.get("revoked") is True,
        expired=told.get("expired") is True,
        evidence={name: value for name, value in told.items() if name not in _HIDDEN},
    )


def event_of(told: Mapping[str, Any]) -> DoorEvent | None:
    """A line of the log; whose it is stands somewhere in ``data``, whose form exivo leaves open."""
    try:
        at = Instant.parse(text(told, "occurredAt"))
    except Invalid:
        return None
    data = _dict(told.get("data"))
    words = list(_words(data))
    return DoorEvent(
        id=text(told, "id"),
        at=at,
        word=text(told, "name"),
        granted=_GRANTED.get(text(told, "name")),
        component=text(_dict(data.get("component")), "id") or text(data, "componentId"),
        marker=next((word for word in words if booking_of(word)), ""),
        mobile=next((word for word in words if _E164.fullmatch(word)), ""),
        evidence=told,
    )


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(data: Mapping[str, Any]) -> Iterator[str]:
    """The texts in an object and in those within it, two deep."""
    for value in data.values():
        within = value.values() if isinstance(value, dict) else [value]
        yield from (word for word in within if isinstance(word, str))


def _window(told: Mapping[str, Any]) -> Window | None:
    try:
        return Window(Instant.parse(text(told, "validFrom")), Instant.parse(text(told, "validTo")))
    except Invalid:
        return None


def text(told: Mapping[str, Any], name: str) -> str:
    """A field that is a text; empty where it is anything else."""
    value = told.get(name)
    return value if isinstance(value, str) else ""
