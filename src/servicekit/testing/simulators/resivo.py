"""A stand-in of resivo, as far as public code that calls it shows: what it does beyond that is a guess.

Rules kept here: a bearer token of client credentials is asked for; an authorization with a PIN opens its components within
its window until it is revoked; an unknown id is an empty 404; other refusals are 400 with a ``message``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from servicekit.moments import Instant
from servicekit.ports.http import HttpResponse
from servicekit.testing.simulators.core import Simulator, system_time
from servicekit.testing.simulators.exivo_site import COMPONENTS, HeldKey, Light, SimComponent, judge
from servicekit.testing.simulators.routing import Answered, Call, json_answer, route
from servicekit.testing.simulators.webhooks import Post, http_post

__all__ = ["ResivoSimulator"]

_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class ResivoSimulator(Simulator):
    """One resivo site with its doors; the token never runs out.

    >>> from servicekit.adapters.doors.resivo import Resivo
    >>> from servicekit.runtime.http import HttpDriver
    >>> from servicekit.testing.simulators import transport
    >>> resivo = ResivoSimulator()
    >>> with HttpDriver(transport(resivo)) as driver:
    ...     driver.run(Resivo(resivo.client_id, resivo.client_secret).info(resivo.site_id)).name
    'Salon Sonnenhof'
    """

    name: ClassVar[str] = "resivo"
    origins: ClassVar[tuple[str, ...]] = ("https://api.resivo.io",)
    site_id = "7e510000-0000-4000-8000-000000000001"
    client_id = "resivo-client"
    client_secret = "resivo-secret"  # noqa: S105 - the simulator's own, printed in its documentation

    def __init__(
        self,
        *,
        components: Sequence[SimComponent] = COMPONENTS,
        clock: Callable[[], Instant] = system_time,
        seed: int = 0,
        post: Post = http_post,
    ) -> None:
        super().__init__(clock=clock, seed=seed, post=post)
        self.components = {component.id: component for component in components}
        self._token = self.new_hex(32)
        self._held: dict[str, HeldKey] = {}

    def admit(self, call: Call) -> None:
        """A token, but where one is asked for."""
        if call.path != "/oauth2/token" and call.bearer() != self._token:
            raise Answered(self.error(401, "Unauthorized"))

    def error(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """A message and no more; 404 is empty."""
        if status == 404:
            return HttpResponse(status=404, headers=headers or {})
        return json_answer(status, {"message": message}, headers)

    @route("POST", "/oauth2/token")
    def _grant(self, call: Call) -> HttpResponse:
        form = call.form()
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return self.error(401, "Unauthorized")
        return json_answer(200, {"access_token": self._token, "expires_in": 300})

    @route("GET", "/v8/sites/{site}")
    def _site(self, call: Call) -> HttpResponse:
        self._check_site(call)
        return json_answer(200, {"displayName": "Salon Sonnenhof"})

    @route("GET", "/{site}/components")
    def _components(self, call: Call) -> HttpResponse:
        self._check_site(call)
        shown = [{"id": one.id, "displayName": f"{one.identifier} {one.labelling}"} for one in self.components.values()]
        return json_answer(200, shown)

    @route("POST", "/{site}/authorizations/pin-access")
    def _create(self, call: Call) -> HttpResponse:
        self._check_site(call)
        asked = call.json_object() or {}
        limits = asked.get("restrictions", {})
        times = [limits.get(name, "") for name in ("validFrom", "validTo")]
        unknown = set(asked.get("componentIds", [])) - set(self.components)
        if unknown or not asked.get("componentIds") or not asked.get("pinCodes") or not all(map(_UTC.fullmatch, times)):
            return self.error(400, f"Bad request: {sorted(unknown)}")
        opens, closes = map(Instant.parse, times)
        if not max(opens, self.now()) < closes:
            return self.error(400, "validTo must be in the future")
        asked = {**asked, "components": asked["componentIds"]}
        held = HeldKey(id=self.new_uuid(), asked=asked, opens=opens, closes=closes)
        self._held[held.id] = held
        return json_answer(200, {"id": held.id})

    @route("GET", "/{site}/authorizations/{key}")
    def _get(self, call: Call) -> HttpResponse:
        self._check_site(call)
        held = self._held.get(call.params["key"])
        if held is None:
            return self.error(404, "")
        expired = self.now() >= held.closes
        status = "REVOKED" if held.revoked else "ACTIVE"
        return json_answer(200, {"status": status, "credentials": [{"isExpired": expired, "status": status}]})

    @route("DELETE", "/{site}/authorizations/{key}/revoke")
    def _revoke(self, call: Call) -> HttpResponse:
        self._check_site(call)
        held = self._held.get(call.params["key"])
        if held is None or held.revoked:
            return self.error(400, "Authorization not found or already revoked")
        held.revoked = True
        return HttpResponse(status=204)

    def _check_site(self, call: Call) -> None:
        if call.params["site"] != self.site_id:
            raise Answered(self.error(403, "Forbidden"))

    def try_pin(self, pin: str, component_id: str, at: Instant | None = None) -> Light:
        """Type a PIN at a door: green, or red with the reason.

        Raises:
            KeyError: the site has no such component.
        """
        with self._lock:
            keys = [one for one in self._held.values() if any(code["pinCode"] == pin for code in one.asked["pinCodes"])]
            gateways = frozenset(one.id for one in self.components.values() if not one.opens)
            return judge(keys, self.components[component_id], gateways, at or self.now())

    def revoke_by_hand(self, key_id: str) -> None:
        """Somebody revokes a key in resivo itself.

        Raises:
            KeyError: no such key.
        """
        with self._lock:
            self._held[key_id].revoked = True

    def state(self) -> dict[str, Any]:
        """The keys, as they were asked for and are."""
        with self._lock:
            keys = [held.to_json(self.now()) for held in self._held.values()]
            return {**super().state(), "site": self.site_id, "keys": keys}
