"""The devices of a simulated exivo site, the keys it holds, and how a lock decides between green and red.

Rules kept here: a lock knows nothing but the keys; a key opens a door if it is not revoked, names that door and no gateway,
and ``validFrom <= at < validTo``. Of several keys the one that comes nearest to opening gives the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field, frozen

from servicekit.moments import Instant

__all__ = ["COMPONENTS", "HeldKey", "Light", "SimComponent", "judge", "problem_of", "visit_problem"]

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_REGISTRATION = {
    "ma-phone": re.compile(r"\+[1-9]\d{5,14}"),
    "ma-email": re.compile(r"[^@\s]+@[^@\s]+"),
    "ma-custom": _UUID4,
}
_REQUIRED = {
    "validFrom": str,
    "validTo": str,
    "components": list,
    "formFactor": str,
    "publicRegistrationId": str,
    "mobileApp": dict,
    "installNotification": bool,
}


@frozen(kw_only=True)
class SimComponent:
    """A device of the site; ``template`` that contains ``gateway`` or ``alarm`` says what it is."""

    id: str
    identifier: str
    labelling: str = ""
    template: str = "digital-cylinder"
    ready: bool = True
    open: bool = False
    mode: str = "normal"

    @property
    def opens(self) -> bool:
        """Whether it has a lock at all."""
        return "gateway" not in self.template

    def to_json(self) -> dict[str, Any]:
        """As the vendor shows it."""
        return {
            "id": self.id,
            "identifier": self.identifier,
            "labelling": self.labelling,
            "remarks": "",
            "accessZones": [],
            "templateIdentifier": self.template,
            "ready": self.ready,
            "open": self.open,
            "mode": self.mode,
        }


COMPONENTS = (
    SimComponent(id="c0000000-0000-4000-8000-000000000001", identifier="Main door", labelling="Ground floor"),
    SimComponent(id="c0000000-0000-4000-8000-000000000002", identifier="Cloakroom", labelling="Ground floor"),
    SimComponent(id="c0000000-0000-4000-8000-000000000003", identifier="Room 1", labelling="First floor"),
    SimComponent(id="c0000000-0000-4000-8000-000000000004", identifier="Room 2", labelling="First floor"),
    SimComponent(
        id="c0000000-0000-4000-8000-000000000005",
        identifier="Store",
        labelling="Basement",
        template="digital-cylinder-alarm",
    ),
    SimComponent(id="c0000000-0000-4000-8000-000000000009", identifier="Gateway", template="gateway-connect"),
)
"""The site's devices unless others are given: four doors, one with an alarm, and the gateway."""


@frozen
class Light:
    """What the door shows: green, or red with the reason.

    ``reason`` is ``ok``, or ``no_key`` (the phone has none), ``revoked``, ``wrong_door``, ``too_early``, ``too_late``.
    """

    green: bool
    reason: str

    def __bool__(self) -> bool:
        return self.green


@define(kw_only=True)
class HeldKey:
    """A digital key visit, or a visit with a PIN, as asked for and as it is."""

    id: str
    asked: dict[str, Any]
    opens: Instant
    closes: Instant
    revoked: bool = field(default=False)
    link: str = ""

    @property
    def doors(self) -> frozenset[str]:
        """The ids of the components it names."""
        return frozenset(self.asked["components"])

    def to_json(self, now: Instant) -> dict[str, Any]:
        """As the vendor shows it."""
        link = {"link": self.link} if self.link else {}
        return {**self.asked, **link, "id": self.id, "expired": now >= self.closes, "revoked": self.revoked}


def judge(keys: Iterable[HeldKey], component: SimComponent, gateways: frozenset[str], at: Instant) -> Light:
    """What the lock of ``component`` shows at ``at`` to somebody who holds ``keys``."""
    shown = [_judge_one(key, component, gateways, at) for key in keys]
    return min(shown, default=(9, Light(green=False, reason="no_key")), key=lambda one: one[0])[1]


def _judge_one(key: HeldKey, component: SimComponent, gateways: frozenset[str], at: Instant) -> tuple[int, Light]:
    """The light for one key, after how near it comes to opening (0 opens)."""
    running = key.opens <= at < key.closes
    if key.revoked:
        return 5, Light(green=False, reason="revoked")
    if component.id not in key.doors or not component.opens:
        return (1 if running else 4), Light(green=False, reason="wrong_door")
    if at < key.opens:
        return 2, Light(green=False, reason="too_early")
    if at >= key.closes:
        return 3, Light(green=False, reason="too_late")
    if key.doors & gateways:
        return 6, Light(green=False, reason="no_key")  # the vendor's error: such a key never reached the lock
    return 0, Light(green=True, reason="ok")


def problem_of(asked: Mapping[str, Any], components: frozenset[str]) -> str:
    """Why the API description does not allow this wish for a key (its times aside), or an empty text."""
    problem = _lacking(asked, _REQUIRED, components)
    if problem:
        return problem
    pattern = _REGISTRATION.get(asked["formFactor"])
    if pattern is None or not pattern.fullmatch(asked["publicRegistrationId"]):
        return "publicRegistrationId does not fit formFactor"
    if not re.fullmatch(r"[0-9]*", str(asked["mobileApp"].get("id", ""))):
        return "mobileApp.id must be digits"
    return ""


def visit_problem(asked: Mapping[str, Any], components: frozenset[str]) -> str:
    """The same for a wish for a visit with a PIN."""
    problem = _lacking(asked, {"code": str, "validFrom": str, "validTo": str, "components": list}, components)
    if problem:
        return problem
    if not re.fullmatch("[0-9]{4,6}", asked["code"]):
        return "code must be 4 to 6 digits"
    if not asked.get("smsNr") and not asked.get("email"):
        return "smsNr or email is required"
    if asked.get("smsNr") and not re.fullmatch(r"(\+|00)(?:[0-9] ?){6,14}[0-9]", asked["smsNr"]):
        return "smsNr must be a phone number"
    return ""


def _lacking(asked: Mapping[str, Any], required: Mapping[str, type], components: frozenset[str]) -> str:
    for name, kind in required.items():
        if not isinstance(asked.get(name), kind):
            return f"{name} is required"
    unknown = [one for one in asked["components"] if one not in components]
    return f"Component not found: {unknown}" if unknown or not asked["components"] else ""
