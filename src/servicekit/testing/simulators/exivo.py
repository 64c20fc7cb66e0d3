"""A stand-in of exivo (API description 1.1.0): the site's interface, and the lock that decides at the door.

Rules kept here: the door opens for a phone only by a key that the simulator holds, not revoked, for that door, within
``validFrom <= at < validTo``; every try is in the access log. Paths have the vendor's plural and singular forms. Times are
taken in UTC with ``Z`` only; an unknown id reads as an empty 404; other refusals are 400 with a ``message`` and no more.
Where nobody knows what the vendor does (past starts, a second revoke, keys that name the gateway), a switch chooses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from attrs import evolve

from servicekit.moments import Instant
from servicekit.ports.http import HttpRequest, HttpResponse
from servicekit.testing.simulators.core import system_time
from servicekit.testing.simulators.exivo_site import COMPONENTS, HeldKey, Light, SimComponent, judge, problem_of
from servicekit.testing.simulators.exivo_visits import ExivoVisits
from servicekit.testing.simulators.routing import Answered, Call, json_answer, need, route, told
from servicekit.testing.simulators.webhooks import Post, Webhook, http_post

__all__ = ["ExivoSimulator"]

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MODES = ("normal", "closed", "open", "accessControl")


class ExivoSimulator(ExivoVisits):
    """One exivo site with its doors.

    Args:
        components: the site's devices.
        zone: the site's time zone.
        past_start_refused: whether ``validFrom`` before now is refused.
        double_revoke_refused: whether revoking a second time is refused.
        gateway_refused: whether a key that names the gateway is refused at once; otherwise it is made and opens nothing.
        clock, seed, post: see :class:`~servicekit.testing.simulators.core.Simulator`.

    >>> import httpx
    >>> from servicekit.testing.simulators import COMPONENTS, serve
    >>> with serve(ExivoSimulator()) as server:
    ...     exivo = server.simulator
    ...     url = f"{server.url}/v1/{exivo.site_id}/component"
    ...     doors = httpx.get(url, auth=(exivo.api_key, exivo.api_secret)).json()
    ...     doors[0]["identifier"], exivo.try_door("+41791234567", COMPONENTS[0].id)
    ('Main door', Light(green=False, reason='no_key'))
    """

    name: ClassVar[str] = "exivo"
    origins: ClassVar[tuple[str, ...]] = ("https://api.exivo.io",)
    site_id = "51e00000-0000-4000-8000-000000000001"
    api_key = "a9100000-0000-4000-8000-000000000001"
    api_secret = "5ec00000-0000-4000-8000-000000000001"  # noqa: S105 - the simulator's own, printed in its documentation

    def __init__(
        self,
        *,
        components: Sequence[SimComponent] = COMPONENTS,
        zone: str = "Europe/Zurich",
        past_start_refused: bool = True,
        double_revoke_refused: bool = True,
        gateway_refused: bool = False,
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(clock=clock, seed=seed, post=post)
        self.components = {component.id: component for component in components}
        self.zone = zone
        self.past_start_refused = past_start_refused
        self.double_revoke_refused = double_revoke_refused
        self.gateway_refused = gateway_refused
        self._keys: dict[str, HeldKey] = {}
        self._visits: dict[str, HeldKey] = {}
        self._log: list[dict[str, Any]] = []

    def admit(self, call: Call) -> None:
        """HTTP Basic, and the site in the path."""
        if call.basic() != (self.api_key, self.api_secret):
            raise Answered(self.error(401, "Unauthorized"))
        if not call.path.startswith(f"/v1/{self.site_id}/"):
            raise Answered(self.error(403, "Forbidden"))

    # The vendor's interface

    @route("GET", "/v1/{site}/info")
    def _info(self, _: Call) -> HttpResponse:
        return json_answer(
            200,
            {"id": self.site_id, "name": "Salon Sonnenhof", "language": "de", "timeZone": self.zone, "type": "exivo"},
        )

    @route("GET", "/v1/{site}/component")
    def _list_components(self, call: Call) -> HttpResponse:
        return self._page(call, [component.to_json() for component in self.components.values()])

    @route("GET", "/v1/{site}/component/{component}")
    def _get_component(self, call: Call) -> HttpResponse:
        component = self.components.get(call.params["component"])
        return self.error(404, "") if component is None else json_answer(200, component.to_json())

    @route("POST", "/v1/{site}/component/{component}/unlock")
    def _unlock(self, call: Call) -> HttpResponse:
        component = self._component(call)
        user = self._body(call).get("delegatedUser", "")
        self._write_log("componentUnlocked", component.id, {"delegatedUser": user})
        return HttpResponse(status=204)

    @route("POST", "/v1/{site}/component/{component}/mode")
    def _mode(self, call: Call) -> HttpResponse:
        component = self._component(call)
        mode = self._body(call).get("mode", "normal")
        if mode not in _MODES:
            raise Answered(self.error(400, f"mode must be one of {', '.join(_MODES)}"))
        self.components[component.id] = evolve(component, mode=mode)
        return HttpResponse(status=204)

    @route("POST", "/v1/{site}/digitalKeyVisits")
    def _create(self, call: Call) -> HttpResponse:
        asked = self._body(call)
        problem = problem_of(asked, frozenset(self.components))
        if problem:
            raise Answered(self.error(400, problem))
        opens, closes = self._window(asked)
        key = HeldKey(id=self.new_uuid(), asked=asked, opens=opens, closes=closes)
        self._keys[key.id] = key
        if asked.get("callbackUri"):
            request = HttpRequest.json("POST", asked["callbackUri"], {"digitalKeyVisitId": key.id}, headers={})
            self.call_out(Webhook(event="digitalKeyCreated", request=request))
        return json_answer(200, key.to_json(self.now()))

    @route("GET", "/v1/{site}/digitalKeyVisits")
    def _list_keys(self, call: Call) -> HttpResponse:
        return self._page(call, [key.to_json(self.now()) for key in self._keys.values()])

    @route("GET", "/v1/{site}/digitalKeyVisit/{key}")
    def _get_key(self, call: Call) -> HttpResponse:
        key = self._keys.get(call.params["key"])
        return self.error(404, "") if key is None else json_answer(200, key.to_json(self.now()))

    @route("POST", "/v1/{site}/digitalKeyVisit/{key}/revoke")
    def _revoke(self, call: Call) -> HttpResponse:
        return self._revoked(call, self._keys.get(call.params["key"]), "Digital key visit")

    @route("GET", "/v1/{site}/accesslog/component")
    def _list_log(self, call: Call) -> HttpResponse:
        return self._log_page(call, self._log)

    @route("GET", "/v1/{site}/accesslog/component/{component}")
    def _component_log(self, call: Call) -> HttpResponse:
        wanted = call.params["component"]
        return self._log_page(call, [one for one in self._log if one["data"]["component"]["id"] == wanted])

    def _log_page(self, call: Call, entries: list[dict[str, Any]]) -> HttpResponse:
        first, last = call.query.get("from", ""), call.query.get("to", "")
        if any(day and not _DAY.fullmatch(day) for day in (first, last)):
            raise Answered(self.error(400, "from and to must be dates, YYYY-MM-DD"))
        days = [one for one in entries if first <= one["occurredAt"][:10] <= (last or "9999-12-31")]
        return self._page(call, days)

    def _component(self, call: Call) -> SimComponent:
        component = self.components.get(call.params["component"])
        if component is None:
            raise Answered(self.error(400, "Component not found"))
        return component

    # The door

    def try_door(self, phone: str, component_id: str, at: Instant | None = None) -> Light:
        """Hold a phone to a door: green, or red with the reason. The try is written to the access log.

        Args:
            phone: the number as it stands in ``publicRegistrationId``.
            component_id: the door.
            at: when; now by the simulator's clock if left out.

        Raises:
            KeyError: the site has no such component.
        """
        with self._lock:
            at = at or self.now()
            keys = [key for key in self._keys.values() if key.asked["publicRegistrationId"] == phone]
            light = judge(keys, self.components[component_id], self._gateways, at)
            event = "accessPermitted" if light else "accessDenied"
            self._write_log(event, component_id, {"publicRegistrationId": phone, "reason": light.reason}, at)
            return light

    def open_link(self, link: str, pin: str, component_id: str, at: Instant | None = None) -> Light:
        """Somebody follows a visit's link, types a PIN and asks for a door: green, or red with the reason.

        Raises:
            KeyError: the site has no such component.
        """
        with self._lock:
            at = at or self.now()
            keys = [one for one in self._visits.values() if one.link == link and one.asked["code"] == pin]
            light = judge(keys, self.components[component_id], self._gateways, at)
            event = "accessPermitted" if light else "accessDenied"
            names = [one.asked.get("name", "") for one in keys]
            self._write_log(event, component_id, {"visit": {"name": "".join(names[:1])}, "reason": light.reason}, at)
            return light

    def revoke_by_hand(self, key_id: str) -> None:
        """Somebody revokes a key in the exivo app.

        Raises:
            KeyError: no such key.
        """
        with self._lock:
            {**self._keys, **self._visits}[key_id].revoked = True

    def cut_short(self, key_id: str, closes: Instant) -> None:
        """Somebody lets a key end at another time in the exivo app; in the past: now.

        Raises:
            KeyError: no such key.
        """
        with self._lock:
            held = {**self._keys, **self._visits}[key_id]
            held.closes = closes
            held.asked["validTo"] = closes.iso()

    def forget(self, key_id: str) -> None:
        """The vendor drops a key: it is neither listed nor found any more, and opens nothing.

        Raises:
            KeyError: no such key.
        """
        with self._lock:
            del (self._visits if key_id in self._visits else self._keys)[key_id]

    def _write_log(self, event: str, component_id: str, data: Mapping[str, Any], at: Instant | None = None) -> None:
        component = {"id": component_id, "identifier": self.components[component_id].identifier}
        entry = {"id": self.new_uuid(), "name": event, "data": {"component": component, **data}}
        self._log.append({**entry, "occurredAt": (at or self.now()).iso()})

    def state(self) -> dict[str, Any]:
        """The components, the keys as the vendor shows them, and the access log."""
        with self._lock:
            components = [component.to_json() for component in self.components.values()]
            keys = [key.to_json(self.now()) for key in self._keys.values()]
            visits = [visit.to_json(self.now()) for visit in self._visits.values()]
            held = {"site": self.site_id, "components": components, "keys": keys, "visits": visits, "log": self._log}
            return {**super().state(), **held}

    @route("POST", "/_sim/door")
    def _try_door(self, call: Call) -> HttpResponse:
        phone, component_id = need(call, "phone", "component")
        at = told(call).get("at")
        light = self.try_door(phone, component_id, Instant.parse(at) if at else None)
        return json_answer(200, {"green": light.green, "reason": light.reason})

    @route("POST", "/_sim/revoke")
    def _revoke_by_hand(self, call: Call) -> HttpResponse:
        self.revoke_by_hand(*need(call, "key"))
        return HttpResponse(status=204)

    @route("POST", "/_sim/forget")
    def _forget(self, call: Call) -> HttpResponse:
        self.forget(*need(call, "key"))
        return HttpResponse(status=204)
